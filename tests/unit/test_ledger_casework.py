"""The ledger of closed rounds over the casework: asked again at night for five years, found, reviewed, resumed or closed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.court.sdk import with_rounds
from hub.bus.topics import Topics
from hub.casework import Casework
from hub.casework.desk import request_key
from hub.console.reader import Reader
from hub.engine.records import Outgoing
from hub.evidence.archive import unpack
from hub.evidence.verify import verify_bundle
from hub.rules.calendar import Calendar
from hub.rules.ledger import LedgerState
from hub.rules.terms import DAY
from hub.store.aggregates import States
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA, add_months, micros
from schemas.hub import round_id
from schemas.messages import parse
from tests import factories
from tests.evidence import LoggedHub
from tests.factories import Data, control, inquiry
from tests.rig import MASTER, Rig, agree, entries, parse_request, said, sample_rulebook, types

COURT = "court-9901"
UNTIL = "2032-12-31T23:59:59.000000+08:00"
HANDLER, SUPERVISOR = "GZ-9901-001", "GZ-9901-003"
ACCOUNT = {"kind": "account", "number": "9901000000000003012", "branch": "示例支行", "currency": "CNY", "balance": "80000.00",
           "available": "80000.00", "status": "normal"}  # fmt: skip
EMPTY = ACCOUNT | {"balance": "0.00", "available": "0.00"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """A hub whose parties' keys and agreements last over the five years."""
    monkeypatch.setattr(factories, "YEAR", timedelta(days=8 * 366))
    made = Rig(tmp_path)
    agree(made, datetime.fromisoformat(UNTIL))
    yield made
    made.close()


def standing(**changes: Any) -> Data:
    data = inquiry("P03", partners=["bank"], standing={"every_months": 6, "times": 10}, **changes)
    return data | {"legal": samples.legal_basis("inquire") | {"valid_until": UNTIL}}


def send(rig: Rig, data: Data) -> tuple[str, list[Outgoing]]:
    request_id, record = rig.request(data, expires=datetime.fromisoformat(UNTIL))
    return request_id, rig.feed([record])


def opened(rig: Rig) -> str:
    """A standing inquiry whose ledger is open."""
    request_id, out = send(rig, standing())
    assert types(out) == ["inquiry.acceptance"]
    return request_id


def closed_round(rig: Rig) -> str:
    """A case whose round is closed in all form: everybody asked, certified, restricted, with its standing inquiry."""
    _, record = rig.request(inquiry("P03"))
    tasks = [each for each in said(rig.feed([record])) if each.type.endswith(".task.v1")]
    rig.feed([rig.reply(task, "no-record", searched=["resident-id-18"]) for task in tasks])
    wanted = {"case_number": samples.case_number(), "subject": samples.subject("P03")}
    rig.feed([rig.statement(wanted, "certificate-request")[1]])
    request_id = opened(rig)
    assert types(rig.register_case(version=2, status="round-closed", restricted=True, standing=request_id)) == ["case.noted"]
    return request_id


def next_round(rig: Rig) -> Any:
    """Time passes until the next round is asked; its one task."""
    while True:
        due = rig.next_due()
        assert due is not None, "no round is to come"
        tasks = [each for each in said(rig.run_until(due)) if each.type.endswith(".task.v1")]
        if tasks:
            assert len(tasks) == 1
            return tasks[0]


def review(rig: Rig, request_id: str, number: int, outcome: str, court: str = COURT, officer: str = HANDLER) -> list[Outgoing]:
    data = {"standing": request_id, "round": number, "outcome": outcome, "officer": officer, "reason": "查得存款"}
    return rig.feed([rig.statement(data, "review", court=court)[1]])


def ledger(rig: Rig, request_id: str) -> LedgerState:
    with rig.store.read() as connection:
        found = States(connection).get(LedgerState, request_key(COURT, request_id))
    assert found is not None
    return found


