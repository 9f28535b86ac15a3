"""The ledger of closed rounds over the casework: months and years of re-inquiries in a second."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.bus.topics import Topics
from hub.casework import Casework
from hub.casework.desk import request_key
from hub.rules.ledger import LedgerState
from hub.store import tables as t
from hub.store.aggregates import States
from schemas import samples
from schemas.base import CHINA, micros
from schemas.hub import round_id
from tests.factories import Data, inquiry
from tests.rig import Rig, parse_request, said, sample_rulebook, types

UNTIL = "2036-12-31T00:00:00.000000+08:00"
LATER = datetime(2036, 12, 31, tzinfo=CHINA)
ACCOUNT: Data = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "某支行", "currency": "CNY", "balance": "70000.00",
                 "available": "70000.00", "status": "normal"}  # fmt: skip
EMPTY = ACCOUNT | {"balance": "0.00", "available": "0.00"}


def agree(rig: Rig, until: datetime = LATER, **changes: Any) -> None:
    """Let every agreement last until then, with `changes`."""
    rulebook = sample_rulebook(rig.directory)
    agreements = {name: replace(each, in_force_until=micros(until), **changes) for name, each in rulebook.linkage.agreements.items()}
    rig.casework = Casework(replace(rulebook, linkage=replace(rulebook.linkage, agreements=agreements)), Topics())


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    agree(made)
    yield made
    made.close()


def standing(**changes: Any) -> Data:
    legal = samples.legal_basis("inquire", valid_until=UNTIL)
    return inquiry(partners=["bank"], legal=legal, standing={"every_months": 6, "times": 10}) | changes


def opened(rig: Rig, **changes: Any) -> str:
    """A standing inquiry to one bank, accepted; its id."""
    request_id, record = rig.request(standing(**changes), expires=LATER)
    assert types(rig.feed([record])) == ["inquiry.acceptance"], "nobody is asked at once"
    return request_id


def closed(rig: Rig) -> str:
    """A round closed as the law asks: everybody has answered, a certificate, a standing inquiry; the inquiry's id."""
    out = rig.feed([rig.request(inquiry())[1]])
    rig.feed([rig.reply(task) for task in tasks(out)])
    rig.feed([rig.statement({"case_number": samples.case_number(), "subject": samples.subject("P01")}, "certificate-request")[1]])
    request_id = opened(rig)
    out = rig.register_case(version=2, status="round-closed", restricted=True, standing=request_id)
    assert types(out) == ["case.noted"]
    return request_id


def tasks(out: list[Any]) -> list[Any]:
    return [each for each in said(out) if each.type.endswith(".task.v1")]


def events(out: list[Any]) -> list[Any]:
    return [each.data for each in said(out) if each.type == "liandong.case.event.v1"]


def until(rig: Rig, year: int, month: int, day: int) -> list[Any]:
    return rig.run_until(micros(datetime(year, month, day, 12, tzinfo=CHINA)))


def recheck(rig: Rig, number: int = 1) -> Any:
    """Let time pass until the bank has been sent this round; its task."""
    while (due := rig.next_due()) is not None:
        rig.now = max(rig.now, due)
        found = [task for task in tasks(rig.fire()) if task.data.round == number]
        if found:
            return found[0]
    raise AssertionError("no such round")


def ledger(rig: Rig, request_id: str) -> LedgerState:
    with rig.store.read() as connection:
        found = States(connection).get(LedgerState, request_key("court-9901", request_id))
    assert found is not None
    return found


def entries(rig: Rig, kind: str | None = None) -> list[Data]:
    """The log's entries, of one kind or all."""
    query = select(t.audit.c.leaf).order_by(t.audit.c.seq)
    with rig.store.read() as connection:
        found = [json.loads(leaf) for leaf in connection.scalars(query)]
    return [entry for entry in found if kind in (None, entry["kind"])]


def reviewed(rig: Rig, request_id: str, number: int, outcome: str, **changes: Any) -> list[Any]:
    data = {"standing": request_id, "round": number, "outcome": outcome, "officer": "GZ-9901-001", "reason": "已核实"} | changes
    return rig.feed([rig.statement(data, "review")[1]])


