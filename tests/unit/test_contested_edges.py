"""Objections, watches and lifting where things go otherwise than planned: silence, second closings, what comes in between."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.engine.records import Outgoing
from schemas import samples
from schemas.base import CHINA, micros
from tests.factories import REPLIES, Data, control, inquiry, locate
from tests.rig import Rig, entries, said, types
from tests.unit.test_contested_casework import WAGES, carried_out, codes, events, task_of
from tests.unit.test_ledger_casework import closed_round

PROTECTED: Data = {"code": "account-protected", "text": "受保护账户"}
DAY = 24 * 3600


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def close(rig: Rig, version: int = 2, status: str = "performed") -> list[Outgoing]:
    return rig.register_case(version=version, status=status)


def certificates(out: list[Outgoing]) -> list[Any]:
    return [each.data for each in said(out) if each.type == "liandong.case.lift-certificate.v1"]


def answered(rig: Rig, data: Data, kind: str = "result") -> list[Outgoing]:
    """What the hub says once this request's one partner has answered it."""
    return rig.feed([rig.reply(task_of(rig.feed([rig.request(data)[1]])), kind)])


def objected(rig: Rig, request_id: str, sender: str = "court-9901", message_id: str | None = None) -> tuple[str, list[Outgoing]]:
    """An objection to a measure: its id, and what the hub says."""
    data: Data = {"original": request_id, "ground": "exempt", "by": "partner", "text": "该账户为工资专用账户"}
    objection, record = rig.statement(data, "objection", court=sender, **({"id": message_id} if message_id else {}))
    return objection, rig.feed([record if sender.startswith("court") else rig.record(sender, record.value, REPLIES)])


def decided(rig: Rig, objection: str, outcome: str) -> list[Outgoing]:
    data = {"objection": objection, "outcome": outcome, "officer": "GZ-9901-001", "reason": "已核对"}
    return rig.feed([rig.statement(data, "objection-decision")[1]])


def hit(rig: Rig, task: Any) -> Any:
    data = {"event": "E1", "at": rig.clock.isoformat(timespec="microseconds"), "place": "客运站", "contact": {"name": "民警", "phone": "110"}}
    return rig.answer(task, "hit", data)


# -- while an objection is under review --------------------------------------------------------------------------------


def test_a_deduction_that_waits_is_not_sent_while_an_objection_is_under_review(rig: Rig) -> None:
    request_id, record = rig.request(control())
    task = task_of(rig.feed([record]))
    rig.feed([rig.request(control("deduct", original=request_id))[1]])
    objected(rig, request_id)
    out = rig.feed([rig.reply(task, "result")])
    assert "control.task" not in types(out)
    assert [each.data.partners[0].outcome for each in said(out) if each.type == "liandong.control.conclusion.v1"] == ["result", "not-sent"]


def reminders(rig: Rig, days: int) -> list[tuple[int, int, str]]:
    """What is heard of overdue releases: on which day from now, how high on the ladder, and by whom."""
    heard, start = [], rig.now
    for day in range(1, days + 1):
        out = said(rig.run_until(start + day * DAY * 1_000_000))
        heard += [(day, each.data.level, each.data.addressee) for each in out if each.data.event == "release-overdue"]
    return heard


SUPERVISOR, ABOVE = "GZ-9901-003", "GZ-99-001"
LADDER = [
    (3, 1, SUPERVISOR), (4, 1, SUPERVISOR), (5, 2, SUPERVISOR), (6, 2, SUPERVISOR), (7, 2, SUPERVISOR), (8, 2, SUPERVISOR),
    (9, 3, SUPERVISOR), (10, 3, SUPERVISOR),  # due on Thursday 26 November 2026: one, three and five working days later
    *((day, 4, who) for day in (11, 18, 25, 32) for who in (SUPERVISOR, ABOVE)),
]  # fmt: skip


