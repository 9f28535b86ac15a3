"""Orders that are signed and held until a date (履行宽限期、预惩戒): sent then, or cancelled because the debt is performed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import samples
from tests.factories import Data, control
from tests.rig import Rig, said, types
from tests.unit.test_measures_casework import at, events, frozen, measure

UNTIL = "2027-01-23T09:00:00.000000+08:00"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def held(rig: Rig, data: Data) -> tuple[str, list[Any]]:
    """An order that is held for two months, valid for a year: its id and what the hub says."""
    request_id, record = rig.request(data | {"hold_until": UNTIL}, expires=rig.clock.replace(year=2027))
    return request_id, said(rig.feed([record]))


def warning() -> Data:
    return samples.notice(number="R-WARNING")


def outcome(out: list[Any]) -> list[str]:
    """How the parts of what was concluded ended."""
    return [line.outcome.value for each in out if each.type.endswith(".conclusion.v1") for line in each.data.partners]


def test_a_warning_comes_into_force_at_its_date_and_not_before(rig: Rig) -> None:
    request_id, out = held(rig, warning())
    assert [each.type for each in out] == ["liandong.notice.acceptance.v1", "liandong.case.event.v1"]
    assert (out[1].data.event, out[1].data.about, out[1].data.due.isoformat()) == ("order-held", request_id, "2027-01-23T09:00:00+08:00")
    at(rig, 2027, 1, 23, 8, 59, 59)
    assert rig.fire() == []
    at(rig, 2027, 1, 23, 9)
    assert types(rig.fire()) == ["notice.task"]


def test_performance_within_the_grace_period_cancels_the_order(rig: Rig) -> None:
    request_id, _ = held(rig, control())
    out = said(rig.register_case(version=2, status="performed"))
    assert [(each.data.event, each.data.about) for each in out if each.type == "liandong.case.event.v1"] == [("order-cancelled", request_id)]
    assert outcome(out) == ["not-sent"]
    assert not [each for each in out if each.type.endswith("lift-certificate.v1")], "nothing was imposed, so nothing is lifted"
    assert measure(rig, request_id).status == "refused"
    at(rig, 2027, 1, 23, 9)
    assert rig.fire() == []


def test_an_order_of_a_round_that_was_closed_meanwhile_is_cancelled_at_its_date(rig: Rig) -> None:
    freeze = frozen(rig)
    held(rig, warning())
    assert events(rig.register_case(version=2, status="round-closed", standing=freeze)) == []
    at(rig, 2027, 1, 23, 9)
    out = rig.fire()
    assert events(out) == ["order-cancelled"]
    assert outcome(said(out)) == ["not-sent"]


def test_an_order_of_a_case_that_was_resumed_in_time_is_sent(rig: Rig) -> None:
    freeze = frozen(rig)
    held(rig, warning())
    rig.register_case(version=2, status="round-closed", standing=freeze)
    rig.register_case(version=3, status="resumed")
    at(rig, 2027, 1, 23, 9)
    assert types(rig.fire()) == ["notice.task"]


def test_a_held_release_of_a_performed_case_is_not_cancelled(rig: Rig) -> None:
    freeze = frozen(rig)
    held(rig, control("release", original=freeze))
    assert "order-cancelled" not in events(rig.register_case(version=2, status="performed"))
    at(rig, 2027, 1, 23, 9)
    assert "control.task" in types(rig.fire())


def test_a_held_deduction_is_not_sent_once_its_freeze_has_ended(rig: Rig) -> None:
    freeze = frozen(rig, ends="2026-12-31")
    held(rig, control("deduct", original=freeze))
    at(rig, 2027, 1, 1)
    rig.fire()
    at(rig, 2027, 1, 23, 9)
    assert outcome(said(rig.fire())) == ["not-sent"]


def test_a_waiting_deduction_is_not_sent_after_performance(rig: Rig) -> None:
    freeze, record = rig.request(control())
    task = said(rig.feed([record]))[1]
    rig.feed([rig.request(control("deduct", original=freeze))[1]])
    rig.register_case(version=2, status="performed")
    out = rig.feed([rig.reply(task, "result")])
    assert "control.task" not in types(out)
    assert events(out) == ["order-cancelled"]