def test_a_closed_round_that_finds_an_account_is_reviewed_and_resumed(rig: Rig) -> None:
    request_id = closed(rig)
    task = recheck(rig)
    assert (task.recipient, task.data.round, task.correlationid) == ("bank", 1, round_id(request_id, 1))
    assert parse_request(task).id == request_id, "the court's own signed inquiry"
    assert task.expires - task.time == timedelta(days=30)
    out = rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    assert types(out) == ["inquiry.result", "case.event", "inquiry.conclusion"]
    assert {each.correlationid for each in said(out) if each.type.startswith("liandong.inquiry")} == {round_id(request_id, 1)}
    found = events(out)[0]
    assert (found.event, found.about, found.addressee) == ("recheck-found", request_id, "GZ-9901-001")
    assert found.due == rig.clock + timedelta(days=15)
    assert rig.clock.date().isoformat() in ("2027-05-23", "2027-05-24")
    assert ledger(rig, request_id).status == "found"
    out = reviewed(rig, request_id, 1, "resumed")
    assert types(out) == ["case.noted", "inquiry.conclusion"], "the standing inquiry has its one end as well"
    assert said(out)[1].correlationid == request_id
    assert types(rig.register_case(version=3, status="resumed", restricted=True)) == ["case.noted"]
    assert ledger(rig, request_id).status == "resumed"
    assert until(rig, 2033, 1, 1) == [], "no round is asked again, and no review is awaited"


def test_ten_rounds_in_ten_nights_then_the_ledger_closes(rig: Rig) -> None:
    request_id = closed(rig)
    asked: list[datetime] = []
    ended: list[Any] = []
    while rig.next_due() is not None:
        rig.now = max(rig.now, rig.next_due() or 0)
        out = rig.fire()
        for task in tasks(out):
            asked.append(rig.clock)
            ended += events(rig.feed([rig.reply(task)]))
    assert [(at.hour >= 22 or at.hour < 6) for at in asked] == [True] * 10
    nights = [(at - timedelta(hours=12)).date().isoformat() for at in asked]
    assert nights == [f"{year}-{month}-23" for year in range(2027, 2032) for month in ("05", "11")]
    assert [event.event for event in ended] == ["ledger-closed"]
    after = ledger(rig, request_id)
    assert (after.status, after.round, after.complete) == ("closed", 10, True)


@pytest.mark.parametrize("findings", [[EMPTY], [{"kind": "whereabouts", "fact": "residence", "place": "某处"}]], ids=["empty", "no-asset"])
def test_a_round_that_finds_nothing_to_enforce_against_tells_nobody(rig: Rig, findings: list[Data]) -> None:
    request_id = opened(rig)
    task = recheck(rig)
    assert events(rig.feed([rig.reply(task, "result", findings=findings)])) == []
    assert ledger(rig, request_id).status == "open"
    assert tasks(until(rig, 2027, 11, 24))[0].data.round == 2


def test_a_finding_that_nobody_reviews_goes_to_the_supervisor_and_the_rounds_go_on(rig: Rig) -> None:
    request_id = opened(rig)
    task = recheck(rig)
    rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    overdue = events(until(rig, 2027, 6, 8))[0]
    assert (overdue.event, overdue.addressee, overdue.level) == ("review-overdue", "GZ-9901-003", 1)
    assert types(reviewed(rig, request_id, 2, "dismissed")) == ["case.refusal"], "round 2 has found nothing"
    assert types(reviewed(rig, request_id, 1, "dismissed")) == ["case.noted"]
    assert ledger(rig, request_id).status == "open"
    assert tasks(until(rig, 2027, 11, 24))[0].data.round == 2


def test_a_finding_of_the_last_round_keeps_the_ledger_until_it_is_reviewed(rig: Rig) -> None:
    request_id = opened(rig)
    last = recheck(rig, 10)
    out = rig.feed([rig.reply(last, "result", findings=[ACCOUNT])])
    assert [event.event for event in events(out)] == ["recheck-found"]
    out = reviewed(rig, request_id, 10, "dismissed")
    assert [event.event for event in events(out)] == ["ledger-closed"]
    conclusion = next(each for each in said(out) if each.type == "liandong.inquiry.conclusion.v1")
    assert conclusion.data.outcome == "incomplete", "the bank was silent in nine rounds"


