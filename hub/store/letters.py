"""Dead letters in the store: each one's state, its message, and the orders that were given about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, func, select, update

from hub.rules.letters import Fingerprint, LetterState
from hub.store import tables as t

DEAD_LETTER = "dead-letter"
"""The type under which the bytes of a record that was set aside are kept."""
c = t.letters.c


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `partner`: whom a silent task may be sent to again; none for a record that the hub may read again.
    `message_id` names its bytes: the task's id, or where the record stood. Times in µs."""

    id: str
    partner: str | None
    fingerprint: Fingerprint
    message_id: str
    at: int
    state: LetterState
    replays: int
    order_id: str | None
    moved_at: int


@dataclass(frozen=True, slots=True)
class Group:
    """Letters of one fingerprint: how many of each state, when the first and the last was made (µs)."""

    fingerprint: Fingerprint
    counts: dict[LetterState, int]
    first_at: int
    last_at: int


def row(letter_id: str, fingerprint: Fingerprint, message_id: str, at: int, partner: str | None = None) -> dict[str, Any]:
    """A new letter as a row."""
    f = fingerprint
    return {"id": letter_id, "partner": partner, "error_class": f.error_class, "stage": f.stage, "code": f.code, "party": f.party,
            "type": f.type, "message_id": message_id, "at": at, "state": LetterState.DEAD, "replays": 0, "order_id": None,
            "moved_at": at}  # fmt: skip


def find(connection: Connection, letter_id: str) -> Letter | None:
    """The letter of this id."""
    found = connection.execute(select(t.letters).where(c.id == letter_id)).first()
    return None if found is None else _letter(found)


def request_of(connection: Connection, letter: Letter) -> str | None:
    """The key of the request that a letter is of: by its silent task, or as the entry that set the record aside has it."""
    if letter.partner is not None:
        return connection.scalar(select(t.tasks.c.request_key).where(t.tasks.c.task_id == letter.id))
    return connection.scalar(select(t.audit.c.request_key).where(t.audit.c.seq == int(letter.id)))


def move(
    connection: Connection, letter_id: str, before: Collection[LetterState], after: LetterState, at: int, **values: Any
) -> bool:
    """Compare-and-set of a letter's state; whether it was in one of `before`."""
    where = c.id == letter_id, c.state.in_(before)
    return connection.execute(update(t.letters).where(*where).values(state=after, moved_at=at, **values)).rowcount == 1


def groups(connection: Connection, states: Collection[LetterState]) -> list[Group]:
    """Letters by fingerprint, those with the most first; only fingerprints with a letter in one of `states`."""
    key = c.error_class, c.stage, c.code, c.party, c.type
    query = select(*key, c.state, func.count(), func.min(c.at), func.max(c.at)).group_by(*key, c.state)
    found: dict[Fingerprint, Group] = {}
    for *parts, state, count, first, last in connection.execute(query):
        fingerprint = Fingerprint(*parts)
        group = found.get(fingerprint, Group(fingerprint, {}, first, last))
        counts = group.counts | {LetterState(state): count}
        found[fingerprint] = Group(fingerprint, counts, min(group.first_at, first), max(group.last_at, last))
    wanted = [group for group in found.values() if group.counts.keys() & set(states)]
    return sorted(wanted, key=lambda group: (-sum(group.counts.get(state, 0) for state in states), group.fingerprint))


def of_group(connection: Connection, fingerprint: Fingerprint, states: Collection[LetterState]) -> list[Letter]:
    """The letters of one fingerprint in these states, oldest first: the order in which they are replayed."""
    f = fingerprint
    same: Sequence[ColumnElement[bool]] = (
        c.error_class == f.error_class, c.stage == f.stage, c.code == f.code, c.party == f.party, c.type == f.type,
    )  # fmt: skip
    query = select(t.letters).where(*same, c.state.in_(states)).order_by(c.at, c.id)
    return [_letter(found) for found in connection.execute(query)]


def message(connection: Connection, letter: Letter) -> Any:
    """The row of `messages` with the letter's bytes."""
    m = t.messages.c
    query = select(t.messages).where(m.message_id == letter.message_id, m.direction == "out")
    if letter.partner is None:
        query = query.where(m.type == DEAD_LETTER, m.audit_seq == int(letter.id))
    return connection.execute(query).one()


def published_as(connection: Connection, message_pk: int, message_id: str) -> tuple[bytes | None, bytes]:
    """Key and packed headers with which a record was set aside first."""
    o = t.outbox.c
    query = select(o.key, o.headers).where(o.message_id == message_id, o.message_pk == message_pk).order_by(o.seq)
    found = connection.execute(query.limit(1)).one()
    return found.key, found.headers


def orders(connection: Connection, letter_id: str) -> list[Any]:
    """What was ordered about a letter, oldest first."""
    o = t.letter_orders.c
    return list(connection.execute(select(o.id, o.action, o.operator, o.at, o.digest).where(o.letter == letter_id).order_by(o.at)))


def is_order_known(connection: Connection, order_id: str) -> bool:
    """Whether this order was carried out before."""
    return connection.execute(select(t.letter_orders.c.id).where(t.letter_orders.c.id == order_id)).first() is not None


def adopt(connection: Connection) -> int:
    """Give a state to the dead letters of a store that was made before they had one. Returns how many."""
    d, m = t.dead_letters.c, t.messages.c
    place = d.topic + "/" + cast(d.partition, String) + "/" + cast(d.offset, String)
    query = select(d.error_class, d.stage, d.code, d.sender, d.at, m.audit_seq, m.message_id).join(
        t.messages, (m.message_id == place) & (m.type == DEAD_LETTER) & (m.digest == d.digest)
    )
    known = set(connection.scalars(select(c.id)))
    rows = {
        letter_id: row(letter_id, Fingerprint(each.error_class, each.stage, each.code, each.sender or "", ""), each.message_id, each.at)
        for each in connection.execute(query.order_by(d.pk)) if (letter_id := str(each.audit_seq)) not in known
    }  # fmt: skip
    if rows:
        connection.execute(t.letters.insert(), list(rows.values()))
    return len(rows)


def _letter(found: Any) -> Letter:
    fingerprint = Fingerprint(found.error_class, found.stage, found.code, found.party, found.type)
    return Letter(found.id, found.partner, fingerprint, found.message_id, found.at, LetterState(found.state), found.replays,
                  found.order_id, found.moved_at)  # fmt: skip
