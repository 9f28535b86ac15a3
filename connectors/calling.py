"""Calling the partner about one packet: journal `calling`, call, commit the outcome; quick tries, the breaker, recovery.

Quick retries (tenacity) for a fault that surely changed nothing; then a durable timer with backoff and jitter that honours
Retry-After. A call whose outcome is unknown is never simply repeated: the protocol's declared recovery decides.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from tenacity import AsyncRetrying, RetryError, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from connectors.base import Connector, Job, Outcome, ProtocolFault, TransientFault
from connectors.breaker import Breaker
from connectors.course import Next, Pace, after_unknown, is_over, resting, surely_harmless
from connectors.desk import Desk
from connectors.jobs import JobRow, JobStatus
from connectors.settling import Settling
from schemas.messages import TaskSent

log = structlog.get_logger()
Packet = Sequence[tuple[JobRow, TaskSent]]
"""What goes in one call: jobs as they stand, each with its task."""


class Calling:
    """The calls of one connector to its partner."""

    def __init__(self, connector: Connector, desk: Desk, settling: Settling, pace: Pace) -> None:
        self._connector = connector
        self._desk = desk
        self._settling = settling
        self._pace = pace
        self._breaker = Breaker(shortest=pace.pause)

    def pause(self) -> float:
        """Seconds for which the open circuit lets no call be made; 0 when it is closed."""
        return self._breaker.wait(asyncio.get_running_loop().time())

    async def carry_out(self, packet: Packet, now: int) -> None:
        """Do what is next about these jobs, as of `now` (µs), and write down where they stand then."""
        late = {row.task_id: task.correlationid for row, task in packet if is_over(row, now)}
        if late:
            log.warning("connector.expired", correlation_ids=list(late.values()))
            await self._settling.mark(list(late), JobStatus.EXPIRED)
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
        """The last call's outcome is unknown; see `after_unknown`."""
        recovery = self._connector.recovery(job)
        log.info("connector.recovery", task_id=job.key, how=recovery.value, correlation_id=job.request.id)
        match after_unknown(recovery, job.request.data.action, job.state, late=late):
            case Next.CALL:
                await self._call([job], tasks)
            case Next.MANUAL:
                await self._settling.mark([job.key], JobStatus.MANUAL, fault="outcome-unknown")
            case Next.EXPIRE:
                await self._settling.mark([job.key], JobStatus.EXPIRED)
            case Next.ASK:
                await self._ask(job, tasks, late=late)

    async def _ask(self, job: Job, tasks: Mapping[str, TaskSent], *, late: bool) -> None:
        """Ask the partner what became of this job; one that it never had is called, unless it is `late`."""

        async def ask() -> Mapping[str, Outcome]:
            found = await self._connector.lookup(job)
            return {} if found is None else {job.key: found}

        outcomes = await self._attempt([job], ask, unknown_before=True)
        if outcomes is not None and not outcomes and late:
            await self._settling.mark([job.key], JobStatus.EXPIRED)
        elif outcomes is not None and not outcomes:
            await self._call([job], tasks)
        elif outcomes is not None:
            await self._settling.settle([job], tasks, outcomes)

    async def _call(self, jobs: Sequence[Job], tasks: Mapping[str, TaskSent]) -> None:
        """Journal first: a crash from here on leaves `calling` behind, and the next start knows what it does not know."""
        await self._settling.mark([job.key for job in jobs], JobStatus.CALLING, attempt=jobs[0].attempt)
        outcomes = await self._attempt(jobs, lambda: self._connector.call(jobs))
        if outcomes is not None:
            await self._settling.settle(jobs, tasks, outcomes)

    async def _attempt(
        self, jobs: Sequence[Job], call: Callable[[], Awaitable[Mapping[str, Outcome]]], *, unknown_before: bool = False
    ) -> Mapping[str, Outcome] | None:
        """The outcomes, or None when the fault has been noted and the jobs have their next time."""
        quick = AsyncRetrying(
            retry=retry_if_exception(surely_harmless), stop=stop_after_attempt(self._pace.quick_tries),
            wait=wait_exponential_jitter(multiplier=self._pace.quick_wait, max=2.0, jitter=self._pace.quick_wait), reraise=True,
        )  # fmt: skip

        async def once() -> Mapping[str, Outcome]:  # tenacity awaits what is declared `async`, and no lambda's result
            return await call()

        try:
            outcomes: Mapping[str, Outcome] = await quick(once)
        except (TransientFault, RetryError) as error:
            fault = error if isinstance(error, TransientFault) else TransientFault("retry")
            opened = self._breaker.failed(asyncio.get_running_loop().time())
            status = JobStatus.UNKNOWN if fault.unknown or unknown_before else resting(jobs[0])
            wait = fault.retry_after if fault.retry_after is not None else self._settling.backoff(jobs[0])
            log.warning("connector.fault", code=fault.code, outcome_unknown=fault.unknown, retry_in_s=round(wait, 2),
                        circuit_opened=opened, correlation_ids=[job.request.id for job in jobs])  # fmt: skip
            await self._settling.put_off(jobs, status, fault.code, wait)
            return None
        except ProtocolFault as error:
            self._breaker.succeeded()
            log.error("connector.protocol-fault", code=error.code, correlation_ids=[job.request.id for job in jobs])
            await self._settling.give_up([job.key for job in jobs], error.code)
            return None
        self._breaker.succeeded()
        return outcomes
