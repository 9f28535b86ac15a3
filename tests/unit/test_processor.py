"""The engine's loop and its way out, without a broker: what a decision, a sink or a restart breaks off is made good in order."""

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.engine.batches import in_parts
from hub.engine.clock import now_micros
from hub.engine.records import Inbound, Outgoing, Record, Unfit, digest_of
from hub.engine.relay import Page, PublishFailed, Relay
from hub.engine.timers import Due
from hub.engine.work import Work
from hub.store import tables as t
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.processes import until
from tests.rig import Rig, entries, parse_request, said, tasks_in

DEAD = "hub.dead-letters.v1"


@pytest.fixture
def rig(tmp_path: Path, each_store: str) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=())
    made.now = now_micros()
    yield made
    made.close()


def requests(rig: Rig, number: int) -> tuple[list[str], list[Record]]:
    """Ids and records of that many inquiries to one bank; each makes an acceptance and a task."""
    made = [rig.request(inquiry(partners=["bank"])) for _ in range(number)]
    return [request_id for request_id, _ in made], [record for _, record in made]


def tasks(published: Sequence[Outgoing]) -> list[str]:
    """The requests whose tasks were published, in order."""
    sent = [message for message in said([each for each in published if each.topic != DEAD]) if message.type.endswith(".task.v1")]
    return [parse_request(task).id for task in sent]


def in_store(rig: Rig) -> int:
    """How many rows wait in the outbox or have left it."""
    with rig.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(t.outbox)) or 0


