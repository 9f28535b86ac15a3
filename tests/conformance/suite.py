"""What every connector must do, whatever its partner's protocol: one behaviour suite for all of them.

A subclass names the simulator and the connector and how the partner can be asked; the suite plays every fault. An effect
is told by the request number, which is the job's key: the simulator's own record says what was really done, and how often.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from connectors.base import Connector, Recovery
from connectors.jobs import JobStatus
from connectors.restored import back_up, put_back
from schemas.messages import TaskSent
from schemas.replies import ReplyKind
from schemas.samples import COMPANIES, PEOPLE
from tests.conformance.bench import PACE, Bench
from tests.conformance.measures import MeasureConformance
from tests.factories import Data, inquiry
from tests.simulators import calls, effects, set_faults, simulator

TIMEOUT_S = 1.0
"""The time-out that a subclass gives its connector: short enough to wait for, long enough for a busy machine."""
OPEN = (JobStatus.QUEUED, JobStatus.UNKNOWN, JobStatus.WAITING)
PERSONAL = tuple(value for pair in (*PEOPLE.values(), *COMPANIES.values()) for value in pair)


class Site(NamedTuple):
    """Where a test runs: the simulator's address, the address of the connector's own webhook, a folder for secrets."""

    address: str
    hook: str
    folder: Path


class ConnectorConformance(MeasureConformance):
    """The suite. All tests of a class share one simulator; each has a connector and a store of its own."""

    party: ClassVar[str]
    protocol: ClassVar[type[Connector]]
    program: ClassVar[Sequence[str]]
    """The simulator's module and its options."""
    ask: ClassVar[str]
    """The simulator's operation that an inquiry begins with."""
    act: ClassVar[str]
    """The simulator's operation that a control begins with."""
    searched: ClassVar[tuple[str, ...]] = ("resident-id-18", "resident-id-15")
    control_recovery: ClassVar[Recovery] = Recovery.IDEMPOTENT
    """What the protocol declares for a control whose outcome is unknown."""
    releases: ClassVar[bool] = True

    def options(self, site: Site) -> Mapping[str, Any]:
        """The connector's options."""
        raise NotImplementedError

    def inquiry(self, who: str = "P01", **changes: Any) -> Data:
        """An inquiry that this partner answers."""
        return inquiry(who, **changes)

    def control(self, **changes: Any) -> Data:
        """A control that the partner carries out, however often it is asked under new numbers."""
        raise NotImplementedError

    # -- the bench -----------------------------------------------------------------------------------------------------

    @pytest.fixture(scope="class")
    @classmethod
    def address(cls) -> Iterator[str]:
        with simulator(*cls.program) as listening:
            yield listening

    @pytest_asyncio.fixture
    async def partner(self, address: str) -> AsyncIterator[aiohttp.ClientSession]:
        """The partner's system, to set faults and to see what it did."""
        async with aiohttp.ClientSession(address, timeout=aiohttp.ClientTimeout(total=10)) as session:
            yield session
            await set_faults(session)

    @pytest_asyncio.fixture
    async def bench(self, address: str, tmp_path: Path,
                    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> AsyncIterator[Bench]:  # fmt: skip
        """A connector that reads and works; afterwards nothing personal stands in any log or in the job table."""
        bench = Bench(self.protocol, self.party, lambda hook: self.options(Site(address, hook, tmp_path)), tmp_path)
        with capture_logs() as logs:
            await bench.start()
            yield bench
            _, cells = await bench.table()
            await bench.die()
        printed = capfd.readouterr()
        for where in (repr(logs), caplog.text, cells, printed.out, printed.err):
            assert not [index for index, value in enumerate(PERSONAL) if value in where]

    # -- answers -------------------------------------------------------------------------------------------------------

    async def test_what_is_on_file_is_found(self, bench: Bench) -> None:
        task = bench.send(self.inquiry("P01"))
        reply = await bench.reply(task)
        assert reply.kind is ReplyKind.RESULT
        assert reply.findings
        assert reply.searched == self.searched
        raw = bench.answers[task.id].raw
        assert task.id.encode() in raw or PEOPLE["P01"][0].encode() in raw

    async def test_an_explicit_nothing_is_no_record(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(self.inquiry("P02")))
        assert reply.kind is ReplyKind.NO_RECORD
        assert reply.searched == self.searched

    async def test_a_number_under_another_name_is_returned(self, bench: Bench) -> None:
        """V23: never a best match, and nothing of the person whose number it is."""
        data = self.inquiry("P01")
        data["subject"] = {**data["subject"], "name": "何人斯"}
        reply = await bench.reply(bench.send(data))
        assert reply.kind is ReplyKind.RETURNED
        assert reply.reason is not None
        assert reply.reason.code == "identity-mismatch"
        text = reply.model_dump_json()
        assert not [value for value in PEOPLE["P01"] if value in text]

    async def test_a_control_takes_effect_once(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        task = bench.send(self.control())
        reply = await bench.reply(task)
        assert reply.kind is ReplyKind.RESULT
        assert reply.measure is not None
        assert len(await effects(partner, task.id)) == 1

    async def test_a_release_ends_its_original(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        if not self.releases:
            pytest.skip("this partner is not asked to release")
        control = self.control()
        original = bench.send(control)
        task = bench.send(self.release(control, original.correlationid))
        reply = await bench.reply(task)
        assert reply.kind is ReplyKind.RESULT, reply.reason
        assert reply.measure is not None
        assert reply.measure.state == "released"
        assert len(await effects(partner, task.id)) == 1

    # -- duplicates ----------------------------------------------------------------------------------------------------

    async def test_a_task_that_comes_twice_is_carried_out_once(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        value, task = bench.make(self.control())
        bench.put(value)
        bench.put(value)
        await bench.reply(task)
        bench.put(value)
        after = bench.send(self.inquiry("P02"))
        await bench.reply(after)
        assert len(bench.replies(task)) == 1
        assert len(await effects(partner, task.id)) == 1
        assert (await bench.table())[0] == 2
        assert await bench.set_aside() == 0

    # -- a partner that is slow, busy or down --------------------------------------------------------------------------

    async def test_a_slow_answer_is_still_the_answer(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        await set_faults(partner, {"kind": "latency", "seconds": 0.2})
        assert (await bench.reply(bench.send(self.inquiry()))).kind is ReplyKind.RESULT

    async def test_retry_after_is_honoured(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        await set_faults(partner, {"kind": "too-many-requests", "operation": self.act, "times": 1, "retry_after": 1})
        task = bench.send(self.control())
        await bench.reply(task)
        refused, *later = [at(call) for call in await calls(partner, task.id) if call["operation"] == self.act]
        assert later
        assert later[0] - refused >= timedelta(seconds=1)
        assert len(await effects(partner, task.id)) == 1

    @pytest.mark.parametrize("times", [1, 3])
    async def test_a_flapping_partner_answers_in_the_end(
        self, bench: Bench, partner: aiohttp.ClientSession, times: int
    ) -> None:
        await set_faults(partner, {"kind": "server-error", "operation": self.act, "times": times})
        task = bench.send(self.control())
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert len(await effects(partner, task.id)) == 1

    async def test_an_open_circuit_pauses_reading_and_recovers(
        self, bench: Bench, partner: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paused = asyncio.Event()
        pause = bench.processor.pause

        def pausing() -> None:
            pause()
            paused.set()

        monkeypatch.setattr(bench.processor, "pause", pausing)
        await set_faults(partner, {"kind": "server-error"})
        tasks = [bench.send(self.inquiry()) for _ in range(3)]
        await asyncio.wait_for(paused.wait(), 10)
        assert not any(bench.replies(task) for task in tasks)
        await set_faults(partner)
        for task in tasks:
            assert (await bench.reply(task)).kind is ReplyKind.RESULT

    # -- outcomes that are not known -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("held", [0, TIMEOUT_S + 0.3])
    async def test_what_was_done_before_the_answer_was_lost_is_done_once(
        self, bench: Bench, partner: aiohttp.ClientSession, held: float
    ) -> None:
        rule = {"kind": "execute-then-timeout", "operation": self.act, "times": 1, "seconds": held}
        await set_faults(partner, rule)
        task = bench.send(self.control())
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert len(await effects(partner, task.id)) == 1
        await self.was_not_repeated_blindly(partner, task)

    @pytest.mark.parametrize("control", [False, True])
    async def test_a_crash_between_call_and_commit_changes_nothing_twice(
        self, bench: Bench, partner: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, control: bool
    ) -> None:
        called = bench.loses_outcomes(monkeypatch)
        task = bench.send(self.control() if control else self.inquiry())
        await asyncio.wait_for(called.wait(), 10)
        await bench.die()
        await bench.start()
        if control and self.control_recovery is Recovery.MANUAL:
            await bench.becomes(task, JobStatus.MANUAL)
            assert not bench.replies(task)
        else:
            assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert len(await effects(partner, task.id)) == control
        if control:
            await self.was_not_repeated_blindly(partner, task)

    async def test_an_old_backup_that_is_put_back_repeats_nothing(
        self, bench: Bench, partner: aiohttp.ClientSession, tmp_path: Path
    ) -> None:
        """One task was filed in it and not called yet, another came later; both have been carried out since."""
        where = bench.store.where
        if not isinstance(where, Path):
            pytest.skip("pg_restore puts a database back")
        await bench.die()
        await bench.start(working=False)
        filed = bench.send(self.control())
        await bench.received(filed)
        back_up(where, tmp_path / "backup")
        bench.work()
        tasks = (filed, bench.send(self.control()))
        for task in tasks:
            await bench.reply(task)
        await bench.die()
        put_back(where, tmp_path / "backup")
        await bench.start()
        for task in tasks:
            await bench.becomes(task, JobStatus.MANUAL if self.control_recovery is Recovery.MANUAL else JobStatus.DONE)
            assert len(await effects(partner, task.id)) == 1
            await self.was_not_repeated_blindly(partner, task)

    async def was_not_repeated_blindly(self, partner: aiohttp.ClientSession, task: TaskSent) -> None:
        """Only a protocol that declares its controls idempotent may send one again without having asked."""
        sent = [call for call in await calls(partner, task.id) if call["operation"] == self.act]
        assert len(sent) == 1 or self.control_recovery is Recovery.IDEMPOTENT

    # -- answers that are none -----------------------------------------------------------------------------------------

    @pytest.mark.parametrize("control", [False, True])
    async def test_an_answer_about_somebody_else_is_no_reply(
        self, bench: Bench, partner: aiohttp.ClientSession, control: bool
    ) -> None:
        await set_faults(partner, {"kind": "wrong-answer", "operation": self.act if control else self.ask})
        task = bench.send(self.control() if control else self.inquiry())
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "wrong-answer"
        assert not bench.replies(task)
        assert len(await effects(partner, task.id)) == control

    @pytest.mark.parametrize("control", [False, True])
    async def test_a_broken_answer_is_no_reply(
        self, bench: Bench, partner: aiohttp.ClientSession, control: bool
    ) -> None:
        await set_faults(partner, {"kind": "broken-answer"})
        task = bench.send(self.control() if control else self.inquiry())
        await bench.until(lambda: self.faulty(bench, task))
        assert not bench.replies(task)
        assert len(await effects(partner, task.id)) == control

    async def faulty(self, bench: Bench, task: TaskSent) -> bool:
        """The connector has noted that this answer is none."""
        return await bench.fault(task) is not None

    @pytest.mark.parametrize("control", [False, True])
    async def test_silence_is_no_answer(self, bench: Bench, partner: aiohttp.ClientSession, control: bool) -> None:
        await set_faults(partner, {"kind": "silence"})
        task = bench.send(self.control() if control else self.inquiry())
        await bench.until(lambda: self.unanswered(bench, task))
        assert not bench.replies(task)

    async def unanswered(self, bench: Bench, task: TaskSent) -> bool:
        """The partner has been asked, and has the job or has let a call time out; the job stays open."""
        job = await bench.job(task)
        return job is not None and job.status in OPEN and (job.state != {} or await bench.fault(task) is not None)

    async def test_an_answer_after_a_silence_is_the_answer(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        await set_faults(partner, {"kind": "silence", "operation": self.act, "seconds": TIMEOUT_S + 0.3})
        task = bench.send(self.control())
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert len(bench.replies(task)) == 1
        assert len(await effects(partner, task.id)) == 1

    # -- time and order ------------------------------------------------------------------------------------------------

    async def test_what_has_expired_is_never_called(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        await bench.die()
        await bench.start(working=False)
        task = bench.send(self.control(), valid=timedelta(hours=1))
        await bench.received(task)
        bench.ahead = 2 * 3600 * 1_000_000
        bench.work()
        await bench.becomes(task, JobStatus.EXPIRED)
        assert await calls(partner, task.id) == []
        assert not bench.replies(task)

    async def test_two_controls_of_one_asset_keep_their_order(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        await set_faults(partner, {"kind": "server-error", "operation": self.act, "times": PACE.quick_tries})
        first, second = bench.send(self.control()), bench.send(self.control())
        await bench.reply(second)
        done = (await bench.reply(first)).answered_at
        assert all(at(call) >= done for call in await calls(partner, second.id))


def at(call: Mapping[str, Any]) -> datetime:
    """When the partner saw this call."""
    return datetime.fromisoformat(call["at"])
