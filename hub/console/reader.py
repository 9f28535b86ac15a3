"""The pages' one way to the store: every method is one consistent view, read-only, and returns masked, typed results.

Blocking, and not thread-safe: the application calls it on a thread of its own. The cost of every method is bounded, or
grows with what is open or new, and not with the store; the one exception is the first look after a start (`Tally`).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import ColumnElement, Connection, distinct, func, select
from sqlalchemy.exc import SQLAlchemyError

from hub.casework.desk import SILENCE
from hub.console import lists
from hub.console.tally import PartnerTally, Tally
from hub.console.timeline import read_timeline
from hub.console.views import (
    CodeLine,
    CourtLine,
    DeadLetter,
    KindLine,
    LogState,
    Overview,
    Page,
    PartnerLine,
    RequestLine,
    Timeline,
    TopicLine,
)
from hub.engine.clock import now_micros
from hub.rules.calendar import Calendar
from hub.rules.collect import Outages
from hub.rules.letters import LetterState
from hub.rules.state import TaskStatus
from hub.store import journal
from hub.store import tables as t
from hub.store.database import Database
from hub.store.vault import Vault
from hub.trust.parties import Directory, Role
from schemas.requests import Kind


class Reader:
    """Reads one hub's store. `checkpoint` is the log's checkpoint file, of which only the age is looked at; `maintenance` are each
    partner's agreed windows."""

    def __init__(
        self, store: Database, directory: Directory, calendar: Calendar, master_key: bytes, checkpoint: Path,
        clock: Callable[[], int] = now_micros, maintenance: Mapping[str, Outages] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self._maintenance = maintenance
        self.directory = directory
        self._calendar = calendar
        self._store = store
        self._vault = Vault(master_key)
        self._checkpoint = checkpoint
        self._clock = clock
        self._tally = Tally(directory)

    def now(self) -> int:
        """UTC microseconds by the hub's clock."""
        return self._clock()

    def readable(self) -> bool:
        """Whether the store can be read."""
        try:
            self.version()
        except SQLAlchemyError:
            return False
        return True

    def version(self) -> str:
        """Changes whenever a page might: a decision, a publication, or the log has moved."""
        with self._store.read() as connection:
            decided = connection.scalar(select(func.max(t.audit.c.seq))) or 0
            waiting = connection.scalar(select(func.min(t.outbox.c.seq)).where(t.outbox.c.published_at.is_(None))) or 0
            return f"{decided}-{waiting}-{journal.read_state(connection)[0]}"

    # -- the first page ------------------------------------------------------------------------------------------------

    def overview(self) -> Overview:
        """What flows, by topic, partner and kind of request."""
        while True:  # each round has its own transaction, so that a first look does not hold back the writer's log
            with self._store.read() as connection:
                if self._tally.advance(connection):
                    return self._overview(connection)

    def _overview(self, connection: Connection) -> Overview:
        return Overview(
            now=self._clock(),
            topics=self._topics(connection),
            courts=self._courts(),
            partners=self._partners(connection),
            kinds=self._kinds(connection),
            log=self._log(connection),
            dead_letters={code: line.count for code, line in self._tally.dead_letters.items()},
        )

    def _topics(self, connection: Connection) -> tuple[TopicLine, ...]:
        out, offset = t.outbox.c, t.offsets.c
        query = select(out.topic, func.count()).where(out.published_at.is_(None)).group_by(out.topic)
        pending = {topic: count for topic, count in connection.execute(query)}
        read = {
            topic: count
            for topic, count in connection.execute(
                select(offset.topic, func.sum(offset.next)).group_by(offset.topic).order_by(offset.topic)
            )
        }
        lanes = self._tally.lanes
        sent = sorted(topic for direction, topic in lanes if direction == "out")
        return (
            *(TopicLine(topic, "in", count, 0, lanes["in", topic].last_at if ("in", topic) in lanes else None)
              for topic, count in read.items()),
            *(TopicLine(topic, "out", lanes["out", topic].count, pending.get(topic, 0), lanes["out", topic].last_at)
              for topic in sent),
        )  # fmt: skip

    def _courts(self) -> tuple[CourtLine, ...]:
        sent, made = self._tally.sent_by, self._tally.made_for
        courts = self.directory.with_role(Role.COURT)
        return tuple(CourtLine(party, sent[party.id], made[party.id]) for party in courts)

    def _partners(self, connection: Connection) -> tuple[PartnerLine, ...]:
        timer, task = t.timers.c, t.tasks.c
        of_task = t.timers.join(t.tasks, task.task_id == timer.ref)
        query = select(task.partner, func.count(), func.min(timer.due_at)).select_from(of_task).where(*_awaited()).group_by(task.partner)
        waiting = {partner: (count, due) for partner, count, due in connection.execute(query)}
        lines = []
        for party in self.directory.with_role(Role.PARTNER):
            said = self._tally.partners.get(party.id) or PartnerTally()
            count, due = waiting.get(party.id, (0, None))
            first = select(task.request_key).select_from(of_task).where(*_awaited(), task.partner == party.id, timer.due_at == due).limit(1)
            lines.append(PartnerLine(
                party=party, asked=said.asked, received=said.received, outcomes=dict(said.outcomes), silent=said.silent,
                late=said.late, hits=said.hits, waiting=count, oldest_due=due,
                oldest_key=None if due is None else connection.scalar(first),
                answers=said.answers, answer_time=said.answer_time, last_answer_time=said.last_answer_time,
                last_seen=said.last_seen,
                maintenance=next((window for window in self._maintenance.get(party.id, ()) if window[1] > self._clock()), None),
            ))  # fmt: skip
        return tuple(lines)

    def _kinds(self, connection: Connection) -> tuple[KindLine, ...]:
        """Open requests are those with a task that is awaited; what is neither open nor ended waits for its original."""
        timer, task, request = t.timers.c, t.tasks.c, t.requests.c
        query = (
            select(request.kind, func.count(distinct(request.key)))
            .select_from(t.timers)
            .join(t.tasks, task.task_id == timer.ref)
            .join(t.requests, request.key == task.request_key)
            .where(*_awaited())
            .group_by(request.kind)
        )
        awaited = {kind: count for kind, count in connection.execute(query)}
        decided = self._tally.decisions
        lines = []
        for kind in Kind:
            complete = decided["request.concluded", kind, "complete"]
            incomplete = decided["request.concluded", kind, "incomplete"]
            still = awaited.get(kind, 0)
            waiting = decided["request.accepted", kind, ""] - complete - incomplete - still
            lines.append(KindLine(kind, waiting, still, complete, incomplete, decided["request.refused", kind, ""]))
        return tuple(lines)

    def _log(self, connection: Connection) -> LogState:
        c = t.audit.c
        waiting = connection.scalar(select(func.count()).select_from(t.audit).where(c.log_index.is_(None))) or 0
        at = None
        with suppress(FileNotFoundError):
            at = self._checkpoint.stat().st_mtime_ns // 1000
        return LogState(journal.read_state(connection)[0], waiting, at)

    # -- lists and one request -----------------------------------------------------------------------------------------

    def requests(self, wanted: lists.RequestFilter, cursor: str | None = None) -> Page[RequestLine]:
        """Requests, newest first. Raises `ValueError` for a cursor that no page has given."""
        with self._store.read() as connection:
            return lists.requests(connection, self.directory, wanted, cursor)

    def dead_letters(
        self, code: str | None = None, cursor: str | None = None, state: LetterState | None = None
    ) -> Page[DeadLetter]:
        """Dead letters and silent tasks, newest first. Raises `ValueError` as `requests` does."""
        with self._store.read() as connection:
            return lists.dead_letters(connection, code, state, cursor)

    def codes(self) -> tuple[CodeLine, ...]:
        """How many dead letters there have been of each code, silent tasks among them, the most frequent first."""
        self.overview()
        silences = [self._tally.silences] if self._tally.silences.count else []
        return tuple(sorted([*self._tally.dead_letters.values(), *silences], key=lambda line: (-line.count, line.code)))

    def request(self, key: str) -> Timeline | None:
        """All of one request, or None where there is none."""
        with self._store.read() as connection:
            return read_timeline(connection, self._vault, self.directory, self._calendar, key, self._clock())


def _awaited() -> tuple[ColumnElement[bool], ...]:
    """Only what is awaited has a timer, so counting by timers costs what is open and not what has ever been."""
    return t.timers.c.kind == SILENCE, t.tasks.c.status.in_([TaskStatus.SENT, TaskStatus.RECEIVED])
