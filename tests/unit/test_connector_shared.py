"""Two processes of one connector on one PostgreSQL: one calls the partner; its successor finds out what became of its calls."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import URL, update
from structlog.testing import capture_logs

from connectors import jobs
from connectors.base import Answer, Connector, Job, Outcome, Recovery
from connectors.course import Pace
from connectors.desk import Desk, admits
from connectors.runner import Runner
from connectors.settling import ROLE
from hub.bus.topics import Topics
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.store import leases
from hub.store.database import Database
from hub.trust.parties import Directory, Role
from schemas.base import CHINA
from schemas.messages import Replied, parse
from schemas.replies import ReplyKind
from tests import stores
from tests.conformance.bus import Bus
from tests.factories import agency, inquiry, message
from tests.processes import until

HUB, COURT, BANK = agency("hub", Role.HUB), agency("court-9901", Role.COURT), agency("bank", Role.PARTNER, "bank")
DIRECTORY = Directory.of(each.party for each in (HUB, COURT, BANK))
NOTHING_FOUND = Answer(ReplyKind.NO_RECORD, b"nothing")


class Slow(Connector):
    """The bank's system answers a call when it is let go, and knows at once what became of one."""

    kind = "bank"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.looked_up: list[str] = []
        self.go = asyncio.Event()

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        self.calls += [job.key for job in jobs]
        await self.go.wait()
        return {job.key: NOTHING_FOUND for job in jobs}

    def recovery(self, _job: Job) -> Recovery:
        return Recovery.LOOKUP

    async def lookup(self, job: Job) -> Outcome | None:
        self.looked_up.append(job.key)
        return NOTHING_FOUND


def task() -> bytes:
    """A task that carries a court's inquiry."""
    asked = message("liandong.inquiry.request.v1", "court-9901", "hub", inquiry(partners=["bank"]))
    copy = {"value": base64.b64encode(asked).decode(), "jws": COURT.signer.sign(asked)}
    part = {"partner": "bank", "request": copy, "receipt_within": 600, "reply_within": 3600, "agreement": "sample"}
    return message("liandong.inquiry.task.v1", "hub", "bank", part, correlationid=parse(asked).id, time=datetime.now(CHINA))


@asynccontextmanager
async def working(url: URL, bus: Bus, partner: Connector) -> AsyncIterator[Processor]:
    """A connector process, ready."""
    store = Database(url, jobs.metadata)
    desk = Desk(DIRECTORY, Topics())
    processor = Processor(
        store=store, source=lambda: bus, sink=bus, gate=Gate("bank", DIRECTORY, admits(), 2**21),
        composer=Composer("bank", BANK.signer, b"tokens"), master_key=b"m" * 32, application=desk, roles=[ROLE],
    )  # fmt: skip
    runner = Runner(partner, desk, processor, store, Pace(poll=0.02))
    reading = asyncio.create_task(processor.run())
    await processor.ready.wait()
    calling = asyncio.create_task(runner.run())
    try:
        yield processor
    finally:
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling
        processor.stop()
        bus.wake()
        await reading
        store.close()


def replies(*buses: Bus) -> list[str]:
    """The tasks that were replied to, a message for each time that one was made."""
    said = {(each.seq, each.value) for bus in buses for each in bus.published}
    found = [parse(value) for _, value in sorted(said)]
    return [each.data.task_id for each in found if isinstance(each, Replied)]


async def test_a_successor_asks_what_became_of_a_call_and_the_overtaken_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    url, partner = stores.postgres().schema(), Slow()
    first_bus, second_bus = Bus(Topics().tasks("bank")), Bus(Topics().tasks("bank"))
    async with working(url, first_bus, partner) as first:
        value = task()
        for bus in (first_bus, second_bus):
            bus.put(value, HUB.signer.sign(value))
        await until(lambda: len(partner.calls) == 1, "the bank is called")

        def hears_nothing(*_arguments: Any, **_options: Any) -> Any:
            return frozenset([(first_bus.topic, 0)])

        monkeypatch.setattr(first.crew, "join", hears_nothing)
        store = Database(url)
        with store.write() as connection:
            connection.execute(update(leases.leases).values(until_at=0))
        store.close()
        async with working(url, second_bus, partner):
            await until(lambda: len(replies(first_bus, second_bus)) == 1, "its successor replies")
            with capture_logs() as logs:
                partner.go.set()
                await until(lambda: any(line["event"] == "connector.taken-over" for line in logs), "the first is fenced")
            assert partner.looked_up == partner.calls
            assert replies(first_bus, second_bus) == partner.calls
        monkeypatch.undo()


async def test_only_one_process_calls() -> None:
    """Both have the same tasks before them; each is called once, and the second takes over when the first ends."""
    url, partner = stores.postgres().schema(), Slow()
    partner.go.set()
    first_bus, second_bus = Bus(Topics().tasks("bank")), Bus(Topics().tasks("bank"))

    def put() -> None:
        value = task()
        for bus in (first_bus, second_bus):
            bus.put(value, HUB.signer.sign(value))

    async with working(url, second_bus, partner):
        async with working(url, first_bus, partner):
            for _ in range(5):
                put()
            await until(lambda: len(replies(first_bus, second_bus)) == 5, "each is answered")
        put()
        await until(lambda: len(replies(first_bus, second_bus)) == 6, "the other goes on")
    assert sorted(partner.calls) == sorted(replies(first_bus, second_bus))
