"""Writing down where a job stands, each time in one transaction and only while this process has the role of calling.

While the store takes nothing, what is to be written is held: to ask the partner again may not be possible, and holding is
bounded by the number of calls at a time.
"""

import random
from collections.abc import Mapping, Sequence

import structlog

from connectors import jobs as table
from connectors.base import Answer, Job, Outcome, Pending, ProtocolFault
from connectors.course import SECOND, Pace, resting
from connectors.desk import Desk
from connectors.jobs import JobStatus
from hub.engine.processor import Processor
from hub.engine.work import Work
from schemas.messages import TaskSent

log = structlog.get_logger()
ROLE = "calls"
"""The role of calling the partner: one process's at a time, so that the partner is worked at one pace."""


class Settling:
    """The job table, as whoever calls the partner writes it. Every method raises `Fenced` once the role is another's."""

    def __init__(self, desk: Desk, processor: Processor, pace: Pace) -> None:
        self._desk = desk
        self._processor = processor
        self._pace = pace

    async def after_crash(self) -> int:
        """Jobs found `calling` from before this process had the role: their outcome is unknown. Returns how many."""
        return await self._processor.persist(lambda work: table.after_crash(work.connection), ROLE)

    async def settle(self, jobs: Sequence[Job], tasks: Mapping[str, TaskSent], outcomes: Mapping[str, Outcome]) -> None:
        """Commit every outcome, and the signed reply with it, in one transaction."""

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
                    table.put(work.connection, [job.key], resting(job), due_at=self._after(self.backoff(job)))

        await self._processor.persist(write, ROLE)

    async def put_off(self, jobs: Sequence[Job], status: JobStatus, fault: str, wait: float) -> None:
        """Try these again in `wait` seconds."""
        await self.mark([job.key for job in jobs], status, fault=fault, due_at=self._after(wait))

    async def give_up(self, keys: Sequence[str], fault: str) -> None:
        """Leave a job to a person; of several, which are new inquiries without effect, each is tried alone first."""
        if len(keys) == 1:
            await self.mark(keys, JobStatus.MANUAL, fault=fault)
        else:
            await self.mark(keys, JobStatus.QUEUED, fault=table.TOGETHER + fault)

    async def mark(self, keys: Sequence[str], status: JobStatus, **values: object) -> None:
        """Give these jobs a status and further column values."""
        await self._processor.persist(lambda work: table.put(work.connection, keys, status, **values), ROLE)

    def backoff(self, job: Job) -> float:
        """Seconds until this job's next attempt, with full jitter above one half."""
        return self._pace.backoff(job.attempt, random.uniform(0.5, 1.0))  # noqa: S311 - spreading load, not a secret

    def _after(self, seconds: float) -> int:
        return self._processor.now() + round(seconds * SECOND)
