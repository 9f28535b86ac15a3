"""What PostgreSQL may answer: which of its codes mean that the store is to be waited for, and which that a record is at fault."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from hub.casework import Casework
from hub.engine.processor import Processor
from hub.engine.records import Inbound, Unfit
from hub.engine.work import Work
from hub.store import postgresql
from hub.store.database import Database
from hub.store.errors import AWAY, FULL, LOCKED, is_outage, outage_of
from tests import stores
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.processes import until
from tests.rig import Rig
from tests.unit.test_processor import in_store, requests, tasks

WAITED_FOR = {
    "08000": AWAY, "08001": AWAY, "08003": AWAY, "08006": AWAY,  # the line
    "25006": AWAY,  # read only: it is a standby now
    "25P03": AWAY, "25P04": AWAY,  # ended for standing still, for a turn that lasted too long
    "40001": AWAY, "40P01": LOCKED,  # two in each other's way
    "53000": AWAY, "53100": FULL, "53200": AWAY, "53300": AWAY,  # resources: disk, memory, connections
    "55P03": LOCKED,  # lock_timeout
    "57014": AWAY, "57P01": AWAY, "57P02": AWAY, "57P03": AWAY, "57P05": AWAY,  # cancelled, shut down, crashed, starting, idle
    "58030": AWAY,  # input and output
}  # fmt: skip
AT_FAULT = ("22021", "22P02", "23505", "25P02", "42703", "42501", "54000", "XX000")
"""A value, a constraint, a statement, a right, a limit that the record exceeds, a fault of the server's own."""


def raised(code: str) -> DBAPIError:
    """What SQLAlchemy makes of a server's answer with this SQLSTATE; the session is whole."""
    made = DBAPIError.instance("SELECT 1", {}, psycopg.errors.lookup(code)(), psycopg.Error)
    assert isinstance(made, DBAPIError)
    return made


@pytest.mark.parametrize("code", WAITED_FOR)
def test_what_is_no_records_fault_is_waited_for(code: str) -> None:
    error = raised(code)
    assert (is_outage(error), outage_of(error)) == (True, WAITED_FOR[code])


@pytest.mark.parametrize("code", AT_FAULT)
def test_what_would_fail_again_is_not(code: str) -> None:
    assert not is_outage(raised(code))


def test_a_line_that_broke_without_a_word_is_waited_for() -> None:
    error = DBAPIError.instance("SELECT 1", {}, psycopg.OperationalError("server closed the connection"), psycopg.Error)
    assert isinstance(error, DBAPIError)
    assert (is_outage(error), outage_of(error)) == (True, AWAY)


# -- on a real server --------------------------------------------------------------------------------------------------


@pytest.fixture
def url() -> URL:
    """Who waits for a lock here gives up soon."""
    made = stores.postgres().schema()
    return made.update_query_dict({"options": f"{made.query['options']} -c lock_timeout=100"})


@pytest.fixture
def rig(tmp_path: Path, url: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr("tests.stores._places", {tmp_path / "hub.db": url})
    stores.use(stores.POSTGRESQL)
    made = Rig(tmp_path, courts=())
    yield made
    made.close()
    stores.use(stores.DEFAULT)


@asynccontextmanager
async def beside(rig: Rig, bus: Lanes) -> AsyncIterator[Processor]:
    """A hub on the rig's store, with sessions of its own."""
    store = Database(rig.store.where)
    async with working(rig, bus, store=store) as processor:
        yield processor
    store.close()


async def test_a_hub_that_waits_for_a_lock_for_too_long_goes_on_when_it_is_free(rig: Rig) -> None:
    bus = Lanes(REQUESTS, REPLIES)
    with capture_logs() as logs:
        async with beside(rig, bus) as processor:
            with rig.store.write():  # a shell, or a process that holds its turn
                bus.put(*[rig.request(inquiry(partners=["bank"]))[1] for _ in range(3)])
                await until(lambda: processor.standby.trouble is not None, "it is noticed")
            await until(lambda: len(bus.published) == 6, "it goes on by itself")
            await until(lambda: processor.standby.trouble is None, "and is well again")
    assert told(logs) == [("store.waiting", LOCKED), ("store.back", LOCKED)]


async def test_a_hub_whose_server_has_no_room_goes_on_when_there_is(rig: Rig) -> None:
    """The server says it itself, of each row, with the code that a full disk has."""
    bus = Lanes(REQUESTS, REPLIES)
    with capture_logs() as logs:
        async with beside(rig, bus) as processor:
            with rig.store.write() as connection:
                connection.exec_driver_sql("""
                    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
                    CREATE TRIGGER no_room BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION no_room()
                """)
            ids, records = requests(rig, 3)
            bus.put(*records)
            await until(lambda: processor.standby.trouble == FULL, "it is noticed")
            assert (in_store(rig), bus.published) == (0, [])
            with rig.store.write() as connection:
                connection.exec_driver_sql("DROP FUNCTION no_room CASCADE")
            await until(lambda: tasks(bus.published) == ids, "it goes on by itself, each once, in order")
            await until(lambda: processor.standby.trouble is None, "and is well again")
    assert told(logs) == [("store.waiting", FULL), ("store.back", FULL)]


@pytest.mark.parametrize(("clock", "code"), [("IDLE", "25P03"), ("TURN", "25P04")])
async def test_a_hub_whose_session_is_ended_while_it_stands_still_takes_its_batch_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, clock: str, code: str
) -> None:
    monkeypatch.setattr(postgresql, clock, 1)
    handle = Casework.handle
    ended: list[str] = []

    def stand_still(self: Casework, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        handle(self, work, batch)
        if not ended:
            ended.append("")
            time.sleep(1.5)
            try:
                work.connection.exec_driver_sql("SELECT 1")
            except DBAPIError as error:
                ended[:] = [str(getattr(error.orig, "sqlstate", None))]
                raise

    monkeypatch.setattr(Casework, "handle", stand_still)
    bus = Lanes(REQUESTS, REPLIES)
    bus.put(rig.request(inquiry(partners=["bank"]))[1])
    with capture_logs() as logs:
        async with beside(rig, bus) as processor:
            await until(lambda: len(bus.published) == 2, "it is decided on after all")
            await until(lambda: processor.standby.trouble is None, "and the store is well")
    assert ended == [code]
    assert told(logs) == [("store.waiting", AWAY), ("store.back", AWAY)], "no dead letter, and no end"


def told(logs: Sequence[object]) -> list[tuple[str, str]]:
    """What was said of the store."""
    lines = [line for line in logs if isinstance(line, dict)]
    assert not [line for line in lines if line["event"] == "engine.poison"]
    return [(line["event"], line["code"]) for line in lines if line["event"].startswith("store.")]
