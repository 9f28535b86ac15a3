"""No order, repetition or absence of partners' messages breaks the promise of one conclusion."""

from dataclasses import replace
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import collect
from hub.rules.calendar import Calendar
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from schemas.hub import TaskOutcome
from schemas.replies import ReplyKind
from schemas.requests import Kind

PARTNERS = ("a", "b", "c")
Step = tuple[Literal["receipt", "reply", "silence"], str, ReplyKind, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["receipt", "reply", "silence"]), st.sampled_from(PARTNERS), st.sampled_from(list(ReplyKind)),
        st.integers(0, 200),
    ),
    max_size=40,
)  # fmt: skip


def fresh() -> RequestState:
    tasks = tuple(TaskState(name, name, TaskStatus.SENT, 10, 60, "x") for name in PARTNERS)
    return RequestState("k", "court-9901", "r", Kind.INQUIRY, "inquire", "0" * 32, None, RequestStatus.OPEN, 10**18, tasks)


def apply(request: RequestState, step: Step) -> RequestState:
    """One step as the casework applies it, time going on from 0."""
    what, partner, kind, at = step
    task = next(part for part in request.tasks if part.partner == partner)
    if what == "receipt":
        task = collect.on_receipt(task, at * collect.SECOND)
    elif what == "silence":
        due = collect.deadline(task, 0, Calendar())
        if task.status is not TaskStatus.SETTLED and due is not None and due <= at * collect.SECOND:
            task = collect.on_silence(task, due)
    else:
        task = collect.on_reply(task, kind, at * collect.SECOND, f"{partner}{at}{kind}", 0, Calendar()).task
    request = collect.with_task(request, task)
    outcome = collect.conclusion(request)
    return replace(request, status=RequestStatus.CONCLUDED, outcome=outcome) if outcome else request


@given(steps)
def test_one_conclusion_whatever_comes(sequence: list[Step]) -> None:
    request, conclusions, at_conclusion = fresh(), 0, None
    for step in sequence:
        before = request.status
        request = apply(request, step)
        if before is RequestStatus.OPEN and request.status is RequestStatus.CONCLUDED:
            conclusions += 1
            at_conclusion = [(part.partner, part.outcome) for part in request.tasks]
    settled = all(part.status is TaskStatus.SETTLED for part in request.tasks)
    assert conclusions == (1 if settled else 0)
    if at_conclusion is not None:
        assert at_conclusion == [(part.partner, part.outcome) for part in request.tasks], "it never changes"


@given(steps)
def test_complete_means_that_every_partner_answered_the_question(sequence: list[Step]) -> None:
    request = fresh()
    for step in sequence:
        request = apply(request, step)
    if request.outcome == "complete":
        assert {part.outcome for part in request.tasks} <= {
            TaskOutcome.RESULT, TaskOutcome.NO_RECORD, TaskOutcome.NOT_CONTROLLED,
        }  # fmt: skip


@given(steps)
def test_repeating_a_receipt_or_a_silence_changes_nothing(sequence: list[Step]) -> None:
    quiet = [step for step in sequence if step[0] != "reply"]
    once = fresh()
    for step in quiet:
        once = apply(once, step)
    twice = fresh()
    for step in quiet:
        twice = apply(apply(twice, step), step)
    assert twice == once
