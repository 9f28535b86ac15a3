"""Watches over the casework: hits at any hour, who is told, what ends a watch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.casework.desk import request_key
from hub.rules.watches import WatchState
from hub.store.aggregates import States
from schemas.samples import VEHICLE
from tests.factories import Data, locate
from tests.rig import Rig, said, types
from tests.unit.test_measures_casework import at, events

UNTIL = "2026-12-23T09:00:00.000000+08:00"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def status(rig: Rig, request_id: str, court: str = "court-9901") -> str:
    with rig.store.read() as connection:
        found = States(connection).get(WatchState, request_key(court, request_id))
    assert found is not None
    return found.status


def sent(rig: Rig, action: str = "watch", **changes: Any) -> tuple[str, Any]:
    """A watch whose task the police have: its request's id and the task."""
    request_id, record = rig.request(locate(action, until=UNTIL, **changes))
    return request_id, said(rig.feed([record]))[1]


def armed(rig: Rig, action: str = "watch", **changes: Any) -> tuple[str, Any]:
    request_id, task = sent(rig, action, **changes)
    rig.feed([rig.reply(task, "result")])
    return request_id, task


def hit(rig: Rig, task: Any, event: str = "E1") -> list[Any]:
    """What the hub says of a hit, parsed."""
    data = {"event": event, "at": rig.clock.isoformat(timespec="microseconds"), "place": "客运站",
            "contact": {"name": "值班民警", "phone": "110"}}  # fmt: skip
    return said(rig.feed([rig.answer(task, "hit", data)]))


def handover(rig: Rig, hit_id: str, outcome: str = "handed-over", court: str = "court-9901", **changes: Any) -> list[Any]:
    data: Data = {"hit": hit_id, "outcome": outcome, "officer": f"GZ-{court[-4:]}-002"} | changes
    return said(rig.feed([rig.statement(data, "handover", court=court)[1]]))


def withdrawn(rig: Rig, request_id: str, kind: str = "result") -> Any:
    """The withdrawal of a watch, answered."""
    data = locate("withdraw", original=request_id)
    task = said(rig.feed([rig.request(data)[1]]))[1]
    return rig.feed([rig.reply(task, kind)])


def codes(message: Any) -> list[str]:
    return [reason.code for reason in message.data.reasons]


def test_a_hit_at_three_in_the_morning_reaches_the_duty_officer_at_once_and_then_the_supervisor(rig: Rig) -> None:
    request_id, task = armed(rig)
    at(rig, 2026, 11, 25, 3)
    result, event = hit(rig, task)
    assert (result.type, event.data.event) == ("liandong.locate.result.v1", "watch-hit")
    assert (event.data.about, event.data.addressee, event.data.partner) == (request_id, "GZ-9901-002", "police")
    assert event.data.due.isoformat() == "2026-11-25T05:00:00+08:00"
    at(rig, 2026, 11, 25, 4, 59, 59)
    assert rig.fire() == []
    at(rig, 2026, 11, 25, 5)
    (late,) = said(rig.fire())
    assert (late.data.event, late.data.addressee, late.data.cause) == ("hit-unattended", "GZ-9901-003", event.data.cause)
    assert status(rig, request_id) == "hit"


def test_a_handover_in_time_ends_the_watch_and_its_clocks(rig: Rig) -> None:
    request_id, task = armed(rig)
    first, second = hit(rig, task, "E1")[1].data.cause, hit(rig, task, "E2")[1].data.cause
    assert handover(rig, second)[0].type == "liandong.case.noted.v1"
    assert status(rig, request_id) == "handed-over"
    at(rig, 2027, 1, 1)
    assert rig.fire() == [], "neither hit is unattended, and the watch cannot run out any more"
    assert codes(handover(rig, first)[0]) == ["state-other"]


def test_a_watch_that_was_missed_may_hit_again(rig: Rig) -> None:
    request_id, task = armed(rig, "road-control", vehicle=VEHICLE)
    first, second = hit(rig, task, "E1")[1].data.cause, hit(rig, task, "E2")[1].data.cause
    handover(rig, first, "missed")
    assert status(rig, request_id) == "hit", "the second is not attended to"
    rig.advance(3 * 3600)
    assert [each.data.cause for each in said(rig.fire())] == [second]
    handover(rig, second, "missed")
    assert status(rig, request_id) == "missed"
    assert hit(rig, task, "E3")[1].data.event == "watch-hit"
    assert status(rig, request_id) == "hit"


@pytest.mark.parametrize(("court", "changes", "expected"), [
    ("court-9902", {}, ["reference-other"]),
    ("court-9901", {"officer": "GZ-9901-999"}, ["officer-unregistered"]),
    ("court-9901", {"hit": "0aee1f6c-5b5f-4c3e-9d4e-000000000001"}, ["reference-unknown"]),
])  # fmt: skip
def test_only_the_courts_own_officers_settle_its_hits(rig: Rig, court: str, changes: Data, expected: list[str]) -> None:
    request_id, task = armed(rig)
    hit_id = hit(rig, task)[1].data.cause
    assert codes(handover(rig, hit_id, court=court, **changes)[0]) == expected
    assert status(rig, request_id) == "hit"


def test_after_its_end_a_watch_acts_no_more(rig: Rig) -> None:
    request_id, task = armed(rig)
    at(rig, 2026, 12, 23, 9)
    assert [each.type for each in hit(rig, task, "E1")] == ["liandong.locate.result.v1"], "even before the timer has fired"
    (over,) = said(rig.fire())
    assert (over.data.event, status(rig, request_id)) == ("watch-expired", "expired")
    assert [each.type for each in hit(rig, task, "E2")] == ["liandong.locate.result.v1"], "passed on, and no cause to act"
    assert status(rig, request_id) == "expired"


def test_a_hit_before_the_end_is_still_attended_to_after_it(rig: Rig) -> None:
    request_id, task = armed(rig)
    at(rig, 2026, 12, 23, 8)
    hit_id = hit(rig, task)[1].data.cause
    at(rig, 2026, 12, 23, 9, 30)
    assert events(rig.fire()) == ["watch-expired"]
    assert handover(rig, hit_id)[0].type == "liandong.case.noted.v1"
    rig.advance(24 * 3600)
    assert rig.fire() == []
    assert status(rig, request_id) == "expired"


def test_withdrawal_ends_a_watch_only_once_the_police_say_so(rig: Rig) -> None:
    request_id, task = armed(rig)
    assert withdrawn(rig, request_id, "returned")
    assert status(rig, request_id) == "armed"
    withdrawn(rig, request_id)
    assert status(rig, request_id) == "withdrawn"
    assert [each.type for each in hit(rig, task)] == ["liandong.locate.result.v1"]
    at(rig, 2026, 12, 23, 9)
    assert rig.fire() == []


def test_a_watch_that_the_police_decline_is_none_and_a_late_answer_still_counts(rig: Rig) -> None:
    declined, task = sent(rig)
    rig.feed([rig.reply(task, "refused")])
    assert status(rig, declined) == "refused"
    silent, task = sent(rig, who="P08")
    rig.advance(60)
    assert "locate.non-response" in types(rig.fire())
    assert status(rig, silent) == "requested", "silence may hide an armed watch"
    rig.feed([rig.reply(task, "result")])
    assert status(rig, silent) == "armed"


def test_a_hit_that_is_read_before_the_answer_shows_that_the_watch_is_armed(rig: Rig) -> None:
    request_id, task = sent(rig)
    assert hit(rig, task)[1].data.event == "watch-hit"
    rig.feed([rig.reply(task, "result")])
    assert status(rig, request_id) == "hit"
