"""Working off the job table: journal `calling`, call, commit the outcome; retries, recovery, breaker, concurrency.

Quick retries (tenacity) for a fault that surely changed nothing; then a durable timer with backoff and jitter that honours
Retry-After. A call whose outcome is unknown is never simply repeated: the protocol's declared recovery decides.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError
from tenacity import AsyncRetrying, RetryError, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from connectors import jobs as table
from connectors.base import (
    Answer,
    Connector,
    HitNote,
    Job,
    LeadStanding,
    Outcome,
    Pending,
    ProtocolFault,
    Recovery,
    TransientFault,
)
from connectors.breaker import Breaker
from connectors.desk import Desk
from connectors.jobs import JobRow, JobStatus
from hub.engine.crew import Fenced
from hub.engine.processor import Processor
from hub.engine.work import Work
from hub.store.database import Database
from schemas.leads import LeadSubmission
from schemas.messages import TaskSent, parse

log = structlog.get_logger()
SECOND = 1_000_000
ASKED_AFTER = 7 * 24 * 3600 * SECOND
"""How long after its expiry a partner is still asked what became of a task that it has, in µs."""
ROLE = "calls"
"""The role of calling the partner: one process's at a time, so that the partner is worked at one pace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard one partner may be worked: calls at a time, quick tries, backoff bounds in seconds."""

    concurrency: int = 4
    quick_tries: int = 3
    quick_wait: float = 0.2
    shortest: float = 1.0
    longest: float = 300.0
    poll: float = 0.2
    pause: float = 2.0  # how long an open circuit pauses at first


