"""A partner behind one of our connectors: its own system, which fails in its own ways, and the real desk and runner before it."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors import jobs
from connectors.base import Answer, Connector, Job, Outcome, Pending, Recovery, TransientFault
from connectors.bootstrap import TASK_LIMIT
from connectors.course import Pace
from connectors.desk import Desk, admits
from connectors.restored import begin
from connectors.runner import Runner
from hub.bus.topics import Topics, tasks_topic
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from schemas.replies import MeasureOutcome, Reason, ReplyKind
from tests.rig import MASTER, STATES
from tests.simulation.bus import SimSink, SimSource
from tests.simulation.host import Host, MortalStore
from tests.simulation.plan import PARTNERS
from tests.simulation.processes import SECRET
from tests.simulation.world import World, stage

PARTY = PARTNERS[0]
_PACE = Pace(concurrency=2, quick_tries=2, quick_wait=0.05, shortest=0.2, longest=1.5, pause=0.5)


class System:
    """The bank's own system. It outlives every connector; what it is asked to control it carries out each time it is asked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng("the bank's system")
        self.answers: dict[str, ReplyKind] = {}
        self.carried_out: Counter[str] = Counter()
        self._pending: Counter[str] = Counter()

    async def ask(self, job: Job) -> Outcome:
        """One call, which may fail before or after it took effect."""
        rng, action = self._rng, job.request.data.action
        await asyncio.sleep(rng.uniform(0.01, 0.3))
        fault = rng.random() if self._world.broker.weather else 1.0
        if fault < 0.1:
            raise TransientFault("connect-failed")
        if fault < 0.15:
            raise TransientFault("too-many-requests", retry_after=rng.uniform(0.1, 1.0))
        if job.key not in self.answers and self._pending[job.key] < 2 and rng.random() < 0.2:
            self._pending[job.key] += 1
            return Pending({"ticket": "T"}, rng.uniform(0.1, 1.5))
        if action != "inquire":
            self.carried_out[job.key] += 1
        self.answers.setdefault(job.key, rng.choice([ReplyKind.NO_RECORD, ReplyKind.REFUSED] if action == "inquire" else [ReplyKind.RESULT]))
        self._world.trace("bank's system", f"carries out {job.key[:8]}: {self.answers[job.key]}")
        if fault < 0.45:
            await asyncio.sleep(rng.uniform(0.1, 1.0))
            raise TransientFault("timeout", unknown=True)
        await asyncio.sleep(rng.uniform(0.0, 0.5))
        return self._answer(job)

    async def find(self, job: Job) -> Outcome | None:
        """What became of this job."""
        await asyncio.sleep(self._rng.uniform(0.01, 0.2))
        if self._world.broker.weather and self._rng.random() < 0.2:
            raise TransientFault("connect-failed")
        return self._answer(job) if job.key in self.answers else None

    def _answer(self, job: Job) -> Answer:
        kind, action = self.answers[job.key], job.request.data.action
        measure = MeasureOutcome.model_validate({"state": STATES.get(action, "effective"), "reference": "X1"}) if kind is ReplyKind.RESULT else None
        reason = Reason(code="test", text="试") if kind is ReplyKind.REFUSED else None
        return Answer(kind, json.dumps({"key": job.key}).encode(), measure=measure, reason=reason)


class SimConnector(Connector):
    """Its protocol: inquiries may be repeated, what takes effect is looked up."""

    kind = "bank"
    packet_size: ClassVar[int] = 3

    def __init__(self, system: System, host: Host) -> None:
        self._system = system
        self._host = host

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        self._host.step("calls the partner")
        found = {job.key: await self._system.ask(job) for job in jobs}
        self._host.step("has the partner's answer")
        return found

    def recovery(self, job: Job) -> Recovery:
        return Recovery.IDEMPOTENT if job.request.data.action == "inquire" else Recovery.LOOKUP

    async def lookup(self, job: Job) -> Outcome | None:
        self._host.step("looks up")
        return await self._system.find(job)


async def connector(world: World, host: Host, system: System) -> None:
    """The connector as `connectors.bootstrap` puts it together."""
    directory, topics = stage().directory, Topics()
    store = MortalStore(world.folder / f"{PARTY}.db", host, jobs.metadata)
    host.closes = store.close
    desk = Desk(directory, topics)

    def source() -> SimSource:
        return SimSource(world.broker, host, [tasks_topic("", PARTY)])

    processor = Processor(
        store=store,
        source=source,
        sink=SimSink(world.broker, host),
        gate=Gate(PARTY, directory, admits(), TASK_LIMIT),
        composer=Composer(PARTY, stage().parties[PARTY].signer, SECRET),
        master_key=MASTER,
        application=desk,
        clock=world.now,
    )
    await begin(processor, source)
    runner = Runner(SimConnector(system, host), desk, processor, store, _PACE)

    async def work() -> None:
        await processor.ready.wait()
        await runner.run()

    host.stop = processor.stop
    async with asyncio.TaskGroup() as group:
        working = host.parts["runner"] = group.create_task(work())
        await processor.run()
        working.cancel()

