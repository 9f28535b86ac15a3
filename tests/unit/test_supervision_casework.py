"""Nudges before a partner's deadline and supervised follow-up after it, over the casework and its timers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.bus.topics import Topics
from hub.casework import Casework
from hub.config import Rulebook
from hub.store import tables as t
from schemas.base import CHINA, micros
from tests.factories import Data, inquiry
from tests.rig import Rig, said, sample_rulebook

DAY = 24 * 3600


def slow(rig: Rig, reply_within: int = 4 * DAY, receipt_within: int = 3600, **changes: Any) -> Rulebook:
    """The samples' rules, with partners that have days to answer instead of seconds."""
    rules = sample_rulebook(rig.directory)
    agreements = {
        partner: replace(agreement, reply_within=reply_within, receipt_within=receipt_within, reply_working_days=None)
        for partner, agreement in rules.linkage.agreements.items()
    }
    return replace(rules, linkage=replace(rules.linkage, agreements=agreements), **changes)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.casework = Casework(slow(made), Topics())
    yield made
    made.close()


def asked(rig: Rig) -> Any:
    """The bank's task of an inquiry, sent on Monday the 23rd at nine."""
    _, record = rig.request(inquiry(partners=["bank"]))
    return next(each for each in said(rig.feed([record])) if each.type.endswith(".task.v1"))


def received(rig: Rig) -> Any:
    task = asked(rig)
    rig.feed([rig.receipt(task)])
    return task


def run(rig: Rig, month: int, day: int, hour: int = 0, minute: int = 0) -> list[Any]:
    """What the hub says by itself until that moment of 2026 in China."""
    return said(rig.run_until(micros(datetime(2026, month, day, hour, minute, tzinfo=CHINA))))


def _addressee(message: Any) -> str | None:
    return None if message.type.endswith(".nudge.v1") else message.data.addressee


def entries(rig: Rig, kind: str) -> list[Data]:
    with rig.store.read() as connection:
        leaves = connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind == kind).order_by(t.audit.c.seq))
        return [json.loads(leaf) for leaf in leaves]


def timers(rig: Rig) -> int:
    with rig.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(t.timers)) or 0


def test_a_partner_is_reminded_once_when_three_quarters_of_its_time_have_gone(rig: Rig) -> None:
    task = received(rig)
    rig.feed([rig.receipt(task)])
    assert run(rig, 11, 26, 8, 59) == []
    (nudge,) = run(rig, 11, 26, 9)
    assert (nudge.type, nudge.recipient, nudge.correlationid) == ("liandong.inquiry.nudge.v1", "bank", task.correlationid)
    assert (nudge.data.task_id, nudge.data.level) == (task.id, 1)
    assert nudge.data.deadline == datetime(2026, 11, 27, 9, tzinfo=CHINA)
    rig.feed([rig.receipt(task)])
    assert run(rig, 11, 27, 8, 59) == [], "a second receipt starts nothing anew"
    (entry,) = entries(rig, "task.nudged")
    assert (entry["court"], entry["partner"], entry["request"], entry["level"]) == ("court-9901", "bank", task.correlationid, 1)


def test_who_answers_in_time_is_not_reminded_and_leaves_no_timer(rig: Rig) -> None:
    rig.feed([rig.reply(received(rig))])
    assert timers(rig) == 0
    assert run(rig, 12, 31) == []


def test_after_silence_each_rung_is_reached_in_its_working_day(rig: Rig) -> None:
    task = received(rig)
    run(rig, 11, 27, 9)
    told = []
    for day in range(28, 40):
        until = datetime(2026, 11, 1, tzinfo=CHINA) + timedelta(days=day)  # midnight after the day
        told += [(f"{until - timedelta(days=1):%m-%d}", each.recipient, each.data.level, _addressee(each))
                 for each in said(rig.run_until(micros(until)))]  # fmt: skip
    assert told == [
        ("11-30", "bank", 2, None), ("11-30", "court-9901", 1, "GZ-9901-001"),
        ("12-02", "bank", 3, None), ("12-02", "court-9901", 2, "GZ-9901-003"),
        ("12-04", "bank", 4, None), ("12-04", "court-99", 3, None),
    ]  # fmt: skip
    found = [(entry["court"], entry["partner"], entry["request"], entry["level"]) for entry in entries(rig, "task.supervised")]
    assert found == [("court-9901", "bank", task.correlationid, level) for level in (1, 2, 3)]
    assert timers(rig) == 0, "the ladder has ended"


