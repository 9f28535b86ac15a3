"""Measures over the casework: the register, its clocks and its queue, as messages and timers move them."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.rules.measures import MeasureState
from hub.store.aggregates import States
from schemas import samples
from schemas.base import CHINA, micros
from tests.factories import Data, control
from tests.rig import Rig, said, types

UNTIL = "2036-12-31T00:00:00.000000+08:00"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def measure(rig: Rig, request_id: str, court: str = "court-9901") -> MeasureState:
    from hub.casework.desk import request_key

    with rig.store.read() as connection:
        found = States(connection).get(MeasureState, request_key(court, request_id))
    assert found is not None
    return found


def carried_out(rig: Rig, data: Data, court: str = "court-9901", kind: str = "result", **answer: Any) -> str:
    """A control, sent and answered; its request's id."""
    request_id, record = rig.request(data, court)
    task = next(each for each in said(rig.feed([record])) if each.type.endswith(".task.v1"))
    rig.feed([rig.receipt(task)])
    rig.feed([rig.reply(task, kind, **answer)])
    return request_id


def frozen(rig: Rig, ends: str = "2027-11-22", **changes: Any) -> str:
    found = {"state": "effective", "reference": "DJ-1", "starts": "2026-11-23", "ends": ends, "controlled": "50000.00"}
    return carried_out(rig, control(**changes), measure=found)


