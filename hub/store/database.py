"""Opening the store: a SQLite file of one process, or a PostgreSQL database that several processes share.

All work on it is blocking and belongs on one thread; the engine has a thread for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import URL, Connection, Engine, MetaData, make_url, select
from sqlalchemy.exc import DBAPIError

from hub.store import leases, migrations, postgresql, sqlite
from hub.store.errors import StoreError, outage_of
from hub.store.tables import SCHEMA_VERSION, meta, metadata

log = structlog.get_logger()


class Database:
    """The store at a path (SQLite) or a URL (PostgreSQL).

    `extra` are further tables (a connector's jobs). A store of an earlier schema is brought forward; a file is copied first.
    Raises `StoreError` when another process holds the file or is at work on an earlier schema, when the server cannot be
    reached, or when the store cannot be brought forward.
    """

    def __init__(self, where: Path | URL, extra: MetaData | None = None) -> None:
        self.where = where
        self._tables = (metadata, extra) if extra is not None else (metadata,)
        self._kind: sqlite.SqliteFile | postgresql.PostgresDatabase
        if isinstance(where, Path):
            self._kind = sqlite.SqliteFile(where)
            try:
                with _reaching(where):
                    self._prepare_file(self._kind)
            except BaseException:
                self.close()
                raise
        else:
            with _reaching(where):
                self._kind = postgresql.PostgresDatabase(where, self._prepare_shared)

    @property
    def shared(self) -> bool:
        """Whether other processes may work on it too."""
        return self._kind.shared

    @property
    def engine(self) -> Engine:
        """What both `read` and `write` stand on."""
        return self._kind.engine

    def _prepare_file(self, kind: sqlite.SqliteFile) -> None:
        with kind.reading.begin() as connection:
            found = migrations.found_in(connection)
        if migrations.outdated(found):
            log.info("store.backed-up", schema=found, copy=str(kind.copy_beside(f"schema-{found}")))
        with kind.writing.begin() as connection:
            self._prepare(connection, found)

    def _prepare_shared(self, connection: Connection) -> None:
        leases.metadata.create_all(connection)
        found = migrations.found_in(connection)
        if migrations.outdated(found) and (others := leases.at_work(connection)):
            raise StoreError(
                "store-in-use", f"{others} processes of the version before are at work on this store; end them, back it up with "
                "pg_dump, and start again: it is brought forward then")  # fmt: skip
        self._prepare(connection, found)

    def _prepare(self, connection: Connection, found: int | None) -> None:
        """Make what is missing; all of it in this transaction, or nothing."""
        if migrations.outdated(found):
            migrations.run(connection, found or 0)
        for each in self._tables:
            each.create_all(connection)
        if found is None:
            connection.execute(meta.insert(), {"name": "schema", "value": str(SCHEMA_VERSION)})
        elif found != SCHEMA_VERSION:
            migrations.fill(connection, found)
            log.info("store.migrated", before=found, schema=SCHEMA_VERSION)

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Connection]:
        """One transaction that may write, and the only one that does: committed at the end, rolled back on any exception.

        It has to be over in `postgresql.TURN` seconds on a shared store, unless it is of a program that works `alone` on it.

        Raises `StoreError` on a shared store that another process has brought forward meanwhile.
        """
        with self._kind.writing.begin() as connection:
            if self.shared:
                if alone:
                    postgresql.unbounded(connection)
                _require_version(connection)
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view for reading; safe beside a writer."""
        with self._kind.reading.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of it."""
        self._kind.close()


def locate(store: str, folder: Path, password_file: Path | None = None) -> Path | URL:
    """Where the store of a setting is: `sqlite:FILE`, below `folder` unless it is absolute, or `postgresql://USER@HOST/NAME`.

    The password comes from its file, or as libpq takes it (PGPASSWORD, PGPASSFILE, a socket). Raises `ValueError` for any
    other setting, and for a password within it.
    """
    scheme, _, rest = store.partition(":")
    if scheme == "sqlite" and rest:
        return folder / rest
    if scheme != "postgresql" or not rest.startswith("//"):
        raise ValueError("store: sqlite:FILE or postgresql://USER@HOST/NAME is expected")
    url = make_url(store)
    if url.password or "password" in url.query:
        raise ValueError("store: the password does not belong here; put it into a file and name that as store_password_file")
    return url if password_file is None else url.set(password=password_file.read_text(encoding="utf-8").strip())


@contextmanager
def open_readonly(where: Path | URL) -> Iterator[Connection]:
    """One consistent view of a store that other processes may be working on; it takes no lock and can write nothing.

    Raises `StoreError` when there is no store, when it is no store, or when another version wrote it.
    """
    with open_any(where) as connection:
        _require_version(connection)
        yield connection


@contextmanager
def open_any(where: Path | URL) -> Iterator[Connection]:
    """Likewise, of whatever schema it is."""
    engine = sqlite.readonly(where) if isinstance(where, Path) else postgresql.readonly(where)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise StoreError("store-unreadable", f"{shown(where)} is no store that can be read; check the data folder") from error
    finally:
        engine.dispose()


def shown(where: Path | URL) -> str:
    """The place of a store, without a password."""
    return str(where) if isinstance(where, Path) else where.render_as_string(hide_password=True)


@contextmanager
def _reaching(where: Path | URL) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if isinstance(where, Path):
            raise StoreError(outage_of(error), f"{where}: {error.orig}; check its disk, and that no other program holds it") from error
        url = where
        raise StoreError(
            "store-unreachable", f"{shown(url)}: {type(error.orig).__name__}; check the server, the "
            "database's name, the user and its password") from error  # fmt: skip


def _require_version(connection: Connection) -> None:
    found = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
    if found != str(SCHEMA_VERSION):
        raise StoreError(
            "store-version", f"the store has schema {found}, this program needs {SCHEMA_VERSION}; an older one is brought forward "
            "by the next start of its program, or by `liandong store migrate`")  # fmt: skip
