"""One PostgreSQL for several processes: who writes when, who does what, and what one that was overtaken cannot do."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, func, make_url, select, update
from sqlalchemy.exc import DataError, DBAPIError
from structlog.testing import capture_logs

from hub.bus.topics import Topics
from hub.casework import Casework
from hub.engine.clock import now_micros
from hub.engine.crew import RELAY, Crew, Fenced
from hub.engine.processor import Processor
from hub.engine.records import Inbound, Outgoing, Place, Unfit
from hub.engine.work import Work
from hub.store import leases, postgresql
from hub.store import tables as t
from hub.store.database import Database, locate, open_readonly
from hub.store.errors import StoreError, is_outage
from schemas.base import derive_id
from schemas.replies import Receipt
from tests import stores
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.processes import until
from tests.rig import MASTER, Rig, sample_rulebook

PLACES: tuple[Place, ...] = tuple((topic, number) for topic in (REPLIES, REQUESTS) for number in range(3))
ROLE = "log"


@pytest.fixture
def url() -> URL:
    return stores.postgres().schema()


@pytest.fixture
def store(url: URL) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()


# -- where it is -------------------------------------------------------------------------------------------------------


def test_a_setting_names_a_file_or_a_server_and_holds_no_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")
    assert locate("sqlite:hub.db", tmp_path) == tmp_path / "hub.db"
    found = locate("postgresql://hub@db/liandong", tmp_path, tmp_path / "password")
    assert isinstance(found, URL)
    assert (found.password, str(found)) == ("s3cret", "postgresql://hub:***@db/liandong")
    for wrong in ("hub.db", "mysql://hub@db/x", "postgresql:x", "sqlite:"):
        with pytest.raises(ValueError, match="is expected"):
            locate(wrong, tmp_path)
    for wrong in ("postgresql://hub:s3cret@db/x", "postgresql://hub@db/x?password=s3cret"):
        with pytest.raises(ValueError, match="does not belong here"):
            locate(wrong, tmp_path)


def test_a_server_that_is_away_or_another_versions_store_is_told_in_a_line(url: URL, tmp_path: Path) -> None:
    away = make_url("postgresql://hub@/x").update_query_dict({"host": str(tmp_path)}).set(password="s3cret")
    with pytest.raises(StoreError, match="store-unreachable") as told:
        Database(away)
    assert "s3cret" not in str(told.value)
    made = Database(url)
    with made.write() as connection:
        connection.execute(update(t.meta).where(t.meta.c.name == "schema").values(value="999"))
    made.close()
    with pytest.raises(StoreError, match="store-newer"):
        Database(url)
    with pytest.raises(StoreError, match="store-version"), open_readonly(url):
        pass


# -- turns -------------------------------------------------------------------------------------------------------------


def test_writers_take_turns_and_number_in_the_order_of_commits(store: Database) -> None:
    """Each reads the highest number and adds the next, slowly; none is taken twice, none is skipped."""
    other = Database(store.where)

    def add(database: Database) -> None:
        for _ in range(20):
            with database.write() as connection:
                last = connection.scalar(select(func.max(t.audit.c.seq))) or 0
                time.sleep(0.001)
                connection.execute(t.audit.insert(), {"seq": last + 1, "kind": "x", "at": 0, "leaf": b"\x00"})

    threads = [threading.Thread(target=add, args=(database,)) for database in (store, other, store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert list(connection.scalars(select(t.audit.c.seq).order_by(t.audit.c.seq))) == list(range(1, 81))
    other.close()


def idle(_: Connection) -> None:
    """Between two statements."""


def sending(connection: Connection) -> None:
    """With rows on their way, and more to come: the server does not call that idle."""
    line = connection.connection.driver_connection.pgconn  # type: ignore[union-attr]  # a session has one
    line.enter_pipeline_mode()
    line.send_query_params(b"SELECT 1", None)
    line.send_flush_request()
    line.flush()


@pytest.mark.parametrize("how", [idle, sending])
def test_a_writer_that_stands_still_loses_its_turn(url: URL, monkeypatch: pytest.MonkeyPatch, how: Callable[[Connection], None]) -> None:
    monkeypatch.setattr(postgresql, "TURN", 1)
    still, other = Database(url), Database(url)

    def add(connection: Connection, until_at: int) -> None:
        connection.execute(t.outages.insert(), {"until_at": until_at, "from_at": 0})

    def stand_still() -> None:
        with still.write() as stuck:
            add(stuck, 1)
            how(stuck)
            with other.write() as connection:  # waits until the server has ended the session of the first
                add(connection, 2)
            add(stuck, 3)

    with pytest.raises(DBAPIError) as lost:
        stand_still()
    assert is_outage(lost.value)
    with still.read() as connection:
        assert list(connection.scalars(select(t.outages.c.until_at))) == [2]
    still.close()
    other.close()


def test_a_program_that_works_alone_takes_as_long_as_it_takes(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "TURN", 1)
    monkeypatch.setattr(postgresql, "IDLE", 1)
    store = Database(url)
    with store.write(alone=True) as connection:
        time.sleep(1.2)
        connection.exec_driver_sql("SELECT pg_sleep(1.2)")
    store.close()


def test_a_character_that_text_cannot_hold_is_the_records_fault(store: Database) -> None:
    with pytest.raises(DataError) as refused, store.write() as connection:
        connection.execute(t.meta.insert(), {"name": "x", "value": "\x00"})
    assert not is_outage(refused.value)


# -- leases ------------------------------------------------------------------------------------------------------------


def expire(store: Database) -> None:
    """Let every lease run out."""
    with store.write() as connection:
        connection.execute(update(leases.leases).values(until_at=0))


def test_partitions_are_divided_evenly_and_taken_over(store: Database) -> None:
    first, second, third = (Crew(store, [ROLE]) for _ in range(3))
    assert first.join(PLACES) == set(PLACES)
    assert second.join(PLACES) == set(), "the first reads them still"
    assert first.has(ROLE)
    assert not second.has(ROLE)
    kept = first.join(PLACES, busy=PLACES)
    assert len(kept) == 3
    assert second.join(PLACES) == set(), "and goes on until it has finished what it took"
    assert first.join(PLACES) == kept
    assert second.join(PLACES) == set(PLACES) - kept
    for crew in (third, first, second):  # a third comes, and the others let go
        crew.join(PLACES)
    assert [len(crew.join(PLACES)) for crew in (first, second, third)] == [2, 2, 2]
    expire(store)
    assert second.join(PLACES) == set(PLACES), "nobody else has been heard of"
    assert second.has(ROLE)


def test_who_leaves_or_loses_kafka_lets_others_read_and_publish(store: Database) -> None:
    first, second = (Crew(store, [ROLE]) for _ in range(2))
    first.join(PLACES)
    assert first.join(PLACES, busy=PLACES, in_contact=False) == set()
    assert second.join(PLACES) == set(PLACES)
    assert (first.has(RELAY), first.has(ROLE)) == (False, True), "what needs no Kafka stays"
    assert (second.has(RELAY), second.has(ROLE)) == (True, False)
    first.leave()
    second.join(PLACES)
    assert second.has(ROLE)


def test_a_role_that_has_run_out_is_nobodys(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(store, [ROLE])
    crew.join(PLACES)
    with store.write() as connection:
        crew.check(connection, ROLE)
    expire(store)
    with pytest.raises(Fenced), store.write() as connection:
        crew.check(connection, ROLE)
    later = time.monotonic() + leases.SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not crew.has(ROLE), "a process that stood still knows without asking"


# -- two at work -------------------------------------------------------------------------------------------------------


class Twin(Lanes):
    """A reader and publisher of topics that another has too."""

    def __init__(self, published: list[tuple[str, Outgoing]], name: str) -> None:
        super().__init__(REQUESTS, REPLIES)
        self._all = published
        self._name = name

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        await super().publish(batch)
        self._all += [(self._name, each) for each in batch]


@pytest.fixture
def rig(tmp_path: Path, url: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr("tests.stores._places", {tmp_path / "hub.db": url})
    stores.use(stores.POSTGRESQL)
    made = Rig(tmp_path, courts=())
    made.now = now_micros()
    yield made
    made.close()
    stores.use(stores.DEFAULT)


@asynccontextmanager
async def working(rig: Rig, bus: Lanes) -> AsyncIterator[tuple[Processor, "asyncio.Task[None]"]]:
    """A processor as of another process: its own sessions, its own keys at hand."""
    store = Database(rig.store.where)
    processor = Processor(
        store=store, source=lambda: bus, sink=bus, gate=rig.gate, composer=rig.composer, master_key=MASTER,
        application=Casework(sample_rulebook(rig.directory), Topics()), clock=lambda: rig.now, roles=[ROLE],
    )  # fmt: skip
    running = asyncio.create_task(processor.run())
    await processor.ready.wait()
    try:
        yield processor, running
    finally:
        processor.stop()
        await asyncio.wait([running])
        store.close()


def in_order(published: Sequence[tuple[str, Outgoing]]) -> list[int]:
    """Numbers of the outbox as they were first published."""
    return list(dict.fromkeys(each.seq for _, each in published))


async def test_one_publishes_in_order_what_all_have_committed(rig: Rig) -> None:
    """The requests go to the reader of their partition, the other commits by itself; the rows interleave."""
    published: list[tuple[str, Outgoing]] = []
    one, two = Twin(published, "one"), Twin(published, "two")
    async with working(rig, one) as (first, _), working(rig, two) as (second, _):
        await until(lambda: len(readers(rig)) == 2, "the partitions are divided")
        assert first.crew.has(RELAY)
        for _ in range(10):
            record = rig.request(inquiry(partners=["bank"]))[1]
            one.put(record)
            two.put(record)
            for processor in (first, second):
                await processor.transact(say)
        await until(lambda: len(in_order(published)) == 40, "all is published")
    assert in_order(published) == list(range(1, 41))
    assert {name for name, _ in published} == {"one"}, "the one that has the role"


async def test_a_successor_publishes_the_rest_and_the_overtaken_is_fenced(rig: Rig) -> None:
    """The first stands still with a batch in its hands and unpublished rows behind it, until its leases have run out."""
    published: list[tuple[str, Outgoing]] = []
    one, two = Twin(published, "one"), Twin(published, "two")
    one.refuses = True

    def put() -> None:
        record = rig.request(inquiry(partners=["bank"]))[1]
        one.put(record)
        two.put(record)

    async with working(rig, one) as (first, _):
        for _ in range(5):
            put()
        await until(lambda: decided(rig) == 5, "the first has decided")
        first.pause()
        both = frozenset(((REQUESTS, 0), (REPLIES, 0)))
        first.crew.join = lambda *_arguments, **_options: both  # type: ignore[method-assign]  # it hears nothing meanwhile
        expire(rig.store)
        async with working(rig, two) as (second, _):
            for _ in range(5):
                put()
            await until(lambda: decided(rig) == 10, "the second goes on")
            await until(lambda: len(in_order(published)) == 20, "and publishes for both")
            with pytest.raises(Fenced):
                await first.transact(lambda work: work.decide("x", None, None, {}), ROLE)
            with capture_logs() as logs:
                first.resume()
                await until(lambda: any(line["event"] == "engine.fenced" for line in logs), "the first finds its offsets moved")
            assert second.crew.has(ROLE)
        del first.crew.join
    assert decided(rig) == 10
    assert [each.seq for name, each in published if name == "two"] == list(range(1, 21))


def say(work: Work) -> None:
    """Something of this process's own."""
    data = Receipt(task_id=derive_id("said", str(work.now)), handling="automatic")
    work.send(work.decide("said", None, None, {}), "hub.results.court-9901.v1", id=data.task_id, type="said", recipient="court-9901",
              case_token="c" * 32, correlation=data.task_id, cause=None, expires=work.now, data=data, request_key=None)  # fmt: skip


