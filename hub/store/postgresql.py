"""The store that several processes share: PostgreSQL, whose writers take turns as those of a SQLite file do.

A transaction that writes first waits for one lock of the whole store. So a decision sees exactly the state that it changes,
numbers are in the order of commits, and whatever is right on SQLite is right here. The lock goes with the session: of a
process that was killed at once, of one that stands still when its turn has lasted `TURN` seconds, by the server's own clock.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from hub.store import leases
from hub.store.errors import StoreError

TURN = leases.SECONDS
"""Seconds that a turn may last, counted from when it is had; a batch takes well below one. No longer than a lease, since nobody
who waits for the turn can renew his own."""
IDLE = 10
"""Seconds that a session may stand still in any other transaction before the server ends it."""
_LONGEST = 120
"""Seconds that any other transaction may last, waiting for a turn among them."""
_OLDEST = 170_000
_SPACE = 0x4C44 << 32
"""Sets this lock apart from those of other programs in the same database."""


class PostgresDatabase:
    """The tables of one schema, the first of the session's search path; `prepare` makes them, or brings them forward.

    Raises `StoreError` for a server that is too old.
    """

    shared = True

    def __init__(self, url: URL, prepare: Callable[[Connection], None]) -> None:
        self.engine = _engine(url)
        self.reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with self.engine.begin() as connection:
                connection.exec_driver_sql("SET LOCAL transaction_timeout = 0")  # what is brought forward may be large
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SPACE})")  # two that start at once make the tables once
                if (oid := _oid(connection)) is not None:
                    connection.exec_driver_sql(_turn(oid))
                prepare(connection)
                oid = _oid(connection)
        except BaseException:
            self.engine.dispose()
            raise
        # READ COMMITTED: a snapshot of the whole transaction would be taken before the lock is had, and be old by then.
        self.writing = self.engine.execution_options(isolation_level="READ COMMITTED")
        # Not by the idle time: who stands still while he sends rows is not idle to the server. By way of 0: that clock
        # has run since the transaction began, and a new value alone does not set it anew.
        turn = _turn(oid or 0) + "".join(f", set_config('transaction_timeout', '{seconds}s', true)" for seconds in (0, TURN))
        event.listen(self.writing, "begin", lambda connection: connection.exec_driver_sql(turn).close())

    def close(self) -> None:
        """End every session."""
        self.engine.dispose()


def _oid(connection: Connection) -> int | None:
    """What tells this store from others in the same database; none before its tables are made."""
    oid: int | None = connection.exec_driver_sql("SELECT to_regclass('meta')::oid::bigint").scalar_one()
    return oid


def _turn(oid: int) -> str:
    return f"SELECT pg_advisory_xact_lock({_SPACE | oid})"


def unbounded(connection: Connection) -> None:
    """This transaction lasts as long as it takes, were it to stand still."""
    connection.exec_driver_sql("SET LOCAL transaction_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def outlasted(error: BaseException, seconds: float) -> bool:
    """Whether what failed after so long may have lost its turn for being too much, and would again if it were tried whole.

    By the time, since a session that is ended while it sends rows is not told why.
    """
    return isinstance(error, DBAPIError) and error.connection_invalidated and seconds >= TURN


def readonly(url: URL) -> Engine:
    """A way to read the store that can write nothing."""
    return _engine(url).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _engine(url: URL) -> Engine:
    # The server's own tcp_user_timeout is for a client that stands still while it is sent rows: no other clock surely ends that.
    settings = {"idle_in_transaction_session_timeout": IDLE * 1000, "tcp_user_timeout": TURN * 1000, "jit": "off"}
    given = url.query.get("options", ())
    options = [*([given] if isinstance(given, str) else given), *(f"-c {name}={value}" for name, value in settings.items())]
    engine = create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]), pool_pre_ping=True, hide_parameters=True,
        connect_args={"options": " ".join(options), "connect_timeout": 10, "keepalives_idle": 5, "keepalives_interval": 2,
                      "keepalives_count": 3, "tcp_user_timeout": IDLE * 1000},
    )  # fmt: skip
    event.listen(engine, "connect", _configure)
    return engine


def _configure(connection: Any, _record: object) -> None:
    found: int = connection.info.server_version
    if found < _OLDEST:
        raise StoreError("store-too-old", f"PostgreSQL {found // 10_000} runs there; {_OLDEST // 10_000} or newer is needed")
    connection.execute(f"SET transaction_timeout = '{_LONGEST}s'")
    connection.commit()
