"""Many rows read as one are the rows that a statement gives, in both kinds of store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.store import tables as t
from hub.store.database import Database
from hub.store.dialect import at_once
from tests import stores

NUMBERS = t.numbers.c
QUERY = select(NUMBERS.number_token, NUMBERS.version, NUMBERS.request_key).order_by(NUMBERS.version)


@pytest.fixture
def store(tmp_path: Path, each_store: str) -> Iterator[Database]:
    made = stores.open_store(tmp_path / "hub.db")
    yield made
    made.close()


@pytest.mark.parametrize("text", ["", "执行协作\n\"协议\"", "\\u0041 \\", "a'b", "\u2028", "😀", "null", "[1]"])
def test_texts_and_integers_come_as_they_are(store: Database, text: str) -> None:
    rows = [(text, 2**53 + 1, "first"), ("other", 2**62, text), ("third", -(2**63), "")]
    with store.write() as connection:
        connection.execute(t.numbers.insert(), [
            {"court": "c", "number_token": token, "version": version, "action": "a", "request_key": key} for token, version, key in rows])  # fmt: skip
        found = [tuple(row) for row in at_once(connection, QUERY, {})]
        assert sorted(found) == sorted(rows) == sorted(tuple(row) for row in connection.execute(QUERY))


def test_of_no_rows_there_are_none(store: Database) -> None:
    with store.read() as connection:
        assert list(at_once(connection, QUERY, {})) == []


def test_what_is_null_is_none(store: Database) -> None:
    with store.write() as connection:
        connection.execute(t.meta.insert(), {"name": "n", "value": "v"})
        query = select(t.meta.c.name, t.tasks.c.outcome).join(t.tasks, t.tasks.c.task_id == t.meta.c.name, isouter=True).where(t.meta.c.name == "n")
        assert [tuple(row) for row in at_once(connection, query, {})] == [("n", None)]
