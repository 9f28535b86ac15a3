"""A store that is full or locked, or a log directory that is: hub and connector stop taking, and go on by themselves."""

import asyncio
import contextlib
import errno
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from connectors import jobs
from connectors.base import Answer, Connector, Job, Outcome, Recovery
from connectors.course import Pace
from connectors.desk import Desk, admits
from connectors.runner import Runner
from connectors.settling import ROLE
from hub.bus.topics import Topics
from hub.console.app import build_app
from hub.console.metrics import build_registry
from hub.console.reader import Reader
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.engine.records import Outgoing, Record
from hub.engine.standby import Standby
from hub.sequencer import Sequencer
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError, is_outage, outage_of
from hub.trust import durable, keys
from hub.trust.checkpoints import open_checkpoint
from hub.trust.notes import NoteSigner
from schemas.replies import ReplyKind
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.processes import until
from tests.rig import MASTER, Rig, said, sample_linkage
from tests.stores import open_store
from tests.unit.test_processor import in_store, requests, tasks

PACE = Pace(concurrency=2, poll=0.01)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=())
    yield made
    made.close()


class Disk:
    """What the store's file may grow to, and how long a lock is waited for."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._full = False
        event.listen(store.engine, "checkout", self._configure)

    def _configure(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=20")
        connection.execute(f"PRAGMA max_page_count={1 if self._full else 2**32 - 2}")  # never below what there is

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        self._full = True
        yield
        self._full = False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        assert isinstance(self._store.where, Path)
        with contextlib.closing(sqlite3.connect(self._store.where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


def of_store(logs: Sequence[MutableMapping[str, Any]]) -> list[tuple[str, str]]:
    return [(line["event"], line["code"]) for line in logs if line["event"].startswith("store.")]


# -- the hub -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["full", "locked"])
async def test_the_hub_waits_and_goes_on_without_losing_or_doubling_anything(rig: Rig, what: str) -> None:
    disk, bus = Disk(rig.store), Lanes(REQUESTS, REPLIES)
    ids, records = requests(rig, 60)
    with capture_logs() as logs:
        async with working(rig, bus) as processor:
            bus.put(*records[:20])
            await until(lambda: len(bus.published) == 40, "all is well at first")
            with getattr(disk, what)():
                for at in range(20, 60, 10):
                    bus.put(*records[at : at + 10])
                await until(lambda: processor.standby.trouble == f"store-{what}", "it is noticed")
                await until(lambda: not processor.ready.is_set(), "nothing is taken")
                committed = in_store(rig)
                await asyncio.sleep(1.5)  # past the first pause
                assert in_store(rig) == committed, "a batch is taken whole or not at all"
            await until(lambda: len(bus.published) >= 120, "it goes on by itself")
            await until(lambda: processor.standby.trouble is None, "and is well again")
    assert tasks(bus.published) == ids, "each once, in order"
    assert [each.seq for each in bus.published] == list(range(1, 121))
    assert of_store(logs) == [("store.waiting", f"store-{what}"), ("store.back", f"store-{what}")], "one line each"
    assert all(line.get("advice") for line in logs if line["event"] == "store.waiting")


async def test_a_hub_without_a_store_ends_when_it_is_told_to(rig: Rig) -> None:
    disk, bus = Disk(rig.store), Lanes(REQUESTS, REPLIES)
    ids, records = requests(rig, 1)
    with contextlib.ExitStack() as stack:
        async with working(rig, bus) as processor:
            stack.enter_context(disk.locked())
            bus.put(*records)
            await until(lambda: processor.standby.trouble is not None, "it waits")
    again = Lanes(REQUESTS, REPLIES)
    again.put(*records)
    async with working(rig, again):
        await until(lambda: tasks(again.published) == ids, "the next start takes it")


async def test_time_without_a_store_counts_against_nobody(rig: Rig) -> None:
    disk, bus = Disk(rig.store), Lanes(REQUESTS, REPLIES)
    (_, (record,)) = requests(rig, 1)
    async with working(rig, bus) as processor:
        bus.put(record)
        await until(lambda: len(bus.published) == 2, "a partner is asked")
        for _ in range(2):
            goal = bus.asked + 1
            rig.advance(2)
            await until(lambda goal=goal: bus.asked >= goal, "its time runs")  # type: ignore[misc]  # mypy cannot infer a lambda's default
        with disk.locked():
            rig.advance(20)
            await until(lambda: processor.standby.trouble is not None, "it is noticed")
            rig.advance(20)
        await until(lambda: processor.standby.trouble is None, "it is well again", 30)
    with rig.store.read() as connection:
        assert connection.scalar(select(func.sum(t.outages.c.until_at - t.outages.c.from_at))) >= 40_000_000


async def test_the_page_and_the_metrics_say_what_is_missing(rig: Rig, tmp_path: Path) -> None:
    health = {"consumer": True, "store-writes": False, "log-directory": True}
    reader = Reader(rig.store, rig.directory, sample_linkage().calendar, MASTER, tmp_path / "checkpoint")
    app = build_app(reader, metrics=build_registry(reader, lambda: health), ready=lambda: health)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/readyz?verbose")
        assert (answer.status, "[-] store-writes" in await answer.text()) == (503, True)
        told = await (await client.get("/metrics")).text()
    assert 'liandong_ready{check="store-writes"} 0.0' in told
    assert 'liandong_ready{check="consumer"} 1.0' in told


def test_only_the_store_itself_is_an_outage(rig: Rig) -> None:
    """A statement that is wrong would be tried for ever."""
    with pytest.raises(OperationalError) as wrong, rig.store.write() as connection:
        connection.exec_driver_sql("SELECT nothing FROM meta")
    assert not is_outage(wrong.value)
    with pytest.raises(OperationalError):
        Standby().failed(wrong.value)
    disk = Disk(rig.store)
    with disk.locked(), pytest.raises(OperationalError) as locked, rig.store.write():
        pass
    assert (is_outage(locked.value), outage_of(locked.value)) == (True, "store-locked")


def test_a_store_that_is_locked_at_the_start_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Database(tmp_path / "hub.db").close()
    monkeypatch.setattr("hub.store.sqlite.BUSY_MS", 20)
    with contextlib.closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="store-locked: "):
            Database(tmp_path / "hub.db")
    Database(tmp_path / "hub.db").close()


def test_the_pause_grows_with_the_time_that_it_lasts(rig: Rig) -> None:
    now = [0.0]
    standby = Standby(lambda: now[0])
    with Disk(rig.store).locked(), pytest.raises(OperationalError) as locked, rig.store.write():
        pass
    pauses = []
    for _ in range(6):
        pauses.append(standby.failed(locked.value))
        now[0] += pauses[-1]
    assert pauses == [1, 1, 2, 4, 8, 10]


# -- the audit log -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [False, True], ids=["nothing", "half"])
async def test_a_full_log_directory_is_waited_for_and_no_size_has_two_roots(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: bool
) -> None:
    """However many writes go well before one does not, and whatever that leaves behind."""
    roots: dict[int, bytes] = {}
    left = [1_000_000]
    write = durable._write

    def scarce(path: Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            if torn:
                path.write_bytes(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    async def announce(signed: bytes) -> None:
        found = open_checkpoint(signed, signer.verifier)
        assert roots.setdefault(found.size, found.root) == found.root

    monkeypatch.setattr(durable, "_write", scarce)
    signer, bus = NoteSigner.of(keys.generate("log")), Lanes(REQUESTS, REPLIES)
    async with working(rig, bus) as processor:
        sequencer = Sequencer(rig.store, processor, tmp_path / "log", signer, announce)
        written, failures = 0, 0
        with capture_logs() as logs:
            for room in range(7):
                _, records = requests(rig, 130)
                bus.put(*records)
                written += 260
                await until(lambda goal=written: len(bus.published) == goal, "decisions go on")  # type: ignore[misc]  # mypy cannot infer a lambda's default
                left[0] = room
                await sequencer.step()
                failures += sequencer.trouble
                left[0] = 1_000_000
                await sequencer.step()
                assert not sequencer.trouble
        with rig.store.read() as connection:
            assert connection.scalar(select(func.count()).select_from(t.audit)) == sequencer.size == max(roots)
    assert failures >= 4, "it came to that"
    assert [line["event"] for line in logs if line["event"].startswith("log.")] == ["log.waiting", "log.back"] * failures


async def test_a_state_that_the_store_does_not_take_is_sequenced_again(rig: Rig, tmp_path: Path) -> None:
    """The files are there, the store is full: nothing is signed, and the same bytes are written again."""
    announced: list[int] = []
    signer, bus, disk = NoteSigner.of(keys.generate("log")), Lanes(REQUESTS, REPLIES), Disk(rig.store)

    async def announce(signed: bytes) -> None:
        announced.append(open_checkpoint(signed, signer.verifier).size)

    async with working(rig, bus) as processor:
        sequencer = Sequencer(rig.store, processor, tmp_path / "log", signer, announce)
        bus.put(*requests(rig, 200)[1])
        await until(lambda: len(bus.published) == 400, "there are entries")
        with disk.locked():
            await sequencer.step()
        assert (announced, processor.standby.trouble) == ([], "store-locked")
        await sequencer.step()
        await until(lambda: processor.standby.trouble is None, "the store is well")
    assert announced == [sequencer.size]


# -- a connector -------------------------------------------------------------------------------------------------------


class Partner(Connector):
    """Carries out at once; it can neither be asked nor told twice."""

    kind = "bank"

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        self.called: list[str] = []
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        self.called += [job.key for job in jobs]
        self.asked.set()
        await self.go.wait()
        return {job.key: Answer(ReplyKind.NO_RECORD, b"{}") for job in jobs}

    def recovery(self, job: Job) -> Recovery:  # noqa: ARG002 - any job
        return Recovery.MANUAL


@contextlib.asynccontextmanager
async def bank_at_work(
    rig: Rig, folder: Path, bus: Lanes, maintenance: Sequence[tuple[int, int]] = ()
) -> AsyncIterator[tuple[Partner, Processor, Database]]:
    """A connector of the bank's, at work on what stands on its topic."""
    directory, store = rig.directory, open_store(folder / "bank.db", jobs.metadata)
    desk = Desk(directory, Topics())
    processor = Processor(
        store=store, source=lambda: bus, sink=bus, gate=Gate("bank", directory, admits()),
        composer=Composer("bank", rig.parties["bank"].signer, b"t" * 32), master_key=MASTER, application=desk,
        clock=lambda: rig.now, roles=[ROLE],
    )  # fmt: skip
    async with aiohttp.ClientSession() as http:
        partner = Partner(http, {})
        running = asyncio.create_task(processor.run())
        await processor.ready.wait()
        working_off = asyncio.create_task(Runner(partner, desk, processor, store, PACE, maintenance).run())
        try:
            yield partner, processor, store
        finally:
            processor.stop()
            await running
            working_off.cancel()
            await asyncio.wait([working_off])
            store.close()


