"""What another sender, a late answer, a case that moves or one that is erased must not be able to bring about."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from hub.casework.desk import request_key
from hub.engine.records import Outgoing
from hub.rules.lift import RestrictionState
from hub.rules.measures import MeasureState
from hub.rules.watches import WatchState
from hub.store import tables as t
from hub.store.aggregates import States
from hub.store.cases import load
from schemas import samples
from schemas.base import CHINA, format_time, micros
from tests.factories import REPLIES, Data, control, inquiry, locate, message, request_number
from tests.rig import Rig, entries, said, types

WAGES = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例支行", "currency": "CNY", "status": "正常"}
UNTIL = "2027-06-30T18:00:00.000000+08:00"
CONTESTED = {"ground": "ownership", "by": "third-party", "text": "属案外人"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def events(out: list[Outgoing]) -> list[str]:
    return [each.data.event for each in said(out) if each.type == "liandong.case.event.v1"]


def codes(out: list[Outgoing]) -> list[str]:
    return [reason.code for each in said(out) if each.type.endswith(".refusal.v1") for reason in each.data.reasons]


def tasks(out: list[Outgoing]) -> list[Any]:
    return [each for each in said(out) if each.type.endswith(".task.v1")]


def sent(rig: Rig, data: Data, court: str = "court-9901") -> tuple[str, Any]:
    """A request, its task received."""
    request_id, record = rig.request(data, court)
    (task,) = tasks(rig.feed([record]))
    rig.feed([rig.receipt(task)])
    return request_id, task


def carried_out(rig: Rig, data: Data, court: str = "court-9901", **answer: Any) -> str:
    request_id, task = sent(rig, data, court)
    rig.feed([rig.reply(task, "result", **answer)])
    return request_id


def frozen(rig: Rig, **changes: Any) -> str:
    found = {"state": "effective", "reference": "DJ-1", "starts": "2026-11-23", "ends": "2027-11-22", "controlled": "50000.00"}
    return carried_out(rig, control(**changes), measure=found)


def measure(rig: Rig, request_id: str, court: str = "court-9901") -> MeasureState:
    with rig.store.read() as connection:
        found = States(connection).get(MeasureState, request_key(court, request_id))
    assert found is not None
    return found


def outcome(rig: Rig, request_id: str, court: str = "court-9901") -> str | None:
    """What became of the first part of a request."""
    key = request_key(court, request_id)
    with rig.store.read() as connection:
        return load(connection, [key])[key].tasks[0].outcome


def at(rig: Rig, *moment: int) -> None:
    rig.now = micros(datetime(*moment, tzinfo=CHINA))  # type: ignore[misc,arg-type]  # year, month, day, hour …


def silent(rig: Rig) -> list[Outgoing]:
    """Everybody's time to answer is over."""
    rig.advance(60 * 24 * 3600)
    return rig.fire()


# -- other senders -----------------------------------------------------------------------------------------------------


def test_an_objection_under_the_id_of_another_senders_leaves_that_one_as_it_is(rig: Rig) -> None:
    request_id = frozen(rig)
    objection, record = rig.statement({"original": request_id, **CONTESTED}, "objection")
    rig.feed([record])
    other = carried_out(rig, control(asset={"kind": "account", "number": "9902000000000000002"}, court="court-9902"), "court-9902")
    same = rig.statement({"original": other, **CONTESTED}, "objection", court="court-9902", id=objection)[1]
    assert types(rig.feed([same])) == ["case.event", "case.noted"]
    assert codes(rig.feed([rig.request(control("deduct", original=request_id, amount="1.00"))[1]])) == ["objection-open"]
    decision = {"objection": objection, "outcome": "rejected", "officer": "GZ-9901-001", "reason": "核对"}
    assert types(rig.feed([rig.statement(decision, "objection-decision")[1]])) == ["case.noted"]


