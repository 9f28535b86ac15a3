"""What both READMEs say is there: commands, make targets, modules, files, tests; and both say it under the same heads."""

import re
import shlex
import sys
from importlib.util import find_spec
from itertools import pairwise

import pytest

from hub.cli import main
from tests.documents import ROOT, missing, proofs_in, text_of

READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = (*READMES, "CHANGELOG.md", "docs/architecture.md", "docs/threat-model.md", "docs/threat-model.zh-CN.md")


def commands(name: str) -> list[list[str]]:
    """The words of every command line in the fenced shell blocks, without the variables set before it."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [[word for word in line if not re.match(r"[A-Z_]+=", word)] if line[0].startswith("LIANDONG_") else line
            for line in lines if line]  # fmt: skip


def starting_with(*words: str) -> list[list[str]]:
    found = {tuple(line) for name in READMES for line in commands(name) if line[: len(words)] == list(words)}
    return [list(line) for line in sorted(found)]


def heads(name: str) -> list[str]:
    """The level of every heading outside of fenced blocks, in order."""
    plain = re.sub(r"^```.*?^```", "", text_of(name), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+(?= )", plain, re.MULTILINE)


@pytest.mark.parametrize("line", starting_with(".venv/bin/liandong"), ids=" ".join)
def test_every_command_is_there_with_its_options(line: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown command or option ends with 2 even where help is asked for."""
    monkeypatch.setattr(sys, "argv", ["liandong", *line[1:], "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


def test_the_check_of_commands_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (["court", "send"], ["court", "results", "--configuration", "x"]):
        monkeypatch.setattr(sys, "argv", ["liandong", *wrong, "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    shown = {line[1] for line in starting_with("make")}
    assert {"demo", "test", "bench"} <= shown <= targets
    inline = {target for name in DOCUMENTS for target in re.findall(r"`make ([a-z]+)", text_of(name))}
    assert inline <= targets


def test_every_module_that_is_run_is_there() -> None:
    modules = {line[2] for line in starting_with(".venv/bin/python", "-m")}
    assert modules
    assert [name for name in modules if find_spec(name) is None] == []


def test_every_sample_and_setting_in_a_command_is_there() -> None:
    """What a run leaves below `.local/` is not in the repository."""
    words = {word for name in READMES for line in commands(name) for word in line}
    kept = {word for word in words if re.match(r"(config|tests|docs)/", word)}
    assert kept
    assert [word for word in kept if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_to_a_file_leads_there(name: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)\)", text_of(name))
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_and_test_that_is_named_is_there(name: str) -> None:
    assert missing(text_of(name)) == []


def test_both_languages_have_the_same_heads_commands_and_proofs() -> None:
    english, chinese = READMES
    assert heads(english) == heads(chinese)
    assert commands(english) == commands(chinese)
    proofs = [proofs_in(text_of(name)) for name in READMES]
    assert proofs[0] == proofs[1] != []


def test_heads_go_down_one_level_at_a_time() -> None:
    levels = [len(head) for head in heads(READMES[0])]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