def events(out: list[Outgoing]) -> list[Any]:
    return [each.data for each in said(out) if each.type == "liandong.case.event.v1"]


def codes(out: list[Outgoing]) -> list[str]:
    (answer,) = said(out)
    return [reason.code for reason in answer.data.reasons]


# -- a round that finds something --------------------------------------------------------------------------------------


def test_a_closed_round_finds_an_account_is_reviewed_and_resumed(rig: Rig) -> None:
    request_id = closed_round(rig)
    assert codes(rig.feed([rig.request(control("freeze"))[1]])) == ["case-closed"], "nothing else goes on in a closed round"
    task = next_round(rig)
    out = rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    assert types(out) == ["inquiry.result", "case.event", "inquiry.conclusion"]
    (found,) = events(out)
    assert (found.event, found.about, found.addressee) == ("recheck-found", request_id, HANDLER)
    assert found.due == rig.clock + timedelta(days=15)
    assert types(review(rig, request_id, 1, "resumed")) == ["case.noted", "inquiry.conclusion"]
    assert ledger(rig, request_id).status == "resumed"
    rig.register_case(version=3, status="resumed")
    assert [each["kind"] for each in entries(rig, "ledger.")] == [
        "ledger.opened", "ledger.found", "ledger.checked", "ledger.resumed"]  # fmt: skip
    assert types(rig.feed([rig.request(control("freeze"))[1]])) == ["control.acceptance", "control.task"]
    assert types(rig.run_until(micros(datetime(2033, 1, 1, tzinfo=CHINA)))).count("inquiry.task") == 0, "no round after that"


def test_a_round_is_a_request_of_its_own_under_the_courts_one_signature(rig: Rig) -> None:
    request_id = opened(rig)
    task = next_round(rig)
    assert task.correlationid == round_id(request_id, 1)
    assert (task.recipient, task.data.round, task.causationid) == ("bank", 1, request_id)
    assert parse_request(task).id == request_id
    assert task.expires == rig.clock + timedelta(days=30)
    out = rig.feed([rig.reply(task)])
    assert types(out) == ["inquiry.result", "inquiry.conclusion"]
    assert {each.correlationid for each in said(out)} == {round_id(request_id, 1)}


@pytest.mark.parametrize("findings", [[], [EMPTY], [{"kind": "whereabouts", "fact": "residence", "place": "某处"}]])
def test_a_round_that_finds_nothing_to_enforce_against_asks_nobody_to_review(rig: Rig, findings: list[Data]) -> None:
    request_id = opened(rig)
    task = next_round(rig)
    reply = rig.reply(task, "result", findings=findings) if findings else rig.reply(task)
    assert events(rig.feed([reply])) == []
    assert [(each["kind"], each["round"]) for each in entries(rig, "ledger.")] == [("ledger.opened", 0), ("ledger.checked", 1)]
    assert codes(review(rig, request_id, 1, "resumed")) == ["state-other"]


def test_what_is_found_too_late_for_the_conclusion_is_found_all_the_same(rig: Rig) -> None:
    opened(rig)
    task = next_round(rig)
    rig.advance(29 * 24 * 3600)
    assert "inquiry.conclusion" in types(rig.fire()), "the silence is on record"
    assert [each.event for each in events(rig.feed([rig.reply(task, "result", findings=[ACCOUNT])]))] == ["recheck-found"]


def test_a_finding_that_nobody_reviews_goes_up_to_the_supervisor_once(rig: Rig) -> None:
    request_id = closed_round(rig)
    rig.feed([rig.reply(next_round(rig), "result", findings=[ACCOUNT])])
    start = rig.now
    assert events(rig.run_until(start + 15 * 24 * 3600 * 1_000_000 - 1)) == []
    (overdue,) = events(rig.run_until(start + 100 * 24 * 3600 * 1_000_000))
    assert (overdue.event, overdue.addressee, overdue.level) == ("review-overdue", SUPERVISOR, 1)
    assert types(review(rig, request_id, 1, "dismissed")) == ["case.noted"], "late, but reviewed"


