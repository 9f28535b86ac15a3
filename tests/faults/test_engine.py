"""The engine's fence, its deadlines and its patience with the bus, without a broker."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from deploy.demo.linkage import LIANDONG
from deploy.demo.world import Cluster, World
from hub.bus.connection import Connection
from hub.engine.clock import now_micros
from hub.engine.processor import Processor
from hub.engine.records import Outgoing, Record
from hub.engine.relay import Page, Relay
from hub.engine.timekeeper import HICCUP
from hub.store import contact
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.processes import until
from tests.rig import MASTER, Rig, said

ALL = (t.audit, t.inbox, t.messages, t.numbers, t.outbox, t.requests, t.tasks, t.timers)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=())
    made.now = now_micros()
    yield made
    made.close()


@asynccontextmanager
async def working(
    rig: Rig, bus: Lanes, *, store: Database | None = None, paused: bool = False, needs_time: bool = False,
    ahead: Callable[[], int] = lambda: 0,
) -> AsyncIterator[Processor]:  # fmt: skip
    """A processor over the rig's store, or over `store`, ready; its clock is `ahead` of everybody else's."""
    processor = Processor(
        store=store or rig.store, source=lambda: bus, sink=bus, gate=rig.gate, composer=rig.composer, master_key=MASTER,
        application=rig.casework, clock=lambda: rig.now + ahead(), needs_time=needs_time,
    )  # fmt: skip
    if paused:
        processor.pause()
    running = asyncio.create_task(processor.run())
    await processor.ready.wait()
    try:
        yield processor
    finally:
        processor.stop()
        await running


def kinds(rig: Rig) -> Counter[str]:
    """How many audit entries there are of each kind."""
    with rig.store.read() as connection:
        return Counter(connection.scalars(select(t.audit.c.kind)))


def rows(rig: Rig) -> dict[str, int]:
    with rig.store.read() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in ALL}


# -- the fence ---------------------------------------------------------------------------------------------------------


async def test_who_was_overtaken_loses_the_whole_batch_and_reads_anew(rig: Rig) -> None:
    """The same store and the same positions for two: the second to commit finds the offset moved."""
    first, second = Lanes(REQUESTS, REPLIES), Lanes(REQUESTS, REPLIES)

    def put() -> str:
        request_id, record = rig.request(inquiry(partners=["bank"]))
        first.put(record)
        second.put(record)
        return request_id

    async with working(rig, second, paused=True) as zombie:
        for _ in range(3):
            put()
        async with working(rig, first):
            await until(lambda: kinds(rig)["request.accepted"] == 3, "the first has committed")
        before = rows(rig)
        with capture_logs() as logs:
            zombie.resume()
            await until(lambda: any(line["event"] == "engine.fenced" for line in logs), "the second is fenced")
        assert rows(rig) == before
        assert second.published == []
        last = put()
        await until(lambda: len(second.published) == 2, "the second goes on from the store's positions")
        assert {message.correlationid for message in said(second.published)} == {last}
    assert kinds(rig)["request.accepted"] == 4
    assert kinds(rig)["message.duplicate"] == 0


def test_a_store_in_use_is_refused_with_advice(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.prepare()
    config = world.hub_settings(Cluster(Connection("127.0.0.1:9"), own=True), 0)
    store = Database(tmp_path / "hub" / "hub.db")
    try:
        with pytest.raises(StoreError, match="store-in-use"):
            Database(tmp_path / "hub" / "hub.db")
        command = [sys.executable, LIANDONG, "hub", "run", "--config", str(config)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    finally:
        store.close()
    assert run.returncode == 1
    assert run.stderr == "liandong: store-in-use: another process works on hub.db; end it, or use another folder\n"


# -- deadlines ---------------------------------------------------------------------------------------------------------


async def asked_again(bus: Lanes, times: int = 3) -> None:
    """Let the engine look at the clock some times more."""
    goal = bus.asked + times
    await until(lambda: bus.asked >= goal, "the engine asks for the ends")


async def one_task(rig: Rig, bus: Lanes) -> Any:
    """A task that the bank has, by the store's word."""
    bus.put(rig.request(inquiry(partners=["bank"]))[1])
    return await sent_task(rig, bus)


async def sent_task(rig: Rig, bus: Lanes) -> Any:
    """The task of the one request, once it is marked as sent."""

    def marked() -> bool:
        with rig.store.read() as connection:
            times = list(connection.scalars(select(t.outbox.c.published_at)))
        return bool(times) and None not in times

    await until(marked, "the task is marked as sent")
    return next(message for message in said(bus.published) if message.type.endswith(".task.v1"))


async def in_contact(rig: Rig) -> None:
    """A second later Kafka has answered, and the store knows."""
    rig.advance(1)

    def known() -> bool:
        with rig.store.read() as connection:
            return contact.last(connection) == rig.now

    await until(known, "the contact is noted")


def due(rig: Rig) -> int:
    """When the one timer fires."""
    with rig.store.read() as connection:
        return int(connection.scalars(select(t.timers.c.due_at)).one())