async def test_a_connector_holds_an_answer_that_its_store_does_not_take(rig: Rig, tmp_path: Path) -> None:
    """The partner is called once for each task, whatever the store does meanwhile, and no person is needed."""
    topic, bus = Topics().tasks("bank"), Lanes(Topics().tasks("bank"))
    asked = [out for _ in range(5) for out in rig.feed([rig.request(inquiry(partners=["bank"]))[1]]) if out.topic == topic]
    bus.put(*[Record(topic, 0, 0, rig.now, out.key, out.value, out.headers) for out in asked])
    async with bank_at_work(rig, tmp_path, bus) as (partner, processor, store):
        disk = Disk(store)
        await asyncio.wait_for(partner.asked.wait(), 10)
        with disk.locked():
            partner.go.set()
            await until(lambda: processor.standby.trouble == "store-locked", "the answers cannot be kept")
            assert replies(bus.published) == []
        await until(lambda: len(replies(bus.published)) == 5, "they are kept when it can be, and sent", 20)
        with store.read() as connection:
            assert jobs.counts(connection) == {"done": 5}
    assert len(partner.called) == len(set(partner.called)) == 5


def replies(published: Sequence[Outgoing]) -> list[Any]:
    return [each for each in said(published) if each.type.endswith(".reply.v1")]
