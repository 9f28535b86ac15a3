"""The product with one of its promises broken: the simulation must find each of these, or it proves nothing.

The product itself knows nothing of them; its parts are replaced here, for the length of a run.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from connectors.base import Recovery
from hub.casework.numbers import Numbers
from hub.engine import work
from hub.engine.committer import Committer
from hub.engine.crew import Fenced
from hub.engine.records import Outgoing, Place
from hub.engine.relay import PublishFailed, Relay
from hub.store import offsets
from hub.store import tables as t
from tests.simulation.bus import SimSink, SimSource
from tests.simulation.connector import SimConnector

Patches = list[tuple[Any, str, Any]]
_attempt = Committer._attempt
_next = Relay._next
_publish = SimSink.publish


def no_duplicate_check() -> Patches:
    """Neither the inbox nor the numbers tell what was seen before, and no index of the store does."""
    insert = work._insert_into

    def or_ignore(*arguments: Any) -> tuple[str, Any]:
        statement, values = insert(*arguments)
        return statement.replace("INSERT INTO", "INSERT OR REPLACE INTO"), values

    return [(work.Work, "seen", lambda _self, _batch: {}), (Numbers, "taken", lambda *_: False), (work, "_insert_into", or_ignore)]


def no_compare_and_set() -> Patches:
    """Whatever position the store holds is the one that was expected."""

    def attempt(self: Committer, *arguments: Any) -> list[Outgoing]:
        with self._store.read() as connection:
            rows = connection.execute(select(t.offsets.c.topic, t.offsets.c.partition, t.offsets.c.next)).all()
        self.positions = self.positions | {(topic, partition): at for topic, partition, at in rows}
        return _attempt(self, *arguments)

    return [(Committer, "_attempt", attempt)]


def offsets_first() -> Patches:
    """The position is moved in a transaction of its own, before the batch is decided on: at most once."""

    def attempt(self: Committer, batch: Sequence[Any], *arguments: Any) -> list[Outgoing]:
        before, after = self.positions, _after(self, batch)
        _move(self, before, after)
        self.positions = after
        return _attempt(self, list(batch), *arguments)

    return [(Committer, "_attempt", attempt)]


def offsets_later() -> Patches:
    """The position is moved in a transaction of its own, after the batch: at least once."""

    def attempt(self: Committer, batch: Sequence[Any], *arguments: Any) -> list[Outgoing]:
        before = self.positions
        self.positions = after = _after(self, batch)
        out = _attempt(self, list(batch), *arguments)
        _move(self, before, after)
        return out

    return [(Committer, "_attempt", attempt)]


def marked_before_acknowledged() -> Patches:
    """A row counts as published as soon as it is taken up for publishing."""

    async def taken(self: Relay) -> list[Outgoing]:
        batch = await _next(self)
        if batch:
            self._done = batch[-1].seq
        return batch

    return [(Relay, "_next", taken)]


def outcome_ignored() -> Patches:
    """Nobody looks at what became of a batch, as when a producer's futures are not awaited."""

    async def publish(self: SimSink, batch: Sequence[Outgoing]) -> None:
        try:
            await _publish(self, batch)
        except PublishFailed:
            return

    return [(SimSink, "publish", publish)]


def ends_not_read() -> Patches:
    """Deadlines are judged by the clock alone, whatever stands unread."""

    async def log_ends(_self: SimSource) -> dict[Place, int]:
        return {}

    return [(SimSource, "log_ends", log_ends)]


def unknown_repeated() -> Patches:
    """A call whose outcome is unknown is simply made again, also where that is done twice."""
    return [(SimConnector, "recovery", lambda *_: Recovery.IDEMPOTENT)]


SABOTAGES: dict[str, Callable[[], Patches]] = {
    "no-duplicate-check": no_duplicate_check,
    "no-compare-and-set": no_compare_and_set,
    "offsets-first": offsets_first,
    "offsets-later": offsets_later,
    "marked-before-acknowledged": marked_before_acknowledged,
    "outcome-ignored": outcome_ignored,
    "ends-not-read": ends_not_read,
    "unknown-repeated": unknown_repeated,
}


@contextmanager
def of(name: str) -> Iterator[None]:
    """Within it the product is broken in this way; with no name it is whole."""
    patches = [patch.object(*each) for each in SABOTAGES[name]()] if name else []
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def _after(committer: Committer, batch: Sequence[Any]) -> dict[Place, int]:
    return committer.positions | {(item.record.topic, item.record.partition): item.record.offset + 1 for item in batch}


def _move(committer: Committer, before: dict[Place, int], after: dict[Place, int]) -> None:
    with committer._store.write() as connection:
        for place, at in after.items():
            if not offsets.move(connection, committer._cluster, place, before[place], at):
                raise Fenced
