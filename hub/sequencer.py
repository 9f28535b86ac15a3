"""The audit log's one sequencer: rows → entries and tiles on disk → the committed state → a signed checkpoint.

In that order, so that no crash can make it sign two roots for one size: what is on disk but not committed is written
again with the same bytes, and only committed sizes are signed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy import Connection

from hub.engine.processor import Processor
from hub.engine.relay import PublishFailed
from hub.store import journal
from hub.store.database import Database
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import TileLog

log = structlog.get_logger()
_BATCH = 5000


class Sequencer:
    """Moves committed audit entries into the log, and announces every new checkpoint."""

    def __init__(
        self, store: Database, processor: Processor, directory: Path, signer: NoteSigner,
        announce: Callable[[bytes], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._store = store
        self._processor = processor
        self._announce = announce
        with store.read() as connection:
            size, edge = journal.read_state(connection)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "log.vkey").write_text(f"{signer.verifier}\n", encoding="utf-8")
        self._log = TileLog(directory, signer, TreeState(size, edge))
        self._last = b""
        self._stopping = asyncio.Event()
        self.running = False

    @property
    def size(self) -> int:
        """Entries in the log."""
        return self._log.state.size

    async def run(self, interval: float = 1.0) -> None:
        """A checkpoint every `interval` seconds, until `stop`; never cancelled in the middle of a step."""
        self.running = True
        while not self._stopping.is_set():
            await self.step()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), interval)

    def stop(self) -> None:
        """Let `run` return after the step that it is in."""
        self._stopping.set()

    async def step(self) -> None:
        """Sequence all there is, then sign and announce the new head."""
        while await self._append():
            pass
        checkpoint = await asyncio.to_thread(self._log.publish)
        if checkpoint != self._last:
            try:
                await self._announce(checkpoint)
            except PublishFailed as error:
                log.warning("log.announcement-failed", reason=str(error), advice="the next second tries again")
            else:
                self._last = checkpoint

    async def _append(self) -> bool:
        rows = await self._processor.on_store(self._read)
        if not rows:
            return False
        before = self._log.state.size
        state = await asyncio.to_thread(self._log.append, [leaf for _, leaf in rows])
        await self._processor.on_store(self._commit, before, rows[0][0], rows[-1][0], state)
        return len(rows) == _BATCH

    def _read(self) -> list[tuple[int, bytes]]:
        with self._store.read() as connection:
            return journal.unsequenced(connection, _BATCH)

    def _commit(self, before: int, first: int, last: int, state: TreeState) -> None:
        with self._store.write() as connection:
            _commit(connection, before, first, last, state)


def _commit(connection: Connection, before: int, first: int, last: int, state: TreeState) -> None:
    if not journal.commit_state(connection, before, first, last, state.size, state.edge):
        raise RuntimeError("another sequencer moved the log; this one stops before it signs anything")