def test_what_is_told_is_the_request_the_partner_and_the_missed_deadline(rig: Rig) -> None:
    task = received(rig)
    run(rig, 11, 27, 9)
    _, event = run(rig, 12, 1)
    assert (event.data.event, event.data.about, event.data.partner) == ("supervised", task.correlationid, "bank")
    assert event.data.due == datetime(2026, 11, 27, 9, tzinfo=CHINA)


def test_a_late_answer_ends_the_supervision(rig: Rig) -> None:
    task = received(rig)
    run(rig, 12, 1)
    rig.feed([rig.reply(task)])
    assert run(rig, 12, 31) == []
    assert timers(rig) == 0


def test_a_late_answer_that_comes_before_its_silence_was_noticed_starts_no_supervision(rig: Rig) -> None:
    task = received(rig)
    rig.now = micros(datetime(2026, 11, 27, 10, tzinfo=CHINA))
    rig.feed([rig.reply(task)])
    rig.fire()
    assert timers(rig) == 0
    assert entries(rig, "task.silent") != []


def test_who_never_confirms_its_task_is_supervised_without_a_reminder(rig: Rig) -> None:
    asked(rig)
    out = run(rig, 11, 25)
    assert [each.type.split(".")[2] for each in out] == ["non-response", "conclusion", "nudge", "event"]
    assert entries(rig, "task.nudged") == []


def test_a_deadline_of_less_than_an_hour_has_neither(rig: Rig) -> None:
    rig.casework = Casework(slow(rig, reply_within=3599), Topics())
    received(rig)
    assert timers(rig) == 1, "the deadline alone"
    run(rig, 11, 24)
    assert timers(rig) == 0


def test_a_hub_that_was_away_over_the_deadline_does_not_remind_any_more(rig: Rig) -> None:
    received(rig)
    rig.now = micros(datetime(2026, 11, 27, 9, tzinfo=CHINA))
    assert [each.type.split(".")[2] for each in said(rig.fire())] == ["non-response", "conclusion"]


def test_where_no_court_is_above_the_supervisor_is_told_again(rig: Rig) -> None:
    rig.casework = Casework(slow(rig, superiors={}), Topics())
    received(rig)
    out = run(rig, 12, 5)
    events = [(each.recipient, each.data.addressee) for each in out if each.type == "liandong.case.event.v1"]
    assert events == [("court-9901", "GZ-9901-001"), ("court-9901", "GZ-9901-003"), ("court-9901", "GZ-9901-003")]


@pytest.mark.parametrize(
    ("priority", "urgent", "wanted"),
    [("ordinary", None, "ordinary"), ("wages", None, "livelihood"), ("support", None, "livelihood"),
     ("injury", None, "livelihood"), ("wages", True, "urgent"), ("ordinary", True, "urgent")],
)  # fmt: skip
def test_claims_that_people_live_on_come_before_ordinary_ones(rig: Rig, priority: str, urgent: bool | None, wanted: str) -> None:
    rig.register_case("court-9901", version=2, priority=priority)
    lane: Data = {"urgent": True} if urgent else {}
    _, record = rig.request(inquiry(partners=["bank"], **lane))
    task = next(each for each in said(rig.feed([record])) if each.type.endswith(".task.v1"))
    assert task.data.priority == wanted


@pytest.mark.parametrize(("code", "logged"), [("identity-mismatch", "identity-mismatch"), ("zhao-mingyuan", None)])
def test_only_known_reasons_stand_in_the_log(rig: Rig, code: str, logged: str | None) -> None:
    task = received(rig)
    rig.feed([rig.reply(task, "returned", reason={"code": code, "text": "试"})])
    assert [entry.get("code") for entry in entries(rig, "task.answered")] == [logged]
