"""What the hub has said already and, set back to an old backup, does not know of: the bytes that stand in its topics.

A redo of the decision makes the same id, and at another time other bytes. What stands is what was said: it is taken over as it is,
and never said again in other words.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from hub.store import tables as t
from hub.store.dialect import insert
from hub.store.vault import Vault

c = t.standing.c


@dataclass(frozen=True, slots=True)
class Stands:
    """One message as it stands in its topic, since when (µs)."""

    value: bytes
    jws: str
    published_at: int


def count(connection: Connection) -> int:
    """How many the hub has not come to yet."""
    return connection.scalar(select(func.count()).select_from(t.standing)) or 0


def put(connection: Connection, vault: Vault, topic: str, message_id: str, case_token: str, found: Stands) -> None:
    """Remember this; of a message that was published twice the first."""
    row = {"topic": topic, "message_id": message_id, "case_token": case_token, "jws": found.jws,
           "sealed": vault.seal(connection, case_token, found.value), "published_at": found.published_at}  # fmt: skip
    connection.execute(insert(connection, t.standing).on_conflict_do_nothing(), row)


def take(connection: Connection, vault: Vault, topic: str, message_id: str) -> Stands | None:
    """What stands under this id, which is the hub's own again from now on."""
    here = c.topic == topic, c.message_id == message_id
    row = connection.execute(select(t.standing).where(*here)).one_or_none()
    if row is None:
        return None
    connection.execute(delete(t.standing).where(*here))
    return Stands(vault.open(connection, row.case_token, row.sealed), row.jws, row.published_at)


def unknown(connection: Connection, message_ids: list[str]) -> set[str]:
    """Those of these ids that the hub has never put into its outbox."""
    known = connection.scalars(select(t.outbox.c.message_id).where(t.outbox.c.message_id.in_(message_ids)))
    return set(message_ids) - set(known)
