"""Working off the job table: take what is due, so many calls at a time, while this process has the role of calling."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog
from sqlalchemy.exc import DBAPIError

from connectors import jobs as table
from connectors.base import Connector
from connectors.calling import Calling, Packet
from connectors.course import Pace, packet_of
from connectors.desk import Desk
from connectors.jobs import JobRow
from connectors.settling import ROLE, Settling
from connectors.tasks import task_in
from hub.engine.crew import Fenced
from hub.engine.processor import Processor
from hub.store.database import Database
from schemas.messages import TaskSent

log = structlog.get_logger()


class Runner:
    """Runs one connector's jobs. In `maintenance` (µs, from and until) the partner is not called."""

    def __init__(
        self, connector: Connector, desk: Desk, processor: Processor, store: Database, pace: Pace,
        maintenance: Sequence[tuple[int, int]] = (),
    ) -> None:  # fmt: skip
        self._packet_size = connector.packet_size
        self._processor = processor
        self._store = store
        self._pace = pace
        self._settling = Settling(desk, processor, pace)
        self._calling = Calling(connector, desk, self._settling, pace)
        self._slots = asyncio.Semaphore(pace.concurrency)
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
            found = await self._settling.after_crash()
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
        wait = self._calling.pause()
        if wait:
            self._processor.pause()
            await asyncio.sleep(wait)
        self._processor.resume()

    async def _claim(self) -> Packet:
        """The next packet, marked busy."""
        try:
            found = await self._processor.on_store(self._due, len(self._busy) + self._packet_size)
        except DBAPIError as error:
            await asyncio.sleep(self._processor.standby.failed(error))
            return []
        free = {row.task_id: (row, task) for row, task in found if row.task_id not in self._busy}
        packet = [free[row.task_id] for row in packet_of([row for row, _ in free.values()], self._packet_size)]
        self._busy |= {row.task_id for row, _ in packet}
        return packet

    def _due(self, most: int) -> list[tuple[JobRow, TaskSent]]:
        with self._store.read() as connection:
            rows = table.due(connection, self._processor.now(), most)
            return [(row, task_in(self._processor.payload(connection, row.message_pk))) for row in rows]

    async def _work(self, packet: Packet) -> None:
        ids = [row.task_id for row, _ in packet]
        try:
            await self._calling.carry_out(packet, self._processor.now())
        except Fenced:  # whoever has the role asks what became of these, even if that is this process again
            self._recovered = False
            log.warning("connector.taken-over", jobs=len(ids), advice="what became of these is found out by who calls the partner now")
        except Exception as error:  # noqa: BLE001 - a fault of ours in one job must not stop the others
            log.error("connector.job-failed", error=type(error).__name__, jobs=len(ids))
            with suppress(Fenced):
                await self._settling.give_up(ids, f"internal:{type(error).__name__}")
        finally:
            self._busy.difference_update(ids)
            self._slots.release()
