"""A process that can die between any two of its steps, or stand still while another takes its place.

What it holds in memory is gone with it. What it had committed to its store and appended to the bus stays; a transaction in
which it dies is rolled back, as SQLite does it for a process that was killed.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Engine, MetaData

from hub.store import sqlite
from hub.store.database import Database
from tests.simulation.loop import Crash, Lane, VirtualLoop
from tests.simulation.trace import Trace


class Chaos:
    """Decides who dies where: at any step, the less likely the oftener the step comes, so that the rare ones have their turn;
    or only where it is told to (`aim`, a process and a step, and the how manyeth time)."""

    def __init__(
        self, rng: Random, now: Callable[[], float], *, crashes: int, since: float, rate: float, aim: tuple[str, int] | None,
    ) -> None:  # fmt: skip
        self._rng = rng
        self._now = now
        self._since = since if aim is None else 0.0
        self._rate = rate
        self._aim = aim
        self._seen: dict[str, int] = {}
        self.crashes = crashes if aim is None else 1
        self.struck: list[str] = []

    @property
    def steps(self) -> frozenset[str]:
        """Every step there was, by process and name."""
        return frozenset(self._seen)

    def strikes(self, process: str, step: str) -> bool:
        """Whether `process` dies at this step."""
        name = f"{process} {step}"
        if self._now() < self._since:
            return False
        count = self._seen[name] = self._seen.get(name, 0) + 1
        chance = self._rng.random() < self._rate / count if self._aim is None else (name, count) == self._aim
        if self.crashes == 0 or not chance:
            return False
        self.crashes -= 1
        self.struck.append(name)
        return True

    def calm(self) -> None:
        """Nobody dies any more."""
        self.crashes = 0


class Host:
    """One life of one process."""

    def __init__(self, name: str, loop: VirtualLoop, trace: Trace, chaos: Chaos, rng: Random) -> None:
        self.name = name
        self.process = name.partition("#")[0]
        self._loop = loop
        self._trace = trace
        self._chaos = chaos
        self._rng = rng
        self._lanes: dict[object, Lane] = {}
        self._thawed = asyncio.Event()
        self._thawed.set()
        self.alive = True
        self.died = asyncio.Event()
        self.stop: Callable[[], None] = lambda: None
        self.closes: Callable[[], None] = lambda: None
        self.parts: dict[str, asyncio.Task[None]] = {}

    def delay(self) -> float:
        """How long a step in a thread takes: mostly a moment, now and then long."""
        return self._rng.uniform(0.0002, 0.004) if self._rng.random() < 0.97 else self._rng.uniform(0.02, 0.4)

    # -- dying ---------------------------------------------------------------------------------------------------------

    def step(self, name: str) -> None:
        """Between two steps. Raises `Crash` when the process is dead, or dies here."""
        if self.alive and self._chaos.strikes(self.process, name):
            self.kill(name)
        if not self.alive:
            raise Crash(name)

    def kill(self, why: str) -> None:
        if self.alive:
            self._trace(self.name, f"DIES at {why}")
            self.alive = False
            self.died.set()

    # -- standing still ------------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        self._trace(self.name, "STANDS STILL")
        self._thawed.clear()
        for lane in self._lanes.values():
            lane.held = True

    def thaw(self) -> None:
        self._trace(self.name, "GOES ON")
        self._thawed.set()
        for lane in self._lanes.values():
            lane.held = False
            lane.go_on()

    async def moving(self) -> None:
        """Return once the process runs."""
        await self._thawed.wait()
        if not self.alive:
            raise Crash

    # -- its threads ---------------------------------------------------------------------------------------------------

    def lane(self, executor: object) -> Lane:
        """The thread of this executor; work for any thread has one of its own."""
        lane = Lane(self._loop, self.delay, self._run)
        lane.held = not self._thawed.is_set()
        return self._lanes.setdefault(executor if executor is not None else lane, lane)

    def _run(self, job: Callable[[], Any], name: str) -> Any:
        self.step(f"before {name}")
        result = job()
        self.step(f"after {name}")
        return result


class MortalStore(Database):
    """The real store, but for how it is opened: from a file with its tables in it, and without the lock, which a process that
    stands still would hold. Its process may die in a transaction."""

    def __init__(self, path: Path, host: Host, extra: MetaData | None = None) -> None:
        self._host = host
        self.where = path
        if not path.exists():
            path.write_bytes(_empty(extra))
        with patch.object(sqlite, "_take_lock", lambda _: os.open(os.devnull, os.O_RDONLY)):
            self._kind = sqlite.SqliteFile(path)
        # What one engine has compiled serves all that follow: their dialects are alike, and the cache goes by dialect.
        first = _engine_of_all(self.engine)
        for each in (self._kind.reading, self._kind.writing):
            each.dialect, each._compiled_cache = first.dialect, first._compiled_cache

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Connection]:
        self._host.step("begins a transaction")
        with super().write(alone=alone) as connection:
            yield connection
            self._host.step("has written, not committed")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if not self._host.alive:
            raise Crash
        with super().read() as connection:
            yield connection


@lru_cache
def _empty(extra: MetaData | None) -> bytes:
    """The file of a new store."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        Database(path, extra).close()
        return path.read_bytes()


_engines: list[Engine] = []


def _engine_of_all(mine: Engine) -> Engine:
    if not _engines:
        mine.connect().close()  # with its first connection a dialect learns what the database can
        _engines.append(mine)
    return _engines[0]