@pytest.fixture
def no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of these tests jumps: that is not to be taken for an outage."""
    monkeypatch.setattr("hub.engine.timekeeper.HICCUP", 10**15)


@pytest.mark.usefixtures("no_outage")
async def test_no_deadline_is_judged_before_what_came_in_time_is_read(rig: Rig) -> None:
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        task = await one_task(rig, bus)
        bus.shown = {REPLIES: 0}
        bus.put(rig.reply(task))
        rig.advance(60)
        await asked_again(bus, 1)
        rig.advance(60)
        await asked_again(bus, 1)
        assert kinds(rig)["task.silent"] == 0
        bus.shown = {}
        await until(lambda: kinds(rig)["request.concluded"] == 1, "the reply is read")
    assert kinds(rig)["task.silent"] == 0


@pytest.mark.usefixtures("no_outage")
async def test_nobody_is_silent_while_the_bus_cannot_be_asked(rig: Rig) -> None:
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        await one_task(rig, bus)
        bus.away = True
        rig.advance(60)
        await asked_again(bus)
        assert kinds(rig)["task.silent"] == 0
        bus.away = False
        await until(lambda: kinds(rig)["task.silent"] == 1, "the deadline is judged once it can be")


@pytest.mark.usefixtures("no_outage")
async def test_what_a_new_leader_has_cut_off_is_waited_for_no_longer(rig: Rig) -> None:
    """The leader alone has a record; while it may be a reply, nobody is silent. It dies, and the record with it."""
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        await one_task(rig, bus)
        bus.uncopied = {REPLIES: 1}
        rig.advance(60)
        await asked_again(bus, 1)
        rig.advance(60)
        await asked_again(bus, 1)
        assert kinds(rig)["task.silent"] == 0
        bus.uncopied = {}
        rig.advance(1)  # the ends are asked for again
        await until(lambda: kinds(rig)["task.silent"] == 1, "the deadline is judged")


@pytest.mark.usefixtures("no_outage")
async def test_a_deadline_is_judged_as_of_the_ends_that_were_read(rig: Rig) -> None:
    """Sent late, so its window ends after its timer. The ends are asked in between, and read only when the window is over:
    a reply after those ends is in time."""
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        bus.refuses = True
        bus.put(rig.request(inquiry(partners=["bank"]))[1])
        await until(lambda: kinds(rig)["request.accepted"] == 1, "the request is accepted")
        asked = bus.asked
        rig.advance(5)  # of the ten for its receipt
        bus.refuses = False
        task = await sent_task(rig, bus)
        timer = due(rig)
        await until(lambda: bus.asked > asked, "the engine has asked by this clock, and has no reason to ask again")
        bus.shown = {REPLIES: 0}
        bus.put(unread(rig), unread(rig))
        rig.advance(6)  # its timer is due, its window is not over
        await asked_again(bus, 1)
        rig.advance(3)
        bus.put(rig.reply(task))
        rig.advance(10)  # its window is over
        bus.shown = {REPLIES: 2}
        await until(lambda: due(rig) > timer, "what was asked for is read, and the deadline judged")
        bus.shown = {}
        await until(lambda: kinds(rig)["task.answered"] == 1, "the reply is read")
    assert kinds(rig)["task.silent"] == 0


def unread(rig: Rig) -> Record:
    """A record that the hub cannot take in."""
    return Record(REPLIES, 0, 0, rig.now, None, b"nothing")


async def test_an_outage_prolongs_a_window_and_stands_in_the_log(rig: Rig) -> None:
    """No answer for a minute: the window of ten seconds goes on after it, and then ends."""
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        await one_task(rig, bus)
        await in_contact(rig)
        bus.away = True
        rig.advance(60)
        await asked_again(bus)
        bus.away = False
        await until(lambda: due(rig) > rig.now, "the deadline is judged")
        assert (kinds(rig)["task.silent"], kinds(rig)["bus.outage"]) == (0, 1)
        for _ in range(6):
            rig.advance(HICCUP / 2_000_000)
            await asked_again(bus, 1)
        await until(lambda: kinds(rig)["task.silent"] == 1, "the window ends")
    with rig.store.read() as connection:
        leaves = [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf))]
    (outage,) = [leaf for leaf in leaves if leaf["kind"] == "bus.outage"]
    assert outage["from"] < outage["until"]


async def test_an_outage_that_outlives_the_process_is_seen_by_the_next(rig: Rig) -> None:
    """Hub and bus gone together, as in a power failure: the next start must not take that time for the partner's."""
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        task = await one_task(rig, bus)
        await in_contact(rig)
    rig.advance(600)
    async with working(rig, bus):
        await until(lambda: due(rig) > rig.now, "the deadline is judged")
        assert (kinds(rig)["task.silent"], kinds(rig)["bus.outage"]) == (0, 1)
        bus.put(rig.reply(task))
        await until(lambda: kinds(rig)["request.concluded"] == 1, "the reply is in time")
    assert kinds(rig)["task.silent"] == 0


async def test_a_refusing_bus_loses_nothing(rig: Rig) -> None:
    bus = Lanes(REQUESTS, REPLIES)
    bus.refuses = True
    async with working(rig, bus):
        for _ in range(20):
            bus.put(rig.request(inquiry(partners=["bank"]))[1])
        await until(lambda: kinds(rig)["request.accepted"] == 20, "all are accepted")
        bus.refuses = False
        await until(lambda: len(bus.published) == 40, "all is sent")
    assert [each.seq for each in bus.published] == list(range(1, 41))


async def test_a_relay_that_was_cut_short_leaves_nothing_unsent() -> None:
    """Cancelled with a batch in its hands, as by a fence: the next run begins at what the store holds unmarked."""
    rows = [Outgoing(seq, REQUESTS, None, b"", ()) for seq in (1, 2, 3)]
    held = asyncio.Event()
    sent: list[Outgoing] = []

    class Holding:
        async def publish(self, batch: Sequence[Outgoing]) -> None:
            if not held.is_set():
                held.set()
                await asyncio.Event().wait()
            sent.extend(batch)

        async def close(self) -> None:
            """Nothing to close."""

    async def load(after: int) -> Page:
        return Page([row for row in rows if row.seq > after], rows[-1].seq, more=False)

    relay = Relay(Holding(), load)
    first = asyncio.create_task(relay.run())
    await held.wait()
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(relay.run())
    await until(lambda: bool(sent), "the next run publishes")
    second.cancel()
    await asyncio.wait([second])
    assert sent == rows
