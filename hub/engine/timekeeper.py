"""When deadlines end: never before everything that was sent in time has been read, and never by time that counts against nobody."""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import structlog

from hub.engine.committer import Committer
from hub.engine.crew import Crew
from hub.engine.records import Place
from hub.engine.relay import Relay
from hub.engine.skew import TimedSink
from hub.engine.standby import Standby
from hub.engine.thread import StoreThread
from hub.engine.work import Work
from hub.store import contact
from hub.store import tables as t
from schemas.base import format_time, from_micros

log = structlog.get_logger()

TICK = 0.1
"""Seconds between looks at the timers."""
CONTACT = 1_000_000
"""Longest time between two questions to Kafka, in µs: how finely an outage is seen."""
HICCUP = 3_000_000
"""A time without an answer from Kafka that is no outage yet, in µs."""
ASK = 1.0
"""Seconds between two questions to Kafka where other processes rely on this one's being in contact with it."""


class Ends(Protocol):
    """Who tells where partitions end."""

    async def log_ends(self) -> dict[Place, int]: ...


class Timekeeper:
    """Fires the timers of one process. `answered` is when Kafka last answered, by the monotonic clock, in seconds."""

    def __init__(
        self, thread: StoreThread, committer: Committer, relay: Relay, crew: Crew, sink: TimedSink, standby: Standby,
        clock: Callable[[], int], *, needs_time: bool,
    ) -> None:  # fmt: skip
        self._on_store = thread.do
        self._committer = committer
        self._relay = relay
        self._crew = crew
        self._sink = sink
        self._standby = standby
        self._clock = clock
        self._needs_time = needs_time
        self._contact_at = 0
        self.answered = 0.0

    def heard(self) -> None:
        """Kafka answers, to this process."""
        self.answered = time.monotonic()

    async def run(self, source: Ends) -> None:
        """Mark what is published and fire timers, for ever.

        A deadline is judged as of a moment after it, at which Kafka told where its partitions end, and only once they
        have been read that far. While Kafka cannot be asked nothing is called silent, and that time is put on record.
        """
        judged: tuple[int, dict[Place, int]] | None = None
        while True:
            await asyncio.sleep(TICK)
            await self.mark()
            if self._crew.shared:
                self._relay.look()
            asked_at = self._clock()
            due = judged is None and await self._on_store(self._committer.any_due, asked_at)
            if due or self._must_ask(asked_at):
                try:
                    ends = await source.log_ends()
                except Exception as error:  # noqa: BLE001 - whatever hides the broker, the answer is to wait
                    log.warning("engine.deadline-waits", reason=type(error).__name__)
                    continue
                await self.in_contact(self._clock())
                judged = (asked_at, ends) if due else judged and (judged[0], lesser(judged[1], ends))
                if self._standby.trouble is not None and await self._on_store(self._committer.has_read, ends):
                    self._standby.worked()  # the store has just written, and nothing else waits for it
            if self._sink.is_ahead or (self._needs_time and not self._sink.told):
                judged = None  # by a clock that is ahead of the broker's everybody is late
            if judged is not None and await self._on_store(self._committer.has_read, judged[1]):
                self._relay.offer(await self._on_store(self._committer.fire, judged[0]))
                judged = None

    def _must_ask(self, now: int) -> bool:
        unasked = self._crew.shared and time.monotonic() - self.answered >= ASK
        return unasked or self._standby.trouble is not None or now - self._contact_at >= CONTACT

    async def mark(self) -> None:
        """Put on record what has been published since the last time."""
        upto = self._relay.unmarked()
        if upto is not None:
            await self._on_store(self._committer.mark, upto, self._relay.done_at or self._clock())
            self._relay.marked(upto)

    async def catch_up(self) -> None:
        """After a while without contact, put it on record before anything is called late."""
        if self._clock() - self._contact_at > HICCUP:
            await self.in_contact(self._clock())

    async def in_contact(self, at: int) -> None:
        """Kafka answers. If it has not for a while, that while is an outage, and counts against nobody."""
        self.heard()
        note = partial(_note_contact, last=self._contact_at, at=at)
        await self._on_store(self._committer.transact, note)
        self._contact_at = max(self._contact_at, at)  # not before it is on record: while the store takes nothing, time counts for nobody


def lesser(ends: Mapping[Place, int], now: Mapping[Place, int]) -> dict[Place, int]:
    """`ends`, but no further than the logs go `now`: a new leader that lacks the last records has cut them off, for ever."""
    return {place: min(end, now[place]) for place, end in ends.items()}


def _note_contact(work: Work, last: int, at: int) -> None:
    if not contact.timed(work.connection):
        return
    last = max(last, contact.last(work.connection))  # another process may have been in contact, or this one's last life
    if last and at - last > HICCUP:
        work.add(t.outages, {"from_at": last, "until_at": at})
        work.decide("bus.outage", None, None,
                    {"from": format_time(from_micros(last)), "until": format_time(from_micros(at))})  # fmt: skip
    contact.note(work.connection, at)
