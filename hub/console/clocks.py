"""Each partner's deadlines in one request, as the hub judged them: by the maintenance windows that the log had last before it decided."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection

from hub.casework.maintenance import Registered, in_force, registered
from hub.console.views import Clock, Hop
from hub.rules.calendar import Calendar
from hub.rules.collect import Outages, reply_due, together, window
from hub.trust.parties import Directory
from schemas.hub import TaskOutcome


@dataclass(frozen=True, slots=True)
class Course:
    """What has happened in one request: its messages; by kind and partner the number of the first entry; bus outages since."""

    hops: tuple[Hop, ...]
    entries: Mapping[tuple[str, str], int]
    outages: Outages


def read_clocks(
    connection: Connection, tasks: Iterable[Any], course: Course, directory: Directory, calendar: Calendar
) -> tuple[Clock, ...]:
    """The clocks of these rows of `tasks`, for each partner the receipt's before the reply's."""
    return tuple(
        clock for task in tasks
        for clock in _clocks(_Judged(task, course, registered(connection, task.partner)), directory, calendar)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Judged:
    """One task, and what its deadlines are judged by."""

    task: Any
    course: Course
    known: list[Registered]

    def clock(
        self, awaited: Literal["receipt", "reply"], start: int, came: int | None, due: Callable[[Outages], int], *, missed: bool
    ) -> Clock:
        """The clock from `start`, until `due` of the times in which it stood still; what is `missed` was so at its silence."""
        settled = [self.course.entries.get((kind, self.task.partner)) for kind in (_SETTLED_BY[awaited], "task.silent")]
        by = in_force(self.known, min(filter(None, settled), default=None))
        until = self.task.settled_at if missed else due(together(self.course.outages, by.windows if by else ()))
        maintenance = _within(by.windows, start, until) if by else ()
        return Clock(self.task.partner, awaited, start, until, came, maintenance, _within(self.course.outages, start, until),
                     by if maintenance else None)  # fmt: skip


_SETTLED_BY = {"receipt": "task.received", "reply": "task.answered"}


def _clocks(judged: _Judged, directory: Directory, calendar: Calendar) -> Iterator[Clock]:
    """The receipt's deadline from publication, the reply's from the receipt; a reply without receipt has both windows. What is on
    record as silent was so at the time that the record tells."""
    task, received_at = judged.task, judged.task.received_at
    own = [hop for hop in judged.course.hops if hop.message_id == task.task_id or _speaker(directory, hop) == task.partner]
    sent_at = next((hop.published_at for hop in own if hop.event == "task"), None)
    if sent_at is None:
        return
    answered_at = next((hop.broker_at for hop in own if hop.event == "reply"), None)
    silent = task.outcome == TaskOutcome.NO_RESPONSE
    unreceived = silent and (received_at is None or received_at > task.settled_at)

    def receipt(outages: Outages) -> int:
        return window(sent_at, task.receipt_within, outages)

    def both(outages: Outages) -> int:
        return reply_due(task, receipt(outages), calendar, outages)

    if received_at is not None or answered_at is None:
        yield judged.clock("receipt", sent_at, received_at, receipt, missed=unreceived)
    if received_at is not None and not unreceived:
        yield judged.clock("reply", received_at, answered_at, partial(reply_due, task, received_at, calendar), missed=silent)
    elif answered_at is not None:
        yield judged.clock("reply", sent_at, answered_at, both, missed=silent)


def _within(times: Outages, start: int, until: int) -> Outages:
    return tuple(each for each in times if each[0] < until and each[1] > start)


def _speaker(directory: Directory, hop: Hop) -> str:
    party = directory.parties.get(hop.source)
    return party.speaks_as if party is not None else hop.source
