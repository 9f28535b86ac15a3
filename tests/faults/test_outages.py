"""Silence is never made by an outage of ours: a stopped hub, a killed hub, a broker that is away."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.follow import following
from deploy.demo.processes import Child
from deploy.kafka import Broker
from hub.bus.admin import provision
from hub.bus.connection import Connection
from hub.bus.topics import Plan
from hub.engine.records import Record
from hub.rules.collect import SECOND, window
from tests.conftest import COURTS, PARTNERS, Cluster
from tests.faults import history
from tests.faults.cast import Task, inquiries, partner
from tests.faults.logs import ended, logged
from tests.processes import Linkage, kill, linkage, until

RECEIPT, REPLY = 3, 3
AWAY = 11.0
"""Longer than both windows."""

spans = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=6)


def disjoint(given: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Outages as (from, until), one after the other, from gaps and lengths in seconds."""
    made, at = [], 0
    for gap, length in given:
        made.append(((at + gap) * SECOND, (at + gap + length) * SECOND))
        at += gap + length
    return made


@given(st.integers(0, 300), st.integers(1, 120), spans)
def test_a_window_holds_as_many_seconds_in_which_kafka_answered(start: int, seconds: int, given: list[tuple[int, int]]) -> None:
    outages = disjoint(given)
    end = window(start * SECOND, seconds, outages)
    away = {second for begin, until in outages for second in range(begin // SECOND, until // SECOND)}
    assert sum(second not in away for second in range(start, end // SECOND)) == seconds
    assert end // SECOND - 1 not in away, "and not a second more"


Stop = Callable[[Linkage, Child], Coroutine[Any, Any, Child]]


async def freeze(_: Linkage, hub: Child) -> Child:
    """SIGSTOP past every window, then SIGCONT."""
    hub.process.send_signal(signal.SIGSTOP)
    await past(RECEIPT + REPLY)
    hub.process.send_signal(signal.SIGCONT)
    return hub


async def kill_and_restart(made: Linkage, hub: Child) -> Child:
    """kill -9, and a new start past every window."""
    await kill(hub)
    await past(RECEIPT + REPLY)
    return await made.hub()


async def past(seconds: float) -> None:
    """Let deadlines pass: that much time, and not luck, is what the test is about."""
    await asyncio.sleep(seconds + 0.5)


@pytest.mark.kafka
@pytest.mark.parametrize("outage", [freeze, kill_and_restart])
async def test_what_came_in_time_while_the_hub_was_away_is_in_time(cluster: Cluster, tmp_path: Path, outage: Stop) -> None:
    """The bank answers while the hub is away, the vehicle registry never: only that one is called silent."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(linkage(tmp_path, cluster, windows=(RECEIPT, REPLY)))
        follower = await stack.enter_async_context(following(cluster.admin, made.topic_names))
        bank = await stack.enter_async_context(partner(made, "bank", 1, lambda _: True))
        court = await stack.enter_async_context(made.voice("court-9901"))
        hub = await made.hub()
        both, alone = inquiries("court-9901", 1, "bank", "vehicle"), inquiries("court-9901", 1, "bank")
        await court.say(made.topics.requests, *both.values(), *alone.values())
        await until(lambda: len(bank.held) == 2, "the bank has its tasks")
        away = asyncio.create_task(outage(made, hub))
        await asyncio.sleep(0)
        await bank.let_go()
        hub = await away
        await until(lambda: len(ends(follower.records)) == 2, "both requests are concluded")
        messages = await ended(made, follower, hub)
    assert history.check(messages, logged(made.log)) == []
    assert ends(follower.records) == {next(iter(alone)): "complete", next(iter(both)): "incomplete"}
    assert [said.body["data"]["partner"] for said in history.of(messages, "non-response")] == ["vehicle"]


def ends(records: list[Record]) -> Mapping[str, str]:
    """Request id → the outcome of its conclusion."""
    results = history.read([record for record in records if ".results." in record.topic], "")
    return {said.request: said.body["data"]["outcome"] for said in history.of(results, "conclusion")}


@pytest.mark.kafka
async def test_a_broker_that_was_away_makes_nobody_silent(tmp_path: Path, passwords: Mapping[str, str]) -> None:
    """Killed in the middle and away past every window. Who answers once it is back has answered in time; who never does
    is called silent, by a deadline that the outage has moved."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Broker(tmp_path / "kafka"))
        plan = Plan(COURTS, PARTNERS)
        admin = Connection(broker.bootstrap_servers, broker.admin_username, broker.admin_password)
        await asyncio.to_thread(provision, admin, plan, passwords)
        cluster = Cluster(broker.bootstrap_servers, plan, admin, passwords)
        made = await stack.enter_async_context(linkage(tmp_path / "run", cluster, windows=(RECEIPT, REPLY)))
        answering = asyncio.Event()

        def holds(_: Task) -> bool:
            return not answering.is_set()

        follower = await stack.enter_async_context(following(admin, made.topic_names))
        bank = await stack.enter_async_context(partner(made, "bank", 1, holds))
        court = await stack.enter_async_context(made.voice("court-9901"))
        hub = await made.hub()
        before = inquiries("court-9901", 10, "bank")
        unanswered = inquiries("court-9901", 1, "vehicle")
        await court.say(made.topics.requests, *before.values(), *unanswered.values())
        await until(lambda: len(bank.held) == len(before), "the bank has its tasks")
        broker.kill()
        gone = time.time()
        during = inquiries("court-9901", 10, "bank")
        sending = asyncio.create_task(court.say(made.topics.requests, *during.values()))
        await past(AWAY)
        await broker.start()
        assert broker.bootstrap_servers == cluster.bootstrap_servers
        answering.set()
        await bank.let_go()
        await sending
        await until(lambda: len(ends(follower.records)) == 21, "every request is concluded")
        messages = await ended(made, follower, hub)
    assert history.check(messages, logged(made.log)) == []
    silent = history.of(history.once(messages), "non-response")
    assert [said.request for said in silent] == list(unanswered)
    assert ends(follower.records) == dict.fromkeys([*before, *during], "complete") | dict.fromkeys(unanswered, "incomplete")
    deadline = silent[0].body["data"]["deadline"]
    assert deadline > history.iso(gone + AWAY), "its window did not run while the broker was away"
