"""The part of the suite that is about what acts on a measure that stands: renewal, deduction, release."""

import asyncio
from typing import ClassVar

import aiohttp
import pytest

from connectors.jobs import JobStatus
from schemas.base import add_months
from schemas.messages import TaskSent
from schemas.replies import ReplyKind
from schemas.samples import legal_basis
from tests import factories
from tests.conformance.bench import Bench
from tests.factories import Data, request_number
from tests.simulators import effects


class MeasureConformance:
    """Each test begins a measure of its own and lets it go, for the next one finds the same simulator."""

    deducts: ClassVar[bool] = False

    def control(self) -> Data:
        """A control that the partner carries out, however often it is asked under new numbers."""
        raise NotImplementedError

    def renewable(self) -> Data | None:
        """A control that takes effect at once, on an asset that no other test leaves controlled; None where none is renewed."""
        raise NotImplementedError

    async def was_not_repeated_blindly(self, partner: aiohttp.ClientSession, task: TaskSent) -> None:
        """See the suite."""
        raise NotImplementedError

    async def test_a_renewal_gives_its_original_a_new_term_once(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        """民诉法解释 art. 485: the measure goes on, under the term that the court asked for."""
        control = self.renewable_or_skip()
        original = await self.in_force(bench, control)
        task = bench.send(self.renewal(control, original.correlationid))
        measure = (await bench.reply(task)).measure
        assert measure is not None
        assert measure.state == "renewed"
        assert measure.starts is not None
        assert measure.ends == add_months(measure.starts, control["term_months"])
        assert len(await effects(partner, task.id)) == 1
        await self.let_go(bench, control, original)

    async def test_a_renewal_of_what_never_stood_is_none(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        control = self.renewable_or_skip()
        task = bench.send(self.renewal(control, "00000000-0000-4000-8000-000000000000"))
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "original-unknown"
        assert await effects(partner, task.id) == []

    async def test_a_deduction_pays_from_what_is_frozen_once(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        control = self.deductible_or_skip()
        original = await self.in_force(bench, control)
        task = bench.send(self.deduction(control, original.correlationid, "4.00"))
        measure = (await bench.reply(task)).measure
        assert measure is not None
        assert (measure.state, measure.controlled) == ("deducted", "4.00")
        assert await effects(partner, task.id) == ["deduct"]
        await self.let_go(bench, control, original)

    @pytest.mark.parametrize("act", ["renewal", "deduction"])
    async def test_a_crash_after_a_renewal_or_a_deduction_does_it_once(
        self, bench: Bench, partner: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, act: str
    ) -> None:
        control = self.renewable_or_skip() if act == "renewal" else self.deductible_or_skip()
        original = await self.in_force(bench, control)
        called = bench.loses_outcomes(monkeypatch)
        cited = original.correlationid
        task = bench.send(self.renewal(control, cited) if act == "renewal" else self.deduction(control, cited, "4.00"))
        await asyncio.wait_for(called.wait(), 10)
        await bench.die()
        await bench.start()
        reply = await bench.reply(task)
        assert reply.measure is not None
        assert reply.measure.state == ("renewed" if act == "renewal" else "deducted")
        assert len(await effects(partner, task.id)) == 1
        await self.was_not_repeated_blindly(partner, task)
        await self.let_go(bench, control, original)

    async def in_force(self, bench: Bench, control: Data) -> TaskSent:
        """The task of a control that has taken effect."""
        task = bench.send(control)
        measure = (await bench.reply(task)).measure
        assert measure is not None
        assert measure.state == "effective"
        return task

    async def let_go(self, bench: Bench, control: Data, original: TaskSent) -> None:
        """Release it, whatever was done to it meanwhile, for the next test."""
        reply = await bench.reply(bench.send(self.release(control, original.correlationid)))
        assert reply.kind is ReplyKind.RESULT, reply.reason

    def renewable_or_skip(self) -> Data:
        return self.renewable() or pytest.skip("this partner is not asked to renew")

    def deductible_or_skip(self) -> Data:
        return self.control() if self.deducts else pytest.skip("this partner is not asked to deduct")

    def renewal(self, control: Data, original: str) -> Data:
        """The renewal of `control`, whose request has the id `original`."""
        kept = {name: value for name, value in control.items() if name != "amount"}
        return kept | {"action": "renew", "original": original, "legal": legal_basis("renew"),
                       "number": request_number()}  # fmt: skip

    def deduction(self, control: Data, original: str, amount: str) -> Data:
        """A deduction of `amount` from what `control` froze."""
        return factories.control("deduct", control["asset"], subject=control["subject"], original=original, amount=amount)

    def release(self, control: Data, original: str) -> Data:
        """The release of `control`, whose request has the id `original`."""
        kept = {name: value for name, value in control.items() if name not in ("amount", "term_months")}
        return kept | {"action": "release", "original": original, "legal": legal_basis("release"),
                       "number": request_number()}  # fmt: skip
