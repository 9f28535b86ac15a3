"""The audit entries' rows on their way into the log: one sequencer numbers them in the order they were committed."""

import json
from typing import Any

from sqlalchemy import Connection, select, update

from hub.store import tables as t

_STATE = "log"


def unsequenced(connection: Connection, most: int) -> list[tuple[int, bytes]]:
    """(sequence number, leaf bytes) of entries that the log does not hold yet, in order."""
    c = t.audit.c
    query = select(c.seq, c.leaf).where(c.log_index.is_(None)).order_by(c.seq).limit(most)
    return [(seq, leaf) for seq, leaf in connection.execute(query)]


def read_state(connection: Connection) -> tuple[int, bytes]:
    """Size and right edge of the committed tree."""
    value = connection.scalar(select(t.meta.c.value).where(t.meta.c.name == _STATE))
    if value is None:
        return 0, b""
    state: dict[str, Any] = json.loads(value)
    return int(state["size"]), bytes.fromhex(state["edge"])


def commit_state(connection: Connection, old_size: int, first: int, last: int, size: int, edge: bytes) -> bool:
    """Number the rows `first` to `last` from `old_size` on and move the tree; False when another sequencer was first.

    The compare-and-set is on the tree's size.
    """
    c = t.meta.c
    value = json.dumps({"size": size, "edge": edge.hex()})
    found = connection.scalar(select(c.value).where(c.name == _STATE))
    if found is None:
        if old_size != 0:
            return False
        connection.execute(t.meta.insert(), {"name": _STATE, "value": value})
    elif int(json.loads(found)["size"]) != old_size:
        return False
    else:
        connection.execute(update(t.meta).where(c.name == _STATE).values(value=value))
    rows = t.audit.c
    connection.execute(
        update(t.audit).where(rows.seq >= first, rows.seq <= last, rows.log_index.is_(None))
        .values(log_index=rows.seq - first + old_size)
    )  # fmt: skip
    return True


def last_entry(connection: Connection, request_key: str) -> dict[str, Any]:
    """The newest entry under this key; empty where there is none."""
    c = t.audit.c
    leaf = connection.scalar(select(c.leaf).where(c.request_key == request_key).order_by(c.seq.desc()).limit(1))
    found: dict[str, Any] = json.loads(leaf) if leaf is not None else {}
    return found
