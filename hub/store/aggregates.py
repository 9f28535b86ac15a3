"""Aggregates in the store: all kinds in one table, the state itself as JSON, and what is searched for in columns."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from hub.rules.aggregate import Aggregate
from hub.store.dialect import replacing, unindexed
from hub.store.tables import aggregates as table

A = TypeVar("A", bound=Aggregate)
c = table.c
_KIND = unindexed(c.kind)
"""Else SQLite reads all of a kind by primary key to find a few."""
_BY_KEY = select(c.body).where(c.kind == bindparam("kind"), c.key.in_(bindparam("keys", expanding=True)))


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
            self._read(kind, _BY_KEY, {"kind": kind.KIND, "keys": wanted})

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
        self._connection.execute(replacing(self._connection, table), rows)
        self._changed.clear()

    def _query(self, kind: type[A], where: ColumnElement[bool]) -> list[A]:
        self.save()
        return self._read(kind, select(c.body).where(_KIND == kind.KIND, where).order_by(c.key))

    def _read(self, kind: type[A], query: Select[Any], named: Mapping[str, object] | None = None) -> list[A]:
        adapter = _adapter(kind)
        found: list[A] = [adapter.validate_json(body) for body in self._connection.scalars(query, named)]
        self._known |= {(kind.KIND, state.key): state for state in found}
        return found


_ADAPTERS: dict[type[Aggregate], TypeAdapter[Any]] = {}


def _adapter(kind: type[Aggregate]) -> TypeAdapter[Any]:
    """Made once: building one costs as much as a batch."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
