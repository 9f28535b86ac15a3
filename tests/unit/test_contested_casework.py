"""Objections, watches, held orders and lifting over the casework, as messages and timers move them."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.engine.records import Outgoing
from schemas import samples
from schemas.base import CHINA, format_time, micros
from schemas.legal import NEEDED_DOCUMENTS
from tests.factories import Data, control, inquiry, locate
from tests.rig import Rig, said, types

WAGES = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例支行", "currency": "CNY", "status": "正常",
         "flags": ["WAGE_SPECIAL"]}  # fmt: skip
DECISION = {"outcome": "upheld", "officer": "GZ-9901-001", "reason": "核对属实"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def events(out: list[Outgoing]) -> list[Any]:
    return [each.data for each in said(out) if each.type == "liandong.case.event.v1"]


def codes(out: list[Outgoing]) -> list[str]:
    return [reason.code for each in said(out) if each.type.endswith(".refusal.v1") for reason in each.data.reasons]


def task_of(out: list[Outgoing]) -> Any:
    return next(each for each in said(out) if each.type.endswith(".task.v1"))


def carried_out(rig: Rig, data: Data, **answer: Any) -> str:
    request_id, record = rig.request(data)
    task = task_of(rig.feed([record]))
    rig.feed([rig.receipt(task)])
    rig.feed([rig.reply(task, "result", **answer)])
    return request_id


def signed(rig: Rig, event: Any, kind: str) -> list[Outgoing]:
    """What the hub drafted, completed by the court and sent."""
    data = json.loads(base64.b64decode(event.draft.content))["data"]
    legal = data["legal"]
    legal["documents"] = [samples.document(each, legal["case_number"]) for each in sorted(NEEDED_DOCUMENTS[data["action"]])]
    legal["approvals"] = [{"officer": "GZ-9901-003", "name": "施局长", "rank": "bureau-chief", "at": format_time(rig.clock)}]
    assert samples.kind_of_action(data["action"]) == kind
    return rig.feed([rig.request(data)[1]])


def test_an_account_that_is_found_to_be_for_wages_is_not_frozen(rig: Rig) -> None:
    task = task_of(rig.feed([rig.request(inquiry("P03", partners=["bank"]))[1]]))
    out = rig.feed([rig.reply(task, "result", findings=[WAGES])])
    assert [event.event for event in events(out)] == ["exempt-found"]
    assert codes(rig.feed([rig.request(control())[1]])) == ["asset-exempt"]
    other = control(asset={"kind": "account", "number": "9901000000000099911"})
    assert codes(rig.feed([rig.request(other)[1]])) == [], "another account"


def test_a_bank_that_protects_an_account_has_objected_and_nothing_is_tried_meanwhile(rig: Rig) -> None:
    task = task_of(rig.feed([rig.request(control())[1]]))
    out = rig.feed([rig.reply(task, "not-controlled", reason={"code": "account-protected", "text": "工资专户"})])
    told = events(out)
    assert [event.event for event in told] == ["exempt-found", "objection-opened"]
    assert codes(rig.feed([rig.request(control())[1]])) == ["asset-exempt", "objection-open"]
    rig.advance(15 * 24 * 3600)
    overdue = events(rig.fire())
    assert [(event.event, event.addressee) for event in overdue] == [("objection-overdue", "GZ-9901-003")]


def test_the_wrong_person_is_released_in_one_step_within_the_same_moment(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    objection, record = rig.statement(
        {"original": request_id, "ground": "wrong-person", "by": "debtor", "text": "同名不同人"}, "objection")
    assert [event.event for event in events(rig.feed([record]))] == ["objection-opened"]
    assert codes(rig.feed([rig.request(control("deduct", original=request_id, amount="1.00"))[1]])) == ["objection-open"]
    out = rig.feed([rig.statement({"objection": objection, **DECISION}, "objection-decision")[1]])
    (drafted,) = events(out)
    assert (drafted.event, drafted.draft is not None) == ("release-drafted", True)
    out = signed(rig, drafted, "control")
    assert types(out) == ["control.acceptance", "control.task"]


def test_only_the_court_that_has_the_case_decides_and_once_and_by_an_officer_in_force(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    objection, record = rig.statement({"original": request_id, "ground": "exempt", "by": "third-party", "text": "属案外人"}, "objection")
    rig.feed([record])
    other = rig.statement({"objection": objection, **DECISION, "officer": "GZ-9902-001"}, "objection-decision", court="court-9902")
    assert codes(rig.feed([other[1]])) == ["reference-other"]
    stranger = rig.statement({"objection": objection, **DECISION, "officer": "GZ-9901-999"}, "objection-decision")
    assert codes(rig.feed([stranger[1]])) == ["officer-unregistered"]
    rejected = {"objection": objection, **DECISION, "outcome": "rejected"}
    assert types(rig.feed([rig.statement(rejected, "objection-decision")[1]])) == ["case.noted"]
    assert codes(rig.feed([rig.statement(rejected, "objection-decision")[1]])) == ["state-other"]
    assert codes(rig.feed([rig.statement({**rejected, "objection": request_id}, "objection-decision")[1]])) == ["reference-unknown"]


def watched(rig: Rig) -> tuple[str, Any]:
    request_id, record = rig.request(locate("watch", until="2027-06-30T18:00:00.000000+08:00"))
    task = task_of(rig.feed([record]))
    rig.feed([rig.receipt(task)])
    rig.feed([rig.reply(task, "result")])
    return request_id, task


def hit(rig: Rig, task: Any, event: str = "E1") -> tuple[str, list[Outgoing]]:
    contact = {"name": "郑警官", "phone": "0990-5550100"}
    record = rig.answer(task, "hit", {"event": event, "at": format_time(rig.clock), "place": "高铁站", "contact": contact})
    return json.loads(record.value)["id"], rig.feed([record])


def test_a_hit_at_three_in_the_morning_reaches_the_duty_officer_at_once_and_then_the_supervisor(rig: Rig) -> None:
    _, task = watched(rig)
    rig.now = micros(datetime(2027, 1, 5, 3, 0, tzinfo=CHINA))
    hit_id, out = hit(rig, task)
    (told,) = events(out)
    assert (told.event, told.addressee, told.cause) == ("watch-hit", "GZ-9901-002", hit_id)
    rig.advance(2 * 3600)
    assert [(event.event, event.addressee) for event in events(rig.fire())] == [("hit-unattended", "GZ-9901-003")]
    handed = {"hit": hit_id, "outcome": "handed-over", "officer": "GZ-9901-002"}
    assert types(rig.feed([rig.statement(handed, "handover")[1]])) == ["case.noted"]
    assert codes(rig.feed([rig.statement(handed, "handover")[1]])) == ["state-other"]


def test_an_attended_hit_goes_nowhere_and_the_watch_goes_on_until_its_end(rig: Rig) -> None:
    _, task = watched(rig)
    hit_id, _ = hit(rig, task)
    rig.feed([rig.statement({"hit": hit_id, "outcome": "missed", "officer": "GZ-9901-002"}, "handover")[1]])
    rig.advance(3 * 3600)
    assert events(rig.fire()) == []
    assert [event.event for event in events(hit(rig, task, "E2")[1])] == ["watch-hit"]
    rig.now = micros(datetime(2027, 6, 30, 18, 0, tzinfo=CHINA))
    assert "watch-expired" in [event.event for event in events(rig.fire())]


def test_performance_lifts_everything_with_proof_and_not_before_the_last(rig: Rig) -> None:
    freeze = carried_out(rig, control())
    watch, _ = watched(rig)
    out = rig.register_case(version=2, status="performed", recovered="5050000.00")
    due = events(out)
    assert {(event.event, event.about) for event in due} == {("release-due", freeze), ("release-due", watch)}
    assert codes(rig.feed([rig.request(control())[1]])) == ["case-closed", "over-seizure"]
    first = signed(rig, next(event for event in due if event.about == freeze), "control")
    out = rig.feed([rig.reply(task_of(first), "result")])
    assert "case.lift-certificate" not in types(out)
    rig.advance(3 * 24 * 3600)
    overdue = events(rig.fire())
    assert [(event.event, event.about, event.level) for event in overdue] == [("release-overdue", watch, 1)]
    second = signed(rig, next(event for event in due if event.about == watch), "locate")
    out = rig.feed([rig.reply(task_of(second), "result")])
    certificate = next(each.data for each in said(out) if each.type == "liandong.case.lift-certificate.v1")
    assert {(line.request, line.ended_as, line.proof is not None) for line in certificate.lifted} == {
        (freeze, "released", True), (watch, "withdrawn", True)}  # fmt: skip
    rig.advance(10 * 24 * 3600)
    assert events(rig.fire()) == []


def test_a_measure_that_settles_after_the_performance_is_lifted_too(rig: Rig) -> None:
    request_id, record = rig.request(control())
    task = task_of(rig.feed([record]))
    assert [event.about for event in events(rig.register_case(version=2, status="performed"))] == [request_id]
    out = rig.feed([rig.reply(task, "not-controlled")])
    assert types(out)[-1] == "case.lift-certificate", "nothing took hold, and nothing is left"


def test_a_held_order_is_sent_at_its_time(rig: Rig) -> None:
    out = rig.feed([rig.request(control(hold_until="2026-12-20T09:00:00.000000+08:00"))[1]])
    assert types(out) == ["control.acceptance", "case.event"]
    assert events(out)[0].event == "order-held"
    rig.now = micros(datetime(2026, 12, 20, 8, 59, 59, tzinfo=CHINA))
    assert rig.fire() == []
    rig.advance(1)
    assert types(rig.fire()) == ["control.task"]


def test_performance_within_the_grace_period_cancels_the_held_order(rig: Rig) -> None:
    request_id, record = rig.request(control(hold_until="2026-12-20T09:00:00.000000+08:00"))
    rig.feed([record])
    out = rig.register_case(version=2, status="performed")
    assert [event.event for event in events(out)] == ["order-cancelled"]
    conclusion = next(each for each in said(out) if each.type == "liandong.control.conclusion.v1")
    assert (conclusion.correlationid, conclusion.data.partners[0].outcome.value) == (request_id, "not-sent")
    rig.now = micros(datetime(2026, 12, 20, 9, 0, tzinfo=CHINA))
    assert rig.fire() == []