def test_a_partner_contests_what_it_was_asked_even_if_another_courts_request_has_the_same_id(rig: Rig) -> None:
    asked = control(asset={"kind": "account", "number": "9902000000000000002"}, court="court-9902", partners=["bank-two"])
    request_id, _ = sent(rig, asked, "court-9902")
    rig.feed([rig.request(inquiry(partners=["bank"]), id=request_id)[1]])
    value = message("liandong.case.objection.v1", "bank-two", "hub", {"original": request_id, **CONTESTED, "by": "partner"}, time=rig.clock)
    assert events(rig.feed([rig.record("bank-two", value, REPLIES)])) == ["objection-opened"]


def test_a_hit_is_attended_to_even_if_another_courts_message_has_its_id(rig: Rig) -> None:
    _, task = sent(rig, locate("watch", until=UNTIL))
    rig.feed([rig.reply(task, "result")])
    contact = {"name": "郑警官", "phone": "0990-5550100"}
    found = rig.answer(task, "hit", {"event": "E1", "at": format_time(rig.clock), "place": "高铁站", "contact": contact})
    hit = json.loads(found.value)["id"]
    rig.feed([rig.request(inquiry(partners=["bank"], court="court-9902"), "court-9902", id=hit)[1]])
    rig.feed([found])
    handed = {"hit": hit, "outcome": "handed-over", "officer": "GZ-9901-001"}
    assert types(rig.feed([rig.statement(handed, "handover")[1]])) == ["case.noted"]


def test_another_keepers_word_about_an_account_does_not_end_its_protection(rig: Rig) -> None:
    _, first = sent(rig, inquiry("P03", partners=["bank"]))
    _, second = sent(rig, inquiry("P03", partners=["bank-two"]))
    rig.feed([rig.reply(first, "result", findings=[WAGES | {"flags": ["WAGE_SPECIAL"]}])])
    rig.feed([rig.reply(second, "result", findings=[WAGES | {"flags": ["DORMANT"]}])])
    assert codes(rig.feed([rig.request(control())[1]])) == ["asset-exempt"]


def test_what_acts_on_a_measure_goes_to_who_has_it(rig: Rig) -> None:
    request_id = frozen(rig)
    assert codes(rig.feed([rig.request(control("release", original=request_id, partners=["bank-two"]))[1]])) == ["original-other"]
    assert types(rig.feed([rig.request(control("release", original=request_id))[1]])) == ["control.acceptance", "control.task"]


def test_a_made_up_maker_cannot_let_the_real_one_approve(rig: Rig) -> None:
    data = control()
    data["legal"]["maker"] = "GZ-9901-999"
    assert codes(rig.feed([rig.request(data)[1]])) == ["officer-unregistered"]


# -- cases that move or are erased -------------------------------------------------------------------------------------


def test_the_court_that_has_been_given_a_case_states_a_disposal_of_what_the_one_before_sealed(rig: Rig) -> None:
    request_id = frozen(rig)
    moved = samples.statement("court-9901", version=2, holder={"court": "court-9902", "team": "执行一组"}, handler="GZ-9902-001",
                              supervisor="GZ-9902-003", duty="GZ-9902-001")  # fmt: skip
    rig.feed([rig.statement(moved, "statement", court="court-99")[1]])
    gone = {"original": request_id, "extent": "full", "on": "2027-03-01"}
    assert codes(rig.feed([rig.statement(gone, "disposal")[1]])) == ["reference-other"]
    assert types(rig.feed([rig.statement(gone, "disposal", court="court-9902")[1]])) == ["case.noted"]
    assert measure(rig, request_id).status == "disposed"


def test_clocks_of_an_erased_case_do_not_stop_the_hub(rig: Rig) -> None:
    frozen(rig)
    sent(rig, inquiry("P03", partners=["bank"]))
    with rig.store.write() as connection:
        connection.execute(delete(t.case_keys))
    rig.vault.forget()
    silent(rig)
    at(rig, 2027, 10, 24, 12)
    assert events(rig.fire())[-1:] == ["renewal-due"]
    at(rig, 2027, 11, 24)
    assert "measure-lapsed" in events(rig.fire())


