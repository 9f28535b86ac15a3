"""The store of one process: a SQLite file, WAL, synchronous=FULL, and a lock beside it."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from hub.store.errors import StoreError

BUSY_MS = 10_000
"""How long another program's lock is waited for before it counts as locked."""


class SqliteFile:
    """One file that this process alone owns. Raises `StoreError` when another process holds it."""

    shared = False

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(path.with_suffix(".lock"))
        self._path = path
        path.touch(mode=0o600)  # SQLite gives its other files the same mode
        self.engine = self.reading = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False}, hide_parameters=True)
        self.writing = self.reading.execution_options(writes=True)
        event.listen(self.reading, "connect", _configure)
        event.listen(self.reading, "begin", _begin)  # of both

    def copy_beside(self, what: str) -> Path:
        """A copy of the file as it is now, beside it: NAME.<what>.<time>.db."""
        at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        copy = self._path.with_name(f"{self._path.stem}.{what}.{at}{self._path.suffix}")
        copy_into(self._path, copy)
        return copy

    def close(self) -> None:
        """Let go of the file."""
        self.reading.dispose()
        os.close(self._lock)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody works on the file meanwhile. Raises `StoreError` when another process does."""
    lock = _take_lock(path.with_suffix(".lock"))
    try:
        yield
    finally:
        os.close(lock)


def copy_into(path: Path, copy: Path) -> None:
    """A whole and compact copy of the file as one read sees it, beside any writer. Raises `FileExistsError`."""
    copy.touch(mode=0o600, exist_ok=False)
    with closing(_connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    with copy.open("rb") as file:
        os.fsync(file.fileno())


def readonly(path: Path) -> Engine:
    """A way to read the file beside the process that owns it; it takes no lock and can write nothing."""
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))  # the driver says it only before it writes
    return engine


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=10)


def _take_lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(
            "store-in-use", f"another process works on {path.with_suffix('.db').name}; end it, or use another folder"
        ) from error
    return descriptor


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN itself, below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON",
                   "cache_size=-8192", "wal_autocheckpoint=8000", "temp_store=MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
