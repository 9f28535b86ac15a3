"""One connector at work: the real Runner, StoreMailbox, Desk, Processor and store, over a bus in memory, against a simulator."""

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import func, select

from connectors import jobs
from connectors.base import Answer, Connector, Job, Outcome
from connectors.course import Pace
from connectors.desk import Desk, admits
from connectors.jobs import JobStatus
from connectors.mailbox import StoreMailbox
from connectors.restored import begin
from connectors.runner import Runner
from connectors.settling import ROLE
from hub.bus.topics import Topics
from hub.engine.clock import now_micros
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.engine.records import Inbound, Outgoing, Record, digest_of
from hub.store.tables import dead_letters
from hub.trust.parties import Directory, Role
from schemas.base import CHINA
from schemas.messages import HitReported, Received, Replied, TaskSent, parse
from schemas.replies import Reply
from schemas.samples import kind_of_action
from tests.conformance.bus import Bus
from tests.factories import Data, agency, message
from tests.simulators import eventually
from tests.stores import open_store

PACE = Pace(quick_tries=2, quick_wait=0.01, shortest=0.05, longest=0.2, poll=0.01, pause=0.2)
Settings = Callable[[str], Mapping[str, Any]]
"""From the address where the connector's webhook is reached to its options."""


class Bench:
    """Sends signed tasks to a connector and reads what it publishes. `ahead` moves its clock, in µs."""

    def __init__(self, protocol: type[Connector], party: str, options: Settings, folder: Path) -> None:
        self._protocol = protocol
        self._options = options
        self._folder = folder
        self._hub = agency("hub", Role.HUB)
        self._court = agency("court-9901", Role.COURT)
        self._partner = agency(party, Role.PARTNER, protocol.kind)
        self._directory = Directory.of(each.party for each in (self._hub, self._court, self._partner))
        self._port = 0
        self.bus = Bus(Topics("").tasks(party))
        self.answers: dict[str, Answer] = {}
        self.ahead = 0

    # -- life ----------------------------------------------------------------------------------------------------------

    async def start(self, *, working: bool = True) -> None:
        """Open the store and read tasks; `working` also calls the partner."""
        self.store = open_store(self._folder / f"{self._partner.id}.db", jobs.metadata)
        desk = Desk(self._directory, Topics(""))
        self.processor = Processor(
            store=self.store, source=lambda: self.bus, sink=self.bus,
            gate=Gate(self._partner.id, self._directory, admits(), 2**21),
            composer=Composer(self._partner.id, self._partner.signer, b"tokens"), master_key=b"m" * 32,
            application=desk, clock=lambda: now_micros() + self.ahead, roles=[ROLE],
        )  # fmt: skip
        await begin(self.processor, lambda: self.bus)
        self._keep_answers(desk)
        self.http = aiohttp.ClientSession()
        hook = socket.create_server(("127.0.0.1", self._port))
        self._port = hook.getsockname()[1]
        self.connector = self._protocol(self.http, self._options(f"http://127.0.0.1:{self._port}"))
        self.runner = Runner(self.connector, desk, self.processor, self.store, PACE)
        self._site = await _serve(self.connector.webhook(StoreMailbox(desk, self.processor)), hook)
        self._reading = asyncio.create_task(self.processor.run())
        self._working: asyncio.Task[None] | None = None
        await self.processor.ready.wait()
        if working:
            self.work()

    def work(self) -> None:
        """Begin to call the partner."""
        self._working = asyncio.create_task(self.runner.run())

    async def die(self) -> None:
        """Stop working at once: what a call came to, and was not committed, is lost."""
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
        await self._site.cleanup()
        self.processor.stop()
        self.bus.wake()
        await self._reading
        await self.http.close()
        self.store.close()

    def loses_outcomes(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """From now on every call is made and its outcome never seen; set when one was made."""
        called = asyncio.Event()
        call = self.connector.call

        async def lost(jobs: Sequence[Job]) -> Mapping[str, Outcome]:
            await call(jobs)
            called.set()
            return await asyncio.Future()

        monkeypatch.setattr(self.connector, "call", lost)
        return called

    def _keep_answers(self, desk: Desk) -> None:
        reply = desk.reply

        def keeping(work: Any, task: TaskSent, answer: Answer) -> None:
            self.answers[task.id] = answer
            reply(work, task, answer)

        setattr(desk, "reply", keeping)  # noqa: B010 - a plain assignment to a method is no typed Python

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def make(self, data: Data, *, valid: timedelta = timedelta(hours=1)) -> tuple[bytes, TaskSent]:
        """A task of the hub's that carries the court's signed request, and its bytes."""
        kind = kind_of_action(data["action"])
        asked = message(f"liandong.{kind}.request.v1", self._court.id, "hub", data)
        copy = self.copy(asked)
        part = {"partner": self._partner.id, "request": copy, "receipt_within": 600, "reply_within": 3600,
                "agreement": "sample"}  # fmt: skip
        value = message(f"liandong.{kind}.task.v1", "hub", self._partner.id, part, correlationid=parse(asked).id,
                        expires=datetime.now(CHINA) + valid)  # fmt: skip
        task = parse(value)
        assert isinstance(task, TaskSent)
        return value, task

    def copy(self, value: bytes) -> Data:
        """The court's own message as the hub passes it on."""
        return {"value": base64.b64encode(value).decode(), "jws": self._court.signer.sign(value)}

    def put(self, value: bytes) -> None:
        """The hub publishes these bytes."""
        self.bus.put(value, self._hub.signer.sign(value))

    def send(self, data: Data, *, valid: timedelta = timedelta(hours=1)) -> TaskSent:
        """The hub sends one task."""
        value, task = self.make(data, valid=valid)
        self.put(value)
        return task

    # -- what became of them -------------------------------------------------------------------------------------------

    async def reply(self, task: TaskSent, within: float = 60) -> Reply:
        """The one reply to `task`: signed, of the contract, after its receipt, with the digest of the partner's answer."""

        async def look() -> Reply | None:
            replies = self.replies(task)
            return replies[0] if replies else None

        reply = await eventually(look, within)
        stages = [type(sent) for sent in self._about(task) if not isinstance(sent, HitReported)]
        assert stages == [Received, Replied]
        if task.id in self.answers:
            assert reply.raw_sha256 == digest_of(self.answers[task.id].raw)
        return reply

    def replies(self, task: TaskSent) -> list[Reply]:
        """All replies to `task` so far."""
        return [sent.data for sent in self._about(task) if isinstance(sent, Replied)]

    async def received(self, task: TaskSent) -> None:
        """Wait for the receipt."""
        await self.until(lambda: any(isinstance(sent, Received) for sent in self._about(task)))

    def _about(self, task: TaskSent) -> list[Received | Replied | HitReported]:
        sent = [self._verified(out) for out in self.bus.published]
        return [each for each in sent if each.causationid == task.id]

    def _verified(self, out: Outgoing) -> Received | Replied | HitReported:
        """What the hub's own gate makes of a published record."""
        record = Record(out.topic, 0, out.seq, now_micros() + self.ahead, out.key, out.value, out.headers)
        found = Gate("hub", self._directory, lambda party, *_: party.id == self._partner.id).check(record)
        assert isinstance(found, Inbound), found.code
        assert isinstance(found.message, Received | Replied | HitReported)
        return found.message

    async def job(self, task: TaskSent) -> jobs.JobRow | None:
        """The task's job as it stands."""

        def read() -> jobs.JobRow | None:
            with self.store.read() as connection:
                return jobs.find(connection, task.id)

        return await self.processor.on_store(read)

    async def fault(self, task: TaskSent) -> str | None:
        """The job's last fault."""

        def read() -> str | None:
            with self.store.read() as connection:
                return connection.scalar(select(jobs.jobs.c.fault).where(jobs.jobs.c.task_id == task.id))

        return await self.processor.on_store(read)

    async def becomes(self, task: TaskSent, *statuses: JobStatus) -> None:
        """Wait until the job has one of these statuses."""

        async def look() -> bool:
            job = await self.job(task)
            return job is not None and job.status in statuses

        await self.until(look)

    async def until(self, holds: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait until `holds` is true; fails when it does not become so in time."""

        async def look() -> bool | None:
            now = holds()
            return (now if isinstance(now, bool) else await now) or None

        await eventually(look)

    async def set_aside(self) -> int:
        """How many records were unfit or could not be decided on."""

        def read() -> int:
            with self.store.read() as connection:
                return connection.scalar(select(func.count()).select_from(dead_letters)) or 0

        return await self.processor.on_store(read)

    async def table(self) -> tuple[int, str]:
        """How many jobs there are, and every cell of the job table as text."""

        def read() -> tuple[int, str]:
            with self.store.read() as connection:
                rows = connection.execute(select(jobs.jobs)).all()
                return connection.scalar(select(func.count()).select_from(jobs.jobs)) or 0, repr(rows)

        return await self.processor.on_store(read)


async def _serve(hook: web.Application | None, where: socket.socket) -> web.AppRunner:
    """Serve the connector's webhook, or an application without routes where its protocol has none."""
    runner = web.AppRunner(hook or web.Application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, where).start()
    return runner