def test_a_statement_cannot_take_back_the_time_in_which_another_court_held_the_case(rig: Rig) -> None:
    rig.advance(3600)
    signed = rig.clock
    rig.advance(3600)
    moved: Data = {"holder": {"court": "court-9902", "team": "执行一组"}, "handler": "GZ-9902-001", "supervisor": "GZ-9902-003",
             "duty": "GZ-9902-001"}  # fmt: skip
    rig.feed([rig.statement(samples.statement("court-9901", version=2, **moved), "statement", court="court-99")[1]])
    moved["holder"] = {"court": "court-9902", "team": "执行二组"}
    back = rig.statement(samples.statement("court-9901", version=3, **moved), "statement", court="court-9902", time=signed)[1]
    rig.feed([back])
    assert codes(rig.feed([rig.request(inquiry(partners=["bank"]), time=signed)[1]])) == []


# -- late and silent ---------------------------------------------------------------------------------------------------


def restricted(rig: Rig) -> tuple[str, Any]:
    notice = samples.notice(partners=["business-registry"], number=request_number())
    return sent(rig, notice)


def test_a_restriction_that_met_silence_may_be_in_force_and_is_to_be_lifted(rig: Rig) -> None:
    request_id, task = restricted(rig)
    silent(rig)
    out = rig.register_case(version=2, status="performed")
    assert events(out) == ["release-due"]
    assert "case.lift-certificate" not in types(out)
    rig.feed([rig.reply(task, "result")])
    with rig.store.read() as connection:
        found = States(connection).get(RestrictionState, f"{request_key('court-9901', request_id)}/business-registry")
    assert found is not None
    assert found.status == "restricted"


@pytest.mark.parametrize("kind", ["result", "not-controlled"])
def test_a_late_answer_may_be_what_a_case_waits_for_to_be_certified(rig: Rig, kind: str) -> None:
    request_id, task = restricted(rig)
    if kind == "result":
        rig.feed([rig.reply(task, "result")])
        lift = samples.notice("lift", partners=["business-registry"], original=request_id, number=request_number())
        _, task = sent(rig, lift)
    silent(rig)
    rig.register_case(version=2, status="performed")
    assert types(rig.feed([rig.reply(task, kind)]))[-1] == "case.lift-certificate"


def test_a_case_that_was_opened_again_is_not_certified_as_lifted(rig: Rig) -> None:
    request_id = frozen(rig)
    rig.register_case(version=2, status="performed")
    rig.register_case(version=3, status="open")
    _, task = sent(rig, control("release", original=request_id))
    assert "case.lift-certificate" not in types(rig.feed([rig.reply(task, "result")]))


def test_every_release_that_is_due_is_told_under_an_id_of_its_own(rig: Rig) -> None:
    _, task = sent(rig, control())
    told = rig.register_case(version=2, status="performed")
    told += rig.feed([rig.reply(task, "result")])
    ids = [each.id for each in said(told) if each.type == "liandong.case.event.v1" and each.data.event == "release-due"]
    assert len(ids) == len(set(ids)) == 2


def test_a_watch_of_unknown_fate_ends_with_its_time_and_with_a_late_no(rig: Rig) -> None:
    first, task = sent(rig, locate("watch", until=UNTIL))
    second, _ = sent(rig, locate("watch", "P08", until=UNTIL))
    silent(rig)
    rig.feed([rig.reply(task, "refused")])
    at(rig, 2027, 7, 1)
    rig.fire()
    with rig.store.read() as connection:
        states = States(connection)
        found = [states.get(WatchState, request_key("court-9901", each)) for each in (first, second)]
    assert [each.status for each in found if each is not None] == ["refused", "expired"]


# -- measures ----------------------------------------------------------------------------------------------------------


def test_who_waits_and_leaves_the_line_moves_nobody_up(rig: Rig) -> None:
    """The seizure in effect may be one that this hub has never seen."""
    made = {}
    for court in ("court-9901", "court-9902"):
        seal = control("seal", samples.UNIT, "P04", court=court, term_months=36)
        made[court] = carried_out(rig, seal, court, measure={"state": "queued", "reference": f"CF-{court}"})
    _, task = sent(rig, control("release", samples.UNIT, "P04", original=made["court-9901"]))
    assert events(rig.feed([rig.reply(task, "result")])) == []
    assert measure(rig, made["court-9901"]).status == "released"
    assert measure(rig, made["court-9902"], "court-9902").status == "queued"


