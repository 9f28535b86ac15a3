"""What `liandong dead-letters` shows of a store, and what it refuses before it asks the hub."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.demo.world import World, free_port
from hub.casework.orders import Order, SignedOrder
from hub.letters.commands import app
from hub.letters.words import OUTCOMES, words_for
from hub.settings import Secrets, read_settings
from hub.store.database import Database
from schemas.samples import PEOPLE
from tests.factories import REQUESTS, inquiry
from tests.letters import all_letters, order
from tests.rig import Rig, tasks_in

BY = ["--operator", "YW-0007", "--reason", "核查"]


class Desk:
    """A hub's files, and commands typed over them."""

    def __init__(self, folder: Path) -> None:
        world = World(folder)
        world.prepare()
        self.config = world.write("hub", {
            "party": "hub", "data_dir": str(folder), "parties_dir": str(world.parties), "signing_key": str(world.key("hub")),
            "log_key": str(world.key("log")), "secret_file": str(folder / "keys" / "hub.secret"),
            "console": {"host": "127.0.0.1", "port": free_port()},
        })  # fmt: skip
        self.rig = Rig(folder, master=Secrets.read(read_settings(self.config).secret_file).master)

    def run(self, *arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        assert result.exit_code == code, result.output
        return result.output

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*arguments, "--json").splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.rig.close()


def test_letters_are_listed_by_cause_without_anything_of_a_person(desk: Desk) -> None:
    rig = desk.rig
    rig.feed([rig.record("court-9901", b"not json", REQUESTS), rig.record("court-9901", b"nor this", REQUESTS)])
    rig.feed([rig.request(inquiry("P01", partners=["bank"]))[1]])
    rig.run_until(rig.now + 3600 * 1_000_000)
    first, second = desk.lines("list")
    assert (first["code"], first["class"], first["party"], first["dead"]) == ("not-json", "poison", "court-9901", 2)
    assert (second["code"], second["party"], second["type"]) == ("no-response", "bank", "liandong.inquiry.task.v1")
    assert first["first"] == "2026-11-23T09:00:00.000000+08:00"
    assert "2026-11-23 09:00:00+08:00" in desk.run("list")
    (task,) = desk.lines("list", "--group", second["group"])
    assert (task["replay_to"], task["state"]) == ("bank", "dead")
    text = desk.run("list") + desk.run("list", "--group", first["group"]) + desk.run("show", task["letter"])
    assert not [each for each in PEOPLE["P01"] if each in text]


def test_what_is_over_is_listed_when_asked_for_with_what_was_ordered(desk: Desk) -> None:
    rig = desk.rig
    rig.feed([rig.record("court-9901", b"not json", REQUESTS)])
    (letter,) = all_letters(rig)
    value, jws = order(rig, "discard", letter.id)
    with rig.work() as work:
        rig.casework.obey(work, SignedOrder(Order.model_validate_json(value), value, jws, "hub"), None)
    assert desk.lines("list") == []
    (group,) = desk.lines("list", "--all")
    assert (group["dead"], group["discarded"]) == (0, 1)
    shown = json.loads(desk.run("show", letter.id))
    assert (shown["state"], shown["content"], [each["action"] for each in shown["orders"]]) == ("discarded", None, ["discard"])
    assert "YW-0007" not in json.dumps(shown)


def test_of_a_senders_headers_only_the_size_is_shown(desk: Desk) -> None:
    rig = desk.rig
    record = rig.record("court-9901", b"not json", REQUESTS)
    rig.feed([type(record)(record.topic, 0, 5, record.timestamp, b"P01", record.value, (*record.headers, ("note", "赵明远".encode())))])
    (letter,) = all_letters(rig)
    text = desk.run("show", letter.id)
    shown = json.loads(text)
    headers = dict(shown["headers"])
    assert (headers["note"], headers["hub-error-class"], headers["kafka_dlt-exception-fqcn"]) == ("(9 bytes)", "poison", "not-json")
    assert shown["key_size"] == 3
    assert "赵明远" not in text


def test_a_silent_tasks_content_is_masked(desk: Desk) -> None:
    rig = desk.rig
    task = tasks_in(rig.feed([rig.request(inquiry("P01", partners=["bank"]))[1]]))[0]
    rig.run_until(rig.now + 3600 * 1_000_000)
    content = json.loads(desk.run("show", task.id))["content"]
    assert (content["id"], content["recipient"], content["type"]) == (task.id, "bank", "liandong.inquiry.task.v1")
    assert "request" not in content


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "4711"], 1),
        (["show", "{letter}", "--reveal"], 2),
        (["show", "{letter}", "--reveal", "--officer", "YW-0007"], 2),
        (["show", "{letter}", "--reveal", "--officer", "张三", "--reason", "核查"], 2),
        (["replay", *BY], 2),
        (["replay", "{letter}", "--group", "0123456789", *BY], 2),
        (["replay", "--group", "0123456789", *BY], 1),
        (["replay", "{letter}", "--partner", "bank", *BY], 1),
        (["replay", "{letter}", "--operator", "zhangsan", "--reason", "x"], 2),
        (["discard", "{letter}", "--operator", "YW-0007"], 2),
    ],
)
def test_a_command_that_does_not_say_who_why_or_what_is_refused(desk: Desk, arguments: list[str], code: int) -> None:
    desk.rig.feed([desk.rig.record("court-9901", b"not json", REQUESTS)])
    (letter,) = all_letters(desk.rig)
    desk.run(*(each.replace("{letter}", letter.id) for each in arguments), code=code)


def test_every_outcome_has_words_in_both_languages() -> None:
    for code in OUTCOMES:
        chinese, english = words_for(code).split(" / ", 1)
        assert any("一" <= sign <= "鿿" for sign in chinese)
        assert english.isascii()


def test_the_letters_are_those_of_the_store_that_the_settings_name(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.rig.feed([desk.rig.record("court-9901", b"not json", REQUESTS)])
    assert len(desk.lines("list")) == 1
    Database(tmp_path / "other.db").close()
    monkeypatch.setenv("LIANDONG_STORE", "sqlite:other.db")
    assert desk.lines("list") == []
