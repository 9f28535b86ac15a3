"""The store of one process: a SQLite file, WAL, synchronous=FULL, and a lock beside it."""

import fcntl
import os
import sqlite3
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
        path.touch(mode=0o600)  # SQLite gives its other files the same mode
        self.engine = self.reading = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False}, hide_parameters=True)
        self.writing = self.reading.execution_options(writes=True)
        event.listen(self.reading, "connect", _configure)
        event.listen(self.reading, "begin", _begin)  # of both

    def close(self) -> None:
        """Let go of the file."""
        self.reading.dispose()
        os.close(self._lock)


def readonly(path: Path) -> Engine:
    """A way to read the file beside the process that owns it; it takes no lock and can write nothing."""
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, timeout=10), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))  # the driver says it only before it writes
    return engine


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
                   "cache_size=-16384", "wal_autocheckpoint=4000", "temp_store=MEMORY"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
