"""Opening the store: a SQLite file of one process, or a PostgreSQL database that several processes share.

All work on it is blocking and belongs on one thread; the engine has a thread for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, MetaData, make_url, select
from sqlalchemy.exc import DBAPIError

from hub.store import leases, postgresql, sqlite
from hub.store.errors import StoreError, outage_of
from hub.store.tables import SCHEMA_VERSION, meta, metadata


class Database:
    """The store at a path (SQLite) or a URL (PostgreSQL).

    `extra` are further tables (a connector's jobs). Raises `StoreError` when another process holds the file, when the server
    cannot be reached, or when the store was written by another version.
    """

    def __init__(self, where: Path | URL, extra: MetaData | None = None) -> None:
        self.where = where
        own = (metadata, extra) if extra is not None else (metadata,)
        self._kind: sqlite.SqliteFile | postgresql.PostgresDatabase
        if isinstance(where, Path):
            self._kind = sqlite.SqliteFile(where)
        else:
            with _reaching(where):
                self._kind = postgresql.PostgresDatabase(where, *own, leases.metadata)
        try:
            with _reaching(where):
                if isinstance(where, Path):
                    for each in own:
                        each.create_all(self._kind.reading)
                self._check_version()
        except BaseException:
            self.close()
            raise

    @property
    def shared(self) -> bool:
        """Whether other processes may work on it too."""
        return self._kind.shared

    @property
    def engine(self) -> Engine:
        """What both `read` and `write` stand on."""
        return self._kind.engine

    def _check_version(self) -> None:
        with self.write() as connection:
            found = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
            if found is None:
                connection.execute(meta.insert(), {"name": "schema", "value": str(SCHEMA_VERSION)})
            else:
                _require_version(found)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write, and the only one that does: committed at the end, rolled back on any exception."""
        with self._kind.writing.begin() as connection:
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
    engine = sqlite.readonly(where) if isinstance(where, Path) else postgresql.readonly(where)
    try:
        with engine.begin() as connection:
            _require_version(connection.scalar(select(meta.c.value).where(meta.c.name == "schema")))
            yield connection
    except DBAPIError as error:
        name = where if isinstance(where, Path) else where.render_as_string(hide_password=True)
        raise StoreError("store-unreadable", f"{name} is no store that can be read; check the data folder") from error
    finally:
        engine.dispose()


@contextmanager
def _reaching(where: Path | URL) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if isinstance(where, Path):
            raise StoreError(outage_of(error), f"{where}: {error.orig}; check its disk, and that no other program holds it") from error
        url = where
        raise StoreError(
            "store-unreachable", f"{url.render_as_string(hide_password=True)}: {type(error.orig).__name__}; check the server, the "
            "database's name, the user and its password") from error  # fmt: skip


def _require_version(found: str | None) -> None:
    if found != str(SCHEMA_VERSION):
        raise StoreError("store-version", f"the store has schema {found}, this program needs {SCHEMA_VERSION}")