class Runner:
    """Runs one connector's jobs. Also the `Mailbox` of its webhook."""

    def __init__(
        self, connector: Connector, desk: Desk, processor: Processor, store: Database, pace: Pace,
        maintenance: Sequence[tuple[int, int]] = (),
    ) -> None:  # fmt: skip
        self._connector = connector
        self._desk = desk
        self._processor = processor
        self._store = store
        self._pace = pace
        self._slots = asyncio.Semaphore(pace.concurrency)
        self._breaker = Breaker(shortest=pace.pause)
        self._busy: set[str] = set()
        self._maintenance = maintenance
        self._resting = False
        self._recovered = False

    async def run(self) -> None:
        """For ever, while this process has the role; jobs found `calling` from before it had are recovered first."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._recovered = self._processor.crew.has(ROLE) and (self._recovered or await self._recover_all())
                if not self._recovered:
                    await asyncio.sleep(self._pace.poll)
                    continue
                if self._rests():
                    await asyncio.sleep(self._pace.poll)
                    continue
                await self._open_circuit_pauses()
                await self._slots.acquire()
                packet = await self._claim()
                if packet:
                    group.create_task(self._work(packet))
                else:
                    self._slots.release()
                    await asyncio.sleep(self._pace.poll)

    async def _recover_all(self) -> bool:
        """Whether it could be done: the role may be lost meanwhile."""
        try:
            found = await self._processor.persist(lambda work: table.after_crash(work.connection), ROLE)
        except Fenced:
            return False
        if found:
            log.warning("connector.recovering", jobs=found)
        return True

    def _rests(self) -> bool:
        """Whether the partner is under agreed maintenance: what comes is filed and confirmed, but it is not called."""
        now = self._processor.now()
        resting = any(begin <= now < until for begin, until in self._maintenance)
        if resting != self._resting:
            log.info("connector.maintenance", begins=resting)
        self._resting = resting
        return resting

    async def _open_circuit_pauses(self) -> None:
        """While the circuit is open the partner's topic is not read: its backlog stays in Kafka."""
        wait = self._breaker.wait(asyncio.get_running_loop().time())
        if wait:
            self._processor.pause()
            await asyncio.sleep(wait)
        self._processor.resume()

    # -- claiming ------------------------------------------------------------------------------------------------------

    async def _claim(self) -> list[tuple[JobRow, TaskSent]]:
        """The next packet, marked busy. New inquiries fill a packet; whatever else there is goes alone."""
        size = self._connector.packet_size
        try:
            rows = await self._processor.on_store(self._due, len(self._busy) + size)
        except DBAPIError as error:
            await asyncio.sleep(self._processor.standby.failed(error))
            return []
        free = [(row, task) for row, task in rows if row.task_id not in self._busy]
        packet = [pair for pair in free if _new_inquiry(pair[0])][:size] if free and _new_inquiry(free[0][0]) else free[:1]
        self._busy |= {row.task_id for row, _ in packet}
        return packet

    def _due(self, most: int) -> list[tuple[JobRow, TaskSent]]:
        with self._store.read() as connection:
            rows = table.due(connection, self._processor.now(), most)
            return [(row, _task(self._processor.payload(connection, row.message_pk))) for row in rows]

    # -- working -------------------------------------------------------------------------------------------------------

    async def _work(self, packet: list[tuple[JobRow, TaskSent]]) -> None:
        ids = [row.task_id for row, _ in packet]
        try:
            await self._carry_out(packet)
        except Fenced:  # whoever has the role asks what became of these, even if that is this process again
            self._recovered = False
            log.warning("connector.taken-over", jobs=len(ids), advice="what became of these is found out by who calls the partner now")
        except Exception as error:  # noqa: BLE001 - a fault of ours in one job must not stop the others
            log.error("connector.job-failed", error=type(error).__name__, jobs=len(ids))
            with suppress(Fenced):
                await self._give_up(ids, f"internal:{type(error).__name__}")
        finally:
            self._busy.difference_update(ids)
            self._slots.release()

    async def _carry_out(self, packet: list[tuple[JobRow, TaskSent]]) -> None:
        now = self._processor.now()
        late = {row.task_id: task.correlationid for row, task in packet if _is_over(row, now)}
        if late:
            log.warning("connector.expired", correlation_ids=list(late.values()))
            await self._mark(list(late), JobStatus.EXPIRED)
        packet = [pair for pair in packet if pair[0].task_id not in late]
        if not packet:
            return
        jobs = [self._job(row, task) for row, task in packet]
        tasks = {task.id: task for _, task in packet}
        if packet[0][0].status is JobStatus.UNKNOWN:
            await self._recover(jobs[0], tasks, late=packet[0][0].expires_at <= now)
        else:
            await self._call(jobs, tasks)

    def _job(self, row: JobRow, task: TaskSent) -> Job:
        request = self._desk.request_of(task)
        court = self._desk.court_of(request)
        return Job(row.task_id, request, row.attempt + 1, row.state, row.original, court)

    async def _recover(self, job: Job, tasks: Mapping[str, TaskSent], *, late: bool) -> None:
        """The last call's outcome is unknown: repeat, ask, or leave it to a person, as the protocol declares.

        `late`: the task has expired meanwhile. What the partner has already (`state`) may still be asked after; what it
        may not have is never given to it again (V26).
        """
        recovery = self._connector.recovery(job)
        log.info("connector.recovery", task_id=job.key, how=recovery.value, correlation_id=job.request.id)
        if recovery is Recovery.IDEMPOTENT and (job.state or not late):
            await self._call([job], tasks)
        elif recovery is not Recovery.LOOKUP:
            await self._mark([job.key], JobStatus.MANUAL, fault="outcome-unknown")
        else:
            async def ask() -> Mapping[str, Outcome]:
                found = await self._connector.lookup(job)
                return {} if found is None else {job.key: found}

            outcomes = await self._attempt([job], ask, unknown_before=True)
            if outcomes is not None and not outcomes and late:
                await self._mark([job.key], JobStatus.EXPIRED)
            elif outcomes is not None and not outcomes:
                await self._call([job], tasks)  # the partner never had it
            elif outcomes is not None:
                await self._settle([job], tasks, outcomes)

    async def _call(self, jobs: Sequence[Job], tasks: Mapping[str, TaskSent]) -> None:
        """Journal first: a crash from here on leaves `calling` behind, and the next start knows what it does not know."""
        await self._mark([job.key for job in jobs], JobStatus.CALLING, attempt=jobs[0].attempt)
        outcomes = await self._attempt(jobs, lambda: self._connector.call(jobs))
        if outcomes is not None:
            await self._settle(jobs, tasks, outcomes)

    async def _attempt(
        self, jobs: Sequence[Job], call: Callable[[], Awaitable[Mapping[str, Outcome]]], *, unknown_before: bool = False
    ) -> Mapping[str, Outcome] | None:
        """The outcomes, or None when the fault has been noted and the jobs have their next time."""
        quick = AsyncRetrying(
            retry=retry_if_exception(_surely_harmless), stop=stop_after_attempt(self._pace.quick_tries),
            wait=wait_exponential_jitter(multiplier=self._pace.quick_wait, max=2.0, jitter=self._pace.quick_wait), reraise=True,
        )  # fmt: skip
        keys = [job.key for job in jobs]

        async def once() -> Mapping[str, Outcome]:  # tenacity awaits what is declared `async`, and no lambda's result
            return await call()

        try:
            outcomes: Mapping[str, Outcome] = await quick(once)
        except (TransientFault, RetryError) as error:
            fault = error if isinstance(error, TransientFault) else TransientFault("retry")
            opened = self._breaker.failed(asyncio.get_running_loop().time())
            status = JobStatus.UNKNOWN if fault.unknown or unknown_before else _resting(jobs[0])
            wait = fault.retry_after if fault.retry_after is not None else self._backoff(jobs[0].attempt)
            log.warning("connector.fault", code=fault.code, outcome_unknown=fault.unknown, retry_in_s=round(wait, 2),
                        circuit_opened=opened, correlation_ids=[job.request.id for job in jobs])  # fmt: skip
            await self._mark(keys, status, fault=fault.code, due_at=self._after(wait))
            return None
        except ProtocolFault as error:
            self._breaker.succeeded()
            log.error("connector.protocol-fault", code=error.code, correlation_ids=[job.request.id for job in jobs])
            await self._give_up(keys, error.code)
            return None
        self._breaker.succeeded()
        return outcomes

    async def _settle(self, jobs: Sequence[Job], tasks: Mapping[str, TaskSent], outcomes: Mapping[str, Outcome]) -> None:
        """Commit every outcome, and the signed reply with it, in one transaction.

        While the store takes nothing, what the partner said is held: to ask it again may not be possible, and holding is
        bounded by the number of calls at a time.
        """

        def write(work: Work) -> None:
            for job in jobs:
                outcome = outcomes.get(job.key)
                if isinstance(outcome, Answer):
                    if table.put(work.connection, [job.key], JobStatus.DONE, fault=None):
                        self._desk.reply(work, tasks[job.key], outcome)
                elif isinstance(outcome, Pending):
                    table.put(work.connection, [job.key], JobStatus.WAITING, state=outcome.state,
                              due_at=self._after(outcome.seconds), attempt=0, fault=None)  # fmt: skip
                elif isinstance(outcome, ProtocolFault):
                    table.put(work.connection, [job.key], JobStatus.MANUAL, fault=outcome.code)
                    log.error("connector.manual", code=outcome.code, correlation_ids=[job.request.id])
                else:
                    table.put(work.connection, [job.key], _resting(job), due_at=self._after(self._backoff(job.attempt)))

        await self._processor.persist(write, ROLE)

    async def _give_up(self, keys: Sequence[str], fault: str) -> None:
        """Leave a job to a person; of several, which are new inquiries without effect, each is tried alone first."""
        if len(keys) == 1:
            await self._mark(keys, JobStatus.MANUAL, fault=fault)
        else:
            await self._mark(keys, JobStatus.QUEUED, fault=table.TOGETHER + fault)

    async def _mark(self, keys: Sequence[str], status: JobStatus, **values: object) -> None:
        await self._processor.persist(lambda work: table.put(work.connection, keys, status, **values), ROLE)

    def _after(self, seconds: float) -> int:
        return self._processor.now() + round(seconds * SECOND)

    def _backoff(self, attempt: int) -> float:
        """Exponential with full jitter above one half: 1, 2, 4 … seconds by default."""
        most = min(self._pace.shortest * 2.0 ** min(attempt - 1, 20), self._pace.longest)
        return most * random.uniform(0.5, 1.0)  # noqa: S311 - spreading load, not a secret

    # -- the mailbox of a webhook --------------------------------------------------------------------------------------

    async def answered(self, key: str, answer: Answer, event: str) -> None:
        """The partner's answer by webhook; once, however often it is delivered."""

        def write(work: Work) -> None:
            row, task = self._find(work, key)
            if not _first(work, event, key) or row.status in (JobStatus.DONE, JobStatus.EXPIRED):
                return
            table.put(work.connection, [key], JobStatus.DONE, fault=None)
            self._desk.reply(work, task, answer)

        await self._processor.transact(write)

    async def hit(self, key: str, note: HitNote) -> None:
        """A hit by webhook; once, however often it is delivered."""

        def write(work: Work) -> None:
            _, task = self._find(work, key)
            if _first(work, note.event, key):
                self._desk.hit(work, task, note)

        await self._processor.transact(write)

    async def lead(self, submission: LeadSubmission) -> LeadStanding:
        """A lead by HTTP; once, however often it is delivered."""
        return await self._processor.transact(lambda work: self._desk.leads.submit(work, submission))

    async def lead_standing(self, number: str) -> LeadStanding | None:
        """Where a lead stands."""
        return await self._processor.transact(lambda work: self._desk.leads.find(work, number))

    def _find(self, work: Work, key: str) -> tuple[JobRow, TaskSent]:
        row = table.find(work.connection, key)
        if row is None:
            raise KeyError(key)
        return row, _task(work.payload(row.message_pk))


