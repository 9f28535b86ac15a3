"""A store with very many ledgers: what a timer, a message or an inquiry costs must not grow with their number."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from hub.store import tables as t
from schemas import samples
from tests.bench.ledger import fill
from tests.factories import control, inquiry
from tests.rig import Rig, said
from tests.unit.test_ledger_casework import ACCOUNT, agree, closed, recheck, reviewed, tasks

ROWS = 200_000
YEAR = 365 * 24 * 3600 * 1_000_000
GROWING = ("aggregates", "timers", "requests", "tasks", "messages", "outbox", "inbox", "audit", "numbers", "case_keys")
"""Tables with a row for each thing that has happened."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("hub"), courts=("court-9901", "court-9902"))
    agree(made, fresh_for=30 * 24 * 3600)
    fill(made, ROWS, made.now + YEAR)  # due after those of the test
    yield made
    made.close()


class Plans:
    """How SQLite means to carry out each statement of the casework, by its own word."""

    def __init__(self, rig: Rig) -> None:
        self._seen: dict[str, Any] = {}
        event.listen(rig.store.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            self._seen.setdefault(statement, parameters[0] if many else parameters)

    def scans(self, rig: Rig) -> list[tuple[str, str]]:
        """Steps that read a growing table from end to end, or all of one kind in it, each with its statement."""
        found = []
        with rig.store.read() as connection:
            for statement, parameters in list(self._seen.items()):
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    words = row[3].split()
                    if words[1] in GROWING and (words[0] == "SCAN" or row[3].endswith(" (kind=?)")):
                        found.append((row[3], statement))
        return found


def test_no_step_of_the_casework_reads_a_growing_table_from_end_to_end(rig: Rig) -> None:
    request_id = closed(rig)
    plans = Plans(rig)
    task = recheck(rig)
    rig.feed([rig.reply(task, "result", findings=[ACCOUNT])])
    reviewed(rig, request_id, 1, "dismissed")
    rig.feed([rig.statement({"case_number": samples.case_number(), "subject": samples.subject("P01")}, "certificate-request")[1]])
    out = rig.feed([rig.request(inquiry("P01", court="court-9902"), "court-9902")[1]])
    rig.feed([rig.reply(each) for each in tasks(out)])
    freeze = said(rig.feed([rig.request(control(court="court-9902"), "court-9902")[1]]))[-1]
    rig.feed([rig.reply(freeze, "result")])
    rig.register_case(version=3, status="performed")
    assert [each for each in plans.scans(rig) if "published_at IS NULL" not in each[1]] == []


def test_due_timers_are_found_by_their_time(rig: Rig) -> None:
    """As the engine asks for them: a batch of those that are due, oldest first, without sorting the others."""
    c = t.timers.c
    query = select(c.kind, c.ref, c.due_at).where(c.due_at <= 10).order_by(c.due_at).limit(500)
    with rig.store.read() as connection:
        sql = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH timers USING COVERING INDEX timers_due")

