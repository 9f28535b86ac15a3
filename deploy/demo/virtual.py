"""A hub without a bus, under a clock of the caller's own: the real gate, casework and store, fed record by record.

The demonstration replays a year on it, and the tests build on it: months pass in seconds, nothing of the decisions differs.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, func, select, update

from hub.bus.topics import Topics
from hub.casework import Casework, admits
from hub.config import Rulebook
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.records import Outgoing, Record
from hub.engine.timers import Due
from hub.engine.work import Work, signed_headers
from hub.store import journal
from hub.store import tables as t
from hub.store.database import Database
from hub.store.vault import Vault
from hub.trust.jws import Signer
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.parties import Directory
from hub.trust.tile_log import TileLog
from schemas.base import from_micros

_PAGE = 1000


class VirtualHub:
    """`now` is the hub's clock and the broker's, in UTC microseconds; it moves when the caller moves it."""

    def __init__(
        self, store: Database, directory: Directory, rulebook: Rulebook, signer: Signer, *, secret: bytes, master: bytes, now: int,
        party: str = "hub",
    ) -> None:  # fmt: skip
        topics = Topics()
        self.directory = directory
        self.store = store
        self.composer = Composer(party, signer, secret, directory.batch_readers)
        self.gate = Gate(party, directory, admits(topics.requests, topics.replies))
        self.casework = Casework(rulebook, topics)
        self.vault = Vault(master)
        self.now = now
        self.restored = False
        self._offsets = itertools.count()

    @property
    def clock(self) -> datetime:
        """The time in China."""
        return from_micros(self.now)

    def advance(self, seconds: float) -> None:
        """Let time pass, without firing anything."""
        self.now += round(seconds * 1_000_000)

    @contextmanager
    def work(self) -> Iterator[Work]:
        """One transaction, as the processor runs it."""
        with self.store.write() as connection:
            work = Work(connection, self.now, self.composer, self.vault, restored=self.restored)
            yield work
            work.flush()

    def record_of(self, signer: Signer, value: bytes, topic: str) -> Record:
        """`value` signed, at the next offset, at the broker now."""
        headers = tuple((name, content) for name, content in signed_headers(signer.sign(value)) if name == "jws")
        return Record(topic, 0, next(self._offsets), self.now, None, value, headers)

    def feed(self, records: Sequence[Record]) -> list[Outgoing]:
        """One batch through gate and casework; what it published counts as published at once."""
        with self.work() as work:
            self.casework.handle(work, self.gate.check_all(records))
        self._publish()
        return work.outgoing

    def fire(self) -> list[Outgoing]:
        """Every timer that is due now, in the order in which they were due."""
        with self.work() as work:
            due = t.timers.c.due_at <= self.now
            rows = work.connection.execute(select(t.timers).where(due).order_by(t.timers.c.due_at)).all()
            work.connection.execute(delete(t.timers).where(due))
            self.casework.fire(work, [Due(*row) for row in rows])
        self._publish()
        return work.outgoing

    def run_until(self, at: int) -> list[Outgoing]:
        """Let time pass until `at` (µs), each timer firing at its own time."""
        out: list[Outgoing] = []
        while (due := self.next_due()) is not None and due <= at:
            self.now = max(self.now, due)
            out += self.fire()
        self.now = max(self.now, at)
        return out

    def sequence(self, directory: Path, signer: NoteSigner) -> None:
        """Put every entry into the log in `directory`, and publish its checkpoint."""
        with self.store.write() as connection:
            size, edge = journal.read_state(connection)
            log = TileLog(directory, signer, TreeState(size, edge))
            while rows := journal.unsequenced(connection, _PAGE):
                state = log.append([leaf for _, leaf in rows])
                if not journal.commit_state(connection, size, rows[0][0], rows[-1][0], state.size, state.edge):
                    raise RuntimeError("another sequencer moved the log")
                size = state.size
        log.publish()

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def next_due(self) -> int | None:
        """When the next timer is due (µs)."""
        with self.store.read() as connection:
            due: int | None = connection.scalar(select(func.min(t.timers.c.due_at)))
            return due

    def _publish(self) -> None:
        with self.store.write() as connection:
            connection.execute(update(t.outbox).where(t.outbox.c.published_at.is_(None)).values(published_at=self.now))
