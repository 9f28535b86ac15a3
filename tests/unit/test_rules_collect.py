"""One conclusion, silence as a fact, and lateness by the broker's clock."""

from dataclasses import replace

import pytest

from hub.rules import collect
from hub.rules.calendar import Calendar
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from schemas.hub import TaskOutcome
from schemas.replies import ReplyKind
from schemas.requests import Kind

SECOND = collect.SECOND
SENT = 1_000 * SECOND
CALENDAR = Calendar()


def task(name: str = "a", **values: object) -> TaskState:
    base = TaskState(task_id=name, partner=name, status=TaskStatus.SENT, receipt_within=10, reply_within=60, agreement="x")
    return replace(base, **values)  # type: ignore[arg-type]  # values are this class's own fields


def request(*tasks: TaskState) -> RequestState:
    return RequestState(
        key="k", court="court-9901", request_id="r", kind=Kind.INQUIRY, action="inquire", case_token="0" * 32,
        asset_token=None, status=RequestStatus.OPEN, expires_at=10**18, tasks=tasks,
    )  # fmt: skip


def test_the_receipt_starts_the_reply_clock() -> None:
    before = task()
    assert collect.deadline(before, None, CALENDAR) is None, "a task that is not with the broker has no deadline"
    assert collect.deadline(before, SENT, CALENDAR) == SENT + 10 * SECOND
    received = collect.on_receipt(before, SENT + 3 * SECOND)
    assert received.status is TaskStatus.RECEIVED
    assert collect.deadline(received, SENT, CALENDAR) == SENT + 63 * SECOND


def test_a_second_receipt_does_not_move_the_clock() -> None:
    received = collect.on_receipt(task(), SENT)
    assert collect.on_receipt(received, SENT + 30 * SECOND) == received


@pytest.mark.parametrize(("at", "effect"), [(60, "settles"), (61, "late")])
def test_a_reply_is_judged_by_the_brokers_time_to_the_microsecond(at: int, effect: str) -> None:
    received = collect.on_receipt(task(), SENT)
    verdict = collect.on_reply(received, ReplyKind.RESULT, SENT + at * SECOND, "m", SENT, CALENDAR)
    assert verdict.effect == effect
    assert verdict.silent_first is (effect == "late"), "lateness puts the silence on record first"


def test_a_reply_whose_receipt_is_still_unread_has_both_windows() -> None:
    assert collect.on_reply(task(), ReplyKind.RESULT, SENT + 70 * SECOND, "m", SENT, CALENDAR).effect == "settles"
    assert collect.on_reply(task(), ReplyKind.RESULT, SENT + 71 * SECOND, "m", SENT, CALENDAR).effect == "late"


def test_a_reply_before_the_publication_is_marked_is_in_time() -> None:
    assert collect.on_reply(task(), ReplyKind.NO_RECORD, SENT, "m", None, CALENDAR).effect == "settles"


def test_silence_is_never_nothing_found() -> None:
    silent = collect.on_silence(task(), SENT)
    assert silent.outcome is TaskOutcome.NO_RESPONSE
    assert collect.conclusion(request(silent)) == "incomplete"


def test_an_answer_after_silence_is_late_and_does_not_change_the_outcome() -> None:
    silent = collect.on_silence(task(), SENT)
    verdict = collect.on_reply(silent, ReplyKind.RESULT, SENT + SECOND, "m", SENT, CALENDAR)
    assert (verdict.effect, verdict.task.outcome, verdict.task.late) == ("late", TaskOutcome.NO_RESPONSE, 1)
    assert not verdict.silent_first, "the silence is on record already"


def test_a_second_answer_conflicts_and_the_first_stands() -> None:
    first = collect.on_reply(task(), ReplyKind.NO_RECORD, SENT, "m1", SENT, CALENDAR).task
    verdict = collect.on_reply(first, ReplyKind.RESULT, SENT + 1, "m2", SENT, CALENDAR)
    assert verdict.effect == "conflicts"
    assert verdict.task == first


@pytest.mark.parametrize("kind", list(ReplyKind))
def test_only_answers_to_the_question_make_a_complete_conclusion(kind: ReplyKind) -> None:
    settled = collect.on_reply(task(), kind, SENT, "m", SENT, CALENDAR).task
    complete = kind in (ReplyKind.RESULT, ReplyKind.NO_RECORD, ReplyKind.NOT_CONTROLLED)
    assert collect.conclusion(request(settled)) == ("complete" if complete else "incomplete")


def test_there_is_no_conclusion_while_a_partner_is_awaited_nor_a_second_one() -> None:
    settled = collect.on_reply(task("a"), ReplyKind.RESULT, SENT, "m", SENT, CALENDAR).task
    assert collect.conclusion(request(settled, task("b"))) is None
    closed = replace(request(settled), status=RequestStatus.CONCLUDED)
    assert collect.conclusion(closed) is None
    assert collect.conclusion(replace(request(settled), status=RequestStatus.WAITING)) is None


def test_a_request_that_can_no_longer_be_sent_ends_incomplete() -> None:
    unsent = collect.without_sending(replace(request(task()), status=RequestStatus.WAITING), SENT)
    assert [part.outcome for part in unsent.tasks] == [TaskOutcome.NOT_SENT]
    assert collect.conclusion(unsent) == "incomplete"


def test_a_watch_may_hit_again_and_after_its_answer() -> None:
    armed = collect.on_reply(task(), ReplyKind.RESULT, SENT, "m", SENT, CALENDAR).task
    assert collect.on_hit(collect.on_hit(armed)).hits == 2
