"""Words for everything that the hub can log or say: none is missing in either language."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import hub
from hub.console import words
from hub.rules.measures import Happened
from hub.rules.state import RequestStatus
from schemas.cases import Handover, ObjectionDecision
from schemas.entrust import EntrustStep
from schemas.hub import TaskOutcome
from schemas.leads import LeadVerdict
from schemas.messages import HubMessage, PartnerMessage, RequestMessage, SharedMessage, StatementMessage
from schemas.replies import MeasureOutcome
from schemas.requests import ControlRequest, InquiryRequest, Kind, LocateRequest, NoticeRequest

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


def test_all_words_are_in_both_languages() -> None:
    for chinese, english in words.TERMS.values():
        assert any("一" <= sign <= "鿿" for sign in chinese)
        assert english.isascii()
