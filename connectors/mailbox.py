"""The mailbox of a webhook: what a partner sends by itself is kept once, however often it is delivered."""

from connectors import jobs as table
from connectors.base import Answer, HitNote, LeadStanding
from connectors.desk import Desk
from connectors.jobs import JobRow, JobStatus
from connectors.tasks import task_in
from hub.engine.processor import Processor
from hub.engine.work import Work
from schemas.leads import LeadSubmission
from schemas.messages import TaskSent


class StoreMailbox:
    """The `Mailbox` of one connector: each call is one transaction of its engine."""

    def __init__(self, desk: Desk, processor: Processor) -> None:
        self._desk = desk
        self._processor = processor

    async def answered(self, key: str, answer: Answer, event: str) -> None:
        """The partner's answer by webhook; once, however often it is delivered."""

        def write(work: Work) -> None:
            row, task = _find(work, key)
            if not _first(work, event, key) or row.status in table.OVER:
                return
            table.put(work.connection, [key], JobStatus.DONE, fault=None)
            self._desk.reply(work, task, answer)

        await self._processor.transact(write)

    async def hit(self, key: str, note: HitNote) -> None:
        """A hit by webhook; once, however often it is delivered."""

        def write(work: Work) -> None:
            _, task = _find(work, key)
            if _first(work, note.event, key):
                self._desk.hit(work, task, note)

        await self._processor.transact(write)

    async def lead(self, submission: LeadSubmission) -> LeadStanding:
        """A lead by HTTP; once, however often it is delivered."""
        return await self._processor.transact(lambda work: self._desk.leads.submit(work, submission))

    async def lead_standing(self, number: str) -> LeadStanding | None:
        """Where a lead stands."""
        return await self._processor.transact(lambda work: self._desk.leads.find(work, number))


def _find(work: Work, key: str) -> tuple[JobRow, TaskSent]:
    row = table.find(work.connection, key)
    if row is None:
        raise KeyError(key)
    return row, task_in(work.payload(row.message_pk))


def _first(work: Work, event: str, task_id: str) -> bool:
    known = work.connection.execute(table.events.select().where(table.events.c.event == event)).first()
    if known is None:
        work.add(table.events, {"event": event, "task_id": task_id})
    return known is None
