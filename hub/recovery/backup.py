"""A backup: the store and the audit log's directory, of one moment, taken while the hub works; and putting one back.

The log is ahead of any copy of the store that is being made, or behind it. So the checkpoint is copied first, then the store,
then the log's files: what the checkpoint covers is in the store's tree, for only committed sizes are signed; and all
files of the store's tree are there, for they are written before it is committed, and grow only.
"""

import shutil
from pathlib import Path

from hub.recovery import log_files
from hub.settings import Settings
from hub.store import copies, journal
from hub.store.database import open_readonly
from hub.store.presence import require_nobody
from hub.trust import keys
from hub.trust.durable import replace_file
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import CHECKPOINT, TileLog

LOG = "log"


def backup(settings: Settings, out: Path) -> int:
    """Make the folder `out`. Returns the size of the log in it. Raises `StoreError`, `LogError`, and leaves nothing half-made."""
    where, log = settings.store_at(), settings.data_dir / LOG
    with copies.new_folder(out) as fresh:
        checkpoint = (log / CHECKPOINT).read_bytes() if (log / CHECKPOINT).exists() else None
        with open_readonly(where) as connection:
            at_least = journal.read_state(connection)
        copies.copy_out(where, fresh)
        if (fresh / copies.STORE).exists():
            with open_readonly(fresh / copies.STORE) as connection:
                at_least = journal.read_state(connection)
        _copy_files(log, fresh / LOG)
        if checkpoint is not None:
            replace_file(fresh / LOG / CHECKPOINT, checkpoint)
        TileLog(fresh / LOG, _signer(settings), TreeState(*at_least))  # raises unless the copy bears out the tree
    return at_least[0]


def put_back(settings: Settings, source: Path) -> Path | None:
    """The backup's store in the place of the present one, which is kept aside (returned), and the log's files where they are behind
    the backup's. A database is put back with pg_restore before. Raises `StoreError` while a hub runs on the store."""
    where = settings.store_at()
    if not isinstance(where, Path):
        require_nobody(lambda: open_readonly(where))
    aside = copies.put_back(where, source)
    verifier, log = _signer(settings).verifier, settings.data_dir / LOG
    here, kept = log_files.published(log, verifier), log_files.published(source / LOG, verifier)
    if kept is not None and (here is None or here.size < kept.size):
        shutil.copytree(source / LOG, log, dirs_exist_ok=True)
    return aside


def _signer(settings: Settings) -> NoteSigner:
    return NoteSigner.of(keys.load(settings.log_key))


def _copy_files(log: Path, copy: Path) -> None:
    """Every file of the log but the checkpoint. A partial one that goes meanwhile has a full one in its stead."""
    copy.mkdir()
    for path in sorted(path for path in log.rglob("*") if path.is_file() and path.name != CHECKPOINT):
        for candidate in (path, path.parent.with_suffix("")):
            target = copy / candidate.relative_to(log)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(candidate, target)
                break
            except (FileNotFoundError, IsADirectoryError):
                continue