def _first(work: Work, event: str, task_id: str) -> bool:
    known = work.connection.execute(table.events.select().where(table.events.c.event == event)).first()
    if known is None:
        work.add(table.events, {"event": event, "task_id": task_id})
    return known is None


def _surely_harmless(error: BaseException) -> bool:
    """Worth a quick try: the transport failed, nothing was carried out, and the partner named no time."""
    return isinstance(error, TransientFault) and not error.unknown and error.retry_after is None


def _new_inquiry(row: JobRow) -> bool:
    """It has no effect and has not been called yet, so that it may share a call with others that none has spoilt."""
    return row.status is JobStatus.QUEUED and row.action == "inquire" and not row.alone


def _is_over(row: JobRow, now: int) -> bool:
    """V26: what has expired is never given to the partner; what it has already (`state`) is asked after a while more."""
    if row.status is JobStatus.QUEUED:
        return row.expires_at <= now
    return bool(row.state) and row.expires_at + ASKED_AFTER <= now


def _resting(job: Job) -> JobStatus:
    """Where a job goes back to: one that the partner has already stays with it."""
    return JobStatus.WAITING if job.state else JobStatus.QUEUED


def _task(value: bytes) -> TaskSent:
    message = parse(value)
    if not isinstance(message, TaskSent):
        raise TypeError("a job belongs to a task")
    return message
