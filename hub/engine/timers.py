"""Time as a table: a timer fires by being deleted in the transaction that decides on it."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from hub.store import tables as t

c = t.timers.c


@dataclass(frozen=True, slots=True)
class Due:
    """One timer that fires."""

    kind: str
    ref: str
    due_at: int


def due(connection: Connection, upto: int, most: int) -> list[Due]:
    """The first timers that are due at `upto` (µs)."""
    query = select(c.kind, c.ref, c.due_at).where(c.due_at <= upto).order_by(c.due_at)
    return [Due(*row) for row in connection.execute(query.limit(most))]


def any_due(connection: Connection, at: int) -> bool:
    """Whether there is one."""
    return connection.execute(select(c.ref).where(c.due_at <= at).limit(1)).first() is not None


def remove(connection: Connection, timer: Due) -> bool:
    """Take it out; whether it was still set for that time."""
    same = c.kind == timer.kind, c.ref == timer.ref, c.due_at == timer.due_at
    return connection.execute(delete(t.timers).where(*same)).rowcount == 1
