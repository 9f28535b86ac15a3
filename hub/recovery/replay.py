"""Deciding again what an old backup does not know of, as it was decided: by the audit log.

Each entry says when it was decided and because of which record. Under that clock, with those records, the same rules make the
same entry byte for byte, and so, as it names their digests, the same messages; what turns out otherwise is undone.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Connection, func, select, update

from hub.casework import Casework
from hub.casework.desk import possible_keys
from hub.casework.maintenance import reference
from hub.engine import timers
from hub.engine.batches import BATCH
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Record, Unfit
from hub.engine.timers import Due
from hub.engine.work import Work
from hub.store import cases, contact
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError, is_outage
from hub.store.vault import Vault
from schemas.base import micros

log = structlog.get_logger()

Spot = tuple[str, int, int]
"""Topic, partition, offset."""
_ECHOED = frozenset({"party.key", "bus.outage", "timer.failed", "store.restored", "agreement.maintenance"})
"""What is neither a record's doing nor a rule's: the entry says it all."""


@dataclass(frozen=True, slots=True)
class Group:
    """The entries of one transaction: what was decided at one moment."""

    first: int
    at: int
    leaves: tuple[bytes, ...]
    entries: tuple[dict[str, Any], ...]

    @property
    def spots(self) -> list[Spot]:
        """Of the records that it was decided on; one that had been put off before is in the store, and comes with its timer."""
        read = [each["in"] for each in self.entries if "in" in each and "held" not in each]
        found = [(each["topic"], each["partition"], each["offset"]) for each in read]
        return list(dict.fromkeys(found))

    @property
    def ordered(self) -> bool:
        """Whether it was an operator's order, which stands in no topic."""
        return any(each["kind"].startswith("letter.") and each["kind"] != "letter.unanswered" for each in self.entries)


@dataclass(slots=True)
class Outcome:
    """What was decided again: entries of the log as they were, and records without one, as of then. `orders` are the places in the log
    of operators' orders, whose effects are not brought back."""

    entries: int = 0
    records: int = 0
    orders: list[int] = field(default_factory=list)


def groups(leaves: Iterable[bytes], first: int) -> Iterator[Group]:
    """Consecutive entries of the same moment; `first` is the place in the log of the first of them."""
    for at, run in groupby(leaves, key=lambda leaf: str(json.loads(leaf)["at"])):
        found = tuple(run)
        yield Group(first, micros(datetime.fromisoformat(at)), found, tuple(json.loads(leaf) for leaf in found))
        first += len(found)