def test_of_two_renewals_on_their_way_the_refusal_of_one_leaves_the_other(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 22, 23, 59, 57)
    _, first = sent(rig, control("renew", original=request_id))
    _, second = sent(rig, control("renew", original=request_id))
    at(rig, 2027, 11, 23)
    rig.fire()
    assert events(rig.feed([rig.reply(second, "returned")])) == []
    found = {"state": "renewed", "reference": "DJ-1", "starts": "2027-11-22", "ends": "2028-11-22", "controlled": "50000.00"}
    rig.feed([rig.reply(first, "result", measure=found)])
    assert (measure(rig, request_id).status, measure(rig, request_id).ends) == ("effective", "2028-11-22")


RENEWED: Data = {"state": "renewed", "reference": "DJ-1", "starts": "2027-11-22", "ends": "2028-11-22", "controlled": "50000.00"}


def test_a_renewal_that_is_told_after_the_lapse_raises_an_alarm_and_revives_nothing(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 1)
    _, first = sent(rig, control("renew", original=request_id))
    _, second = sent(rig, control("renew", original=request_id))
    at(rig, 2027, 11, 10)
    rig.fire()  # both met silence
    rig.feed([rig.reply(second, "not-controlled")])
    at(rig, 2027, 11, 23)
    assert "measure-lapsed" in events(rig.fire())
    out = rig.feed([rig.reply(first, "result", measure=RENEWED)])
    told = next(each.data for each in said(out) if each.type == "liandong.case.event.v1")
    assert (told.event, told.about, told.partner, told.addressee, str(told.ends)) == (
        "renewed-after-end", request_id, "bank", "GZ-9901-003", "2028-11-22")  # fmt: skip
    assert [(entry["measure"], entry["alarm"]) for entry in entries(rig, "measure.renewed-after-end")] == [(request_id, 1)]
    assert measure(rig, request_id).status == "lapsed"
    assert codes(rig.feed([rig.request(control("deduct", original=request_id, amount="1.00"))[1]])) == ["measure-not-in-force"]
    at(rig, 2028, 10, 24)
    assert events(rig.fire()) == [], "its end is nobody's business any more"


def test_a_renewal_that_is_told_after_the_release_raises_an_alarm_too(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 1)
    _, renewal = sent(rig, control("renew", original=request_id))
    carried_out(rig, control("release", original=request_id))
    assert events(rig.feed([rig.reply(renewal, "result", measure=RENEWED)])) == ["renewed-after-end"]
    assert measure(rig, request_id).status == "released"


def test_a_renewal_that_is_held_until_after_the_end_keeps_nothing_alive(rig: Rig) -> None:
    request_id = frozen(rig)
    at(rig, 2027, 11, 20)
    late = control("renew", original=request_id, hold_until="2027-11-25T09:00:00.000000+08:00")
    late["legal"]["valid_until"] = "2028-12-31T00:00:00.000000+08:00"
    assert codes(rig.feed([rig.request(late)[1]])) == ["measure-expired"]


def test_a_deduction_whose_amount_the_bank_does_not_say_was_what_was_asked(rig: Rig) -> None:
    request_id = frozen(rig)
    _, task = sent(rig, control("deduct", original=request_id, amount="30000.00"))
    rig.feed([rig.reply(task, "result", measure={"state": "deducted", "reference": "KH-1"})])
    assert measure(rig, request_id).controlled == "20000.00"


# -- what waits --------------------------------------------------------------------------------------------------------


def test_performance_cancels_a_deduction_that_waits_for_its_freeze(rig: Rig) -> None:
    request_id, task = sent(rig, control())
    deduction, record = rig.request(control("deduct", original=request_id, amount="1.00"))
    rig.feed([record])
    assert "order-cancelled" in events(rig.register_case(version=2, status="performed"))
    assert tasks(rig.feed([rig.reply(task, "result")])) == []
    assert outcome(rig, deduction) == "not-sent"


