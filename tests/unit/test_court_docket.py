"""The sample docket: that it is large and whole, that every request in it is of the contract, and that what it expects is
what the hub's own rules decide."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from connectors.court.docket import DOCKET, Step, load_docket
from connectors.court.drafts import finish
from connectors.court.tamper import TAMPERINGS
from connectors.simulators.faults import Rule
from hub.config import load_linkage
from hub.rules.intake import Accept, Refuse, decide
from hub.rules.plan import Linkage
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA
from schemas.codes import INTAKE, REFUSAL
from schemas.hub import TaskOutcome
from schemas.messages import RequestMessage, parse
from schemas.subject import number_of
from tests.factories import approved, message
from tests.rig import case_context

STEPS = load_docket()
NAMED = {step.name: step for step in STEPS}
NOW = datetime(2026, 11, 1, 9, tzinfo=CHINA)


@pytest.fixture(scope="module")
def linkage() -> Linkage:
    return load_linkage(Path("config"), Path("config/samples/agreements"), Directory.load(Path("config/parties")))


def whole(step: Step) -> samples.Data:
    """The request's data with an original's id where the step cites one."""
    original = {} if step.original is None else {"original": "99010000-0000-4000-8000-000000000001"}
    return {**step.draft["data"], **original}


def test_it_is_as_large_as_it_must_be() -> None:
    assert len(STEPS) >= 40
    assert len({(step.court, step.case) for step in STEPS}) >= 15
    assert {step.court for step in STEPS} == set(samples.DESIGNATORS)
    assert {step.kind for step in STEPS} == {"inquiry", "control", "locate"}
    assert {step.draft["data"]["subject"]["kind"] for step in STEPS} == {"person", "company"}


def test_every_debtor_of_the_cast_is_asked_about() -> None:
    asked = {step.draft["data"]["subject"]["name"] for step in STEPS if step.action == "inquire"}
    assert asked == {name for name, _ in (samples.PEOPLE | samples.COMPANIES).values()}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_request_is_of_the_contract(step: Step) -> None:
    finished = finish({"type": step.draft["type"], "data": whole(step)})
    (debtor,) = [who for who in samples.PEOPLE | samples.COMPANIES if samples.subject(who) == step.draft["data"]["subject"]]
    assert finished.request is not None
    assert number_of(finished.request.subject) == (samples.PEOPLE | samples.COMPANIES)[debtor][1]


def test_names_and_request_numbers_are_unique_but_for_the_one_that_is_reused() -> None:
    assert len(NAMED) == len(STEPS)
    numbers = Counter((step.court, step.draft["data"]["number"], step.action) for step in STEPS)
    reused = {number for number, count in numbers.items() if count > 1}
    assert reused == {("court-9901", NAMED["rejected-number-reused"].draft["data"]["number"], "inquire")}


def test_a_step_refers_to_earlier_ones() -> None:
    before: set[str] = set()
    for step in STEPS:
        assert {step.original, step.after} - {None} <= before, step.name
        before.add(step.name)


def test_a_release_of_an_earlier_step_is_of_the_same_case_and_asset() -> None:
    releases = [step for step in STEPS if step.original is not None]
    assert len(releases) >= 3
    for step in releases:
        original = NAMED[step.original or ""]
        assert (original.court, original.case) == (step.court, step.case)
        assert original.draft["data"]["asset"] == step.draft["data"]["asset"]


def test_words_are_those_of_the_contract() -> None:
    for step in STEPS:
        assert step.expect in {"complete", "incomplete", "refused", "rejected"}
        assert step.tamper is None or step.tamper in TAMPERINGS
        assert set(step.answers.values()) <= set(TaskOutcome)
        if step.expect == "refused":
            assert step.code in REFUSAL, step.name
        else:
            assert step.code is None or step.code in INTAKE, step.name


def test_every_tampering_is_shown() -> None:
    assert {step.tamper for step in STEPS} == {None, *TAMPERINGS}


@pytest.mark.parametrize("step", [step for step in STEPS if step.original is None], ids=lambda step: step.name)
def test_what_it_expects_is_what_the_rules_decide(step: Step, linkage: Linkage) -> None:
    value = message(step.draft["type"], step.court, "hub", approved(dict(step.draft["data"]), NOW), time=NOW)
    request = parse(value)
    assert isinstance(request, RequestMessage)
    verdict = decide(request, case_context(request, linkage, NOW))
    if step.expect == "refused":
        assert verdict == Refuse((step.code or "",))
    elif step.name != "rejected-number-reused":
        assert isinstance(verdict, Accept)
        assert set(step.answers) <= set(verdict.partners)


@pytest.mark.parametrize("step", [step for step in STEPS if step.expect in ("complete", "incomplete")], ids=lambda s: s.name)
def test_an_incomplete_end_has_its_reason(step: Step) -> None:
    """`complete` means that every partner answered the question; whoever is not named answers no-record."""
    unanswered = set(step.answers.values()) - {"result", "no-record", "not-controlled"}
    assert bool(unanswered) == (step.expect == "incomplete")


def test_the_faults_are_ones_that_the_simulators_know() -> None:
    faults = json.loads((DOCKET.parent / "faults.json").read_text(encoding="utf-8"))
    assert set(faults) == {"vehicle", "business-registry"}
    for rules in faults.values():
        assert [Rule(**rule) for rule in rules]
    late = faults["business-registry"][0]
    silent = NAMED["p12-assets"]
    assert late["match"] == silent.draft["data"]["subject"]["id_number"]
    assert silent.answers["business-registry"] == "no-response"


def test_the_silence_is_longer_than_the_deadline(linkage: Linkage) -> None:
    faults = json.loads((DOCKET.parent / "faults.json").read_text(encoding="utf-8"))
    assert faults["business-registry"][0]["seconds"] > linkage.agreements["business-registry"].reply_within
