"""Forward migrations: one numbered step for each schema after the oldest that can be brought forward.

A step changes what is there already, rows and columns, in SQL of its own: the tables as this program defines them today may
have moved on since. Tables that are new need no step; they are made after the steps, and filled then (`FILLS`) where older rows
belong into them. All of it is one transaction, so that a store is of one schema or of the other. A connector's store goes through the same steps: one that knows its tables looks
whether they are there.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select

from hub.store import letters
from hub.store.errors import StoreError
from hub.store.migrations import step_003, step_004
from hub.store.tables import SCHEMA_VERSION, meta


def _nothing(_connection: Connection) -> None:
    """Schema 4 → 5: keys of requests lie near the court's own ids from now on. Every row stays as it is, but a program of before
    would not find a new request by its court's id, and so must not be at work beside one of now."""


STEPS: Mapping[int, Callable[[Connection], None]] = {3: step_003.migrate, 4: step_004.migrate, 5: _nothing}
"""Schema → what makes it of the one before."""
FILLS: Mapping[int, Callable[[Connection], object]] = {3: letters.adopt}
"""Schema → what fills its new tables from those of the one before."""


def found_in(connection: Connection) -> int | None:
    """The schema of this store; none for one that is yet to be made."""
    if not inspect(connection).has_table(meta.name):
        return None
    value = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
    return None if value is None else int(value)


def outdated(found: int | None) -> bool:
    """Whether a store of this schema is to be brought forward. Raises `StoreError` where that cannot be done."""
    if found is None or found == SCHEMA_VERSION:
        return False
    if found > SCHEMA_VERSION:
        raise StoreError(
            "store-newer", f"the store has schema {found}, this program knows none after {SCHEMA_VERSION}: run the newer program "
            "that wrote it, or restore the backup that was made before")  # fmt: skip
    if found + 1 not in STEPS:
        raise StoreError(
            "store-too-old", f"the store has schema {found}, this program brings forward none before {min(STEPS) - 1}: "
            "run an earlier release of this program on it first")  # fmt: skip
    return True


def run(connection: Connection, found: int) -> None:
    """Every step after schema `found`, in this transaction."""
    for number in range(found + 1, SCHEMA_VERSION + 1):
        STEPS[number](connection)
    connection.execute(meta.update().where(meta.c.name == "schema").values(value=str(SCHEMA_VERSION)))


def fill(connection: Connection, found: int) -> None:
    """What schemas after `found` have added is there now: give it what it would hold."""
    for number in range(found + 1, SCHEMA_VERSION + 1):
        if number in FILLS:
            FILLS[number](connection)
