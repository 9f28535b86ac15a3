"""The outbox's way out: publish in order, then mark.

A crash between the two repeats a message with the same id, which every reader discards: an exactly-once effect, not
exactly-once delivery.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import structlog
from sqlalchemy import Connection, select, update

from hub.engine.records import Outgoing
from hub.engine.work import signed_headers, unpack_headers
from hub.store import tables as t
from hub.store.vault import Vault

log = structlog.get_logger()
_PAGE = 1000
_IN_MEMORY = 20_000
"""Most rows handed over in memory; beyond it they are read back from the store, so memory stays bounded."""
_HELD = 64 * 1024 * 1024
"""Most bytes of values handed over in memory."""


class PublishFailed(Exception):  # noqa: N818 - it names an outcome: the rows stay in the outbox and are sent again
    """The broker has not confirmed every record of a batch."""


class Sink(Protocol):
    """Where records go; the production one is `hub.bus.sink.KafkaSink`."""

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        """All of `batch`, in order. Raises `PublishFailed`."""

    async def close(self) -> None: ...


class Relay:
    """Publishes what was committed. `load` reads a page of unmarked rows after a sequence number, off the event loop."""

    def __init__(self, sink: Sink, load: Callable[[int], Awaitable[list[Outgoing]]]) -> None:
        self._sink = sink
        self._load = load
        self._queue: deque[Outgoing] = deque()
        self._behind = True  # something may stand in the store that is not in the queue
        self._done = 0
        self._marked = 0
        self._wake = asyncio.Event()
        self._in_flight = False
        self._offered = 0
        self._held = 0

    def offer(self, rows: Sequence[Outgoing]) -> None:
        """Hand over freshly committed rows, in order.

        A gap in the sequence (rows whose hand-over was cut short), or more than memory should hold, is read back from
        the store instead, so that nothing is marked that was not published.
        """
        if not rows:
            return
        gap = self._offered and rows[0].seq != self._offered + 1
        self._offered = rows[-1].seq
        if gap or len(self._queue) + len(rows) > _IN_MEMORY or self._held + _size(rows) > _HELD:
            self._behind = True
        if not self._behind:
            self._queue.extend(rows)
            self._held += _size(rows)
        self._wake.set()

    def unmarked(self) -> int | None:
        """The highest sequence number published and not yet marked."""
        return self._done if self._done > self._marked else None

    def marked(self, upto: int) -> None:
        self._marked = max(self._marked, upto)

    @property
    def idle(self) -> bool:
        """Nothing is left to publish."""
        return not (self._behind or self._queue or self._in_flight)

    async def run(self) -> None:
        """Publish for ever. A failing broker is tried again with growing pauses; nothing is lost meanwhile."""
        pause = 0.1
        self._behind = True  # a run that was cut short may have held rows that it neither published nor kept
        while True:
            batch = await self._next()
            if not batch:
                self._wake.clear()
                if self.idle:
                    await self._wake.wait()
                continue
            self._in_flight = True
            try:
                await self._sink.publish(batch)
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
            self._done = batch[-1].seq

    async def _next(self) -> list[Outgoing]:
        if self._behind:
            self._queue.clear()
            self._held = 0
            self._behind = False  # rows committed from here on are offered again; some of them may be in the page too
            page = await self._load(self._done)
            self._behind = self._behind or bool(page)  # until a page is empty there may be more
            last = page[-1].seq if page else self._done
            self._queue = deque(row for row in self._queue if row.seq > last)
            self._held = _size(self._queue)
            return page
        rows = [self._queue.popleft() for _ in range(min(_PAGE, len(self._queue)))]
        self._held -= _size(rows)
        return rows


def _size(rows: Iterable[Outgoing]) -> int:
    return sum(len(row.value) for row in rows)


def load_page(connection: Connection, vault: Vault, after: int) -> list[Outgoing]:
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
    for row in connection.execute(query):
        value = vault.open(connection, row.case_token, row.sealed)
        headers = unpack_headers(row.headers) if row.headers else signed_headers(row.jws)
        page.append(Outgoing(row.seq, row.topic, row.key, value, headers))
        held += len(value)
        if held > _HELD // 4:
            break
    return page


def mark(connection: Connection, upto: int, at: int) -> None:
    """Every row up to `upto` is with the broker."""
    out = t.outbox.c
    connection.execute(
        update(t.outbox).where(out.published_at.is_(None), out.seq <= upto).values(published_at=at)
    )