def readers(rig: Rig) -> set[str]:
    """The processes that have partitions to read."""
    with rig.store.read() as connection:
        return set(connection.scalars(select(leases.leases.c.holder).where(leases.leases.c.name.startswith("partition/"))))


def decided(rig: Rig) -> int:
    """How many requests were accepted."""
    with rig.store.read() as connection:
        query = select(func.count()).select_from(t.audit).where(t.audit.c.kind == "request.accepted")
        return connection.scalar(query) or 0


async def test_a_batch_that_outlasts_its_turn_is_decided_in_parts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight records, for each of which the machine takes a fifth of a turn."""
    monkeypatch.setattr(postgresql, "TURN", 1)
    handle = Casework.handle

    def slowly(self: Casework, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        handle(self, work, batch)
        time.sleep(0.2 * len(batch))

    monkeypatch.setattr(Casework, "handle", slowly)
    bus = Lanes(REQUESTS, REPLIES)
    bus.put(*[rig.request(inquiry(partners=["bank"]))[1] for _ in range(8)])
    async with working(rig, bus) as (processor, _):
        await until(lambda: decided(rig) == 8, "all is decided on")
        assert processor.standby.trouble is None, "and the store was well"


async def test_one_that_is_stopped_hands_over_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that last for an hour: nobody waits for one to run out."""
    monkeypatch.setattr(leases, "SECONDS", 3600)
    published: list[tuple[str, Outgoing]] = []
    one, two = Twin(published, "one"), Twin(published, "two")
    async with working(rig, one) as (first, running):
        await until(lambda: first.crew.has(RELAY) and first.crew.has(ROLE), "the first does everything")
        async with working(rig, two) as (second, _):
            assert not second.crew.has(RELAY)
            first.stop()
            await running
            with rig.store.read() as connection:
                assert leases.at_work(connection) == 1, "what the first had is free"
            await until(lambda: second.crew.has(RELAY) and second.crew.has(ROLE), "the second has taken over")
            for bus in (one, two):
                bus.put(rig.request(inquiry(partners=["bank"]))[1])
            await until(lambda: len(published) >= 2, "the second reads and publishes")
            assert {who for who, _ in published} == {"two"}
