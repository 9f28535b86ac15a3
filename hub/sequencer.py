"""The audit log's one sequencer: rows → entries and tiles on disk → the committed state → a signed checkpoint.

In that order, so that no crash can make it sign two roots for one size: what is on disk but not committed is written
again with the same bytes, and only committed sizes are signed. Of several processes on a shared store one has the role; they
share the log's directory. Rows are numbered in the order of their commits, so that whoever has the role makes the same tree.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError

from hub.engine.crew import Fenced
from hub.engine.processor import Processor
from hub.engine.relay import PublishFailed
from hub.store import journal
from hub.store.database import Database
from hub.trust.errors import LogError
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner, NoteVerifier
from hub.trust.tile_log import TileLog

log = structlog.get_logger()
_BATCH = 5000
ROLE = "log"
"""The role of sequencing, among several processes."""
_PATIENCE = 10
"""How often in a row a log that does not fit the store is opened anew: a process that was overtaken may still be writing."""


class Sequencer:
    """Moves committed audit entries into the log, and announces every new checkpoint."""

    def __init__(
        self, store: Database, processor: Processor, directory: Path, signer: NoteSigner,
        announce: Callable[[bytes], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._store = store
        self._processor = processor
        self._announce = announce
        self._directory = directory
        self._signer = signer
        self._log: TileLog | None = None
        self._last = b""
        self._refused = 0
        self.trouble = False
        self._stopping = asyncio.Event()
        self.running = False
        directory.mkdir(parents=True, exist_ok=True)
        key = directory / "log.vkey"
        if not key.exists() or key.read_text(encoding="utf-8") != f"{signer.verifier}\n":
            key.write_text(f"{signer.verifier}\n", encoding="utf-8")
        if not store.shared:
            self._log = self._open()

    @property
    def size(self) -> int:
        """Entries in the log, by this process's last word."""
        return self._log.state.size if self._log is not None else 0

    @property
    def verifier(self) -> NoteVerifier:
        """Whoever reads the log checks its checkpoints with this."""
        return self._signer.verifier

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
        """Sequence all there is, then sign and announce the new head; among several processes, the one that has the role.

        Where disk or store takes nothing, the log stays as it is, and is opened anew, at the committed state, by the next step.
        """
        try:
            if self._processor.crew.has(ROLE):
                await self._step()
                self._refused = 0
                self._note_disk(None)
                return
        except Fenced:
            log.warning("log.taken-over", advice="another process sequences the log now")
        except LogError as error:
            self._refused += 1
            if self._refused > _PATIENCE or not self._processor.crew.shared:
                raise
            log.warning("log.opened-anew", reason=str(error))
        except OSError as error:
            self._note_disk(error)
        except DBAPIError as error:
            self._processor.standby.failed(error)
        self._log = None

    def _note_disk(self, error: OSError | None) -> None:
        """Tell once that the directory cannot be written, and once that it can again."""
        if error is not None and not self.trouble:
            log.error("log.waiting", error=errno.errorcode.get(error.errno or 0, type(error).__name__), advice=(
                "make room in the audit log's directory, or let it be written: decisions go on and wait in the store, and no "
                "checkpoint is signed until then"))  # fmt: skip
        elif error is None and self.trouble:
            log.warning("log.back", size=self.size)
        self.trouble = error is not None

    async def _step(self) -> None:
        if self._log is None:
            self._log = await self._processor.on_store(self._open)
        while await self._append(self._log):
            pass
        checkpoint = await asyncio.to_thread(self._log.publish)
        if checkpoint != self._last:
            try:
                await self._announce(checkpoint)
            except PublishFailed as error:
                log.warning("log.announcement-failed", reason=str(error), advice="the next second tries again")
            else:
                self._last = checkpoint

    def _open(self) -> TileLog:
        with self._store.read() as connection:
            size, edge = journal.read_state(connection)
        return TileLog(self._directory, self._signer, TreeState(size, edge))

    async def _append(self, tiles: TileLog) -> bool:
        rows = await self._processor.on_store(self._read)
        if not rows:
            return False
        before = tiles.state.size
        state = await asyncio.to_thread(tiles.append, [leaf for _, leaf in rows])
        await self._processor.on_store(self._commit, before, rows[0][0], rows[-1][0], state)
        return len(rows) == _BATCH

    def _read(self) -> list[tuple[int, bytes]]:
        with self._store.read() as connection:
            return journal.unsequenced(connection, _BATCH)

    def _commit(self, before: int, first: int, last: int, state: TreeState) -> None:
        """Raises `Fenced`, before anything is signed, when the log is no longer this process's or has moved."""
        with self._store.write() as connection:
            self._processor.crew.check(connection, ROLE)
            if not journal.commit_state(connection, before, first, last, state.size, state.edge):
                raise Fenced(ROLE)
