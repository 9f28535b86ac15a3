"""What the store raises beside its driver's own errors."""

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError

FULL, LOCKED, AWAY = "store-full", "store-locked", "store-away"
_SQLITE = {sqlite3.SQLITE_FULL: FULL, sqlite3.SQLITE_BUSY: LOCKED, sqlite3.SQLITE_LOCKED: LOCKED}
_POSTGRESQL = {"53100": FULL, "55P03": LOCKED, "40P01": LOCKED}
_OUTAGES = ("08", "25006", "25P03", "25P04", "40", "53", "55P03", "57", "58")
"""SQLSTATEs of PostgreSQL, or classes of them, that are no record's fault: the line, a server that has become a standby, a turn
that lasted too long, a conflict, resources, a lock, an operator, the system. Not class 54, a limit that a record exceeds,
though its driver has one kind of error for both."""


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def is_outage(error: BaseException) -> bool:
    """Whether the store itself is away, locked, full, or has ended our session: nothing that a record or a timer is to blame for."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if (state := _sqlstate(error)) is not None:
        return state.startswith(_OUTAGES)
    return isinstance(error, OperationalError) and _sqlite_code(error) != sqlite3.SQLITE_ERROR  # that is a wrong statement


def outage_of(error: DBAPIError) -> str:
    """What is the matter with the store, of an error that `is_outage`."""
    return _SQLITE.get(_sqlite_code(error), _POSTGRESQL.get(_sqlstate(error) or "", AWAY))


def _sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's code; none where it is not PostgreSQL's, or the line broke before it came."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _sqlite_code(error: DBAPIError) -> int:
    """SQLite's primary result code; 0 where it is not SQLite's."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
