"""Collecting what partners say into progress and exactly one conclusion.

件件有登记、有结果、有回应: every accepted request ends in one conclusion, which never changes; silence is a fact, and never
"nothing found"; what comes too late is passed on, citing the conclusion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import add
from typing import Literal

from hub.rules.calendar import Calendar
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from schemas.hub import TaskOutcome
from schemas.replies import Reply, ReplyKind

ANSWERED = frozenset({TaskOutcome.RESULT, TaskOutcome.NO_RECORD, TaskOutcome.NOT_CONTROLLED})
"""Outcomes that answer the question; a partial, refused or returned one does not, and silence least of all."""

SECOND = 1_000_000

Outages = Sequence[tuple[int, int]]
"""From when until when (µs) a partner could not be heard: Kafka was not seen to answer, or the partner's agreement lets it
rest; in order, none overlaps another."""


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """What a reply does: settles the task; comes late (`silent_first`: its silence is not on record yet); or
    contradicts an answer that stands."""

    task: TaskState
    effect: Literal["settles", "late", "conflicts"]
    silent_first: bool = False


_SEIZED = {"effective", "queued"}
_STATES = {
    "freeze": _SEIZED, "seal": _SEIZED, "queue-seal": _SEIZED, "advance-seal": _SEIZED, "renew": {"renewed"},
    "release": {"released"}, "deduct": {"deducted"}, "transfer": {"transferred"}, "watch": {"armed"},
    "road-control": {"armed"}, "withdraw": {"withdrawn"}, "restrict": {"restricted"}, "lift": {"lifted"},
}  # fmt: skip
"""What a control, a watch or a notice may come to, by action; an inquiry and a request for information come to findings."""


def fits(action: str, reply: Reply) -> bool:
    """V29: whether a reply answers what was asked. What says why not (refused, returned) fits everything."""
    states = _STATES.get(action)
    if reply.kind in (ReplyKind.REFUSED, ReplyKind.RETURNED, ReplyKind.NO_RECORD):
        return True
    if reply.kind is ReplyKind.NOT_CONTROLLED:
        return states is not None
    if states is None:
        return reply.measure is None
    return not reply.findings and reply.measure is not None and reply.measure.state in states


def on_receipt(task: TaskState, at: int) -> TaskState:
    """The partner has the task since `at` (broker's time): the reply clock starts. A second receipt changes nothing."""
    if task.received_at is not None:
        return task
    status = TaskStatus.RECEIVED if task.status is TaskStatus.SENT else task.status
    return replace(task, received_at=at, status=status)


def together(outages: Outages, maintenance: Outages) -> Outages:
    """Both as one, no moment counted twice: in the windows that its agreement names, waiting does not count against a partner."""
    joined: list[tuple[int, int]] = []
    for begin, until in sorted((*outages, *maintenance)):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((begin, until))
    return joined


def window(start: int, seconds: int, outages: Outages) -> int:
    """When `seconds` have passed since `start` (µs) in which the partner could have been heard."""
    return _prolonged(start, start + seconds * SECOND, outages, add)


def reply_due(task: TaskState, start: int, calendar: Calendar, outages: Outages = ()) -> int:
    """Until when the reply is due (µs), its clock running from `start`: by working days where the agreement counts in them
    (民事诉讼法 art. 85), else by seconds. What an outage took is given back, by working days on working days only."""
    if task.reply_working_days is None:
        return window(start, task.reply_within, outages)
    return _prolonged(start, calendar.add_working_days(start, task.reply_working_days), outages, calendar.give_back)


def _prolonged(start: int, end: int, outages: Outages, give_back: Callable[[int, int], int]) -> int:
    for begin, until in outages:
        if begin < end and until > start:
            end = give_back(end, until - max(begin, start))
    return end


def deadline(task: TaskState, sent_at: int | None, calendar: Calendar, outages: Outages = ()) -> int | None:
    """When silence becomes a fact (µs), for what is awaited next; None while the task is not with the broker."""
    if task.received_at is not None:
        return reply_due(task, task.received_at, calendar, outages)
    return None if sent_at is None else window(sent_at, task.receipt_within, outages)


def on_reply(
    task: TaskState, kind: ReplyKind, at: int, message_id: str, sent_at: int | None, calendar: Calendar,
    outages: Outages = (),
) -> ReplyVerdict:  # fmt: skip
    """Judge a reply by the broker's time `at`.

    Its receipt may stand unread in another partition, so a reply without one has both windows. Of late answers, too, the
    first one stands.
    """
    if task.status is TaskStatus.SETTLED:
        if task.outcome is TaskOutcome.NO_RESPONSE and not task.late:
            return ReplyVerdict(replace(task, late=task.late + 1), "late")
        return ReplyVerdict(task, "conflicts")
    due = deadline(task, sent_at, calendar, outages)
    if task.received_at is None and sent_at is not None:
        due = reply_due(task, window(sent_at, task.receipt_within, outages), calendar, outages)
    if due is not None and at > due:
        return ReplyVerdict(replace(on_silence(task, due), late=task.late + 1), "late", silent_first=True)
    settled = replace(task, status=TaskStatus.SETTLED, outcome=TaskOutcome(kind.value), settled_at=at,
                      message_id=message_id)  # fmt: skip
    return ReplyVerdict(settled, "settles")


def on_silence(task: TaskState, due: int) -> TaskState:
    """The deadline has passed, and everything sent before it has been read."""
    return replace(task, status=TaskStatus.SETTLED, outcome=TaskOutcome.NO_RESPONSE, settled_at=due)


def on_hit(task: TaskState) -> TaskState:
    """A watch has hit; it may hit again."""
    return replace(task, hits=task.hits + 1)


def with_task(request: RequestState, task: TaskState) -> RequestState:
    """`request` with this task as it is now."""
    return replace(request, tasks=tuple(task if old.task_id == task.task_id else old for old in request.tasks))


def conclusion(request: RequestState) -> Literal["complete", "incomplete"] | None:
    """The conclusion that is due now, or None: while a partner is awaited, and once there is one already."""
    if request.status is not RequestStatus.OPEN or any(task.status is not TaskStatus.SETTLED for task in request.tasks):
        return None
    return "complete" if request.tasks and all(task.outcome in ANSWERED for task in request.tasks) else "incomplete"


def without_sending(request: RequestState, at: int) -> RequestState:
    """A request that waited for its original and can no longer be sent: every part ends as not sent."""
    tasks = tuple(
        replace(task, status=TaskStatus.SETTLED, outcome=TaskOutcome.NOT_SENT, settled_at=at) for task in request.tasks
    )
    return replace(request, status=RequestStatus.OPEN, tasks=tasks)


def dispatched(request: RequestState) -> RequestState:
    """A request whose planned tasks are sent now; what is settled already is not asked."""
    tasks = tuple(replace(task, status=TaskStatus.SENT) if task.status is TaskStatus.PLANNED else task for task in request.tasks)
    return replace(request, status=RequestStatus.OPEN, tasks=tasks)