async def test_records_that_take_long_to_verify_let_others_onto_the_thread_in_between(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.engine.processor.SPELL", 0.0)
    begun, go_on = threading.Event(), threading.Event()
    checked: list[int] = []
    check = rig.gate.check

    def slow(record: Record) -> Inbound | Unfit:
        checked.append(record.offset)
        begun.set()
        assert go_on.wait(10)
        return check(record)

    monkeypatch.setattr(rig.gate, "check", slow)
    ids, records = requests(rig, 3)
    bus = Lanes(REQUESTS, REPLIES)
    bus.put(*records)
    async with working(rig, bus) as processor:
        assert await asyncio.to_thread(begun.wait, 10)
        other = asyncio.create_task(processor.on_store(lambda: len(checked)))
        await asyncio.sleep(0)  # it stands in the thread's queue now
        go_on.set()
        assert await other == 1, "between the first record and the second"
        await until(lambda: len(bus.published) >= 6, "and the batch goes on", 10)
    assert tasks(bus.published) == ids


# -- a decision that raises --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 12, 29], ids=["first", "inside", "last"])
async def test_a_batch_that_fails_is_halved_down_to_the_one_bad_record(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    ids, records = requests(rig, 30)
    sizes: list[int] = []
    handle: Callable[..., None] = rig.casework.handle

    def failing(work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        sizes.append(len(batch))
        handle(work, batch)  # its rows are written, and must be gone afterwards
        work.flush_rows()
        if any(isinstance(item, Inbound) and item.message.id == ids[place] for item in batch):
            raise ZeroDivisionError

    monkeypatch.setattr(rig.casework, "handle", failing)
    bus = Lanes(REQUESTS, REPLIES)
    bus.put(*records)
    async with working(rig, bus):
        await until(lambda: len(bus.published) >= 59, "the others go on, the bad one is set aside", 10)
        (_, more) = requests(rig, 1)
        bus.put(*more)
        await until(lambda: len(bus.published) >= 61, "the partition goes on", 10)
    assert tasks(bus.published)[:29] == ids[:place] + ids[place + 1 :]
    (dead,) = [each for each in bus.published if each.topic == DEAD]
    assert bus.published.index(dead) == 2 * place, "it stands at its place in the order"
    assert (dead.value, dict(dead.headers)["kafka_dlt-exception-fqcn"]) == (records[place].value, b"internal-error")
    assert [each.seq for each in bus.published] == list(range(1, in_store(rig) + 1)), "nothing of a failed attempt is left"
    assert sizes[0] == 30
    assert len(sizes) <= 12, "halved, not tried one by one"


async def test_a_timer_that_fails_is_set_aside_and_the_others_fire(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    refs = [f"{number}/30" for number in range(5)]
    with rig.work() as work:
        for ref in refs:
            work.arm("renewal-due", ref, rig.now)
    fired: list[str] = []

    def failing(_work: Work, due: Sequence[Due]) -> None:
        if any(timer.ref == refs[2] for timer in due):
            raise ZeroDivisionError
        fired.extend(timer.ref for timer in due)

    monkeypatch.setattr(rig.casework, "fire", failing)

    def left() -> int:
        with rig.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(t.timers)) or 0

    async with working(rig, Lanes(REQUESTS, REPLIES)):
        await until(lambda: left() == 0, "none stays", 10)
    assert sorted(fired) == refs[:2] + refs[3:]
    with rig.store.read() as connection:
        entries = [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind == "timer.failed"))]
    assert [(each["timer"], each["ref"], each["error"]) for each in entries] == [("renewal-due", refs[2], "ZeroDivisionError")]


async def test_a_reply_that_was_put_off_and_fails_at_its_time_is_a_dead_letter(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.register_case()
    _, asked = rig.request(inquiry(partners=["bank"]))
    (task,) = tasks_in(rig.feed([asked]))
    rig.feed([rig.receipt(task)])
    rig.advance(21)
    late = rig.reply(task)
    assert rig.feed([late]) == []

    def failing(_work: Work, _due: Sequence[Due]) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rig.casework, "fire", failing)
    bus = Lanes(REQUESTS, REPLIES)
    async with working(rig, bus):
        await until(lambda: any(each.topic == DEAD for each in bus.published), "a person can find it")
    (dead,) = [each for each in bus.published if each.topic == DEAD]
    assert (dead.value, dict(dead.headers)["kafka_dlt-original-offset"]) == (late.value, str(late.offset).encode())
    (entry,) = entries(rig, "message.rejected")
    assert (entry["code"], entry["held"], entry["in"]["sha256"]) == ("internal-error", 1, digest_of(late.value))


# -- a sink that fails -------------------------------------------------------------------------------------------------


class Breaking(Lanes):
    """Every second batch breaks off in its middle; Kafka may then have all, some or none of it."""

    calls = 0

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        self.calls += 1
        if self.calls % 2:
            self.published += batch[: len(batch) // 2]
            raise PublishFailed("the broker went away")
        self.published += batch


async def test_what_a_sink_breaks_off_is_sent_again_from_there(rig: Rig) -> None:
    ids, records = requests(rig, 20)
    bus = Breaking(REQUESTS, REPLIES)
    async with working(rig, bus):
        for wave in range(0, 20, 5):
            bus.put(*records[wave : wave + 5])
            await until(lambda last=ids[wave + 4]: last in tasks(bus.published), "the wave is sent", 10)  # type: ignore[misc]  # mypy cannot infer a lambda's default
    first: dict[int, Outgoing] = {}
    for each in bus.published:
        assert first.setdefault(each.seq, each) == each, "a repetition is the very same"
    assert list(first) == list(range(1, 41)), "none before another that comes first"
    assert len(bus.published) > len(first), "nothing broke off"


class Holding:
    """A sink that waits at its first batch until `go`."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.held = asyncio.Event()
        self.sent: list[Outgoing] = []

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        self.held.set()
        await self.go.wait()
        self.sent += batch

    async def close(self) -> None:
        """Nothing to close."""


def row(seq: int) -> Outgoing:
    return Outgoing(seq, REQUESTS, None, b"", ())


def page_of(rows: list[Outgoing], after: int) -> Page:
    """Of a store that is at its end with these, unless they fill the page."""
    return Page(rows, rows[-1].seq if rows else after, more=len(rows) == 1000)


async def test_rows_beyond_memory_are_read_back_in_order() -> None:
    """25,000 rows come while the broker is slow, in batches: fewer are kept, and each is published once."""
    sink, store = Holding(), [row(1)]
    pages: list[int] = []

    async def load(after: int) -> Page:
        page = store[after : after + 1000]
        pages.append(len(page))
        return page_of(page, after)

    relay = Relay(sink, load)
    running = asyncio.create_task(relay.run())
    await sink.held.wait()
    for start in range(2, 25_002, 500):
        batch = [row(seq) for seq in range(start, start + 500)]
        store += batch
        relay.offer(batch)
    sink.go.set()
    await until(lambda: relay.idle, "all is published", 10)
    assert [each.seq for each in sink.sent] == list(range(1, 25_002))
    assert sum(pages) == 25_001, "what memory does not hold comes from the store"
    more = [row(25_002)]
    store += more
    relay.offer(more)
    await until(lambda: relay.idle, "the next is published", 10)
    assert (sink.sent[-1], sum(pages)) == (more[0], 25_001), "and once it has caught up, from memory again"
    await cancelled(running)


async def test_rows_that_come_while_a_page_is_read_are_published_once() -> None:
    """Some of them stand in that page already, some do not."""
    sink, store = Holding(), [row(seq) for seq in (1, 2, 3)]
    sink.go.set()
    reading, read = asyncio.Event(), asyncio.Event()

    async def load(after: int) -> Page:
        page = [each for each in store if each.seq > after]
        reading.set()
        await read.wait()
        return page_of(page, after)

    relay = Relay(sink, load)
    running = asyncio.create_task(relay.run())
    await reading.wait()
    relay.offer([row(2), row(3)])
    store += [row(4), row(5)]
    relay.offer([row(4), row(5)])
    read.set()
    await until(lambda: len(sink.sent) >= 5 and relay.idle, "all is published", 10)
    assert [each.seq for each in sink.sent] == [1, 2, 3, 4, 5]
    await cancelled(running)


async def test_rows_whose_hand_over_was_cut_short_are_published_in_their_place() -> None:
    """Committed and never offered: what is offered next shows the gap."""
    sink, store = Holding(), [row(1)]
    sink.go.set()

    async def load(after: int) -> Page:
        return page_of([each for each in store if each.seq > after], after)

    relay = Relay(sink, load)
    running = asyncio.create_task(relay.run())
    relay.offer([row(1)])
    await until(lambda: bool(sink.sent) and relay.idle, "the first is published", 10)
    store += [row(2), row(3), row(4)]
    relay.offer([row(4)])
    await until(lambda: len(sink.sent) >= 4 and relay.idle, "all is published", 10)
    assert [each.seq for each in sink.sent] == [1, 2, 3, 4]
    await cancelled(running)


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


# -- a restart ---------------------------------------------------------------------------------------------------------


class Unacknowledged(Lanes):
    """Kafka has the records and its answer is lost, for ever."""

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        self.published = list(batch)
        raise PublishFailed("no answer")


async def test_a_restart_publishes_the_very_bytes_that_were_not_marked(rig: Rig) -> None:
    _, records = requests(rig, 5)
    unfit = Record(REQUESTS, 0, 0, rig.now, b"a key", b"nothing", (("jws", b"\xff"), ("theirs", b"\x00")))
    first, second, third = Unacknowledged(REQUESTS, REPLIES), Lanes(REQUESTS, REPLIES), Lanes(REQUESTS, REPLIES)
    for bus in (first, second, third):
        bus.put(*records[:3], unfit, *records[3:])
    async with working(rig, first):
        await until(lambda: len(first.published) == 11, "everything was given to the sink", 10)
    async with working(rig, second):
        await until(lambda: len(second.published) >= 11, "it is published again", 10)
        await until(lambda: unmarked(rig) == 0, "and marked", 10)
    assert second.published == first.published, "same order, keys, values, signatures and dead letter headers"
    ids, (record,) = requests(rig, 1)
    third.put(record)
    async with working(rig, third):
        await until(lambda: len(third.published) >= 2, "the next start goes on", 10)
    assert (tasks(third.published), len(third.published)) == (ids, 2), "and repeats nothing"


def unmarked(rig: Rig) -> int:
    with rig.store.read() as connection:
        query = select(func.count()).select_from(t.outbox).where(t.outbox.c.published_at.is_(None))
        return connection.scalar(query) or 0


# -- memory ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 12), max_size=30), st.integers(1, 20))
def test_a_batch_is_bounded_by_its_bytes_and_nothing_is_lost(sizes: list[int], most: int) -> None:
    records = [Record(REQUESTS, 0, at, 0, None, bytes(size), ()) for at, size in enumerate(sizes)]
    parts = list(in_parts(records, most))
    assert [record for part in parts for record in part] == records
    for part in parts:
        assert part, "no batch is empty"
        assert len(part) == 1 or sum(len(record.value) for record in part) <= most


async def test_no_more_is_taken_while_too_much_waits_to_be_published(rig: Rig) -> None:
    """A broker that takes nothing: memory holds what is published next, the rest stays in Kafka."""
    _, records = requests(rig, 2000)
    bus = Lanes(REQUESTS, REPLIES)
    sink = Holding()
    bus.publish = sink.publish  # type: ignore[method-assign]  # this one waits
    bus.put(*records)
    async with working(rig, bus) as processor:
        await until(lambda: processor.relay.crowded, "enough waits", 30)
        committed = in_store(rig)
        goal = bus.asked + 2
        while bus.asked < goal:
            rig.advance(2)
            await asyncio.sleep(0.05)
        assert in_store(rig) == committed < 4000
        sink.go.set()
        await until(lambda: len(sink.sent) >= 4000, "it goes on", 60)
    assert [each.seq for each in sink.sent] == list(range(1, 4001))


def test_what_a_batch_has_made_goes_with_it(rig: Rig) -> None:
    """Without the collector, which comes seldom: no ring of references holds it."""
    _, records = requests(rig, 3)
    gc.collect()
    gc.disable()
    try:
        with rig.work() as work:
            rig.casework.handle(work, rig.gate.check_all(records))
        gone = weakref.ref(work)
        del work
        assert gone() is None
    finally:
        gc.enable()
