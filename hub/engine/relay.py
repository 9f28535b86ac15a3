"""The outbox's way out: publish in order, then mark.

A crash between the two repeats a message with the same id, which every reader discards: an exactly-once effect, not
exactly-once delivery.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection, func, select, update

from hub.engine.records import Outgoing
from hub.engine.work import signed_headers, unpack_headers
from hub.store import tables as t
from hub.store.vault import Vault

log = structlog.get_logger()
_PAGE = 1000
_IN_MEMORY = 20_000
"""Most rows handed over in memory; beyond it they are read back from the store, so memory stays bounded."""
_HELD = 32 * 1024 * 1024
"""Most bytes of values handed over in memory."""
_CROWD = 1000
"""How many rows may wait to be published before no more records are taken, so that memory holds what is published next."""
_LOOK = 0.1
"""Seconds between looks at whether it is this process that publishes."""


class PublishFailed(Exception):  # noqa: N818 - it names an outcome: the rows stay in the outbox and are sent again
    """The broker has not confirmed every record of a batch."""


class Sink(Protocol):
    """Where records go; the production one is `hub.bus.sink.KafkaSink`."""

    async def publish(self, batch: Sequence[Outgoing]) -> int | None:
        """All of `batch`, in order; when the broker had the newest of it (µs), where it tells. Raises `PublishFailed`."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Page:
    """Unmarked rows, in order: all that there are up to a sequence number, and whether there may be more after it."""

    rows: list[Outgoing]
    upto: int
    more: bool


class Relay:
    """Publishes what was committed. `load` reads a page of unmarked rows after a sequence number, off the event loop.

    Of several processes one publishes for all, in order: the one of which `mine` is true. One that loses that in the middle of
    a batch repeats what its successor has published, which is what readers discard anyway.
    """

    def __init__(
        self, sink: Sink, load: Callable[[int], Awaitable[Page]], mine: Callable[[], bool] = lambda: True
    ) -> None:
        self._sink = sink
        self._load = load
        self._mine = mine
        self._queue: deque[Outgoing] = deque()
        self._behind = True  # something may stand in the store that is not in the queue
        self._done = 0
        self.done_at: int | None = None
        """When the broker had the last row that was published, by its own clock (µs)."""
        self._marked = 0
        self._wake = asyncio.Event()
        self._in_flight = False
        self._offered = 0
        self._held = 0

    def offer(self, rows: Sequence[Outgoing]) -> None:
        """Hand over freshly committed rows, in order.

        A gap in the sequence (rows whose hand-over was cut short, or of another process), or more than memory should hold,
        is read back from the store instead, so that nothing is marked that was not published.
        """
        if not rows:
            return
        gap = rows[0].seq != self._offered + 1
        self._offered = rows[-1].seq
        if gap or len(self._queue) + len(rows) > _IN_MEMORY or self._held + _size(rows) > _HELD:
            self._behind = True
        if not self._behind:
            self._queue.extend(rows)
            self._held += _size(rows)
        self._wake.set()

    def look(self) -> None:
        """Other processes may have committed rows: look into the store for them."""
        if not self._queue:
            self._behind = True
            self._wake.set()

    def unmarked(self) -> int | None:
        """The highest sequence number published and not yet marked."""
        return self._done if self._done > self._marked else None

    def marked(self, upto: int) -> None:
        self._marked = max(self._marked, upto)

    @property
    def idle(self) -> bool:
        """Nothing is left for this process to publish."""
        return not (self._mine() and (self._behind or self._queue or self._in_flight))

    @property
    def crowded(self) -> bool:
        """So much waits to be published that it is better to make no more."""
        return not self.idle and self._offered - self._done > _CROWD

    async def run(self) -> None:
        """Publish for ever. A failing broker is tried again with growing pauses; nothing is lost meanwhile."""
        pause = 0.1
        self._behind = True  # a run that was cut short may have held rows that it neither published nor kept
        while True:
            if not self._mine():
                self._behind = True
                await asyncio.sleep(_LOOK)
                continue
            batch = await self._next()
            if not batch:
                self._wake.clear()
                if self.idle:
                    await self._wake.wait()
                continue
            self._in_flight = True
            try:
                at = await self._sink.publish(batch)
            except PublishFailed as error:
                log.warning("outbox.publish-failed", reason=str(error), rows=len(batch), retry_in_s=pause)
                self._queue.clear()
                self._behind = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            finally:
                self._in_flight = False
            pause = 0.1
            self.done_at = at
            self._done = batch[-1].seq

    async def _next(self) -> list[Outgoing]:
        if self._behind:
            self._queue.clear()
            self._held = 0
            self._behind = False  # rows committed from here on are offered again; some of them may be in the page too
            page = await self._load(self._done)
            self._queue = deque(row for row in self._queue if row.seq > page.upto)
            gap = bool(self._queue) and self._queue[0].seq != page.upto + 1
            self._behind = self._behind or page.more or gap
            self._offered = max(self._offered, page.upto)
            self._held = _size(self._queue)
            return page.rows
        rows = [self._queue.popleft() for _ in range(min(_PAGE, len(self._queue)))]
        self._held -= _size(rows)
        return rows


def _size(rows: Iterable[Outgoing]) -> int:
    return sum(len(row.value) for row in rows)


def load_page(connection: Connection, vault: Vault, after: int) -> Page:
    """The next unmarked rows, in order; as many as a page and as memory should hold, and at least one if there is any."""
    out, message = t.outbox.c, t.messages.c
    query = (
        select(out.seq, out.topic, out.key, out.headers, message.case_token, message.sealed, message.jws)
        .join(t.messages, message.pk == out.message_pk)
        .where(out.published_at.is_(None), out.seq > after)
        .order_by(out.seq)
        .limit(_PAGE)
    )
    page: list[Outgoing] = []
    held = 0
    with connection.execute(query.execution_options(stream_results=True)) as rows:
        for row in rows:
            value = vault.open(connection, row.case_token, row.sealed)
            headers = unpack_headers(row.headers) if row.headers else signed_headers(row.jws)
            page.append(Outgoing(row.seq, row.topic, row.key, value, headers))
            held += len(value)
            if held > _HELD // 4 or len(page) == _PAGE:
                return Page(page, row.seq, more=True)
    return Page(page, max(after, connection.scalar(select(func.max(out.seq))) or 0), more=False)


def mark(connection: Connection, upto: int, at: int) -> None:
    """Every row up to `upto` is with the broker."""
    out = t.outbox.c
    connection.execute(
        update(t.outbox).where(out.published_at.is_(None), out.seq <= upto).values(published_at=at)
    )