class Replayer:
    """Decides groups again, one transaction each. Blocking."""

    def __init__(self, store: Database, gate: Gate, casework: Casework, composer: Composer, vault: Vault, cluster: str) -> None:
        self._store = store
        self._gate = gate
        self._casework = casework
        self._composer = composer
        self._vault = vault
        self._cluster = cluster
        self.outcome = Outcome()

    def again(self, group: Group, records: Sequence[Record]) -> bool:
        """Decide `group` again, with its records; False, and nothing has happened, if that makes other entries."""
        if group.ordered or all(each["kind"] in _ECHOED for each in group.entries):
            self._echo(group)
            return True
        try:
            if records:
                return self._taken(group.at, records, group.leaves)
            due = self._due(group.at)
            # Those that were put off then, as the message had been out for less long, may count as due now: the last ones.
            return any(self._attempt(group.at, partial(self._fire, due=due[:count]), group.leaves) for count in range(len(due), 0, -1))
        except StoreError:
            raise
        except Exception as error:
            if is_outage(error):
                raise
            log.error("restore.failed", entry=group.first, error=type(error).__name__)
            return False

    def anew(self, at: int, record: Record) -> None:
        """Decide on a record of which the log says nothing, as of `at` (µs)."""
        self._taken(at, [record], None)
        self.outcome.records += 1

    def _taken(self, at: int, records: Sequence[Record], leaves: Sequence[bytes] | None) -> bool:
        batch = self._gate.check_all(records)
        try:
            return self._attempt(at, lambda work: self._casework.handle(work, batch), leaves, batch)
        except Exception as error:  # the engine sets aside one record that deciding fails on; so was this then
            if len(batch) > 1 or is_outage(error):
                raise
            bad = error
        return self._attempt(at, lambda work: self._casework.poison(work, batch[0], bad), leaves, batch)

    def _fire(self, work: Work, due: Sequence[Due]) -> None:
        for timer in due:
            timers.remove(work.connection, timer)
        self._casework.fire(work, due)

    def _attempt(
        self, at: int, decide: Callable[[Work], None], leaves: Sequence[bytes] | None, batch: Sequence[Inbound | Unfit] = ()
    ) -> bool:
        """One transaction; undone, and False, unless it makes the entries `leaves`, if any are given."""
        try:
            with self._store.write() as connection:
                work = Work(connection, at, self._composer, self._vault, restored=True)
                before = connection.scalar(select(func.max(t.audit.c.seq))) or 0
                decide(work)
                work.flush()
                made = connection.scalars(select(t.audit.c.leaf).where(t.audit.c.seq > before).order_by(t.audit.c.seq))
                if leaves is not None and tuple(made) != tuple(leaves):
                    raise _Differs
                self._move(connection, batch, at)
        except BaseException as error:
            self._vault.forget()
            if isinstance(error, _Differs):
                return False
            raise
        self.outcome.entries += len(leaves or ())
        return True

    def _echo(self, group: Group) -> None:
        """What nothing in a topic caused: the entries as they are, and what they say of an outage."""
        with self._store.write() as connection:
            before = connection.scalar(select(func.max(t.audit.c.seq))) or 0
            for number, (leaf, entry) in enumerate(zip(group.leaves, group.entries, strict=True), before + 1):
                row = {"seq": number, "kind": entry["kind"], "request_key": _reference(connection, entry), "at": group.at, "leaf": leaf}
                connection.execute(t.audit.insert(), row)
                if entry["kind"] == "timer.failed":
                    c = t.timers.c
                    connection.execute(t.timers.delete().where(c.kind == entry["timer"], c.ref == entry["ref"]))
                if entry["kind"] == "bus.outage":
                    begin, until = (micros(datetime.fromisoformat(entry[name])) for name in ("from", "until"))
                    connection.execute(t.outages.insert(), {"from_at": begin, "until_at": until})
            self._move(connection, [], group.at)
        if group.ordered:
            self.outcome.orders.append(group.first)
        self.outcome.entries += len(group.leaves)

    def _move(self, connection: Connection, batch: Sequence[Inbound | Unfit], at: int) -> None:
        """The offsets behind what was decided on, and Kafka answered then."""
        contact.note(connection, max(at, contact.last(connection)))
        for item in batch:
            record, c = item.record, t.offsets.c
            here = c.cluster == self._cluster, c.topic == record.topic, c.partition == record.partition
            connection.execute(update(t.offsets).where(*here, c.next <= record.offset).values(next=record.offset + 1))

    def _due(self, at: int) -> list[Due]:
        with self._store.read() as connection:
            return timers.due(connection, at, BATCH)


def _reference(connection: Connection, entry: dict[str, Any]) -> str | None:
    """What an entry that is echoed is found by."""
    if entry["kind"] == "party.key":
        return f"key/{entry['kid']}/{entry['thumbprint']}"
    if entry["kind"] == "agreement.maintenance":
        return reference(entry["partner"])
    if entry["kind"].startswith("letter.") and "request" in entry:
        return next(iter(cases.load(connection, possible_keys(entry["court"], entry["request"]))), None)
    return None


class _Differs(Exception):  # noqa: N818 - it undoes a transaction
    """Decided again, something came out otherwise."""


def differs(group: Group) -> StoreError:
    """A signed entry that cannot be decided again as it was."""
    kinds = ", ".join(sorted({each["kind"] for each in group.entries}))
    return StoreError(
        "restore-differs", f"entry {group.first} of the log ({kinds}) comes out otherwise when it is decided again. Restore with the "
        "program, configuration and parties of that time, then change them")  # fmt: skip