def test_a_reviewed_finding_does_not_go_up(rig: Rig) -> None:
    request_id = closed_round(rig)
    rig.feed([rig.reply(next_round(rig), "result", findings=[ACCOUNT])])
    review(rig, request_id, 1, "dismissed")
    assert events(rig.run_until(rig.now + 100 * 24 * 3600 * 1_000_000)) == []
    assert next_round(rig).data.round == 2, "a finding dismissed, the ledger goes on"


@pytest.mark.parametrize(("who", "code"), [
    ({"court": "court-9902", "officer": "GZ-9902-001"}, "reference-other"), ({"officer": "GZ-9999-001"}, "officer-unregistered"),
])  # fmt: skip
def test_only_a_registered_officer_of_the_court_that_has_the_case_reviews(rig: Rig, who: dict[str, str], code: str) -> None:
    request_id = closed_round(rig)
    rig.feed([rig.reply(next_round(rig), "result", findings=[ACCOUNT])])
    assert codes(review(rig, request_id, 1, "resumed", **who)) == [code]
    assert ledger(rig, request_id).status == "found"


@pytest.mark.parametrize(("days", "answer"), [(1, "case.noted"), (2, "case.refusal")])
def test_a_review_by_an_officer_who_has_left_since_counts_only_if_it_came_soon_after(rig: Rig, days: int, answer: str) -> None:
    request_id = closed_round(rig)
    rig.feed([rig.reply(next_round(rig), "result", findings=[ACCOUNT])])
    signed, left = rig.clock, rig.now + 1
    court = rig.directory.parties[COURT]
    officers = tuple(replace(each, revoked_at=left) if each.work_permit == HANDLER else each for each in court.officers)
    rulebook = sample_rulebook(Directory.of([*(each for each in rig.directory.parties.values() if each.id != COURT), replace(court, officers=officers)]))
    rig.casework = Casework(rulebook, Topics())
    rig.now = left + days * DAY
    data = {"standing": request_id, "round": 1, "outcome": "dismissed", "officer": HANDLER, "reason": "账户已注销"}
    assert types(rig.feed([rig.statement(data, "review", time=signed)[1]])) == [answer]


# -- five years --------------------------------------------------------------------------------------------------------


def test_ten_rounds_at_six_month_steps_at_night_and_closed_after_five_years(rig: Rig) -> None:
    rig.now = micros(datetime(2026, 8, 31, 15, 0, tzinfo=CHINA))
    request_id = opened(rig)
    for number in range(1, 11):
        task = next_round(rig)
        assert task.data.round == number
        night = (rig.clock - timedelta(hours=6)).date()
        assert night == add_months(date(2026, 8, 31), 6 * number), "31 August and six months is the end of February"
        assert rig.clock.hour >= 22 or rig.clock.hour < 6
        out = rig.feed([rig.receipt(task), rig.reply(task)])
        assert [each.event for each in events(out)] == ["ledger-closed"] * (number == 10)
    assert ledger(rig, request_id).status == "closed"
    counted = Counter(each["kind"] for each in entries(rig, "ledger."))
    assert counted == {"ledger.opened": 1, "ledger.checked": 10, "ledger.closed": 1}
    assert rig.run_until(rig.now + 1000 * 24 * 3600 * 1_000_000) == []


def test_the_last_rounds_finding_keeps_the_ledger_open_until_it_is_reviewed(rig: Rig) -> None:
    request_id = opened(rig)
    for _ in range(9):
        rig.feed([rig.reply(next_round(rig))])
    assert [each.event for each in events(rig.feed([rig.reply(next_round(rig), "result", findings=[ACCOUNT])]))] == ["recheck-found"]
    assert ledger(rig, request_id).status == "found"
    assert [each.event for each in events(review(rig, request_id, 10, "dismissed"))] == ["ledger-closed"]


