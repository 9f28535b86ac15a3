"""What the two kinds of store do not say in the same words: types, and rows that replace others."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import INTEGER, BigInteger, Connection, Select, Table, func, select
from sqlalchemy import String as PlainString
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Integer = BigInteger().with_variant(INTEGER(), "sqlite")
"""64 bits, for microseconds; under the name that makes a primary key SQLite's own row number."""
String = PlainString().with_variant(PlainString(collation="C"), "postgresql")
"""Text that is compared byte by byte in both, so that an order or a range is the same."""


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_update`; both dialects give it the same form, and no common type."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def replacing(connection: Connection, table: Table) -> Any:
    """An INSERT of whole rows that replaces those with the same primary key."""
    return _replacing(connection.dialect.name, table)


@cache  # to build a statement costs more than to run it
def _replacing(dialect: str, table: Table) -> Any:
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    own = [column.name for column in table.primary_key]
    new = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in own}
    return statement.on_conflict_do_update(index_elements=own, set_=new)


def at_once(connection: Connection, statement: Select[Any], named: Mapping[str, object]) -> Iterable[Any]:
    """The rows of a statement of many rows, of texts, integers and nothing else, as sequences.

    SQLite hands out a row at a time, and at each its driver lets go of the interpreter's lock and waits for it again: where other
    threads want it that costs several times what reading does. So the rows come as one.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, named)
    rows: list[Any] = json.loads(connection.scalar(_as_one(statement), named))
    return rows


@cache
def _as_one(statement: Select[Any]) -> Select[Any]:
    return select(func.json_group_array(func.json_array(*statement.subquery().columns)))


class unindexed(FunctionElement[str]):  # noqa: N801 - written like a function of SQL
    """A text column as it is. SQLite, which knows nothing of how many rows match, is not to look for it in an index."""

    inherit_cache = True
    name = "unindexed"
    type = PlainString()


@compiles(unindexed)
def _plain(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(unindexed, "sqlite")
def _signed(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return "+" + compiler.process(element.clauses, **options)
