"""The threat model is no promise on paper: every control that it names is in the code, and every one has a test that proves it."""

import re
from pathlib import Path

import pytest

from tests.documents import ROOT, missing, named, proofs_in, text_of

ENGLISH, CHINESE = "docs/threat-model.md", "docs/threat-model.zh-CN.md"
OF_ABUSE = ("tests/unit/test_hostile_*.py", "tests/properties/test_hostile_*.py", "tests/unit/test_replayed_messages.py",
            "tests/unit/test_record_batches.py", "tests/integration/test_compressed_batches.py", "tests/integration/test_hostile_headers.py")  # fmt: skip


def rows(name: str) -> list[list[str]]:
    """The cells of every row of its tables, without heads."""
    lines = re.findall(r"^\| (.*) \|$", text_of(name), re.MULTILINE)
    cells = [re.split(r" \| ", line) for line in lines]
    return [row for row in cells if row[0] not in ("threat", "威胁") and row[0].strip("-: ")]


@pytest.mark.parametrize("name", [ENGLISH, CHINESE])
def test_what_it_names_is_there(name: str) -> None:
    assert missing(text_of(name)) == []


@pytest.mark.parametrize("name", [ENGLISH, CHINESE])
def test_every_threat_has_a_control_in_the_code_and_a_test(name: str) -> None:
    assert len(rows(name)) > 30
    for threat, control, default, proof in rows(name):
        places = [each for each in named(control) if not each.startswith(("tests/", "docs/"))]
        assert places, threat
        assert default.strip(), threat
        assert proofs_in(proof), threat
        assert named(proof) == proofs_in(proof), threat


def test_both_languages_have_the_same_controls_and_proofs() -> None:
    assert [(named(row[1]), named(row[3])) for row in rows(ENGLISH)] == [(named(row[1]), named(row[3])) for row in rows(CHINESE)]
    limits = [len(re.findall(r"^- ", text_of(name), re.MULTILINE)) for name in (ENGLISH, CHINESE)]
    assert limits[0] == limits[1] > 5


def test_every_test_of_abuse_stands_in_it() -> None:
    """One that is written later and forgotten here proves nothing to its reader."""
    written = {f"{file.relative_to(ROOT)}::{test}" for pattern in OF_ABUSE for file in ROOT.glob(pattern) for test in _tests(file)}
    assert written - set(proofs_in(text_of(ENGLISH))) == set()


@pytest.mark.parametrize("gone", ["tests/unit/test_hostile_http.py::test_of_nothing", "tests/unit/test_nothing.py::test_x", "hub/nothing.py",
                                  "tests/conformance/test_bank.py::TestBank::test_of_nothing", "hub/engine/gate.py::Nothing"])  # fmt: skip
def test_the_check_can_fail(gone: str) -> None:
    assert missing(f"| a | `{gone}` |") == [gone]
    assert missing("`hub/engine/gate.py::Gate` `tests/conformance/test_bank.py::TestBank::test_a_task_that_comes_twice_is_carried_out_once`") == []


def _tests(file: Path) -> list[str]:
    return re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
