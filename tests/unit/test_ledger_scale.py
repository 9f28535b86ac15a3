"""Millions of closed rounds must not slow the hub: whatever it asks its store is answered from an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from hub.casework.desk import request_key
from hub.casework.ledger import ROUND
from hub.engine.timers import Due
from hub.store import tables as t
from schemas import samples
from tests import ledgers
from tests.factories import control, inquiry
from tests.rig import Rig, said, sample_linkage, types

ROWS = 100_000
UNTIL = "2032-12-31T23:59:59.000000+08:00"
ACCOUNT = {"kind": "account", "number": "9901000000000003012", "branch": "示例支行", "currency": "CNY", "balance": "1.00", "status": "normal"}

Statement = tuple[str, Any]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(Path(tmp_path_factory.mktemp("scale")))
    ledgers.fill(made.store, ROWS, made.now, sample_linkage().terms.ledger)
    yield made
    made.close()


@contextmanager
def listening(rig: Rig) -> Iterator[list[Statement]]:
    """Every statement that the store is given meanwhile; of one given for many rows, the first row's."""
    heard: list[Statement] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        heard.append((statement, parameters[0] if many else parameters))

    event.listen(rig.store.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(rig.store.engine, "before_cursor_execute", hear)


NO_TABLE = frozenset({"SCAN CONSTANT ROW", "SCAN (subquery-2)", "SCAN anon_1"})
"""How SQLite plans an IN over no values, and rows that were found and are made one (`hub.store.dialect.at_once`)."""


def scans(rig: Rig, heard: list[Statement]) -> list[str]:
    """What SQLite would read a whole table for, among these statements. The index of what is not published yet holds no more, and
    what stands for no values is no table. Of `standing`, which a restore alone fills, the one row that comes first is asked for."""
    found = []
    with rig.store.read() as connection:
        for statement, parameters in heard:
            if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                found += [f"{row[3]}: {statement}" for row in plan if row[3].startswith("SCAN ") and "outbox_pending" not in row[3] and "FROM standing" not in statement and row[3] not in NO_TABLE]
    return found


def first_round(rig: Rig, key: str) -> Any:
    """The task of this ledger's first round, asked at its own time while the others wait."""
    with rig.store.read() as connection:
        rig.now = connection.execute(select(t.timers.c.due_at).where(t.timers.c.kind == ROUND, t.timers.c.ref == key)).scalar_one()
    with rig.work() as work:
        rig.casework.fire(work, [Due(ROUND, key, rig.now)])
    (task,) = said(work.outgoing)
    return task


def test_the_due_timers_are_found_without_reading_the_others(rig: Rig) -> None:
    with listening(rig) as heard:
        assert rig.fire() == []
        rig.next_due()
    assert any("timers" in statement for statement, _ in heard)
    assert scans(rig, heard) == []


def test_a_day_of_the_ledger_reads_no_table_whole(rig: Rig) -> None:
    data = inquiry("P03", partners=["bank"], standing={"every_months": 6, "times": 10})
    data |= {"legal": samples.legal_basis("inquire") | {"valid_until": UNTIL}}
    with listening(rig) as heard:
        request_id, record = rig.request(data, expires=datetime.fromisoformat(UNTIL))
        assert types(rig.feed([record])) == ["inquiry.acceptance"]
        rig.feed([rig.request(inquiry("P04"))[1], rig.request(control("freeze"))[1]])
        task = first_round(rig, request_key("court-9901", request_id))
        assert types(rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])) == ["inquiry.result", "case.event", "inquiry.conclusion"]
        review = {"standing": request_id, "round": 1, "outcome": "dismissed", "officer": "GZ-9901-001", "reason": "不足执行费用"}
        rig.feed([rig.statement(review, "review")[1]])
        assert types(rig.register_case(version=2, status="resumed")) == ["case.noted", "inquiry.conclusion"]
    assert len(heard) > 20
    assert scans(rig, heard) == []


def test_a_scan_would_be_seen(rig: Rig) -> None:
    assert scans(rig, [("SELECT count(*) FROM aggregates WHERE body = ?", ("x",))]) != []