def test_a_silent_partner_is_a_fact_of_each_round(rig: Rig) -> None:
    opened(rig)
    next_round(rig)
    out = rig.run_until(rig.now + 60 * 24 * 3600 * 1_000_000)
    assert types(out).count("inquiry.non-response") == 1
    (conclusion,) = [each.data for each in said(out) if each.type.endswith(".conclusion.v1")]
    assert conclusion.outcome == "incomplete"


def test_a_hub_that_slept_through_the_night_asks_in_the_next_one(rig: Rig) -> None:
    opened(rig)
    rig.now = micros(datetime(2027, 5, 24, 12, 0, tzinfo=CHINA))
    assert rig.fire() == [], "not by day"
    assert next_round(rig).data.round == 1
    assert micros(datetime(2027, 5, 24, 22, tzinfo=CHINA)) <= rig.now < micros(datetime(2027, 5, 25, 6, tzinfo=CHINA))


# -- what ends it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["resumed", "performed", "bankrupt", "ended"])
def test_a_case_that_moves_on_ends_its_ledger(rig: Rig, status: str) -> None:
    request_id = closed_round(rig)
    rig.register_case(version=3, status=status)
    assert ledger(rig, request_id).status == ("resumed" if status == "resumed" else "ended")
    assert "inquiry.task" not in types(rig.run_until(micros(datetime(2033, 1, 1, tzinfo=CHINA))))


def test_a_standing_inquiry_must_last_as_long_as_the_law_asks(rig: Rig) -> None:
    five_times = standing() | {"standing": {"every_months": 6, "times": 5}}
    assert codes(send(rig, five_times)[1]) == ["standing-short"]


# -- how it is read ----------------------------------------------------------------------------------------------------


def test_a_round_has_its_page_and_the_kinds_of_request_add_up(rig: Rig, tmp_path: Path) -> None:
    request_id = opened(rig)
    rig.feed([rig.reply(next_round(rig))])
    reader = Reader(rig.store, rig.directory, Calendar(), MASTER, tmp_path / "checkpoint", lambda: rig.now)
    shown = reader.request(request_key(COURT, round_id(request_id, 1)))
    assert shown is not None
    assert (shown.line.request_id, shown.line.outcome) == (round_id(request_id, 1), "complete")
    assert shown.original == (request_key(COURT, request_id), request_id)
    lines = [line for line in reader.overview().kinds if line.complete]
    assert [(line.waiting, line.complete, line.incomplete) for line in lines] == [(1, 1, 0)], "the standing inquiry itself waits"


def test_the_bundles_of_a_round_and_of_its_standing_inquiry_verify(tmp_path: Path) -> None:
    hub = LoggedHub(tmp_path)
    request_id = opened(hub)
    task = next_round(hub)
    hub.feed([hub.receipt(task), hub.reply(task, "result", findings=[ACCOUNT])])
    review(hub, request_id, 1, "resumed")
    hub.logged()
    bundle = hub.export(round_id(request_id, 1))
    report = verify_bundle(bundle, hub.log_key)
    assert (report.findings, report.request) == ((), round_id(request_id, 1))
    files = unpack(bundle)
    assert [parse(files[name]).type.split(".", 1)[1] for name in sorted(files) if name.startswith("messages/") and name.endswith(".json")] == [
        "inquiry.request.v1", "inquiry.acceptance.v1", "inquiry.task.v1", "inquiry.receipt.v1", "inquiry.reply.v1",
        "inquiry.result.v1", "case.event.v1", "inquiry.conclusion.v1",
    ]  # fmt: skip
    assert verify_bundle(hub.export(request_id), hub.log_key).ok
    hub.close()


def test_a_court_that_looks_for_its_standing_inquiry_sees_every_round(rig: Rig) -> None:
    request_id = opened(rig)
    heard = {next_round(rig).correlationid for _ in range(10)}
    assert len(heard) == 10
    assert heard <= with_rounds(request_id)
