"""Opening the store: one SQLite file, WAL, synchronous=FULL, one process.

All work on it is blocking and belongs on one thread; the engine has a thread for that.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, MetaData, NullPool, create_engine, event, select
from sqlalchemy.exc import DatabaseError

from hub.store.tables import SCHEMA_VERSION, meta, metadata


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Database:
    """A SQLite store that one process owns.

    `extra` are further tables (a connector's jobs). Raises `StoreError` when another process holds the file or when it
    was written by another version.
    """

    def __init__(self, path: Path, extra: MetaData | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = self._take_lock(path.with_suffix(".lock"))
        path.touch(mode=0o600)  # SQLite gives its other files the same mode
        self.engine = self._connect(path)
        metadata.create_all(self.engine)
        if extra is not None:
            extra.create_all(self.engine)
        self._check_version()

    @staticmethod
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

    @staticmethod
    def _connect(path: Path) -> Engine:
        engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False}, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # SQLAlchemy says BEGIN itself, below
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON",
                           "cache_size=-65536", "wal_autocheckpoint=4000", "temp_store=MEMORY"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    def _check_version(self) -> None:
        with self.write() as connection:
            found = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
            if found is None:
                connection.execute(meta.insert(), {"name": "schema", "value": str(SCHEMA_VERSION)})
            else:
                _require_version(found)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back on any exception."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view for reading; safe beside a writer."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()
        os.close(self._lock)


@contextmanager
def open_readonly(path: Path) -> Iterator[Connection]:
    """One consistent view of a store that another process may be working on; it takes no lock and can write nothing.

    Raises `StoreError` when there is no store at `path`, when it is no store, or when another version wrote it.
    """
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, timeout=10), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")  # which the driver itself says only before it writes
            _require_version(connection.scalar(select(meta.c.value).where(meta.c.name == "schema")))
            yield connection
    except DatabaseError as error:
        raise StoreError("store-unreadable", f"{path} is no store that can be read; check the data folder") from error
    finally:
        engine.dispose()


def _require_version(found: str | None) -> None:
    if found != str(SCHEMA_VERSION):
        raise StoreError("store-version", f"the store has schema {found}, this program needs {SCHEMA_VERSION}")
