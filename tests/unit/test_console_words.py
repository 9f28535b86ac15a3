"""Words for everything that the hub can log or say: none is missing in either language."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import hub
from hub.console import words
from hub.console.masked import facts_of
from hub.rules.measures import Happened
from hub.rules.state import RequestStatus
from schemas.cases import Handover, ObjectionDecision, Review
from schemas.entrust import EntrustStep
from schemas.hub import TaskOutcome
from schemas.leads import LeadVerdict
from schemas.messages import HubMessage, PartnerMessage, RequestMessage, SharedMessage, StatementMessage, parse
from schemas.replies import MeasureOutcome
from schemas.requests import ControlRequest, InquiryRequest, Kind, LocateRequest, NoticeRequest
from tests.factories import Data, message

HUB = Path(hub.__file__).parent


def options(model: type, name: str) -> set[str]:
    """What a member of a message may be."""
    return set(get_args(model.model_fields[name].annotation))  # type: ignore[attr-defined]


KINDS = {
    "measure.*": {*get_args(Happened), "promoted", "lapsed", "void", "disposed"},
    "watch.*": options(Handover, "outcome") | {"armed", "withdrawn", "expired"},
    "objection.*": options(ObjectionDecision, "outcome"),
    "restriction.*": {"restricted", "lifted"},
    "lead.*": options(LeadVerdict, "outcome") | {"received", "overdue"},
    "matter.*": options(EntrustStep, "step") | {"sent", "news", "overdue"},
    "ledger.*": options(Review, "outcome") | {"opened", "imported", "checked", "found", "closed"},
    "*.refused": {"case", "entrust", "lead"},
}
"""What stands for the part of an entry's kind that the source makes up as it goes."""


def decided(tree: ast.AST) -> Iterator[str]:
    """The kind of every entry that this source begins; `*` for what it makes up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "decide" and node.args:
            kind = node.args[0]
            if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
                yield kind.value
            elif isinstance(kind, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "*" for part in kind.values)


def kinds_in_source() -> set[str]:
    found = set[str]()
    for file in HUB.rglob("*.py"):
        for kind in decided(ast.parse(file.read_text(encoding="utf-8"))):
            found |= {kind.replace("*", value) for value in KINDS[kind]} if "*" in kind else {kind}
    return found


def test_every_kind_of_entry_has_words() -> None:
    kinds = kinds_in_source()
    assert {"request.accepted", "measure.lapsed", "reading.threshold", "task.supervised", "case.refused"} <= kinds
    assert sorted(kinds - words.TERMS.keys()) == []


@pytest.mark.parametrize("messages", [RequestMessage, StatementMessage, SharedMessage, PartnerMessage, HubMessage])
def test_every_message_has_words(messages: object) -> None:
    types = {name for message in get_args(messages) for name in get_args(message.model_fields["type"].annotation)}
    assert types
    assert sorted(name for name in types if f"event.{name.split('.')[2]}" not in words.TERMS) == []


def test_every_action_kind_status_and_state_has_words() -> None:
    asked = {Kind.INQUIRY: InquiryRequest, Kind.CONTROL: ControlRequest, Kind.LOCATE: LocateRequest, Kind.NOTICE: NoticeRequest}
    terms = {*options(MeasureOutcome, "state"), *(status.value for status in RequestStatus)}
    for kind, model in asked.items():
        actions = options(model, "action")
        terms |= {kind.value, *actions, *(f"{kind.value}.{action}" for action in actions)}
    assert sorted(terms - words.TERMS.keys()) == []
    outcomes = {outcome.value for outcome in TaskOutcome}
    assert sorted(outcome for outcome in outcomes if not {outcome, f"outcome.{outcome}"} & words.TERMS.keys()) == []


ABOUT = "11111111-1111-4111-8111-111111111111"
SHOWN: list[tuple[str, Data, list[tuple[str, tuple[str, ...]]]]] = [
    ("case.event", {"event": "renewal-due", "zh": "提醒", "en": "due", "about": ABOUT, "partner": "bank", "measure": "DJ-1",
                    "addressee": "GZ-9901-001", "level": 2, "due": "2026-11-27T09:00:00.000000+08:00", "ends": "2026-12-01",
                    "amount": "80000.00"},
     [("event", ("renewal-due",)), ("of", ("bank",)), ("level", ("2",)), ("ends", ("2026-12-01",)), ("due", ("2026-11-27 09:00",))]),
    ("inquiry.nudge", {"task_id": ABOUT, "level": 3, "deadline": "2026-11-27T09:00:00.000000+08:00"},
     [("level", ("3",)), ("due", ("2026-11-27 09:00",))]),
    ("lead.forward", {"of": "court-9902", "message": {"value": "e30=", "jws": "a..b"}}, [("of", ("court-9902",))]),
    ("case.register", {"lines": [], "complete": True}, [("count", ("0",))]),
    ("case.drafts", {"request": ABOUT, "follow_ups": []}, [("count", ("0",))]),
    ("case.reading", {"messages": [ABOUT], "officer": "GZ-9901-001", "reason": "制作执行裁定"}, [("count", ("1",))]),
    ("case.noted", {"about": ABOUT}, []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "wanted"), SHOWN, ids=[kind for kind, *_ in SHOWN])
def test_of_what_is_said_of_a_case_only_codes_dates_and_counts_are_shown(
    kind: str, data: Data, wanted: list[tuple[str, tuple[str, ...]]]
) -> None:  # fmt: skip
    sent = parse(message(f"liandong.{kind}.v1", "hub", "court-9901", data))
    assert [(fact.label, fact.values) for fact in facts_of(sent)] == wanted
    assert all(label in words.WORDS for label, _ in wanted)


def test_all_words_are_in_both_languages() -> None:
    for chinese, english in words.TERMS.values():
        assert any("一" <= sign <= "鿿" for sign in chinese)
        assert english.isascii()
