"""Rounds that were closed before the hub kept the ledger: taken over with ruling and approval, asked on the schedule that is left."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.engine.records import Outgoing
from schemas import samples
from schemas.base import CHINA, add_months, micros
from schemas.legal import DocumentKind
from tests.factories import Data, inquiry
from tests.rig import Rig, agree, entries, said, tasks_in, types

COURT, PRESIDENT = "court-9901", "GZ-9901-004"
UNTIL = datetime(2032, 12, 31, 23, 59, 59, tzinfo=CHINA)
CLOSED = "2024-05-10"
ACCOUNT = {"kind": "account", "number": "9901000000000003012", "branch": "示例支行", "currency": "CNY", "balance": "80000.00",
           "available": "80000.00", "status": "normal"}  # fmt: skip


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A hub on 23 November 2026 that knows no case."""
    made = Rig(tmp_path, courts=())
    agree(made, UNTIL)
    yield made
    made.close()


def earlier(closed_on: str = CLOSED, who: str = "P03", **standing: Any) -> Data:
    """A standing inquiry that takes over a round: with the ruling by which it was closed, and the president's approval."""
    data = inquiry(who, partners=["bank"], standing={"every_months": 6, "times": 10, "closed_on": closed_on} | standing)
    legal = data["legal"]
    legal["documents"].append(samples.document(DocumentKind.ENFORCEMENT_RULING, samples.case_number()))
    legal["approvals"][0] |= {"officer": PRESIDENT, "name": "院长", "rank": "president"}
    legal["valid_until"] = UNTIL.isoformat(timespec="microseconds")
    return data


def send(rig: Rig, data: Data) -> tuple[str, list[Outgoing]]:
    request_id, record = rig.request(data, expires=UNTIL)
    return request_id, rig.feed([record])


def codes(out: list[Outgoing]) -> list[str]:
    (answer,) = said(out)
    return [reason.code for reason in getattr(answer.data, "reasons", ())]


def stated(rig: Rig, standing: str | None, version: int = 1, status: str = "round-closed", **changes: Any) -> list[str]:
    """The codes of why the case cannot be stated so; none once it is."""
    return codes(rig.register_case(version=version, status=status, restricted=True, standing=standing, **changes))


def taken_over(rig: Rig) -> str:
    request_id, out = send(rig, earlier())
    assert types(out) == ["inquiry.acceptance"]
    assert stated(rig, request_id) == []
    return request_id


def rounds(rig: Rig, until: datetime) -> list[tuple[date, int]]:
    """Evening and number of every round asked until then; each is answered with nothing found."""
    found = []
    while (due := rig.next_due()) is not None and due <= micros(until):
        for task in tasks_in(rig.run_until(due)):
            found.append(((rig.clock - timedelta(hours=6)).date(), task.data.round))
            rig.feed([rig.reply(task)])
    return found


def test_the_rounds_that_are_left_are_asked_at_six_month_steps_from_the_real_closing_and_none_before(rig: Rig) -> None:
    taken_over(rig)
    asked = rounds(rig, datetime(2035, 1, 1, tzinfo=CHINA))
    assert asked == [(add_months(date(2024, 5, 10), 6 * number), number) for number in range(6, 11)]
    assert [each["kind"] for each in entries(rig, "ledger.")] == ["ledger.imported", *["ledger.checked"] * 5, "ledger.closed"]


def test_five_years_after_the_real_closing_it_is_closed_and_the_court_told(rig: Rig) -> None:
    request_id = taken_over(rig)
    rounds(rig, datetime(2029, 5, 9, tzinfo=CHINA))
    last = rig.next_due()
    assert last is not None
    (task,) = tasks_in(rig.run_until(last))
    told = said(rig.feed([rig.reply(task)]))
    assert [(each.data.event, each.data.about) for each in told if each.type == "liandong.case.event.v1"] == [("ledger-closed", request_id)]
    (conclusion,) = [each for each in told if each.type.endswith(".conclusion.v1") and each.correlationid == request_id]
    assert conclusion.data.outcome == "incomplete", "the hub vouches for no round that had passed before it"


def test_the_log_says_that_the_round_was_taken_over(rig: Rig) -> None:
    taken_over(rig)
    (opened,) = entries(rig, "ledger.")
    assert (opened["kind"], opened["round"]) == ("ledger.imported", 5)
    (noted,) = entries(rig, "case.noted")
    assert (noted["status"], noted["imported"]) == ("round-closed", 1)
    assert entries(rig, "certificate") == []


def test_what_a_round_of_it_finds_is_reviewed_and_the_case_resumed(rig: Rig) -> None:
    request_id = taken_over(rig)
    due = rig.next_due()
    assert due is not None
    (task,) = tasks_in(rig.run_until(due))
    rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    data = {"standing": request_id, "round": 6, "outcome": "resumed", "officer": "GZ-9901-001", "reason": "查得存款"}
    assert "case.noted" in types(rig.feed([rig.statement(data, "review")[1]]))
    assert stated(rig, None, version=2, status="resumed") == []
    assert stated(rig, request_id, version=3) == ["certificate-needed", "standing-needed"], "its next closing is like any other"


def without_ruling() -> Data:
    data = earlier()
    data["legal"]["documents"].pop()
    return data


def by_the_chief() -> Data:
    data = earlier()
    data["legal"]["approvals"][0] |= {"officer": "GZ-9901-003", "rank": "bureau-chief"}
    return data


def unapproved() -> Data:
    data = earlier()
    data["legal"]["approvals"] = []
    return data


@pytest.mark.parametrize(("data", "code"), [
    pytest.param(without_ruling(), "documents-missing", id="no ruling"),
    pytest.param(by_the_chief(), "approver-rank", id="approved by the bureau chief"),
    pytest.param(unapproved(), "approval-missing", id="approved by nobody"),
    pytest.param(earlier("2026-03-01"), "import-late", id="closed when the hub kept the ledger"),
    pytest.param(earlier("2021-11-23"), None, id="its last night is tonight"),
    pytest.param(earlier("2021-11-22"), "import-over", id="its last night has passed"),
    pytest.param(earlier(times=9), "standing-short", id="less than five years"),
])  # fmt: skip
def test_what_a_round_needs_to_be_taken_over(rig: Rig, data: Data, code: str | None) -> None:
    assert codes(send(rig, data)[1]) == ([code] if code else [])


def test_a_case_that_the_hub_knows_is_closed_with_a_certificate(rig: Rig) -> None:
    rig.register_case()
    assert codes(send(rig, earlier())[1]) == ["import-known"]
    other, _ = send(rig, earlier() | {"legal": earlier()["legal"] | {"case_number": samples.case_number(case=124)}})
    assert stated(rig, None, status="open", case=124) == []
    assert stated(rig, other, version=2, case=124) == ["certificate-needed"], "stated as open first: a round that the hub has seen"


def test_a_standing_inquiry_that_takes_nothing_over_needs_its_case_stated(rig: Rig) -> None:
    data = earlier()
    del data["standing"]["closed_on"]
    assert codes(send(rig, data)[1]) == ["case-unknown"]


def test_a_first_statement_of_a_closed_round_without_its_inquiries_is_refused(rig: Rig) -> None:
    assert stated(rig, None) == ["standing-needed", "certificate-needed"]
    first, _ = send(rig, earlier())
    both = [samples.subject(who) for who in ("P03", "P02")]
    assert stated(rig, first, debtors=both) == ["standing-needed"]
    send(rig, earlier(who="P02"))
    assert stated(rig, first, debtors=both) == []
