"""What is published is what the code says, and is of use to someone who has nothing but the published files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from hub.bus import topics
from schemas import publish
from schemas.base import Model
from schemas.codes import CODES
from schemas.messages import parse
from schemas.publish.json_schemas import FAMILIES
from tests.trees import GONE, changed, paths

EXAMPLES = {path.stem: json.loads(path.read_bytes()) for path in (publish.FOLDER / "examples").iterdir()}
SCHEMAS = {family.name: json.loads((publish.FOLDER / f"{family.name}.schema.json").read_bytes()) for family in FAMILIES}
FAMILY_OF = {name: family.name for family in FAMILIES for name in family.types}
ASYNCAPI = yaml.safe_load((publish.FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))


def refused_by_schema(message: Any) -> bool:
    return not Draft202012Validator(SCHEMAS[FAMILY_OF[message["type"]]]).is_valid(message)


def refused_by_code(message: Any) -> bool:
    try:
        parse(json.dumps(message).encode())
    except ValueError:
        return True
    return False


# -- the files ---------------------------------------------------------------------------------------------------------


def test_the_published_files_are_what_the_code_says() -> None:
    assert publish.drift() == []


def test_generating_twice_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    program = f"import pathlib, schemas.publish as p; p.write(pathlib.Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env={"PYTHONHASHSEED": "7"})
    assert publish.drift(tmp_path) == []


def test_check_names_what_is_changed_missing_or_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from schemas.publish import __main__ as command

    publish.write(tmp_path)
    (tmp_path / "error-codes.json").write_text("[]")
    (tmp_path / "asyncapi.yaml").unlink()
    (tmp_path / "examples" / "old.json").write_text("{}")
    monkeypatch.setattr(command, "drift", lambda: publish.drift(tmp_path))
    monkeypatch.setattr(sys, "argv", ["publish", "--check"])
    assert command.main() == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["  asyncapi.yaml", "  error-codes.json", "  examples/old.json"]
    publish.write(tmp_path)
    assert command.main() == 0


def test_every_code_is_published_with_its_words() -> None:
    listed = json.loads((publish.FOLDER / "error-codes.json").read_bytes())
    assert {row["code"]: (row["zh"], row["en"], row["class"]) for row in listed} == CODES
    assert len(listed) == len(CODES)


# -- JSON Schemas and examples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_one_and_its_patterns_are_those_of_ecma_262(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    patterns = [value for path, value in paths(SCHEMAS[name]) if path[-1] == "pattern" and isinstance(value, str)]
    assert patterns
    for pattern in patterns:
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert not any(foreign in pattern for foreign in (r"\A", r"\z", r"\Z", "(?P", "(?<", "(?i", r"\p"))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_object_of_a_schema_is_closed(name: str) -> None:
    objects = [value for _, value in paths(SCHEMAS[name]) if isinstance(value, dict) and "properties" in value]
    described = [value for value in [SCHEMAS[name], *objects] if value.get("type") == "object"]
    assert described
    assert all(value["additionalProperties"] is False for value in described)


def test_there_is_an_example_of_every_type() -> None:
    assert EXAMPLES.keys() == FAMILY_OF.keys()
    assert all(message["type"] == name for name, message in EXAMPLES.items())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_satisfies_schema_and_code(name: str) -> None:
    Draft202012Validator(
        SCHEMAS[FAMILY_OF[name]], format_checker=Draft202012Validator.FORMAT_CHECKER
    ).validate(EXAMPLES[name])  # fmt: skip
    assert parse(json.dumps(EXAMPLES[name]).encode()).type == name


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_unknown_member_is_refused_at_every_level(name: str) -> None:
    example = EXAMPLES[name]
    levels = [(), *(path for path, value in paths(example) if isinstance(value, dict))]
    for level in levels:
        message = changed(example, (*level, "surplus"), 1)
        assert refused_by_schema(message), level
        assert refused_by_code(message), level


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_schema_and_code_agree_on_what_may_be_left_out(family: Any) -> None:
    for name in family.types:
        example = EXAMPLES[name]
        for path, _ in paths(example):
            if path != ("type",):
                message = changed(example, path, GONE)
                assert refused_by_schema(message) == refused_by_code(message), path


def test_every_model_refuses_unknown_members_and_hides_what_it_was_given() -> None:
    models = {model for model in _subclasses(Model) if model.__module__.startswith("schemas.")}
    assert len(models) > 40
    for model in models:
        config = model.model_config
        assert (config["extra"], config["frozen"], config["strict"], config["hide_input_in_errors"]) == (
            "forbid", True, True, True,
        ), model  # fmt: skip


def _subclasses(model: type[Model]) -> set[type[Model]]:
    return {model}.union(*(_subclasses(child) for child in model.__subclasses__()))


# -- AsyncAPI ----------------------------------------------------------------------------------------------------------


def resolve(reference: str) -> Any:
    node = ASYNCAPI
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    references = [value for path, value in paths(ASYNCAPI) if path[-1] == "$ref"]
    assert references
    for reference in references:
        if reference.startswith("#/"):
            assert resolve(reference)
        else:
            assert (publish.FOLDER / reference).is_file(), reference
    for message in ASYNCAPI["components"]["messages"].values():
        assert all((publish.FOLDER / path).is_file() for path in message.get("x-examples", []))


def test_channels_are_the_topics_of_the_bus() -> None:
    addresses = {name: channel["address"] for name, channel in ASYNCAPI["channels"].items()}
    assert addresses == {
        "requests": topics.REQUESTS,
        "tasks": topics.tasks_topic("", "{partner}"),
        "replies": topics.REPLIES,
        "results": topics.results_topic("", "{court}"),
        "deadLetters": topics.DEAD_LETTERS,
        "checkpoints": topics.CHECKPOINTS,
    }


def test_channels_and_directions_agree_with_the_access_lists() -> None:
    plan = topics.Plan(courts=("court-9901",), partners=("vehicle",))
    may = {
        role: {operation: {access.name for access in plan.access_list(party)
                           if access.resource == "topic" and access.operation == operation} for operation in ("READ", "WRITE")}
        for role, party in (("court", "court-9901"), ("partner", "vehicle"), ("hub", "hub"))
    }  # fmt: skip
    for name, operation in ASYNCAPI["operations"].items():
        address = resolve(operation["channel"]["$ref"])["address"].format(partner="vehicle", court="court-9901")
        assert address in may[operation["x-sender"]]["WRITE"], name
        for reader in may if operation["x-receiver"] == "everyone" else [operation["x-receiver"]]:
            assert address in may[reader]["READ"], name
        assert operation["action"] == ("send" if operation["x-sender"] == "hub" else "receive"), name


def test_every_family_stands_in_a_channel() -> None:
    placed = {name for channel in ASYNCAPI["channels"].values() for name in channel["messages"]}
    assert placed == ASYNCAPI["components"]["messages"].keys()
    assert placed >= SCHEMAS.keys()
