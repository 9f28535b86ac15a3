"""Aggregates in the store: all kinds in one table, the state itself as JSON, and what is searched for in columns."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Select, select

from hub.rules.aggregate import Aggregate
from hub.store.dialect import insert, unindexed
from hub.store.tables import aggregates as table

A = TypeVar("A", bound=Aggregate)
c = table.c
_KIND = unindexed(c.kind)
"""Else SQLite reads all of a kind by primary key to find a few."""


class States:
    """Aggregates of one batch: read when asked for, changed in memory, written before any query and at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], Aggregate | None] = {}
        self._changed: dict[tuple[str, str], Aggregate] = {}

    def prepare(self, kind: type[A], keys: Collection[str]) -> None:
        """Have these at hand, in one query."""
        wanted = [key for key in keys if (kind.KIND, key) not in self._known]
        if wanted:
            self._known |= dict.fromkeys(((kind.KIND, key) for key in wanted), None)
            self._read(kind, select(table).where(c.kind == kind.KIND, c.key.in_(wanted)))

    def get(self, kind: type[A], key: str | None) -> A | None:
        """The aggregate with this key, if there is one."""
        if key is None:
            return None
        self.prepare(kind, [key])
        found = self._known[kind.KIND, key]
        return found if isinstance(found, kind) else None

    def of_case(self, kind: type[A], case_token: str) -> list[A]:
        """Those of one case, by key."""
        return self._query(kind, c.case_token == case_token)

    def about(self, kind: type[A], ref: str) -> list[A]:
        """Those about one asset or subject, by key."""
        return self._query(kind, c.ref == ref)

    def put(self, state: Aggregate) -> None:
        """This state, to be written."""
        self._known[state.KIND, state.key] = self._changed[state.KIND, state.key] = state

    def save(self) -> None:
        """Write what has changed."""
        if not self._changed:
            return
        rows = [
            {"kind": state.KIND, "key": state.key, "court": state.court, "case_token": state.case_token, "ref": state.ref,
             "status": state.status, "body": _adapter(type(state)).dump_json(state)}
            for state in self._changed.values()
        ]  # fmt: skip
        statement = insert(self._connection, table)
        new = {name: statement.excluded[name] for name in ("court", "case_token", "ref", "status", "body")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["kind", "key"], set_=new), rows)
        self._changed.clear()

    def _query(self, kind: type[A], where: ColumnElement[bool]) -> list[A]:
        self.save()
        return self._read(kind, select(table).where(_KIND == kind.KIND, where).order_by(c.key))

    def _read(self, kind: type[A], query: Select[Any]) -> list[A]:
        found: list[A] = [_state(kind, row.body) for row in self._connection.execute(query)]
        self._known |= {(kind.KIND, state.key): state for state in found}
        return found


_ADAPTERS: dict[type[Aggregate], TypeAdapter[Any]] = {}


def _adapter(kind: type[Aggregate]) -> TypeAdapter[Any]:
    """Made once: building one costs as much as a batch."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


@lru_cache(maxsize=2048)  # a state that does not change is read again with each reply in its case
def _state(kind: type[A], body: bytes) -> A:
    state: A = _adapter(kind).validate_json(body)
    return state
