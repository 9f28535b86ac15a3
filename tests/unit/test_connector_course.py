"""What may come next for a job: the pure rules behind the calls."""

import pytest

from connectors.base import Recovery, TransientFault
from connectors.course import ASKED_AFTER, Next, Pace, after_unknown, is_over, packet_of, surely_harmless
from connectors.jobs import JobRow, JobStatus

TICKET = {"ticket": "T1"}


def row(number: int, status: JobStatus = JobStatus.QUEUED, action: str = "inquire", **more: bool) -> JobRow:
    return JobRow(f"task-{number}", number, action, status, 0, 1000, {}, **more)  # type: ignore[arg-type]  # only `alone`


@pytest.mark.parametrize(
    ("recovery", "action", "state", "late", "then"),
    [
        (Recovery.IDEMPOTENT, "freeze", {}, False, Next.CALL),
        (Recovery.IDEMPOTENT, "freeze", {}, True, Next.MANUAL),  # it may never have had it, and must not get it now
        (Recovery.IDEMPOTENT, "freeze", TICKET, True, Next.CALL),
        (Recovery.LOOKUP, "freeze", {}, False, Next.ASK),
        (Recovery.LOOKUP, "freeze", {}, True, Next.ASK),
        (Recovery.MANUAL, "freeze", {}, False, Next.MANUAL),
        (Recovery.MANUAL, "freeze", TICKET, True, Next.MANUAL),
        (Recovery.IDEMPOTENT, "inquire", {}, True, Next.EXPIRE),  # it has no effect
        (Recovery.IDEMPOTENT, "inquire", {}, False, Next.CALL),
        (Recovery.LOOKUP, "inquire", {}, True, Next.ASK),
        (Recovery.MANUAL, "inquire", {}, False, Next.MANUAL),
        (Recovery.MANUAL, "inquire", {}, True, Next.EXPIRE),
    ],
)
def test_an_unknown_outcome_is_repeated_asked_after_or_left_to_a_person(
    recovery: Recovery, action: str, state: dict[str, str], late: bool, then: Next
) -> None:
    assert after_unknown(recovery, action, state, late=late) is then


def test_only_new_inquiries_that_none_has_spoilt_share_a_call() -> None:
    first, control, spoilt, unknown, last = (
        row(1), row(2, action="freeze"), row(3, alone=True), row(4, JobStatus.UNKNOWN), row(5)
    )  # fmt: skip
    assert packet_of([first, control, spoilt, unknown, last], 20) == [first, last]
    assert packet_of([first, last], 1) == [first]
    for alone in (control, spoilt, unknown):
        assert packet_of([alone, first, last], 20) == [alone]
    assert packet_of([], 20) == []


@pytest.mark.parametrize(
    ("status", "state", "until"),
    [(JobStatus.QUEUED, {}, 1000), (JobStatus.WAITING, TICKET, 1000 + ASKED_AFTER), (JobStatus.UNKNOWN, TICKET, 1000 + ASKED_AFTER)],
)
def test_what_the_partner_has_is_asked_after_for_a_while_and_nothing_else(
    status: JobStatus, state: dict[str, str], until: int
) -> None:
    job = JobRow("task", 1, "freeze", status, 1, 1000, state)
    assert not is_over(job, until - 1)
    assert is_over(job, until)


def test_what_may_have_been_carried_out_is_never_over_by_time_alone() -> None:
    assert not is_over(row(1, JobStatus.UNKNOWN), 10**18)


def test_waits_double_up_to_the_longest() -> None:
    pace = Pace(shortest=1.0, longest=300.0)
    assert [pace.backoff(attempt, 1.0) for attempt in (1, 2, 3, 9, 10, 10_000)] == [1, 2, 4, 256, 300, 300]
    assert pace.backoff(3, 0.5) == 2


@pytest.mark.parametrize(
    ("fault", "harmless"),
    [
        (TransientFault("connect-failed"), True),
        (TransientFault("timeout", unknown=True), False),
        (TransientFault("unavailable", retry_after=5), False),
        (ValueError(), False),
    ],
)
def test_only_what_surely_changed_nothing_is_tried_again_at_once(fault: Exception, harmless: bool) -> None:
    assert surely_harmless(fault) is harmless