def test_only_the_holder_and_its_officers_review(rig: Rig) -> None:
    request_id = opened(rig)
    task = recheck(rig)
    rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    data = {"standing": request_id, "round": 1, "outcome": "resumed", "officer": "GZ-9902-001", "reason": "已核实"}
    out = rig.feed([rig.statement(data, "review", court="court-9902")[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["reference-other"]
    out = reviewed(rig, request_id, 1, "resumed", officer="GZ-9902-001")
    assert [reason.code for reason in said(out)[0].data.reasons] == ["officer-unregistered"]
    assert ledger(rig, request_id).status == "found"


@pytest.mark.parametrize(("status", "left"), [("performed", "ended"), ("resumed", "resumed"), ("bankrupt", "ended")])
def test_a_case_that_goes_on_otherwise_ends_its_ledger(rig: Rig, status: str, left: str) -> None:
    request_id = opened(rig)
    assert "inquiry.conclusion" in types(rig.register_case(version=2, status=status))
    assert ledger(rig, request_id).status == left
    assert tasks(until(rig, 2032, 1, 1)) == []


def test_a_partner_whose_agreement_has_ended_is_not_asked_and_the_round_says_so(rig: Rig) -> None:
    opened(rig)
    agree(rig, until=datetime(2027, 1, 1, tzinfo=CHINA))
    out = until(rig, 2027, 5, 24)
    assert types(out) == ["inquiry.conclusion"]
    conclusion = said(out)[0].data
    assert (conclusion.outcome, [line.outcome for line in conclusion.partners]) == ("incomplete", ["not-sent"])


def test_what_a_round_reports_goes_to_the_court_that_has_the_case_by_then(rig: Rig) -> None:
    request_id = opened(rig)
    holder = {"court": "court-9902", "team": samples.TEAM}
    moved = samples.statement(version=2, holder=holder, handler="GZ-9902-001", supervisor="GZ-9902-003", duty="GZ-9902-002")
    assert types(rig.feed([rig.statement(moved, "statement", court="court-99")[1]])) == ["case.noted"]
    task = recheck(rig)
    out = rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    assert {each.recipient for each in said(out)} == {"court-9902"}
    data = {"standing": request_id, "round": 1, "outcome": "resumed", "officer": "GZ-9902-001", "reason": "已核实"}
    assert types(rig.feed([rig.statement(data, "review", court="court-9902")[1]]))[0] == "case.noted"


@pytest.mark.parametrize(
    ("changes", "expires"),
    [
        ({"standing": {"every_months": 12, "times": 5}}, LATER), ({"standing": {"every_months": 6, "times": 9}}, LATER),
        ({"legal": samples.legal_basis("inquire", valid_until="2031-11-23T23:00:00.000000+08:00")}, LATER),
        ({}, datetime(2026, 12, 23, tzinfo=CHINA)),
    ],
    ids=["too-rare", "too-few", "basis-ends-in-the-last-night", "expires-before-the-first"],
)  # fmt: skip
def test_a_standing_inquiry_lasts_as_long_as_the_law_asks(rig: Rig, changes: Data, expires: datetime) -> None:
    out = rig.feed([rig.request(standing(**changes), expires=expires)[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["standing-short"]


def test_a_round_is_closed_with_certificate_restriction_three_months_and_its_own_standing_inquiry(rig: Rig) -> None:
    def refused(**changes: Any) -> list[str]:
        members: Data = {"restricted": True, "standing": request_id} | changes
        out = rig.register_case(version=2, status="round-closed", **members)
        return [reason.code for reason in said(out)[0].data.reasons] if types(out) == ["case.refusal"] else []

    request_id = opened(rig)
    assert refused() == ["certificate-needed"]
    out = rig.feed([rig.request(inquiry())[1]])
    rig.feed([rig.reply(task) for task in tasks(out)])
    rig.feed([rig.statement({"case_number": samples.case_number(), "subject": samples.subject("P01")}, "certificate-request")[1]])
    assert refused(restricted=False) == ["certificate-needed"]
    assert refused(filed_on="2026-08-24") == ["certificate-needed"], "a day short of three months"
    assert refused(standing="99010000-0000-4000-8000-000000000001") == ["standing-needed"]
    assert refused(filed_on="2026-08-23") == []


def test_a_resumed_case_needs_a_certificate_of_its_own_to_be_closed_again(rig: Rig) -> None:
    closed(rig)
    rig.register_case(version=3, status="resumed", restricted=True)
    again: Data = {"status": "round-closed", "restricted": True, "standing": opened(rig)}
    refusal = said(rig.register_case(version=4, **again))[0]
    assert [reason.code for reason in refusal.data.reasons] == ["certificate-needed"]
    rig.feed([rig.statement({"case_number": samples.case_number(), "subject": samples.subject("P01")}, "certificate-request")[1]])
    assert types(rig.register_case(version=4, **again)) == ["case.noted"]


def test_a_standing_inquiry_is_accepted_in_a_closed_round_and_in_no_other_closed_case(rig: Rig) -> None:
    closed(rig)
    opened(rig)
    rig.register_case(version=3, status="performed")
    out = rig.feed([rig.request(standing(), expires=LATER)[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["case-closed"]
    rig.feed([rig.statement(samples.statement(case=124), "statement")[1]])
    unknown = standing(legal=samples.legal_basis("inquire", case=125, valid_until=UNTIL))
    out = rig.feed([rig.request(unknown, expires=LATER)[1]])
    assert [reason.code for reason in said(out)[0].data.reasons] == ["case-unknown"]
