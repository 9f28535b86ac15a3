"""Which kind of store a test works on: SQLite, unless the test runs on both (`each_store`), or LIANDONG_TEST_STORE says that
all run on PostgreSQL."""

import os
from functools import cache
from pathlib import Path

from sqlalchemy import URL, MetaData

from hub.store.database import Database
from tests.postgres import Postgres

SQLITE, POSTGRESQL = KINDS = ("sqlite", "postgresql")
DEFAULT = os.environ.get("LIANDONG_TEST_STORE", SQLITE)

_kinds = [DEFAULT]
_places: dict[Path, URL] = {}


@cache
def postgres() -> Postgres:
    """The session's one server, started when a test first asks."""
    return Postgres()


def stop() -> None:
    """End the server, if it was started."""
    if postgres.cache_info().currsize:
        postgres().stop()
        postgres.cache_clear()


def use(kind: str) -> None:
    """Which kind the stores that are opened from now on are of."""
    _kinds[0] = kind


def place(path: Path) -> Path | URL:
    """Where the store of this name is: the file itself, or a schema that stands for it."""
    if _kinds[0] == SQLITE:
        return path
    if path not in _places:
        _places[path] = postgres().schema()
    return _places[path]


def open_store(path: Path, extra: MetaData | None = None) -> Database:
    """The store of this name, made at its first use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Database(place(path), extra)
