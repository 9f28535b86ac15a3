"""A contestant's process, from outside."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.arena import BenchError
from tests.bench.job import Job

_PATIENCE = 60


class Child:
    """A connected contestant; `go` lets it work, `stop` ends it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    async def ready(self) -> None:
        """Raises `BenchError` when it ended instead."""
        if await self._line() != "ready":
            raise self._failure("did not start")

    def go(self) -> None:
        self._tell()

    async def stop(self) -> dict[str, float]:
        """End it cleanly; what it used."""
        self._tell()
        used: dict[str, float] = json.loads(await self._line() or "{}")
        if await self._process.wait() or not used:
            raise self._failure("failed")
        return used

    def _failure(self, what: str) -> BenchError:
        return BenchError(f"a contestant {what}; its last words:\n{self._log.read_text('utf-8', 'replace')[-3000:]}")

    def resident_mib(self) -> float:
        """The memory that it holds now; Linux alone tells."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024

    def alive(self) -> bool:
        return self._process.returncode is None

    def _tell(self) -> None:
        if self._process.stdin is None:
            raise AssertionError("it is a pipe")
        self._process.stdin.write(b"\n")

    async def _line(self) -> str:
        if self._process.stdout is None:
            raise AssertionError("it is a pipe")
        async with asyncio.timeout(_PATIENCE):
            return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def start(job: Job) -> AsyncIterator[Child]:
    """The contestant of `job`, connected. Nothing of it outlives the context."""
    log = Path(job.home) / "contestants.log"
    with log.open("ab") as words:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.contestant", job.dumps(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=words,
        )  # fmt: skip
    child = Child(process, log)
    try:
        await child.ready()
        yield child
    finally:
        if child.alive():
            process.kill()
            await process.wait()
