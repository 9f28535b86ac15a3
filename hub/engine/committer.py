"""What is done on the store's one thread: each batch, each timer and each order of the application in ONE transaction.

It holds inbox rows, state, outbox rows, audit entries, timers and the moved offsets. Moving an offset is a compare-and-set: a
process that was replaced meanwhile finds another value, loses its whole batch and reads anew, which is the fence that
Kafka's transactions would otherwise have to be.
"""

import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from hub.engine import timers
from hub.engine.compose import Composer
from hub.engine.crew import Crew, Fenced
from hub.engine.records import Inbound, Outgoing, Place, Unfit, digest_of
from hub.engine.relay import Page, load_page, mark
from hub.engine.standby import Standby
from hub.engine.timers import Due
from hub.engine.work import Work, read_payload
from hub.store import offsets, standing
from hub.store.database import Database
from hub.store.errors import StoreError, is_outage
from hub.store.postgresql import outlasted
from hub.store.vault import Vault

log = structlog.get_logger()
T = TypeVar("T")


class Application(Protocol):
    """What the engine runs. Its methods are called on the store's thread, inside the one transaction."""

    def handle(self, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        """Decide on each of `batch`, in order, and put every effect into `work`."""

    def fire(self, work: Work, due: Sequence[Due]) -> None:
        """The timers in `due` are gone from the store; decide what follows."""

    def poison(self, work: Work, item: Inbound | Unfit, error: BaseException) -> None:
        """Deciding on this one record failed: set it aside."""


class Committer:
    """Writes for one process. `positions` are where it reads on, as the store has them; times are UTC microseconds."""

    def __init__(
        self, store: Database, composer: Composer, vault: Vault, application: Application, crew: Crew, standby: Standby,
        clock: Callable[[], int], batch: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._composer = composer
        self._vault = vault
        self._application = application
        self._crew = crew
        self._standby = standby
        self._clock = clock
        self._batch = batch
        self._cluster = ""
        self._restored = False
        self.positions: dict[Place, int] = {}

    # -- positions -----------------------------------------------------------------------------------------------------

    def resume(self, cluster: str, first: dict[Place, int], mine: Collection[Place]) -> None:
        """Begin anew at where this process reads on in this cluster; a partition never seen begins at its first offset."""
        self._cluster = cluster
        with self._store.write() as connection:
            positions = offsets.begun(connection, cluster, first)
            self._restored = standing.any_left(connection)
        self.positions = {place: positions[place] for place in sorted(mine)}

    def has_read(self, ends: Mapping[Place, int]) -> bool:
        """Whether all that stood before these offsets has been decided on, by whichever process."""
        if not self._crew.shared:
            return all(self.positions[place] >= end for place, end in ends.items())
        with self._store.read() as connection:
            kept = offsets.kept(connection, self._cluster)
        return all(kept.get(place, 0) >= end for place, end in ends.items())

    # -- batches -------------------------------------------------------------------------------------------------------

    def commit(self, batch: list[Inbound | Unfit], published: tuple[int, int] | None) -> list[Outgoing]:
        """Decide on `batch`, and mark what is `published` (up to which row, and when); what is to be sent now.

        When deciding fails, halve the batch until the one bad record is found and set aside; likewise when it outlasts its turn.
        """
        begun = time.monotonic()
        try:
            return self._attempt(batch, lambda work: self._application.handle(work, batch), published)
        except (Fenced, StoreError):
            raise
        except Exception as error:
            if is_outage(error) and not (len(batch) > 1 and outlasted(error, time.monotonic() - begun)):
                raise  # a store that is locked or full says nothing about a record
            bad = error
        if len(batch) == 1:
            record = batch[0].record
            log.error("engine.poison", topic=record.topic, partition=record.partition, offset=record.offset,
                      error=type(bad).__name__, where=_place(bad))  # fmt: skip
            return self._attempt(batch, lambda work: self._application.poison(work, batch[0], bad), published)
        half = len(batch) // 2
        return self.commit(batch[:half], published) + self.commit(batch[half:], None)

    def _attempt(
        self, batch: list[Inbound | Unfit], decide: Callable[[Work], None], published: tuple[int, int] | None
    ) -> list[Outgoing]:
        after = dict(self.positions)
        for item in batch:
            after[item.record.topic, item.record.partition] = item.record.offset + 1

        def write(work: Work) -> None:
            decide(work)
            if published is not None:
                mark(work.connection, *published)
            for place, position in after.items():
                before = self.positions[place]
                if position != before and not offsets.move(work.connection, self._cluster, place, before, position):
                    raise Fenced

        out = self.transact(write)[1]
        self._standby.worked()
        self.positions = after
        return out

    def transact(self, decide: Callable[[Work], T], at: int | None = None, role: str | None = None) -> tuple[T, list[Outgoing]]:
        """One transaction, as of `at` or of when its turn comes: what `decide` gives, and what is to be sent. Raises `Fenced`, and
        writes nothing, when it belongs to a `role` that is no longer this process's."""
        try:
            with self._store.write() as connection:
                if role is not None:
                    self._crew.check(connection, role)
                work = Work(connection, at or self._clock(), self._composer, self._vault, restored=self._restored)
                result = decide(work)
                work.flush()
        except BaseException:
            self._vault.forget()
            raise
        for line in work.lines():  # one log line for each committed decision, with the request's correlation id
            log.info(**line)
        return result, work.outgoing

    # -- timers --------------------------------------------------------------------------------------------------------

    def any_due(self, at: int) -> bool:
        """Whether a timer is due."""
        with self._store.read() as connection:
            return timers.any_due(connection, at)

    def fire(self, upto: int) -> list[Outgoing]:
        """Fire what was due at `upto`, and decide as of then: what came later may stand unread.

        When deciding on several fails, each alone, and the one that fails is set aside: a timer must not stop the hub.
        """
        begun = time.monotonic()
        try:
            return self.transact(lambda work: self._take(work, timers.due(work.connection, upto, self._batch)), upto)[1]
        except Exception as error:
            if is_outage(error) and not outlasted(error, time.monotonic() - begun):
                raise  # a store that is locked or full says nothing about a timer
            log.error("engine.timers", error=type(error).__name__, where=_place(error))
        with self._store.read() as connection:
            due = timers.due(connection, upto, self._batch)
        return [each for timer in due for each in self._fire_alone(timer, upto)]

    def _fire_alone(self, timer: Due, upto: int) -> list[Outgoing]:
        try:
            return self.transact(lambda work: self._take(work, [timer]), upto)[1]
        except Exception as error:
            if is_outage(error):
                raise
            log.error("engine.timer", kind=timer.kind, error=type(error).__name__, where=_place(error))
            failed = error
        return self.transact(lambda work: self._set_aside(work, timer, failed), upto)[1]

    def _take(self, work: Work, due: Sequence[Due]) -> None:
        """Fire these, so far as they are still set for that time: one that fired before may have moved or ended another."""
        self._application.fire(work, [timer for timer in due if timers.remove(work.connection, timer)])

    def _set_aside(self, work: Work, timer: Due, error: Exception) -> None:
        """A timer that nothing can be decided on goes to a person: its kind, and of the error the kind alone; the record that it put
        off, as one that deciding fails on."""
        if not timers.remove(work.connection, timer):
            return
        work.decide("timer.failed", None, None, {"timer": timer.kind, "ref": timer.ref, "error": type(error).__name__, "alarm": 1})
        try:
            record = work.let_go(timer.ref)
        except KeyError:
            return  # its case has been erased, and it with it
        if record is not None:
            self._application.poison(work, Unfit(record, "internal-error", "decide", digest_of(record.value)), error)

    # -- the outbox ----------------------------------------------------------------------------------------------------

    def load(self, after: int) -> Page:
        """The next rows that are not published."""
        with self._store.read() as connection:
            return load_page(connection, self._vault, after)

    def mark(self, upto: int, at: int) -> None:
        """Every row up to `upto` has been with the broker since `at`."""
        with self._store.write() as connection:
            mark(connection, upto, at)

    def payload(self, connection: Connection, message_pk: int) -> bytes:
        """The exact bytes of a kept message."""
        return read_payload(connection, self._vault, message_pk)


def _place(error: BaseException) -> str:
    """Where it was raised: file and line, without any value that may be somebody's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