def test_a_deduction_that_waits_is_not_sent_while_the_asset_is_contested(rig: Rig) -> None:
    request_id, task = sent(rig, control())
    deduction, record = rig.request(control("deduct", original=request_id, amount="1.00"))
    rig.feed([record])
    rig.feed([rig.statement({"original": request_id, **CONTESTED}, "objection")[1]])
    assert tasks(rig.feed([rig.reply(task, "result")])) == []
    assert outcome(rig, deduction) == "not-sent"


def test_a_freeze_that_is_held_is_not_sent_once_the_account_is_known_to_be_protected(rig: Rig) -> None:
    _, record = rig.request(control(hold_until="2026-11-25T09:00:00.000000+08:00"))
    rig.feed([record])
    _, task = sent(rig, inquiry("P03", partners=["bank"]))
    rig.feed([rig.reply(task, "result", findings=[WAGES | {"flags": ["WAGE_SPECIAL"]}])])
    at(rig, 2026, 11, 25, 9)
    assert tasks(rig.fire()) == []


def test_a_freeze_that_is_held_is_not_sent_once_the_claim_has_become_less(rig: Rig) -> None:
    _, record = rig.request(control(hold_until="2026-11-25T09:00:00.000000+08:00", amount="50000.00"))
    rig.feed([record])
    rig.register_case(version=2, claim="100000.00", costs="0.00", recovered="50000.01")
    at(rig, 2026, 11, 25, 9)
    assert tasks(rig.fire()) == []


def test_a_freeze_that_is_held_within_the_claim_is_sent(rig: Rig) -> None:
    _, record = rig.request(control(hold_until="2026-11-25T09:00:00.000000+08:00", amount="50000.00"))
    rig.feed([record])
    rig.register_case(version=2, claim="100000.00", costs="0.00", recovered="50000.00")
    at(rig, 2026, 11, 25, 9)
    assert len(tasks(rig.fire())) == 1


def test_a_court_that_has_lost_a_case_cannot_go_on_signing_in_its_past(rig: Rig) -> None:
    before = rig.clock
    rig.advance(60)
    moved = {"court": "court-9902", "team": samples.TEAM}
    rig.register_case(version=2, holder=moved, handler="GZ-9902-001", supervisor="GZ-9902-003", duty="GZ-9902-002")
    days = 24 * 3600
    rig.advance(3 * days - 60)
    assert types(rig.feed([rig.request(control(), time=before)[1]]))[0] == "control.acceptance", "it was on its way"
    rig.advance(61)
    out = rig.feed([rig.request(control(), time=before)[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["holder-other"]


def test_a_superior_court_registers_only_cases_of_the_courts_below_it(rig: Rig) -> None:
    foreign = samples.statement("court-9901", 900) | {"case_number": "（2026）粤0101执900号"}
    out = rig.feed([rig.statement(foreign, "statement", court="court-99")[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["court-mismatch"]
    assert types(rig.feed([rig.statement(samples.statement("court-9901", 901), "statement", court="court-99")[1]])) == ["case.noted"]


def test_a_statement_that_does_not_hold_a_deduction_yet_does_not_give_its_room_back(rig: Rig) -> None:
    rig.register_case(version=2, claim="100000.00", costs="0.00")
    request_id, record = rig.request(control(amount="100000.00"))
    task = said(rig.feed([record]))[1]
    found = {"state": "effective", "reference": "DJ", "controlled": "100000.00"}
    rig.feed([rig.reply(task, "result", measure=found)])
    paid = said(rig.feed([rig.request(control("deduct", original=request_id, amount="40000.00"))[1]]))[1]
    rig.feed([rig.reply(paid, "result", measure={"state": "deducted", "reference": "KH", "controlled": "40000.00"})])
    rig.register_case(version=3, claim="100000.00", costs="0.00")
    more = control(amount="1.00", partners=["bank-two"])
    assert [reason.code for reason in said(rig.feed([rig.request(more)[1]]))[0].data.reasons] == ["over-seizure"]
    rig.register_case(version=4, claim="100000.00", costs="0.00", recovered="40000.00")
    assert [reason.code for reason in said(rig.feed([rig.request({**more, "number": "AGAIN-1"})[1]]))[0].data.reasons] == ["over-seizure"]
