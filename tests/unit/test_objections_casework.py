"""Objections over the casework: protected accounts, the review and its clock, the release that follows."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import samples
from schemas.messages import Objected, parse
from tests.factories import REPLIES, Data, control, inquiry
from tests.rig import Rig, said, types
from tests.unit.test_measures_casework import at, carried_out, events, frozen, measure

WAGES: Data = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例银行", "currency": "CNY", "status": "正常",
               "flags": ["WAGE_SPECIAL"]}  # fmt: skip
PROTECTED: Data = {"code": "account-protected", "text": "农民工工资专用账户"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def refused(rig: Rig, data: Data) -> list[str]:
    """The codes that this request is refused for, or none."""
    first = said(rig.feed([rig.request(data)[1]]))[0]
    return [reason.code for reason in first.data.reasons] if first.type.endswith(".refusal.v1") else []


def object_to(rig: Rig, request_id: str, sender: str = "court-9901", ground: str = "wrong-person", by: str = "debtor") -> tuple[str, list[Any]]:
    """An objection to a measure: its id, and what the hub says."""
    data: Data = {"original": request_id, "ground": ground, "by": by, "text": "本人与被执行人同名,身份证号不同"}
    objection, record = rig.statement(data, "objection", court=sender)
    if not sender.startswith("court"):
        record = rig.record(sender, record.value, REPLIES)
    return objection, said(rig.feed([record]))


def decide(rig: Rig, objection: str, outcome: str, court: str = "court-9901", **changes: Any) -> list[Any]:
    data: Data = {"objection": objection, "outcome": outcome, "officer": f"GZ-{court[-4:]}-001", "reason": "已核对身份"} | changes
    return said(rig.feed([rig.statement(data, "objection-decision", court=court)[1]]))


def event(out: list[Any], code: str) -> Any:
    (found,) = [each for each in out if each.type == "liandong.case.event.v1" and each.data.event == code]
    return found


def excused(**changes: Any) -> Data:
    """A freeze of the protected account with its reason and the president's approval."""
    data = control(exempt_reason="追索该账户所属工资", **changes)
    data["legal"]["approvals"][0] |= {"officer": "GZ-9901-004", "rank": "president"}
    return data


def found_flagged(rig: Rig) -> list[Any]:
    """An inquiry that the bank answers with a migrant-worker wage account."""
    out = said(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))
    return said(rig.feed([rig.reply(out[1], "result", findings=[WAGES])]))


def test_a_wage_account_is_found_and_then_neither_frozen_nor_deducted_from(rig: Rig) -> None:
    request_id = frozen(rig)
    told = event(found_flagged(rig), "exempt-found")
    assert (told.data.partner, told.data.addressee) == ("bank", "GZ-9901-001")
    assert refused(rig, control()) == ["asset-exempt"]
    assert refused(rig, control("deduct", original=request_id, amount="1.00")) == ["asset-exempt"]
    assert refused(rig, excused()) == ["asset-exempt"], "the case is not about those wages"
    assert refused(rig, control(asset={"kind": "account", "number": "9901000000000003099"})) == []


def test_for_those_very_wages_it_may_be_frozen_with_reason_and_approval(rig: Rig) -> None:
    rig.register_case(version=2, priority="wages")
    found_flagged(rig)
    assert refused(rig, control()) == ["asset-exempt"]
    assert refused(rig, excused()) == []


def test_the_banks_refusal_to_freeze_a_protected_account_opens_a_review_by_itself(rig: Rig) -> None:
    task = said(rig.feed([rig.request(control())[1]]))[1]
    out = said(rig.feed([rig.reply(task, "not-controlled", reason=PROTECTED)]))
    assert event(out, "exempt-found").data.addressee == "GZ-9901-001"
    opened = event(out, "objection-opened").data
    assert opened.due.isoformat() == "2026-12-08T09:00:00+08:00"
    assert set(refused(rig, excused(number="R-AGAIN"))) == {"asset-exempt", "objection-open"}
    noted, forwarded = decide(rig, opened.about, "rejected")
    assert (noted.recipient, forwarded.type, forwarded.recipient) == ("court-9901", "liandong.case.forward.v1", "bank")
    assert refused(rig, control()) == ["asset-exempt"], "without a reason it stays protected"
    assert refused(rig, excused(number="R-THIRD")) == [], "the court has found that it is not exempt"


def test_upheld_against_a_freeze_that_never_took_hold_there_is_nothing_to_release(rig: Rig) -> None:
    task = said(rig.feed([rig.request(control())[1]]))[1]
    out = said(rig.feed([rig.reply(task, "not-controlled", reason=PROTECTED)]))
    told = decide(rig, event(out, "objection-opened").data.about, "upheld")
    assert [each.type for each in told] == ["liandong.case.noted.v1", "liandong.case.forward.v1"]
    assert refused(rig, excused()) == ["asset-exempt"]


