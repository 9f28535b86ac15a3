"""The bank's connector under the common suite, and what is particular to it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.bank import PROTOCOL
from connectors.base import Job, Outcome, ProtocolFault, Recovery
from connectors.jobs import JobStatus
from schemas.findings import AccountFinding
from schemas.replies import ReplyKind
from tests.conformance.bench import Bench
from tests.conformance.suite import TIMEOUT_S, ConnectorConformance, Site
from tests.factories import Data, control, inquiry
from tests.simulators import effects, set_faults, simulator

C01_ACCOUNT = {"kind": "account", "number": "9901-0000002001"}
C02_ACCOUNT = {"kind": "account", "number": "9901-0000002002"}
P14_ACCOUNT = {"kind": "account", "number": "9901000000000014019"}


class TestBank(ConnectorConformance):
    party = "bank"
    protocol = PROTOCOL
    program = ("bank",)
    ask = act = "packets"
    searched = ("resident-id-18",)
    control_recovery = Recovery.LOOKUP
    deducts = True

    def options(self, site: Site) -> Mapping[str, Any]:
        return {"base_url": site.address, "timeout_s": TIMEOUT_S}

    def control(self, **changes: Any) -> Data:
        return control("freeze", C01_ACCOUNT, "C01", **{"amount": "10.00", **changes})

    def renewable(self) -> Data:
        return self.control()

    async def test_a_deduction_over_what_is_frozen_takes_nothing(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        asked = self.control()
        original = await self.in_force(bench, asked)
        task = bench.send(self.deduction(asked, original.correlationid, "10.01"))
        assert (await bench.reply(task)).kind is ReplyKind.NOT_CONTROLLED
        assert await effects(partner, task.id) == []
        await self.let_go(bench, asked, original)

    async def test_a_deduction_of_all_leaves_no_freeze_to_release(self, bench: Bench) -> None:
        asked = self.control()
        original = await self.in_force(bench, asked)
        paid = await bench.reply(bench.send(self.deduction(asked, original.correlationid, "10.00")))
        assert paid.measure is not None
        assert paid.measure.controlled == "10.00"
        again = bench.send(self.deduction(asked, original.correlationid, "0.01"))
        assert (await bench.reply(again)).kind is ReplyKind.NOT_CONTROLLED

    async def test_a_wage_account_is_not_deducted_from(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        """农民工工资 are protected from the deduction as from the freeze (V21), whatever the request cites."""
        asked = control("freeze", C02_ACCOUNT, "C02")
        original = bench.send(asked)
        await bench.reply(original)
        task = bench.send(self.deduction(asked, original.correlationid, "10.00"))
        reply = await bench.reply(task)
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "account-protected"
        assert await effects(partner, task.id) == []

    @pytest.mark.parametrize("held", [0, TIMEOUT_S + 0.3])
    async def test_a_deduction_whose_answer_was_lost_is_looked_up(
        self, bench: Bench, partner: aiohttp.ClientSession, held: float
    ) -> None:
        asked = self.control()
        original = await self.in_force(bench, asked)
        lost = {"kind": "execute-then-timeout", "operation": "packets", "times": 1, "seconds": held}
        await set_faults(partner, lost)
        task = bench.send(self.deduction(asked, original.correlationid, "4.00"))
        reply = await bench.reply(task)
        assert reply.measure is not None
        assert reply.measure.controlled == "4.00"
        assert await effects(partner, task.id) == ["deduct"]
        await self.was_not_repeated_blindly(partner, task)

    async def test_a_number_of_another_customer_is_returned_with_a_contact(self, bench: Bench) -> None:
        """The namesake trap: the bank knows P08's number under another name."""
        reply = await bench.reply(bench.send(self.inquiry("P08")))
        assert reply.kind is ReplyKind.RETURNED
        assert reply.reason is not None
        assert reply.reason.code == "identity-mismatch"
        assert reply.contact is not None
        assert "王志刚" not in reply.model_dump_json()

    async def test_a_freeze_says_what_was_actually_controlled(self, bench: Bench) -> None:
        asked = control("freeze", P14_ACCOUNT, "P14", amount="10000.00")
        original = bench.send(asked)
        reply = await bench.reply(original)
        assert reply.kind is ReplyKind.RESULT
        assert reply.measure is not None
        assert (reply.measure.state, reply.measure.controlled) == ("effective", "300.00")
        release = bench.send(self.release(asked, original.correlationid))
        assert (await bench.reply(release)).kind is ReplyKind.RESULT

    async def test_a_wage_account_is_not_controlled(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(control("freeze", C02_ACCOUNT, "C02")))
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "account-protected"

    async def test_findings_name_flags_and_standing_measures_only_where_asked(self, bench: Bench) -> None:
        full = await bench.reply(bench.send(self.inquiry("C03")))
        bare = await bench.reply(bench.send(self.inquiry("C03", fields=["bank.accounts", "bank.balance"])))
        (finding,), (dropped,) = full.findings, bare.findings
        assert isinstance(finding, AccountFinding)
        assert isinstance(dropped, AccountFinding)
        assert [measure.amount for measure in finding.measures] == ["20000.00"]
        assert Decimal(finding.available or 0) == Decimal(finding.balance or 0) - 20000
        assert dropped.measures == ()

    async def test_many_inquiries_share_packets_and_each_has_its_own_answer(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        await bench.die()
        await bench.start(working=False)
        people = ["P01", "P02", "P03", "P08"] * 10
        tasks = [bench.send(self.inquiry(who)) for who in people]
        for task in tasks:
            await bench.received(task)
        before = await _packets(partner)
        bench.work()
        kinds = {"P01": ReplyKind.RESULT, "P02": ReplyKind.NO_RECORD, "P03": ReplyKind.RESULT, "P08": ReplyKind.RETURNED}
        for who, task in zip(people, tasks, strict=True):
            assert (await bench.reply(task)).kind is kinds[who]
        assert await _packets(partner) - before == 2

    @pytest.mark.parametrize("fault", [ProtocolFault("http-400"), ValueError("a fault of ours")])
    async def test_one_job_that_cannot_be_sent_does_not_spoil_its_packet(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: Exception
    ) -> None:
        await bench.die()
        await bench.start(working=False)
        tasks = [bench.send(self.inquiry(who)) for who in ("P02", "P01", "P03")]
        for task in tasks:
            await bench.received(task)
        bad, *good = tasks
        call, sizes = bench.connector.call, []

        async def faulty(jobs: Sequence[Job]) -> Mapping[str, Outcome]:
            sizes.append(len(jobs))
            if any(job.key == bad.id for job in jobs):
                raise fault
            return await call(jobs)

        monkeypatch.setattr(bench.connector, "call", faulty)
        bench.work()
        for task in good:
            assert (await bench.reply(task)).kind is ReplyKind.RESULT
        await bench.becomes(bad, JobStatus.MANUAL)
        assert not bench.replies(bad)
        assert sizes == [3, 1, 1, 1]

    async def test_packets_whose_answers_were_lost_are_asked_after(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        await set_faults(partner, {"kind": "execute-then-timeout", "operation": "packets", "times": 3})
        asked, frozen = [bench.send(self.inquiry(who)) for who in ("P01", "P02")], bench.send(self.control())
        assert [(await bench.reply(task)).kind for task in asked] == [ReplyKind.RESULT, ReplyKind.NO_RECORD]
        assert (await bench.reply(frozen)).kind is ReplyKind.RESULT
        assert await effects(partner, frozen.id) == ["freeze"]

    async def test_past_its_expiry_a_control_is_asked_after_and_not_sent_again(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        """V26: the bank never had this one, so it is never given it again."""
        await set_faults(partner, {"kind": "silence"})
        task = bench.send(self.control())
        await bench.becomes(task, JobStatus.UNKNOWN)
        bench.ahead = 2 * 3600 * 1_000_000
        await set_faults(partner)
        await bench.becomes(task, JobStatus.EXPIRED)
        assert await effects(partner, task.id) == []
        assert not bench.replies(task)

    async def test_past_its_expiry_the_outcome_of_a_control_is_still_reported(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        """The bank did freeze: a late answer is better than an outcome that nobody knows."""
        lost = {"kind": "execute-then-timeout", "operation": "packets"}
        await set_faults(partner, lost, {"kind": "server-error", "operation": "lookup"})
        task = bench.send(self.control())
        await bench.becomes(task, JobStatus.UNKNOWN)
        bench.ahead = 2 * 3600 * 1_000_000
        await set_faults(partner, lost)
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert await effects(partner, task.id) == ["freeze"]


class TestOneBadPart:
    """A packet in which the bank answers one of two inquiries about somebody else."""

    async def test_it_does_not_spoil_the_other(self, tmp_path: Path) -> None:
        async with _swapping_bank() as address:
            options = {"base_url": address, "timeout_s": TIMEOUT_S}
            bench = Bench(PROTOCOL, "bank", lambda _: options, tmp_path)
            await bench.start(working=False)
            good, bad = bench.send(inquiry("P01")), bench.send(inquiry("P02"))
            await bench.received(bad)
            bench.work()
            assert (await bench.reply(good)).kind is ReplyKind.RESULT
            await bench.becomes(bad, JobStatus.MANUAL)
            assert await bench.fault(bad) == "wrong-answer"
            await bench.die()


@asynccontextmanager
async def _swapping_bank() -> AsyncIterator[str]:
    """The simulator, seen through a gateway that puts another name into every answer about P02."""
    with simulator("bank") as real:
        async with aiohttp.ClientSession() as session:

            async def forward(request: web.Request) -> web.Response:
                async with session.post(f"{real}/packets", data=await request.read()) as answer:
                    return web.Response(text=(await answer.text()).replace("<XM>钱淑芬<", "<XM>何人也<"))

            gateway = web.Application()
            gateway.add_routes([web.post("/packets", forward)])
            async with TestServer(gateway) as server:
                yield str(server.make_url(""))


async def _packets(partner: aiohttp.ClientSession) -> int:
    async with partner.get("/_calls") as answer:
        return sum(call["operation"] == "packets" for call in await answer.json())
