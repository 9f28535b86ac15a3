"""The loop: take a batch → verify → decide → ONE SQL transaction → publish.

Two stages overlap: while one batch is verified and decided on in the store's thread (`gate`, `committer`), the one before is published
(`relay`). Deadlines end beside them (`timekeeper`). Verifying in a thread of its own brings nothing: the two would wait for each other at
the interpreter's lock, 250 times a batch.

Several processes on a shared store divide the partitions among them by leases; one of them publishes, any fires timers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.engine.batches import BATCH, in_parts
from hub.engine.clock import now_micros
from hub.engine.committer import Application, Committer
from hub.engine.compose import Composer
from hub.engine.crew import RELAY, Crew, Fenced
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Outgoing, Place, Record, Unfit
from hub.engine.relay import Relay, Sink
from hub.engine.skew import TimedSink
from hub.engine.standby import Standby
from hub.engine.thread import StoreThread
from hub.engine.timekeeper import Timekeeper
from hub.engine.work import Work
from hub.store import leases
from hub.store.database import Database
from hub.store.vault import Vault

log = structlog.get_logger()
T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

TAKE_TIMEOUT_MS = 200
WAIT = 0.01
"""Seconds between looks at whether what waits to be published has become less."""
IDLE = 0.1
"""Seconds between looks of a process that has no partition to read."""
BEAT = 1.0
"""Seconds between two renewals of this process's leases on a shared store."""
SPELL = 0.25
"""Seconds after which verifying lets others onto the store's thread: a record that crams its size can take a third of a second to refuse."""


class Source(Protocol):
    """Where records come from; the production one is `hub.bus.source.KafkaSource`."""

    cluster: str

    async def open(self) -> dict[Place, int]: ...
    def seek(self, positions: Mapping[Place, int]) -> None: ...
    async def take(self, most: int, timeout_ms: int) -> list[Record]: ...
    async def log_ends(self) -> dict[Place, int]: ...
    async def close(self) -> None: ...


class Processor:
    """Runs one application over one store and one bus. With `needs_time`, no timer fires before the broker has told its time."""

    def __init__(
        self, *, store: Database, source: Callable[[], Source], sink: Sink, gate: Gate, composer: Composer,
        master_key: bytes, application: Application, clock: Callable[[], int] = now_micros, batch: int = BATCH,
        roles: Collection[str] = (), needs_time: bool = False,
    ) -> None:  # fmt: skip
        self._make_source = source
        self._gate = gate
        self._clock = clock
        self._batch = batch
        self._thread = StoreThread()
        self.sink = TimedSink(sink, clock)
        self.crew = Crew(store, roles)
        self.standby = Standby()
        self._committer = Committer(store, composer, Vault(master_key), application, self.crew, self.standby, clock, batch)
        self.relay = Relay(self.sink, partial(self.on_store, self._committer.load), lambda: self.crew.has(RELAY))
        self._timekeeper = Timekeeper(self._thread, self._committer, self.relay, self.crew, self.sink, self.standby, clock,
                                      needs_time=needs_time)  # fmt: skip
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
            await self._if_store_is_there(self._timekeeper.mark)
            if last is not None:
                await last()
            await self._if_store_is_there(lambda: self.on_store(self.crew.leave))
        finally:
            await self.sink.close()
            self._thread.close()

    async def _run_once(self) -> None:
        source = self._make_source()
        try:
            first = await source.open()
            self._timekeeper.heard()
            mine = await self.on_store(self.crew.join, first)
            await self.on_store(self._committer.resume, source.cluster, first, mine)
            source.seek(self._committer.positions)
            self._regroup.clear()
            self.ready.set()
            queue: asyncio.Queue[list[Record] | None] = asyncio.Queue(1)
            async with asyncio.TaskGroup() as group:
                relay = group.create_task(self.relay.run())
                ticks = group.create_task(self._timekeeper.run(source))
                beats = group.create_task(self._beat_forever(first)) if self.crew.shared else None
                group.create_task(self._read(source, queue))
                await group.create_task(self._commit_forever(queue))
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
        return await self._thread.do(function, *arguments)

    def now(self) -> int:
        """The time by this engine's clock, in UTC microseconds."""
        return self._clock()

    def payload(self, connection: Connection, message_pk: int) -> bytes:
        """The exact bytes of a kept message. On the store's thread only."""
        return self._committer.payload(connection, message_pk)

    async def transact(self, decide: Callable[[Work], T], role: str | None = None) -> T:
        """One transaction of the application's own, with all that a batch has: effects are published after it.

        Raises `Fenced`, and writes nothing, when it belongs to a `role` that is no longer this process's.
        """
        done: tuple[T, list[Outgoing]] = await self.on_store(self._committer.transact, decide, None, role)
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

    async def _read(self, source: Source, queue: asyncio.Queue[list[Record] | None]) -> None:
        while not (self._stopping.is_set() or self._regroup.is_set()):
            await self._paused.wait()
            if not self._committer.positions:
                await asyncio.sleep(IDLE)  # there are more processes than partitions
                continue
            records = await source.take(self._batch, TAKE_TIMEOUT_MS)
            for part in in_parts(records):
                await queue.put(part)
        await queue.put(None)

    # -- committing ----------------------------------------------------------------------------------------------------

    async def _commit_forever(self, queue: asyncio.Queue[list[Record] | None]) -> None:
        while (batch := await queue.get()) is not None:
            verified: list[Inbound | Unfit] = []
            records = iter(batch)
            while len(verified) < len(batch):
                verified += await self.on_store(self._verify, records)
            while self.relay.crowded and not self._stopping.is_set():  # noqa: ASYNC110 - whoever publishes tells nobody
                await asyncio.sleep(WAIT)
            await self._timekeeper.catch_up()
            upto = self.relay.unmarked()
            published = (upto, self.relay.done_at or self._clock()) if upto is not None else None
            self.relay.offer(await self.on_store(self._committer.commit, verified, published))
            if upto is not None:
                self.relay.marked(upto)

    def _verify(self, records: Iterator[Record]) -> list[Inbound | Unfit]:
        """The verdicts on so many of them as a spell allows."""
        end = time.monotonic() + SPELL
        found: list[Inbound | Unfit] = []
        for record in records:
            found.append(self._gate.check(record))
            if time.monotonic() > end:
                break
        return found

    async def _beat_forever(self, places: Collection[Place]) -> None:
        """Renew this process's leases, and notice when the partitions are to be divided anew."""
        while True:
            await asyncio.sleep(BEAT)
            in_contact = time.monotonic() - self._timekeeper.answered < leases.SECONDS
            positions = self._committer.positions
            mine = await self.on_store(partial(self.crew.join, places, positions, in_contact=in_contact))
            if in_contact and mine != positions.keys() and not self._regroup.is_set():
                log.info("engine.regrouped", partitions=len(mine))
                self._regroup.set()


def _leaves(group: BaseExceptionGroup[E]) -> list[E]:
    found: list[E] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found
