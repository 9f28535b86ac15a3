"""What the hub has said already and, set back to an old backup, does not know of: the bytes that stand in its topics.

A redo of the decision makes the same id, and at another time other bytes, or even another decision. So it is made as of the time
that the message says; and what stands is what was said: it is taken over as it is, and never said again in other words.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from hub.store import tables as t
from hub.store.dialect import insert
from hub.store.vault import Vault

c = t.standing.c


@dataclass(frozen=True, slots=True)
class Stands:
    """One message as it stands in its topic, since when (µs); of which message it is the answer, and as of when (µs)."""

    value: bytes
    jws: str
    published_at: int
    cause: str | None = None
    decided_at: int | None = None


def count(connection: Connection) -> int:
    """How many the hub has not come to yet."""
    return connection.scalar(select(func.count()).select_from(t.standing)) or 0


def any_left(connection: Connection) -> bool:
    """Whether there is any; however many there are, it reads one."""
    return connection.execute(select(c.topic).limit(1)).first() is not None


def put(connection: Connection, vault: Vault, topic: str, message_id: str, case_token: str, found: Stands) -> None:
    """Remember this; of a message that was published twice the first."""
    row = {"topic": topic, "message_id": message_id, "case_token": case_token, "jws": found.jws, "cause": found.cause,
           "decided_at": found.decided_at, "published_at": found.published_at,
           "sealed": vault.seal(connection, case_token, found.value)}  # fmt: skip
    connection.execute(insert(connection, t.standing).on_conflict_do_nothing(), row)


def take(connection: Connection, vault: Vault, topic: str, message_id: str) -> Stands | None:
    """What stands under this id, which is the hub's own again from now on."""
    here = c.topic == topic, c.message_id == message_id
    row = connection.execute(select(t.standing).where(*here)).one_or_none()
    if row is None:
        return None
    connection.execute(delete(t.standing).where(*here))
    return Stands(vault.open(connection, row.case_token, row.sealed), row.jws, row.published_at)


def decided_at(connection: Connection) -> dict[str, int]:
    """The ids of messages that something was said because of and that the store has not taken in, and when (µs) they were decided on."""
    known = select(t.inbox.c.message_id).where(t.inbox.c.message_id == c.cause).exists()
    query = select(c.cause, func.min(c.decided_at)).where(c.cause.is_not(None), c.decided_at.is_not(None), ~known).group_by(c.cause)
    return {cause: at for cause, at in connection.execute(query)}


def unknown(connection: Connection, message_ids: list[str]) -> set[str]:
    """Those of these ids that the hub has never put into its outbox."""
    known = connection.scalars(select(t.outbox.c.message_id).where(t.outbox.c.message_id.in_(message_ids)))
    return set(message_ids) - set(known)
