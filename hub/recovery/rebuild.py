"""The audit log's directory made anew from the store, which holds every entry: for files that are torn, missing or lost."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from hub.recovery.log_files import check_against, published
from hub.settings import Settings
from hub.store import journal
from hub.store import tables as t
from hub.store.database import Database
from hub.store.presence import require_nobody
from hub.trust import keys
from hub.trust.errors import LogError, NoteError
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import CHECKPOINT, TileLog

_PAGE = 5000


def rebuild(settings: Settings) -> tuple[int, Path | None]:
    """Write the directory again, byte for byte; the old one is kept aside. Returns the size of the log, and where the old one is.

    Raises `StoreError` while a hub works on the store, or when it is behind the checkpoint in the directory; `LogError` when its
    entries do not hash to its tree, or not to that checkpoint.
    """
    signer, log = NoteSigner.of(keys.load(settings.log_key)), settings.data_dir / "log"
    store = Database(settings.store_at())
    fresh = log.with_name("log.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        state = _write(store, TileLog(fresh, signer), log, signer)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    finally:
        store.close()
    aside = None
    if log.exists():
        aside = log.with_name(f"log.before-rebuild.{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}")
        log.rename(aside)
    fresh.rename(log)
    return state.size, aside


def _write(store: Database, tiles: TileLog, log: Path, signer: NoteSigner) -> TreeState:
    fresh = log.with_name("log.new")
    if store.shared:
        require_nobody(store.read)
    with store.read() as connection:
        state = TreeState(*journal.read_state(connection))
        for first in range(0, state.size, _PAGE):
            here = t.audit.c.log_index.between(first, min(first + _PAGE, state.size) - 1)
            tiles.append(list(connection.scalars(select(t.audit.c.leaf).where(here).order_by(t.audit.c.seq))))
    if tiles.state != state:
        raise LogError("log-fork", "the store's entries do not hash to the tree that it committed; restore the store")
    try:
        checkpoint = published(log, signer.verifier)
    except NoteError:
        checkpoint = None  # torn too: the same tree is signed again
    if checkpoint is None:
        tiles.publish()
    else:
        check_against(fresh, state, checkpoint)
        shutil.copyfile(log / CHECKPOINT, fresh / CHECKPOINT)
    return state
