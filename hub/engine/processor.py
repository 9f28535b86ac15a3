"""The loop: take a batch → verify → decide → ONE SQL transaction → publish.

The transaction holds inbox rows, state, outbox rows, audit entries, timers and the moved offsets. Moving an offset is a
compare-and-set: a process that was replaced meanwhile finds another value, loses its whole batch and reads anew, which
is the fence that Kafka's transactions would otherwise have to be. Three stages overlap: while one batch is in the
store's thread, the next is verified and the one before is published.

Several processes on a shared store divide the partitions among them by leases; one of them publishes, any fires timers.
"""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection, update
from sqlalchemy.exc import DBAPIError

from hub.engine import timers
from hub.engine.compose import Composer
from hub.engine.crew import RELAY, Crew, Fenced
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Outgoing, Place, Record, Unfit
from hub.engine.relay import Page, Relay, Sink, load_page, mark
from hub.engine.skew import TimedSink
from hub.engine.standby import Standby
from hub.engine.timers import Due
from hub.engine.work import Work, read_payload
from hub.store import contact, leases, offsets
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError, is_outage
from hub.store.vault import Vault
from schemas.base import format_time, from_micros

log = structlog.get_logger()
T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

BATCH = 250
BATCH_BYTES = 8 * 1024 * 1024
"""Most bytes of values decided on in one transaction, unless one record has more: a request becomes a task for each partner, in
base64, so that this may make seven times as much."""
TAKE_TIMEOUT_MS = 200
TICK = 0.1
"""Seconds between looks at the timers."""
CONTACT = 1_000_000
"""Longest time between two questions to Kafka, in µs: how finely an outage is seen."""
HICCUP = 3_000_000
"""A time without an answer from Kafka that is no outage yet, in µs."""
BEAT = 1.0
"""Seconds between two renewals of this process's leases on a shared store."""


class Source(Protocol):
    """Where records come from; the production one is `hub.bus.source.KafkaSource`."""

    cluster: str

    async def open(self) -> dict[Place, int]: ...
    def seek(self, positions: Mapping[Place, int]) -> None: ...
    async def take(self, most: int, timeout_ms: int) -> list[Record]: ...
    async def end_offsets(self) -> dict[Place, int]: ...
    async def close(self) -> None: ...


