"""When Kafka was last seen to answer, and when it was not: such an outage counts against nobody's deadline.

Times are UTC microseconds.
"""

from sqlalchemy import Connection, bindparam, select

from hub.store import tables as t
from hub.store.dialect import replacing

_CONTACT = "contact"
_OUTAGES = select(t.outages.c.from_at, t.outages.c.until_at).where(t.outages.c.until_at > bindparam("since")).order_by(t.outages.c.until_at)


def last(connection: Connection) -> int:
    """When Kafka was last seen to answer while a timer ran; 0 when it never was."""
    value = connection.scalar(select(t.meta.c.value).where(t.meta.c.name == _CONTACT))
    return 0 if value is None else int(value)


def note(connection: Connection, at: int) -> None:
    """Kafka answers at `at`."""
    connection.execute(replacing(connection, t.meta), {"name": _CONTACT, "value": str(at)})


def timed(connection: Connection) -> bool:
    """Whether any timer runs: without one nobody is waited for, and no outage matters."""
    return connection.execute(select(t.timers.c.ref).limit(1)).first() is not None


def outages(connection: Connection, since: int = 0) -> list[tuple[int, int]]:
    """(from, until) of every outage that ended after `since`, in order; no two overlap."""
    return [(begin, until) for begin, until in connection.execute(_OUTAGES, {"since": since})]
