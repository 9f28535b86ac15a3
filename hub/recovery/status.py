"""What a store holds, in a few figures that say nothing of anybody."""

from pathlib import Path

from sqlalchemy import URL, func, select

from hub.store import journal, migrations, standing
from hub.store import tables as t
from hub.store.database import open_any, shown
from hub.store.tables import SCHEMA_VERSION

Status = dict[str, str | int]


def read(where: Path | URL) -> Status:
    """Of a store of any schema, beside whoever works on it. Raises `StoreError` when there is none."""
    with open_any(where) as connection:
        found = migrations.found_in(connection)
        status: Status = {"store": shown(where), "schema": found or 0, "program": SCHEMA_VERSION}
        if found != SCHEMA_VERSION:
            return status
        count = func.count
        return status | {
            "log_size": journal.read_state(connection)[0],
            "entries": connection.scalar(select(func.max(t.audit.c.seq))) or 0,
            "requests": connection.scalar(select(count()).select_from(t.requests)) or 0,
            "unpublished": connection.scalar(select(count()).where(t.outbox.c.published_at.is_(None))) or 0,
            "standing": standing.count(connection),
            "timers": connection.scalar(select(count()).select_from(t.timers)) or 0,
        }