class Application(Protocol):
    """What the engine runs. Both methods are called on the store's thread, inside the one transaction."""

    def handle(self, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        """Decide on each of `batch`, in order, and put every effect into `work`."""

    def fire(self, work: Work, due: Sequence[Due]) -> None:
        """The timers in `due` are gone from the store; decide what follows."""

    def poison(self, work: Work, item: Inbound | Unfit, error: BaseException) -> None:
        """Deciding on this one record failed: set it aside."""


def now_micros() -> int:
    """UTC microseconds by this machine's clock."""
    return time.time_ns() // 1000


class Processor:
    """Runs one application over one store and one bus. With `needs_time`, no timer fires before the broker has told its time."""

    def __init__(
        self, *, store: Database, source: Callable[[], Source], sink: Sink, gate: Gate, composer: Composer,
        master_key: bytes, application: Application, clock: Callable[[], int] = now_micros, batch: int = BATCH,
        roles: Collection[str] = (), needs_time: bool = False,
    ) -> None:  # fmt: skip
        self._store = store
        self._make_source = source
        self._gate = gate
        self._composer = composer
        self._vault = Vault(master_key)
        self._application = application
        self._clock = clock
        self._batch = batch
        self._store_thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.sink = TimedSink(sink, clock)
        self._needs_time = needs_time
        self.crew = Crew(store, roles)
        self.standby = Standby()
        self.relay = Relay(self.sink, lambda after: self.on_store(self._load, after), lambda: self.crew.has(RELAY))
        self._source: Source | None = None
        self._positions: dict[Place, int] = {}
        self._contact_at = 0
        self._answered = 0.0
        self._regroup = asyncio.Event()
        self._paused = asyncio.Event()
        self._paused.set()
        self._stopping = asyncio.Event()
        self.ready = asyncio.Event()

    # -- life ----------------------------------------------------------------------------------------------------------

    async def run(self, last: Callable[[], Awaitable[None]] | None = None) -> None:
        """Until `stop`; then publish what is left and do `last`. Starts again from the store's positions when fenced, and
        when the store is there again after it was not."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._run_once()
                except* Fenced:
                    log.error("engine.fenced", advice="another process works on this store's offsets")
                except* DBAPIError as group:
                    pauses = [self.standby.failed(error) for error in _leaves(group)]
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), max(pauses))
            await self._if_store_is_there(self._mark)
            if last is not None:
                await last()
            await self._if_store_is_there(lambda: self.on_store(self.crew.leave))
        finally:
            await self.sink.close()
            self._store_thread.shutdown()

    async def _run_once(self) -> None:
        source = self._source = self._make_source()
        try:
            first = await source.open()
            self._answered = time.monotonic()
            mine = await self.on_store(self.crew.join, first)
            self._positions = await self.on_store(self._resume, source.cluster, first, mine)
            source.seek(self._positions)
            self._regroup.clear()
            self.ready.set()
            queue: asyncio.Queue[list[Inbound | Unfit] | None] = asyncio.Queue(1)
            async with asyncio.TaskGroup() as group:
                relay = group.create_task(self.relay.run())
                ticks = group.create_task(self._tick_forever(source))
                beats = group.create_task(self._beat_forever(first)) if self.crew.shared else None
                group.create_task(self._read(source, queue))
                await group.create_task(self._commit_forever(source.cluster, queue))
                ticks.cancel()
                while self._stopping.is_set() and not self.relay.idle and await self._still_publishing():
                    pass
                relay.cancel()
                if beats is not None:
                    beats.cancel()
        finally:
            self.ready.clear()
            await source.close()

    async def _if_store_is_there(self, step: Callable[[], Awaitable[None]]) -> None:
        """A step at the end that need not be: what is published and not marked is published again, the very same."""
        try:
            await step()
        except DBAPIError as error:
            self.standby.failed(error)

    async def _still_publishing(self) -> bool:
        before = self.relay.unmarked()
        await asyncio.sleep(1)
        return self.relay.unmarked() != before

    def stop(self) -> None:
        """Finish the batches in work, publish, and return from `run`."""
        self._stopping.set()
        self._paused.set()

    def pause(self) -> None:
        """Take no further records until `resume`."""
        self._paused.clear()

    def resume(self) -> None:
        self._paused.set()

    async def on_store(self, function: Callable[..., T], *arguments: object) -> T:
        """Run blocking work on the store's one thread."""
        job: Callable[[], T] = partial(function, *arguments)
        result: T = await asyncio.get_running_loop().run_in_executor(self._store_thread, job)
        return result

    def now(self) -> int:
        """The time by this engine's clock, in UTC microseconds."""
        return self._clock()

    def payload(self, connection: Connection, message_pk: int) -> bytes:
        """The exact bytes of a kept message. On the store's thread only."""
        return read_payload(connection, self._vault, message_pk)

    async def transact(self, decide: Callable[[Work], T], role: str | None = None) -> T:
        """One transaction of the application's own, with all that a batch has: effects are published after it.

        Raises `Fenced`, and writes nothing, when it belongs to a `role` that is no longer this process's.
        """
        done: tuple[T, list[Outgoing]] = await self.on_store(self._transact, decide, self._clock(), role)
        self.relay.offer(done[1])
        return done[0]

    async def persist(self, decide: Callable[[Work], T], role: str | None = None) -> T:
        """As `transact`, for what must not be forgotten: while the store takes nothing, the caller holds it and waits."""
        while True:
            try:
                done = await self.transact(decide, role)
            except DBAPIError as error:
                await asyncio.sleep(self.standby.failed(error))
            else:
                self.standby.worked()
                return done

    # -- reading -------------------------------------------------------------------------------------------------------

    async def _read(self, source: Source, queue: asyncio.Queue[list[Inbound | Unfit] | None]) -> None:
        while not (self._stopping.is_set() or self._regroup.is_set()):
            await self._paused.wait()
            if not self._positions:
                await asyncio.sleep(TICK)  # there are more processes than partitions
                continue
            records = await source.take(self._batch, TAKE_TIMEOUT_MS)
            for part in in_parts(records):
                await queue.put(await asyncio.to_thread(self._gate.check_all, part))
        await queue.put(None)

    # -- committing ----------------------------------------------------------------------------------------------------

    async def _commit_forever(self, cluster: str, queue: asyncio.Queue[list[Inbound | Unfit] | None]) -> None:
        while (batch := await queue.get()) is not None:
            while self.relay.crowded and not self._stopping.is_set():  # noqa: ASYNC110 - whoever publishes tells nobody
                await asyncio.sleep(TICK / 10)
            if self._clock() - self._contact_at > HICCUP:
                await self._in_contact(self._clock())  # before anything in the batch is called late
            out = await self.on_store(self._decide, cluster, batch, self.relay.unmarked())
            self.relay.offer(out)

    def _decide(self, cluster: str, batch: list[Inbound | Unfit], published: int | None) -> list[Outgoing]:
        """Commit `batch`. When deciding fails, halve the batch until the one bad record is found and set aside."""
        try:
            out = self._attempt(cluster, batch, lambda work: self._application.handle(work, batch), published)
        except (Fenced, StoreError):
            raise
        except Exception as error:
            if is_outage(error):
                raise  # a store that is locked or full says nothing about a record
            if len(batch) == 1:
                record = batch[0].record
                log.error("engine.poison", topic=record.topic, partition=record.partition, offset=record.offset,
                          error=type(error).__name__, where=_place(error))  # fmt: skip
                bad = error
                return self._attempt(cluster, batch, lambda work: self._application.poison(work, batch[0], bad), published)
            half = len(batch) // 2
            return self._decide(cluster, batch[:half], published) + self._decide(cluster, batch[half:], None)
        return out

    def _attempt(
        self, cluster: str, batch: list[Inbound | Unfit], decide: Callable[[Work], None], published: int | None
    ) -> list[Outgoing]:
        after = dict(self._positions)
        for item in batch:
            after[item.record.topic, item.record.partition] = item.record.offset + 1
        try:
            with self._store.write() as connection:
                work = Work(connection, self._clock(), self._composer, self._vault)
                decide(work)
                work.flush()
                if published is not None:
                    mark(connection, published, self.relay.done_at or self._clock())
                for (topic, partition), position in after.items():
                    expected = self._positions[topic, partition]
                    if position != expected:
                        where = (t.offsets.c.cluster == cluster, t.offsets.c.topic == topic,
                                 t.offsets.c.partition == partition, t.offsets.c.next == expected)  # fmt: skip
                        if connection.execute(update(t.offsets).where(*where).values(next=position)).rowcount != 1:
                            raise Fenced
        except BaseException:
            self._vault.forget()
            raise
        self.standby.worked()
        self._positions = after
        if published is not None:
            self.relay.marked(published)
        _tell(work)
        return work.outgoing

    def _transact(self, decide: Callable[[Work], T], now: int, role: str | None = None) -> tuple[T, list[Outgoing]]:
        try:
            with self._store.write() as connection:
                if role is not None:
                    self.crew.check(connection, role)
                work = Work(connection, now, self._composer, self._vault)
                result = decide(work)
                work.flush()
        except BaseException:
            self._vault.forget()
            raise
        _tell(work)
        return result, work.outgoing

    # -- time ----------------------------------------------------------------------------------------------------------

    async def _tick_forever(self, source: Source) -> None:
        """Fire timers, but never before everything that was sent in time has been read (no false silence).

        A deadline is judged as of a moment after it, at which Kafka told where its partitions end, and only once they
        have been read that far. While Kafka cannot be asked nothing is called silent, and that time is put on record.
        """
        judged: tuple[int, dict[Place, int]] | None = None
        while True:
            await asyncio.sleep(TICK)
            await self._mark()
            if self.crew.shared:
                self.relay.look()
            asked_at = self._clock()
            due = judged is None and await self.on_store(self._any_due, asked_at)
            unasked = self.crew.shared and time.monotonic() - self._answered >= BEAT
            if due or unasked or self.standby.trouble is not None or asked_at - self._contact_at >= CONTACT:
                try:
                    ends = await source.end_offsets()
                except Exception as error:  # noqa: BLE001 - whatever hides the broker, the answer is to wait
                    log.warning("engine.deadline-waits", reason=type(error).__name__)
                    continue
                await self._in_contact(self._clock())
                judged = (asked_at, ends) if due else judged
                if self.standby.trouble is not None:
                    written = await self.on_store(self._read_up_to, source.cluster, ends)
                    if written:  # just now, too, and nothing else waits for the store
                        self.standby.worked()
            if self.sink.is_ahead or (self._needs_time and not self.sink.told):
                judged = None  # by a clock that is ahead of the broker's everybody is late
            if judged is not None and await self.on_store(self._read_up_to, source.cluster, judged[1]):
                await self._fire(judged[0])
                judged = None

    def _read_up_to(self, cluster: str, ends: Mapping[Place, int]) -> bool:
        """Whether all that stood before these offsets has been decided on, by whichever process."""
        if not self.crew.shared:
            return all(self._positions[place] >= end for place, end in ends.items())
        with self._store.read() as connection:
            kept = offsets.kept(connection, cluster)
        return all(kept.get(place, 0) >= end for place, end in ends.items())

    async def _beat_forever(self, places: Collection[Place]) -> None:
        """Renew this process's leases, and notice when the partitions are to be divided anew."""
        while True:
            await asyncio.sleep(BEAT)
            in_contact = time.monotonic() - self._answered < leases.SECONDS
            mine = await self.on_store(partial(self.crew.join, places, self._positions, in_contact=in_contact))
            if in_contact and mine != self._positions.keys() and not self._regroup.is_set():
                log.info("engine.regrouped", partitions=len(mine))
                self._regroup.set()

    async def _in_contact(self, at: int) -> None:
        """Kafka answers. If it has not for a while, that while is an outage, and counts against nobody."""
        self._answered = time.monotonic()
        last = self._contact_at
        await self.transact(lambda work: self._note_contact(work, last, at))
        self._contact_at = max(self._contact_at, at)  # not before it is on record: while the store takes nothing, time counts for nobody

    @staticmethod
    def _note_contact(work: Work, last: int, at: int) -> None:
        if not contact.timed(work.connection):
            return
        last = max(last, contact.last(work.connection))  # another process may have been in contact
        if last and at - last > HICCUP:
            work.add(t.outages, {"from_at": last, "until_at": at})
            work.decide("bus.outage", None, None,
                        {"from": format_time(from_micros(last)), "until": format_time(from_micros(at))})  # fmt: skip
        contact.note(work.connection, at)

    async def _fire(self, upto: int) -> None:
        """Fire what was due at `upto`, and decide as of then: what came later may stand unread."""
        self.relay.offer(await self.on_store(self._fire_due, upto))

    def _fire_due(self, upto: int) -> list[Outgoing]:
        """When deciding on several fails, each alone, and the one that fails is set aside: a timer must not stop the hub."""
        try:
            return self._transact(self._take_due, upto)[1]
        except Exception as error:
            if is_outage(error):
                raise  # a store that is locked or full says nothing about a timer
            log.error("engine.timers", error=type(error).__name__, where=_place(error))
        with self._store.read() as connection:
            due = timers.due(connection, upto, self._batch)
        return [each for timer in due for each in self._fire_alone(timer, upto)]

    def _fire_alone(self, timer: Due, upto: int) -> list[Outgoing]:
        try:
            return self._transact(lambda work: self._take(work, [timer]), upto)[1]
        except Exception as error:
            if is_outage(error):
                raise
            log.error("engine.timer", kind=timer.kind, error=type(error).__name__, where=_place(error))
            failed = type(error).__name__
        return self._transact(lambda work: self._set_aside(work, timer, failed), upto)[1]

    def _set_aside(self, work: Work, timer: Due, error: str) -> None:
        """A timer that nothing can be decided on goes to a person: its kind, and of the error the kind alone."""
        if timers.remove(work.connection, timer):
            work.decide("timer.failed", None, None, {"timer": timer.kind, "ref": timer.ref, "error": error, "alarm": 1})

    def _any_due(self, at: int) -> bool:
        with self._store.read() as connection:
            return timers.any_due(connection, at)

    def _take_due(self, work: Work) -> None:
        self._take(work, timers.due(work.connection, work.now, self._batch))

    def _take(self, work: Work, due: Sequence[Due]) -> None:
        """Fire these, so far as they are still set for that time: one that fired before may have moved or ended another."""
        due = [timer for timer in due if timers.remove(work.connection, timer)]
        self._application.fire(work, due)

    async def _mark(self) -> None:
        upto = self.relay.unmarked()
        if upto is not None:
            await self.on_store(self._mark_now, upto)
            self.relay.marked(upto)

    def _mark_now(self, upto: int) -> None:
        with self._store.write() as connection:
            mark(connection, upto, self.relay.done_at or self._clock())

    # -- the store's positions -----------------------------------------------------------------------------------------

    def _resume(self, cluster: str, first: dict[Place, int], mine: Collection[Place]) -> dict[Place, int]:
        """Where this process reads on in this cluster; a partition never seen begins at its first offset."""
        with self._store.write() as connection:
            positions = offsets.begun(connection, cluster, first)
            self._contact_at = self._contact_at or contact.last(connection)
        return {place: positions[place] for place in sorted(mine)}

    def _load(self, after: int) -> Page:
        with self._store.read() as connection:
            return load_page(connection, self._vault, after)


def in_parts(records: Sequence[Record], most: int = BATCH_BYTES) -> Iterator[list[Record]]:
    """The records, in order, in batches of at most so many bytes."""
    part: list[Record] = []
    size = 0
    for record in records:
        if part and size + len(record.value) > most:
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record.value)
    if part:
        yield part


def _tell(work: Work) -> None:
    """One log line for each committed decision, with the request's correlation id."""
    for line in work.lines():
        log.info(**line)


def _leaves(group: BaseExceptionGroup[E]) -> list[E]:
    found: list[E] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found


def _place(error: BaseException) -> str:
    """Where it was raised: file and line, without any value that may be somebody's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
