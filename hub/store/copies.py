"""A whole copy of a store in a folder, taken while others work on it; and putting one back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL

from hub.store import sqlite
from hub.store.database import open_any, open_readonly, shown
from hub.store.errors import StoreError

STORE, DUMP = "store.db", "store.dump"


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name `out` when that went well; else nothing is left. Raises `StoreError` when there is one."""
    if out.exists():
        raise StoreError("backup-exists", f"{out} exists; a backup gets a folder of its own")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f"{out.name}.{os.getpid()}.new")
    fresh.mkdir(mode=0o700)
    try:
        yield fresh
        fresh.rename(out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def copy_out(where: Path | URL, folder: Path, without: str | None = None) -> None:
    """The store as of one moment, as `STORE` or `DUMP` in `folder`; the table `without` is empty in it. Raises `StoreError`."""
    with open_readonly(where):
        pass
    if isinstance(where, Path):
        sqlite.copy_into(where, folder / STORE)
        if without is not None:
            _empty(folder / STORE, without)
    else:
        _dump(where, folder / DUMP, without)


def put_back(where: Path | URL, source: Path) -> Path | None:
    """The copy in the folder `source` in the place of the present store, which is kept aside (returned). A database is put back with
    pg_restore before. Raises `StoreError` while somebody works on the file."""
    if not isinstance(where, Path):
        return None
    if not (source / STORE).is_file():
        raise StoreError("backup-missing", f"{source} holds no {STORE}")
    with open_any(source / STORE):
        pass
    where.parent.mkdir(parents=True, exist_ok=True)
    aside = None
    with sqlite.locked(where):
        if where.exists():
            at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
            aside = where.with_name(f"{where.stem}.before-restore.{at}{where.suffix}")
            for ending in ("-wal", "-shm", ""):
                if (old := where.with_name(where.name + ending)).exists():
                    old.rename(aside.with_name(aside.name + ending))
        shutil.copyfile(source / STORE, where)
        where.chmod(0o600)
    return aside


def _empty(copy: Path, table: str) -> None:
    """A store of a program before has no such table."""
    with closing(sqlite3.connect(copy)) as connection, connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone():
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours


def _dump(where: URL, out: Path, without: str | None) -> None:
    """pg_dump reads one consistent view beside every writer; it must be of the server's version or newer."""
    environment = {**os.environ, **({"PGPASSWORD": str(where.password)} if where.password else {})}
    left_out = [f"--exclude-table-data=*.{without}"] if without is not None else []
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={out}", *left_out, *_schema(where.query),
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