def at(rig: Rig, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> None:
    rig.now = micros(datetime(year, month, day, hour, minute, second, tzinfo=CHINA))


def events(out: list[Any]) -> list[str]:
    return [each.data.event for each in said(out) if each.type == "liandong.case.event.v1"]


def test_a_renewal_is_drafted_30_15_and_7_days_ahead_and_goes_up_when_unsigned(rig: Rig) -> None:
    frozen(rig)
    seen: list[tuple[str, Any]] = []
    for day in range(20, 31):
        at(rig, 2027, 10, day, 12)
        seen += [(rig.clock.date().isoformat(), each.data) for each in said(rig.fire())]
    for day in range(1, 23):
        at(rig, 2027, 11, day, 12)
        seen += [(rig.clock.date().isoformat(), each.data) for each in said(rig.fire())]
    told = [(day, event.event, event.level) for day, event in seen]
    assert told == [
        ("2027-10-23", "renewal-due", None), ("2027-11-07", "renewal-due", None), ("2027-11-15", "renewal-due", None),
        ("2027-11-15", "renewal-escalated", 1), ("2027-11-19", "renewal-escalated", 2), ("2027-11-21", "renewal-escalated", 3),
    ]  # fmt: skip
    assert [event.addressee for _, event in seen] == ["GZ-9901-001"] * 3 + ["GZ-9901-003"] * 3


def test_drafts_for_requests_of_one_millisecond_have_numbers_of_their_own(rig: Rig) -> None:
    ids = [frozen(rig, asset={**samples.ACCOUNT, "number": number}) for number in ("6222990100000001", "6222990100000002")]
    assert ids[0][:13] == ids[1][:13], "the court signed both within a millisecond"
    at(rig, 2027, 10, 23, 12)
    drafts = [json.loads(base64.b64decode(each.data.draft.content))["data"] for each in said(rig.fire())]
    assert {draft["original"] for draft in drafts} == set(ids)
    assert len({draft["number"] for draft in drafts}) == 2


def test_one_second_late_a_measure_has_lapsed_and_cannot_be_renewed(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 22, 23, 59, 59)
    rig.fire()
    assert measure(rig, request_id).status == "effective"
    at(rig, 2027, 11, 23)
    renewal = control("renew", original=request_id)
    out = rig.feed([rig.request(renewal)[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["measure-expired"], "even before the timer has fired"
    assert events(rig.fire())[-1] == "measure-lapsed"
    assert measure(rig, request_id).status == "lapsed"


def test_a_renewal_on_its_way_at_the_end_keeps_the_measure_until_it_is_answered(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 22, 23, 59, 58)
    task = said(rig.feed([rig.request(control("renew", original=request_id))[1]]))[1]
    rig.feed([rig.receipt(task)])
    at(rig, 2027, 11, 23)
    assert "measure-lapsed" not in events(rig.fire())
    found = {"state": "renewed", "reference": "DJ-1", "starts": "2027-11-22", "ends": "2028-11-22", "controlled": "50000.00"}
    rig.feed([rig.reply(task, "result", measure=found)])
    assert (measure(rig, request_id).status, measure(rig, request_id).ends) == ("effective", "2028-11-22")


def test_a_renewal_that_the_registry_does_not_make_lets_the_measure_lapse(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 22, 23, 59, 58)
    task = said(rig.feed([rig.request(control("renew", original=request_id))[1]]))[1]
    rig.feed([rig.receipt(task)])
    at(rig, 2027, 11, 23)
    rig.fire()
    assert events(rig.feed([rig.reply(task, "returned")])) == ["measure-lapsed"]


def seal(rig: Rig, court: str, state: str, **changes: Any) -> str:
    found: Data = {"state": state, "reference": f"CF-{court}"}
    if state == "effective":
        found |= {"starts": "2026-11-23", "ends": "2029-11-22"}
    return carried_out(rig, control("seal", samples.UNIT, "P04", court=court, term_months=36, **changes), court, measure=found)


def test_on_release_the_first_in_line_takes_effect_with_its_own_length(rig: Rig) -> None:
    first, second = seal(rig, "court-9901", "effective"), seal(rig, "court-9902", "queued")
    at(rig, 2027, 3, 1, 10)
    task = said(rig.feed([rig.request(control("release", samples.UNIT, "P04", original=first))[1]]))[1]
    out = rig.feed([rig.reply(task, "result")])
    assert events(out) == ["measure-promoted"]
    promoted = measure(rig, second, "court-9902")
    assert (promoted.status, promoted.starts, promoted.ends) == ("effective", "2027-03-01", "2030-03-01")
    assert measure(rig, first).status == "released"


@pytest.mark.parametrize(("extent", "status", "event"), [("full", "void", "measure-void"), ("partial", "effective", "measure-promoted")])
def test_disposal_ends_the_queue_or_moves_it_to_the_rest(rig: Rig, extent: str, status: str, event: str) -> None:
    first, second = seal(rig, "court-9901", "effective"), seal(rig, "court-9902", "queued")
    _, record = rig.statement({"original": first, "extent": extent, "on": "2027-03-01"}, "disposal")
    out = rig.feed([record])
    assert types(out) == ["case.event", "case.noted"]
    assert events(out) == [event]
    assert (measure(rig, first).status, measure(rig, second, "court-9902").status) == ("disposed", status)


def test_a_second_seizure_of_one_title_is_never_effective_beside_the_first(rig: Rig) -> None:
    first, second = seal(rig, "court-9901", "effective"), seal(rig, "court-9902", "effective")
    assert (measure(rig, first).status, measure(rig, second, "court-9902").status) == ("effective", "queued")


def test_over_seizure_across_requests_needs_a_reason_and_the_presidents_approval(rig: Rig) -> None:
    rig.register_case(version=2, claim="100000.00", costs="0.00")
    frozen(rig, amount="60000.00")
    out = rig.feed([rig.request(control(amount="60000.00", partners=["bank-two"]))[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["over-seizure"]
    reasoned = control(amount="60000.00", partners=["bank-two"], over_ceiling="账户为活期,余额波动")
    out = rig.feed([rig.request(reasoned)[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["approver-rank"]
    reasoned = control(amount="60000.00", partners=["bank-two"], over_ceiling="账户为活期,余额波动")
    reasoned["legal"]["approvals"][0] |= {"officer": "GZ-9901-004", "rank": "president"}
    assert types(rig.feed([rig.request(reasoned)[1]]))[0] == "control.acceptance"


def test_a_deduction_takes_from_what_is_controlled_and_from_the_ceiling(rig: Rig) -> None:
    request_id = frozen(rig)
    task = said(rig.feed([rig.request(control("deduct", original=request_id, amount="30000.00"))[1]]))[1]
    rig.feed([rig.reply(task, "result", measure={"state": "deducted", "reference": "KH-1", "controlled": "30000.00"})])
    assert measure(rig, request_id).controlled == "20000.00"
    out = rig.feed([rig.request(control("deduct", original=request_id, amount="20000.01"))[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["amount-over-controlled"]


def test_a_renewal_that_meets_silence_leaves_it_unknown_whether_the_measure_stands(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 22, 12)
    task = said(rig.feed([rig.request(control("renew", original=request_id))[1]]))[1]
    rig.feed([rig.receipt(task)])
    at(rig, 2027, 11, 22, 13)
    rig.fire()
    assert measure(rig, request_id).status == "effective"
    at(rig, 2027, 11, 23)
    assert events(rig.fire()) == ["measure-uncertain"]
    assert measure(rig, request_id).status == "unknown"
    release = rig.feed([rig.request(control("release", original=request_id))[1]])
    assert types(release)[0] == "control.acceptance", "it may be in force, so it may be released"
    found = {"state": "renewed", "reference": "DJ-1", "starts": "2027-11-22", "ends": "2028-11-22", "controlled": "50000.00"}
    rig.feed([rig.reply(task, "result", measure=found)])
    assert (measure(rig, request_id).status, measure(rig, request_id).ends) == ("effective", "2028-11-22"), "late, and a fact"


def test_a_late_no_to_a_renewal_that_met_silence_is_its_lapse(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 22, 12)
    task = said(rig.feed([rig.request(control("renew", original=request_id))[1]]))[1]
    at(rig, 2027, 11, 23)
    rig.fire()
    assert events(rig.feed([rig.reply(task, "not-controlled")])) == ["measure-lapsed"]
    assert measure(rig, request_id).status == "lapsed"


def test_a_late_no_to_the_renewal_of_a_freeze_that_met_silence_itself_says_nothing_of_the_freeze(rig: Rig) -> None:
    """Found by a simulated run: the freeze has no end that is known, and the answer was set aside as our own error."""
    request_id, record = rig.request(control())
    rig.feed([record])
    rig.advance(11)
    rig.fire()
    assert measure(rig, request_id).status == "unknown"
    task = said(rig.feed([rig.request(control("renew", original=request_id))[1]]))[1]
    rig.advance(11)
    assert "control.conclusion" in types(rig.fire())
    assert types(rig.feed([rig.reply(task, "not-controlled")])) == ["control.result"], "late, and passed on"
    assert (measure(rig, request_id).status, measure(rig, request_id).unconfirmed) == ("unknown", False)


def test_a_court_that_was_given_the_case_tells_of_the_disposal_and_the_one_before_it_cannot(rig: Rig) -> None:
    first = seal(rig, "court-9901", "effective")
    moved = {"court": "court-9902", "team": samples.TEAM}
    rig.register_case(version=2, holder=moved, handler="GZ-9902-001", supervisor="GZ-9902-003", duty="GZ-9902-002")
    gone = {"original": first, "extent": "full", "on": "2027-03-01"}
    assert types(rig.feed([rig.statement(gone, "disposal")[1]])) == ["case.refusal"]
    assert types(rig.feed([rig.statement(gone, "disposal", court="court-9902")[1]])) == ["case.noted"]