def test_the_wrong_persons_account_is_released_in_one_step(rig: Rig) -> None:
    request_id = frozen(rig)
    objection, out = object_to(rig, request_id)
    assert [each.type for each in out] == ["liandong.case.event.v1", "liandong.case.noted.v1"]
    assert event(out, "objection-opened").data.about == objection
    assert refused(rig, control("deduct", original=request_id, amount="1.00")) == ["objection-open"]
    drafted = event(decide(rig, objection, "upheld"), "release-drafted").data
    assert (drafted.about, drafted.due.isoformat()) == (request_id, "2026-11-26T09:00:00+08:00")
    body = json.loads(base64.b64decode(drafted.draft.content))
    assert (body["data"]["original"], body["data"]["objection"]) == (request_id, objection)
    whole = control("release", original=request_id)
    signed = body["data"] | {"legal": body["data"]["legal"] | {name: whole["legal"][name] for name in ("documents", "approvals")}}
    task = said(rig.feed([rig.request(signed)[1]]))[1]
    rig.feed([rig.reply(task, "result")])
    assert measure(rig, request_id).status == "released"
    at(rig, 2026, 12, 31)
    assert rig.fire() == [], "neither the review nor the release is overdue"


def test_an_upheld_objection_without_its_release_goes_up_a_rung_each_day(rig: Rig) -> None:
    request_id = frozen(rig)
    objection, _ = object_to(rig, request_id)
    decide(rig, objection, "upheld")
    levels = []
    for day in range(26, 31):
        at(rig, 2026, 11, day, 9)
        levels += [(each.data.event, each.data.level, each.data.addressee) for each in said(rig.fire())]
    assert levels == [("release-overdue", level, "GZ-9901-003") for level in (1, 2, 3, 3, 3)]


def test_a_review_that_is_not_decided_in_fifteen_days_is_told_to_the_supervisor(rig: Rig) -> None:
    objection, _ = object_to(rig, frozen(rig))
    at(rig, 2026, 12, 8, 8, 59, 59)
    assert rig.fire() == []
    at(rig, 2026, 12, 8, 9)
    late = event(said(rig.fire()), "objection-overdue").data
    assert (late.about, late.addressee) == (objection, "GZ-9901-003")


def test_a_bank_objects_to_what_it_was_itself_asked_for_and_the_court_reads_its_words(rig: Rig) -> None:
    request_id = frozen(rig)
    objection, out = object_to(rig, request_id, "bank", "exempt", "partner")
    assert [each.recipient for each in out if each.type == "liandong.case.noted.v1"] == ["bank"]
    (forwarded,) = [each for each in out if each.type == "liandong.case.forward.v1"]
    inner = parse(base64.b64decode(forwarded.data.message.value))
    assert isinstance(inner, Objected)
    assert (forwarded.recipient, forwarded.data.of, inner.id) == ("court-9901", "bank", objection)
    answers = [each for each in decide(rig, objection, "rejected") if each.recipient == "bank"]
    assert [(each.data.of, parse(base64.b64decode(each.data.message.value)).source) for each in answers] == [("court-9901", "court-9901")]
    _, out = object_to(rig, request_id, "bank-two", "exempt", "partner")
    assert [reason.code for reason in out[0].data.reasons] == ["reference-other"]


@pytest.mark.parametrize(("court", "changes", "expected"), [
    ("court-9902", {}, ["reference-other"]),
    ("court-9901", {"officer": "GZ-9901-999"}, ["officer-unregistered"]),
    ("court-9901", {"objection": "0aee1f6c-5b5f-4c3e-9d4e-000000000001"}, ["reference-unknown"]),
])  # fmt: skip
def test_only_the_court_that_holds_the_case_decides(rig: Rig, court: str, changes: Data, expected: list[str]) -> None:
    request_id = frozen(rig)
    objection, _ = object_to(rig, request_id)
    (answer,) = decide(rig, court=court, **{"objection": objection, "outcome": "upheld"} | changes)
    assert [reason.code for reason in answer.data.reasons] == expected
    assert refused(rig, control()) == ["objection-open"]


def test_a_decision_is_final_and_an_ended_measure_cannot_be_contested(rig: Rig) -> None:
    request_id = frozen(rig)
    objection, _ = object_to(rig, request_id)
    decide(rig, objection, "rejected")
    (answer,) = decide(rig, objection, "upheld")
    assert [reason.code for reason in answer.data.reasons] == ["state-other"]
    carried_out(rig, control("release", original=request_id))
    _, out = object_to(rig, request_id)
    assert [reason.code for reason in out[0].data.reasons] == ["measure-not-in-force"]


def test_a_deduction_that_waits_is_not_sent_while_an_objection_is_under_review(rig: Rig) -> None:
    request_id, record = rig.request(control())
    task = said(rig.feed([record]))[1]
    rig.feed([rig.request(control("deduct", original=request_id))[1]])
    object_to(rig, request_id)
    out = rig.feed([rig.reply(task, "result")])
    assert "control.task" not in types(out)
    assert [each.data.partners[0].outcome for each in said(out) if each.type == "liandong.control.conclusion.v1"] == ["result", "not-sent"]
    assert events(out) == []
