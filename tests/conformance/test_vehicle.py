"""The vehicle registry's connector under the common suite, and what is particular to it."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from connectors.jobs import JobStatus
from connectors.terms import USE_PERMITTED
from connectors.vehicle import PROTOCOL
from schemas.findings import VehicleFinding
from schemas.replies import ReplyKind
from tests.conformance.bench import Bench
from tests.conformance.suite import TIMEOUT_S, ConnectorConformance, Site
from tests.factories import Data, control, inquiry, legal_basis, request_number
from tests.simulators import effects, set_faults

SEALED_BEFORE = {"kind": "vehicle", "plate": "粤B9E002", "vin": "L9ZZZ9908TZ000008"}


class TestVehicle(ConnectorConformance):
    party = "vehicle"
    protocol = PROTOCOL
    program = ("vehicle", "--rate", "1000", "--burst", "1000")
    ask = "search"
    act = "seal"

    def options(self, site: Site) -> Mapping[str, Any]:
        key = site.folder / "api-key"
        key.write_text("vehicle-demo-key\n", encoding="utf-8")
        return {"base_url": site.address, "timeout_s": TIMEOUT_S, "api_key_file": str(key)}

    def control(self, **changes: Any) -> Data:
        return control("seal", {"kind": "vehicle", "plate": "粤B9A005", "vin": "L9ZZZ9907TZ000002"}, "P05", **changes)

    def renewable(self) -> Data:
        return control("seal", {"kind": "vehicle", "plate": "粤B9A001"}, "P01", term_months=24)

    @pytest.mark.parametrize("live", [False, True])
    async def test_a_queued_seal_says_whether_it_waits_and_whether_use_is_permitted(
        self, bench: Bench, live: bool
    ) -> None:
        asked = self.renewable() | {"action": "queue-seal", "use_permitted": live, "legal": legal_basis("queue-seal")}
        first = await self.in_force(bench, asked)
        second = bench.send(asked | {"number": request_number()})
        waiting = (await bench.reply(second)).measure
        assert waiting is not None
        assert (waiting.state, waiting.rank, waiting.ends) == ("queued", 2, None)
        renewal = await bench.reply(bench.send(self.renewal(asked, second.correlationid)))
        assert renewal.kind is ReplyKind.NOT_CONTROLLED
        inquired = bench.send(self.inquiry("P01"))
        await bench.reply(inquired)
        assert (USE_PERMITTED.encode() in bench.answers[inquired.id].raw) is live
        for task in (first, second):
            await self.let_go(bench, asked, task)

    async def test_every_page_is_read(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(inquiry("P09")))
        assert reply.kind is ReplyKind.RESULT
        plates = [finding.plate for finding in reply.findings if isinstance(finding, VehicleFinding)]
        assert len(set(plates)) == len(plates) == 37

    async def test_a_namesake_is_returned_and_nothing_of_him_is_told(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(inquiry("P08")))
        assert reply.kind is ReplyKind.RETURNED
        assert reply.reason is not None
        assert reply.reason.code == "identity-mismatch"
        text = reply.model_dump_json()
        assert "王志刚" not in text
        assert "粤B9A008" not in text

    async def test_a_seal_under_a_wrong_name_does_nothing(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        task = bench.send(self.control(subject=inquiry("P08")["subject"]))
        reply = await bench.reply(task)
        assert reply.kind is ReplyKind.RETURNED
        assert await effects(partner, task.id) == []

    async def test_measures_that_stand_are_told_only_when_asked_for(self, bench: Bench) -> None:
        everything = bench.send(inquiry("P09"))
        without = bench.send(inquiry("P09", fields=["vehicle.registration", "vehicle.mortgage"]))
        assert await self.documents(bench, everything) == ["（2026）粤9988执12号之一"]
        assert await self.documents(bench, without) == []

    async def documents(self, bench: Bench, task: Any) -> list[str]:
        found = (await bench.reply(task)).findings
        return [measure.document for each in found if isinstance(each, VehicleFinding) for measure in each.measures]

    async def test_a_seal_behind_another_is_queued_without_dates(self, bench: Bench) -> None:
        """法发〔2004〕5号 art. 20: it takes effect by itself when its turn comes."""
        reply = await bench.reply(bench.send(control("seal", SEALED_BEFORE, "P09")))
        assert reply.measure is not None
        assert (reply.measure.state, reply.measure.rank) == ("queued", 2)
        assert reply.measure.starts is reply.measure.ends is None

    async def test_what_the_registry_declines_is_not_controlled(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(self.control(term_months=25)))
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "term-too-long"

    async def test_a_release_of_what_was_never_sealed_here_is_for_a_person(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        task = bench.send(self.release(self.control(), "0b1c2d3e-0000-4000-8000-000000000000"))
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "original-unknown"
        assert await effects(partner, task.id) == []

    async def test_a_key_that_the_registry_refuses_is_for_a_person(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bench.connector, "_headers", {"X-Api-Key": "another"})
        task = bench.send(self.inquiry())
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "http-401"

    async def test_too_many_calls_in_the_middle_of_a_search_begin_it_anew(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        busy = {"kind": "too-many-requests", "match": '"page": 3', "times": 1, "retry_after": 0}
        await set_faults(partner, busy)
        assert len((await bench.reply(bench.send(inquiry("P09")))).findings) == 37
