"""A backup: the store and the audit log's directory, of one moment, taken while the hub works; and putting one back.

The log is ahead of any copy of the store that is being made, or behind it. So the checkpoint is copied first, then the store,
then the log's files: what the checkpoint covers is in the store's tree, for only committed sizes are signed; and all
files of the store's tree are there, for they are written before it is committed, and grow only.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL

from hub.recovery import log_files
from hub.recovery.presence import require_nobody
from hub.settings import Settings
from hub.store import journal, sqlite
from hub.store.database import open_any, open_readonly, shown
from hub.store.errors import StoreError
from hub.trust import keys
from hub.trust.durable import replace_file
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import CHECKPOINT, TileLog

STORE, DUMP, LOG = "store.db", "store.dump", "log"


def backup(settings: Settings, out: Path) -> int:
    """Make the folder `out`. Returns the size of the log in it. Raises `StoreError`, `LogError`, and leaves nothing half-made."""
    if out.exists():
        raise StoreError("backup-exists", f"{out} exists; a backup gets a folder of its own")
    where, log = settings.store_at(), settings.data_dir / LOG
    with open_readonly(where):
        pass
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f"{out.name}.{os.getpid()}.new")
    fresh.mkdir(mode=0o700)
    try:
        checkpoint = (log / CHECKPOINT).read_bytes() if (log / CHECKPOINT).exists() else None
        with open_readonly(where) as connection:
            at_least = journal.read_state(connection)
        if isinstance(where, Path):
            sqlite.copy_into(where, fresh / STORE)
            with open_readonly(fresh / STORE) as connection:
                at_least = journal.read_state(connection)
        else:
            _dump(where, fresh / DUMP)
        _copy_files(log, fresh / LOG)
        if checkpoint is not None:
            replace_file(fresh / LOG / CHECKPOINT, checkpoint)
        TileLog(fresh / LOG, _signer(settings), TreeState(*at_least))  # raises unless the copy bears out the tree
        fresh.rename(out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return at_least[0]


def put_back(settings: Settings, source: Path) -> Path | None:
    """The backup's store in the place of the present one, which is kept aside (returned), and the log's files where they are behind
    the backup's. A database is put back with pg_restore before. Raises `StoreError` while a hub runs on the store."""
    where = settings.store_at()
    aside = None
    if isinstance(where, Path):
        if not (source / STORE).is_file():
            raise StoreError("backup-missing", f"{source} holds no {STORE}")
        with open_any(source / STORE):
            pass
        where.parent.mkdir(parents=True, exist_ok=True)
        with sqlite.locked(where):
            if where.exists():
                at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
                aside = where.with_name(f"{where.stem}.before-restore.{at}{where.suffix}")
                for ending in ("-wal", "-shm", ""):
                    if (old := where.with_name(where.name + ending)).exists():
                        old.rename(aside.with_name(aside.name + ending))
            shutil.copyfile(source / STORE, where)
            where.chmod(0o600)
    else:
        require_nobody(lambda: open_readonly(where))
    verifier, log = _signer(settings).verifier, settings.data_dir / LOG
    here, kept = log_files.published(log, verifier), log_files.published(source / LOG, verifier)
    if kept is not None and (here is None or here.size < kept.size):
        shutil.copytree(source / LOG, log, dirs_exist_ok=True)
    return aside


def _signer(settings: Settings) -> NoteSigner:
    pair = keys.load(settings.log_key)
    return NoteSigner(pair.kid, pair.private)


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


def _dump(where: URL, out: Path) -> None:
    """pg_dump reads one consistent view beside every writer; it must be of the server's version or newer."""
    environment = {**os.environ, **({"PGPASSWORD": str(where.password)} if where.password else {})}
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={out}", *_schema(where.query),
               where.set(password=None, drivername="postgresql").render_as_string(hide_password=False)]  # fmt: skip
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    except FileNotFoundError as error:
        raise StoreError("backup-no-pg-dump", "pg_dump is not installed here; it comes with PostgreSQL's client programs") from error
    if done.returncode:
        raise StoreError("backup-failed", f"pg_dump of {shown(where)}: {done.stderr.strip().splitlines()[-1:]}")


def _schema(query: Mapping[str, object]) -> list[str]:
    """The one schema of a store that does not have its database to itself."""
    words = str(query.get("options", "")).replace("-c search_path=", "-csearch_path=").split()
    return [f"--schema={word.partition('=')[2]}" for word in words if word.startswith("-csearch_path=")]