def test_an_upheld_objection_without_its_release_climbs_the_ladder_and_is_never_forgotten(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    objection, _ = objected(rig, request_id)
    decided(rig, objection, "upheld")
    assert reminders(rig, 35) == LADDER
    answered(rig, control("release", original=request_id, objection=objection))
    rig.advance(9 * DAY)
    assert events(rig.fire()) == []


def test_only_a_measure_that_stands_can_be_contested(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    answered(rig, control("release", original=request_id))
    assert codes(objected(rig, request_id)[1]) == ["measure-not-in-force"]
    asked, record = rig.request(inquiry("P03", partners=["bank"]))
    rig.feed([record])
    assert codes(objected(rig, asked)[1]) == ["measure-not-in-force"]


def test_the_court_reads_what_the_bank_says_and_the_bank_what_the_court_decides(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    objection, out = objected(rig, request_id, "bank")
    assert [(each.recipient, each.data.of) for each in said(out) if each.type == "liandong.case.forward.v1"] == [("court-9901", "bank")]
    out = decided(rig, objection, "rejected")
    assert [(each.recipient, each.data.of) for each in said(out) if each.type == "liandong.case.forward.v1"] == [("bank", "court-9901")]


# -- protected accounts ------------------------------------------------------------------------------------------------


def test_another_flag_takes_no_protection_away_and_one_that_protects_nothing_is_none(rig: Rig) -> None:
    def found(*flags: str) -> list[str]:
        task = task_of(rig.feed([rig.request(inquiry("P03", partners=["bank"], fresh=True))[1]]))
        return [event.event for event in events(rig.feed([rig.reply(task, "result", findings=[WAGES | {"flags": list(flags)}])]))]

    assert found("DORMANT") == []
    assert found("WAGE_SPECIAL") == ["exempt-found"]
    assert found("DORMANT") == []
    assert codes(rig.feed([rig.request(control())[1]])) == ["asset-exempt"]


def test_an_account_that_is_protected_as_nobody_knows_what_is_no_wage_account(rig: Rig) -> None:
    rig.register_case(version=2, priority="wages")
    task = task_of(rig.feed([rig.request(control())[1]]))
    opened = events(rig.feed([rig.reply(task, "not-controlled", reason=PROTECTED)]))[1].about
    decided(rig, opened, "upheld")
    excused = control(exempt_reason="追索工资")
    excused["legal"]["approvals"][0] |= {"officer": "GZ-9901-004", "rank": "president"}
    assert codes(rig.feed([rig.request(excused)[1]])) == ["asset-exempt"]


def test_once_the_court_has_found_that_it_is_not_exempt_reason_and_approval_are_enough(rig: Rig) -> None:
    task = task_of(rig.feed([rig.request(control())[1]]))
    opened = events(rig.feed([rig.reply(task, "not-controlled", reason=PROTECTED)]))[1].about
    decided(rig, opened, "rejected")
    assert codes(rig.feed([rig.request(control())[1]])) == ["asset-exempt"]
    excused = control(exempt_reason="账户并非工资专用账户")
    excused["legal"]["approvals"][0] |= {"officer": "GZ-9901-004", "rank": "president"}
    assert codes(rig.feed([rig.request(excused)[1]])) == []


# -- watches -----------------------------------------------------------------------------------------------------------


def test_a_watch_that_met_silence_is_over_at_its_end_too(rig: Rig) -> None:
    rig.feed([rig.request(locate(until="2026-12-01T09:00:00.000000+08:00"))[1]])
    rig.advance(60)
    rig.fire()
    close(rig)
    rig.advance(8 * DAY)
    out = rig.fire()
    assert "watch-expired" in [event.event for event in events(out)]
    assert [(each.ended_as, each.proof) for each in certificates(out)[0].lifted] == [("expired", None)]


def watch(rig: Rig) -> tuple[str, Any]:
    """A watch that is armed until 1 December: its request's id, and its task."""
    request_id, record = rig.request(locate(until="2026-12-01T09:00:00.000000+08:00"))
    task = task_of(rig.feed([record]))
    rig.feed([rig.receipt(task)])
    rig.feed([rig.reply(task, "result")])
    return request_id, task


@pytest.mark.parametrize("ended", ["withdrawn", "expired", "end-not-yet-told"])
def test_a_hit_after_the_end_is_told_as_such_and_asks_for_no_handover(rig: Rig, ended: str) -> None:
    request_id, task = watch(rig)
    if ended == "withdrawn":
        answered(rig, locate("withdraw", original=request_id))
    else:
        rig.advance(8 * DAY)
        assert ended != "expired" or "watch-expired" in [event.event for event in events(rig.fire())]
    record = hit(rig, task)
    out = rig.feed([record])
    (told,) = events(out)
    assert (told.event, told.about, told.addressee) == ("watch-hit-after-end", request_id, "GZ-9901-001"), "the handler, not the duty officer"
    assert "locate.result" in types(out), "what the police said is passed on all the same"
    assert [entry["watch"] for entry in entries(rig, "watch.hit-after-end")] == [request_id]
    assert entries(rig, "watch.alerted") == []
    rig.advance(DAY)
    assert [event.event for event in events(rig.fire()) if event.event != "watch-expired"] == [], "nobody is reminded of a handover"


def test_a_hit_in_the_last_second_is_a_live_one(rig: Rig) -> None:
    _, task = watch(rig)
    rig.now = micros(datetime(2026, 12, 1, 8, 59, 59, tzinfo=CHINA))
    assert [event.event for event in events(rig.feed([hit(rig, task)]))] == ["watch-hit"]


def test_the_court_may_say_what_became_of_a_hit_after_the_end(rig: Rig) -> None:
    request_id, task = watch(rig)
    answered(rig, locate("withdraw", original=request_id))
    record = hit(rig, task)
    rig.feed([record])
    missed = {"hit": json.loads(record.value)["id"], "outcome": "missed", "officer": "GZ-9901-001"}
    assert types(rig.feed([rig.statement(missed, "handover")[1]])) == ["case.noted"]


# -- lifting -----------------------------------------------------------------------------------------------------------


def test_a_restriction_that_met_silence_may_be_in_force_and_is_lifted(rig: Rig) -> None:
    request_id, record = rig.request(samples.notice())
    task = task_of(rig.feed([record]))
    rig.advance(60)
    rig.fire()
    out = close(rig)
    assert [(event.event, event.about) for event in events(out)] == [("release-due", request_id)]
    assert certificates(out) == []
    rig.feed([rig.reply(task, "result")])
    (certificate,) = certificates(answered(rig, samples.notice("lift", original=request_id)))
    assert [(each.request, each.ended_as) for each in certificate.lifted] == [(request_id, "lifted")]


def test_a_case_that_goes_on_is_certified_by_nobody_and_reminded_of_nothing(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    close(rig)
    close(rig, 3, "resumed")
    rig.advance(5 * DAY)
    assert events(rig.fire()) == []
    assert certificates(answered(rig, control("release", original=request_id))) == []
    (certificate,) = certificates(close(rig, 4))
    assert [each.ended_as for each in certificate.lifted] == ["released"]


def test_every_message_of_a_second_closing_has_an_id_of_its_own(rig: Rig) -> None:
    carried_out(rig, control())
    out = close(rig)
    rig.advance(3 * DAY)
    out += rig.fire() + close(rig, 3, "resumed") + close(rig, 4)
    rig.advance(3 * DAY)
    ids = [each.id for each in said(out + rig.fire())]
    assert len(ids) == len(set(ids))


def test_what_settles_after_the_closing_is_asked_for_once_with_one_id(rig: Rig) -> None:
    task = task_of(rig.feed([rig.request(control())[1]]))
    out = close(rig)
    rig.advance(5)
    out += rig.feed([rig.reply(task, "result")])
    due = [each.id for each in said(out) if each.type == "liandong.case.event.v1" and each.data.event == "release-due"]
    assert len(due) == len(set(due))


def test_what_is_not_lifted_climbs_the_ladder_until_it_is(rig: Rig) -> None:
    request_id = carried_out(rig, control())
    close(rig)
    assert reminders(rig, 35) == LADDER
    assert [entry["level"] for entry in entries(rig, "release.overdue")] == [1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4]
    assert certificates(answered(rig, control("release", original=request_id)))
    assert reminders(rig, 30) == []


def test_a_hub_that_was_away_for_weeks_reminds_once_and_not_for_each_day(rig: Rig) -> None:
    carried_out(rig, control())
    close(rig)
    rig.advance(40 * DAY)
    assert [event.level for event in events(rig.fire())] == [4, 4], "the court and the one above it"
    assert events(rig.fire()) == []


def test_what_lapses_has_no_message_that_proves_its_end(rig: Rig) -> None:
    carried_out(rig, control(), measure={"state": "effective", "reference": "DJ-1", "starts": "2026-11-23", "ends": "2026-11-30"})
    close(rig)
    rig.advance(9 * DAY)
    (certificate,) = certificates(rig.fire())
    assert [(each.ended_as, each.proof) for each in certificate.lifted] == [("lapsed", None)]


# -- held and waiting orders -------------------------------------------------------------------------------------------


def test_an_order_of_a_round_that_was_closed_meanwhile_is_cancelled_at_its_date(rig: Rig) -> None:
    data = samples.notice(hold_until="2026-12-01T09:00:00.000000+08:00")
    rig.feed([rig.request(data)[1]])
    closed_round(rig)
    rig.advance(8 * DAY)
    out = rig.fire()
    assert "notice.task" not in types(out)
    assert [event.event for event in events(out)] == ["order-cancelled"]


def test_a_waiting_deduction_is_not_sent_after_performance(rig: Rig) -> None:
    request_id, record = rig.request(control())
    task = task_of(rig.feed([record]))
    rig.feed([rig.request(control("deduct", original=request_id))[1]])
    close(rig)
    assert "control.task" not in types(rig.feed([rig.reply(task, "result")]))
