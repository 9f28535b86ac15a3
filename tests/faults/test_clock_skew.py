"""The hub's clock hours before or behind the broker's: said aloud, and nobody is called silent who was not."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.engine.clock import now_micros
from hub.engine.records import Outgoing
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.faults.test_engine import asked_again, kinds, one_task, working
from tests.processes import until
from tests.rig import Rig

HOURS = 5 * 3600 * 1_000_000


class Clocks(Lanes):
    """A bus that tells its time as a broker does: the rig's, which is everybody's but the hub's. That is `ahead` of it (µs)."""

    def __init__(self, rig: Rig, ahead: int = 0) -> None:
        super().__init__(REQUESTS, REPLIES)
        self.ahead = ahead
        self._rig = rig

    async def publish(self, batch: Sequence[Outgoing]) -> int:  # type: ignore[override]  # the one above tells nothing
        await super().publish(batch)
        return self._rig.now


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=())
    made.now = now_micros()
    yield made
    made.close()


def told(logs: Sequence[Any]) -> list[str]:
    return [line["event"] for line in logs if line["event"].startswith("clock.")]


async def test_ahead_of_the_broker_nobodys_time_ends_until_the_clock_is_right(rig: Rig) -> None:
    bus = Clocks(rig, HOURS)
    with capture_logs() as logs:
        async with working(rig, bus, ahead=lambda: bus.ahead) as processor:
            task = await one_task(rig, bus)
            assert processor.sink.ahead == HOURS
            bus.put(rig.receipt(task))  # its window runs by the broker's time: over hours ago by the hub's
            await until(lambda: kinds(rig)["task.received"] == 1, "the receipt is read")
            rig.advance(1)
            await asked_again(bus, 5)
            assert kinds(rig)["task.silent"] == 0, "its time has not ended"
            assert told(logs) == ["clock.ahead"], "once"
            bus.ahead = 0
            bus.put(rig.request(inquiry(partners=["police"]))[1])
            await until(lambda: not processor.sink.is_ahead, "the clocks agree")
            bus.put(rig.reply(task))
            await until(lambda: kinds(rig)["task.answered"] == 1, "the reply is in time")
            assert told(logs) == ["clock.ahead", "clock.agrees"]
    assert kinds(rig)["task.silent"] == 0


async def test_behind_the_broker_a_reply_in_time_is_no_late_one(rig: Rig) -> None:
    bus = Clocks(rig, -HOURS)
    with capture_logs() as logs:
        async with working(rig, bus, ahead=lambda: bus.ahead) as processor:
            task = await one_task(rig, bus)
            assert processor.sink.ahead == -HOURS
            bus.put(rig.reply(task))  # without a receipt: what it has runs from when the broker had the task
            await until(lambda: kinds(rig)["task.answered"] == 1, "the reply is read")
    assert told(logs) == ["clock.behind"]
    assert kinds(rig)["task.silent"] == 0


async def test_a_machine_that_comes_up_with_a_wrong_clock_asks_the_broker_first(rig: Rig) -> None:
    """A deadline stands in the store, and by the clock it is long over."""
    bus = Clocks(rig)
    async with working(rig, bus):
        task = await one_task(rig, bus)
    bus.ahead = HOURS
    async with working(rig, bus, needs_time=True, ahead=lambda: bus.ahead) as processor:
        await asked_again(bus, 5)
        assert kinds(rig)["task.silent"] == 0, "the time is not known"
        await processor.sink.publish([Outgoing(0, REPLIES, None, b"a checkpoint")])
        bus.ahead += 60_000_000  # and on, so that no outage prolongs anything
        await asked_again(bus, 5)
        assert processor.sink.is_ahead
        assert kinds(rig)["task.silent"] == 0, "the time is known to be wrong"
        bus.put(rig.reply(task))
        await until(lambda: kinds(rig)["task.answered"] == 1, "the reply is in time")
