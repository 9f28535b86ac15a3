"""The real-estate registry's connector under the common suite, and what is particular to it."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from connectors.base import Recovery
from connectors.course import ASKED_AFTER
from connectors.jobs import JobStatus
from connectors.real_estate import PROTOCOL
from connectors.terms import USE_PERMITTED
from schemas.base import add_months
from schemas.findings import RealEstateFinding
from schemas.replies import ReplyKind
from tests.conformance.bench import Bench
from tests.conformance.suite import TIMEOUT_S, ConnectorConformance, Site
from tests.factories import Data, control, request_number
from tests.simulators import effects, set_faults

UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00015F00010501"}
FREE_UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00017F00020001"}
RENEWED_UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00018F00040001"}
OTHER_UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00019F00040002"}
SOLD_UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00020F00040003"}
SEALED_UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00016F00030102"}


class TestRealEstate(ConnectorConformance):
    party = "real-estate"
    protocol = PROTOCOL
    program = ("real_estate", "--delay", "0.05")
    ask = "cxBdcQL"
    act = "kzBdcQL"
    control_recovery = Recovery.LOOKUP

    def options(self, site: Site) -> Mapping[str, Any]:
        return {"base_url": site.address, "timeout_s": TIMEOUT_S, "poll_s": 0.02}

    def control(self, **changes: Any) -> Data:
        return control("seal", UNIT, "P04", **changes)

    def renewable(self) -> Data:
        return control("seal", RENEWED_UNIT, "C04", term_months=36)

    @pytest.mark.parametrize(("action", "kind"), [("queue-seal", "seal"), ("advance-seal", "advance-seal")])
    async def test_a_seal_of_every_kind_takes_effect_on_a_free_unit(
        self, bench: Bench, partner: aiohttp.ClientSession, action: str, kind: str
    ) -> None:
        asked = control(action, OTHER_UNIT, "C04")
        task = await self.in_force(bench, asked)
        assert await effects(partner, task.id) == [kind]
        await self.let_go(bench, asked, task)

    @pytest.mark.parametrize("action", ["queue-seal", "advance-seal"])
    async def test_a_seal_of_every_kind_waits_behind_another(self, bench: Bench, action: str) -> None:
        asked = control(action, SEALED_UNIT, "P13")
        task = bench.send(asked)
        measure = (await bench.reply(task)).measure
        assert measure is not None
        assert (measure.state, measure.ends) == ("queued", None)
        renewal = bench.send(self.renewal(asked, task.correlationid))
        assert (await bench.reply(renewal)).kind is ReplyKind.NOT_CONTROLLED  # what waits has no end to put off
        await self.let_go(bench, asked, task)

    async def test_a_live_seizure_is_remarked_in_the_book(self, bench: Bench) -> None:
        """活查封: the registry has no code for it, so the remark must arrive as it was sent."""
        asked = control("seal", OTHER_UNIT, "C04", use_permitted=True)
        original = await self.in_force(bench, asked)
        task = bench.send(self.inquiry("C04"))
        await bench.reply(task)
        assert USE_PERMITTED.encode() in bench.answers[task.id].raw
        await self.let_go(bench, asked, original)

    async def test_a_transfer_gives_the_unit_to_its_buyer_and_ends_the_seal(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        asked = control("seal", SOLD_UNIT, "C04")
        original = await self.in_force(bench, asked)
        transfer = control("transfer", SOLD_UNIT, "C04", original=original.correlationid)
        task = bench.send(transfer)
        measure = (await bench.reply(task)).measure
        assert measure is not None
        assert measure.state == "transferred"
        assert await effects(partner, task.id) == ["transfer"]
        bought = await bench.reply(bench.send(self.inquiry("P14")))
        (finding,) = bought.findings
        assert isinstance(finding, RealEstateFinding)
        assert (finding.unit_code, finding.measures) == (SOLD_UNIT["unit_code"], ())
        assert (await bench.reply(bench.send(transfer | {"number": request_number()}))).kind is ReplyKind.NOT_CONTROLLED
        back = control("seal", SOLD_UNIT, "P14")
        returned = control("transfer", SOLD_UNIT, "P14", transferee=asked["subject"],
                           original=(await self.in_force(bench, back)).correlationid)  # fmt: skip
        assert (await bench.reply(bench.send(returned))).kind is ReplyKind.RESULT

    async def test_an_old_file_is_found_by_the_15_digit_number(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(self.inquiry("P13")))
        (finding,) = reply.findings
        assert isinstance(finding, RealEstateFinding)
        assert finding.holder == "蒋丽华"
        (measure,) = finding.measures
        assert (measure.authority, str(measure.until)) == ("示例市第三人民法院", "2028-06-09")

    async def test_measures_travel_only_where_asked(self, bench: Bench) -> None:
        """V30."""
        reply = await bench.reply(bench.send(self.inquiry("P13", fields=["real-estate.ownership"])))
        assert [finding.measures for finding in reply.findings if isinstance(finding, RealEstateFinding)] == [()]

    async def test_all_units_of_a_company_are_found(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(self.inquiry("C04")))
        assert len(reply.findings) == 3
        assert reply.searched == ("uscc",)

    async def test_a_seal_behind_another_court_waits_in_the_queue(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(control("seal", SEALED_UNIT, "P13")))
        assert reply.measure is not None
        assert (reply.measure.state, reply.measure.rank, reply.measure.ends) == ("queued", 1, None)

    async def test_a_seal_in_force_has_its_term(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(control("seal", FREE_UNIT, "C01", term_months=36)))
        assert reply.measure is not None
        assert reply.measure.state == "effective"
        assert reply.measure.starts is not None
        assert reply.measure.ends == add_months(reply.measure.starts, 36)

    async def test_a_unit_of_somebody_else_is_not_controlled(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(control("seal", FREE_UNIT, "P04")))
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "not-controlled"

    async def test_nobody_of_that_number_is_not_controlled(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(control("seal", FREE_UNIT, "P02")))
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "not-on-file"

    async def test_a_release_whose_original_never_came_is_left_to_a_person(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        task = bench.send(self.release(self.control(), "00000000-0000-4000-8000-000000000000"))
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "original-unknown"
        assert await effects(partner, task.id) == []

    async def test_what_the_registry_never_answers_is_not_polled_for_ever(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        await set_faults(partner, {"kind": "silence", "operation": self.act})
        task = bench.send(self.control())
        await bench.becomes(task, JobStatus.WAITING)
        bench.ahead = ASKED_AFTER + 2 * 3600 * 1_000_000
        await bench.becomes(task, JobStatus.EXPIRED)
        assert not bench.replies(task)

    async def test_what_the_registry_has_is_polled_past_its_expiry(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        """A seal that the registry has taken on may take effect after the request's time: the court must hear of it."""
        await set_faults(partner, {"kind": "silence", "operation": self.act, "seconds": 0.5})
        task = bench.send(self.control())
        await bench.becomes(task, JobStatus.WAITING)
        bench.ahead = 2 * 3600 * 1_000_000
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
