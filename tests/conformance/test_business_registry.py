"""The business registry's connector under the common suite, and what is particular to it."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from connectors.business_registry import PROTOCOL
from connectors.jobs import JobStatus
from schemas.findings import EquityFinding, RegistrationFinding
from schemas.replies import ReplyKind
from schemas.samples import notice
from tests.conformance.bench import Bench
from tests.conformance.suite import TIMEOUT_S, ConnectorConformance, Site
from tests.factories import Data, control, inquiry, request_number
from tests.simulators import calls, effects, set_faults

SHARE = {"kind": "equity", "company": "91990000MA0000031E"}


class TestBusinessRegistry(ConnectorConformance):
    party = "business-registry"
    protocol = PROTOCOL
    program = ("business_registry", "--publicity-delay", "0.05", "--token-seconds", "1")
    ask = "equities"
    act = "freeze"

    def options(self, site: Site) -> Mapping[str, Any]:
        secret = site.folder / "client-secret"
        secret.write_text("registry-demo-secret\n", encoding="utf-8")
        return {"base_url": site.address, "timeout_s": TIMEOUT_S, "poll_s": 0.02, "client_id": "liandong",
                "client_secret_file": str(secret)}  # fmt: skip

    def control(self, **changes: Any) -> Data:
        return control("freeze", SHARE, "P06", **changes)

    def renewable(self) -> Data:
        return control("freeze", {"kind": "equity", "company": "91990000MA0000015Q"}, "P01", term_months=36)

    async def test_a_renewal_is_done_with_its_own_notice(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        """续行冻结 is published like the freeze itself; until then there is no answer, and a release waits behind it."""
        asked = self.renewable()
        original = bench.send(asked)
        frozen = (await bench.reply(original)).measure
        await set_faults(partner, {"kind": "silence", "operation": "renew", "seconds": 0.5, "times": 1})
        task = bench.send(self.renewal(asked, original.correlationid))
        await bench.becomes(task, JobStatus.WAITING)
        assert not bench.replies(task)
        release = bench.send(self.release(asked, original.correlationid))
        renewed = (await bench.reply(task)).measure
        assert frozen is not None
        assert renewed is not None
        assert renewed.reference == frozen.reference
        assert renewed.publicity not in (None, frozen.publicity)
        assert renewed.controlled == "50000.00"
        done = await bench.reply(release)
        assert done.kind is ReplyKind.RESULT
        assert done.answered_at >= (await bench.reply(task)).answered_at

    # -- restrictions (限制措施通知) ------------------------------------------------------------------------------------

    async def test_a_restriction_stands_until_it_is_lifted(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        asked = notice("restrict", "C01", number=request_number())
        original = bench.send(asked)
        restricted = (await bench.reply(original)).measure
        lift = bench.send(notice("lift", "C01", original=original.correlationid, number=request_number()))
        lifted = (await bench.reply(lift)).measure
        assert restricted is not None
        assert lifted is not None
        assert (restricted.state, lifted.state) == ("restricted", "lifted")
        assert lifted.reference == restricted.reference
        assert (await effects(partner, original.id), await effects(partner, lift.id)) == (["restrict"], ["lift"])
        again = bench.send(notice("lift", "C01", original=original.correlationid, number=request_number()))
        assert (await bench.reply(again)).kind is ReplyKind.NOT_CONTROLLED

    @pytest.mark.parametrize(
        ("restrictions", "who", "kind", "code"),
        [
            (["consumption"], "C01", ReplyKind.NOT_CONTROLLED, "restriction-unsupported"),
            (["investment"], "C02", ReplyKind.RETURNED, "identity-mismatch"),
        ],
    )
    async def test_a_restriction_that_the_registry_declines(
        self, bench: Bench, partner: aiohttp.ClientSession, restrictions: list[str], who: str, kind: ReplyKind, code: str
    ) -> None:
        number = inquiry("C01")["subject"]["uscc"]
        subject = {**inquiry(who)["subject"], "uscc": number}
        task = bench.send(notice("restrict", subject=subject, restrictions=restrictions, number=request_number()))
        reply = await bench.reply(task)
        assert (reply.kind, reply.reason and reply.reason.code) == (kind, code)
        assert await effects(partner, task.id) == []

    async def test_a_restriction_whose_answer_was_lost_is_noted_once(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        await set_faults(partner, {"kind": "execute-then-timeout", "operation": "restrict", "times": 1})
        task = bench.send(notice("restrict", "P01", number=request_number()))
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert await effects(partner, task.id) == ["restrict"]

    @pytest.mark.parametrize("control", [False, True])
    async def test_a_broken_answer_is_no_reply(
        self, bench: Bench, partner: aiohttp.ClientSession, control: bool
    ) -> None:
        """All answers but the token's, without which nothing is asked at all."""
        await set_faults(partner, *({"kind": "broken-answer", "operation": name} for name in ("equities", "freeze")))
        task = bench.send(self.control() if control else self.inquiry())
        await bench.until(lambda: self.faulty(bench, task))
        assert not bench.replies(task)
        assert len(await effects(partner, task.id)) == control

    async def test_a_freeze_is_effective_with_its_publicity_notice(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        """法释〔2021〕20号 art. 6: until the notice is published there is no answer, whatever was accepted."""
        await set_faults(partner, {"kind": "silence", "operation": "freeze", "seconds": 0.5, "times": 1})
        task = bench.send(control("freeze", {"kind": "equity", "company": "91990000MA0000015Q"}, "P01"))
        await bench.becomes(task, JobStatus.WAITING)
        assert await effects(partner, task.id) == ["equity-freeze"]
        assert not bench.replies(task)
        measure = (await bench.reply(task)).measure
        assert measure is not None
        assert (measure.state, measure.rank, measure.controlled) == ("effective", 1, "50000.00")
        assert measure.publicity is not None
        assert measure.starts is not None
        assert measure.ends is not None

    async def test_a_freeze_published_second_is_queued_and_controls_nothing_yet(self, bench: Bench) -> None:
        await bench.reply(bench.send(self.control()))
        measure = (await bench.reply(bench.send(self.control()))).measure
        assert measure is not None
        assert measure.state == "queued"
        assert measure.rank is not None
        assert measure.rank > 1
        assert (measure.starts, measure.ends, measure.controlled) == (None, None, None)

    async def test_a_release_has_a_notice_of_its_own(self, bench: Bench) -> None:
        data = self.control()
        original = bench.send(data)
        frozen = (await bench.reply(original)).measure
        released = (await bench.reply(bench.send(self.release(data, original.correlationid)))).measure
        assert frozen is not None
        assert released is not None
        assert released.reference == frozen.reference
        assert released.publicity not in (None, frozen.publicity)

    async def test_a_second_release_finds_nothing_in_force(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        data = self.control()
        original = bench.send(data)
        await bench.reply(bench.send(self.release(data, original.correlationid)))
        again = bench.send(self.release(data, original.correlationid))
        reply = await bench.reply(again)
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "not-in-force"
        assert await effects(partner, again.id) == []

    async def test_a_company_has_shares_and_a_registration(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(inquiry("C01")))
        assert reply.searched == ("uscc",)
        assert [type(finding) for finding in reply.findings] == [RegistrationFinding]

    @pytest.mark.parametrize(
        ("fields", "kinds"),
        [
            (["business-registry.equity"], [EquityFinding]),
            (["business-registry.registration"], []),
            (["vehicle.registration"], [EquityFinding]),
        ],
    )
    async def test_only_what_was_asked_for_is_told(self, bench: Bench, fields: list[str], kinds: list[type]) -> None:
        reply = await bench.reply(bench.send(inquiry("P01", fields=fields)))
        assert [type(finding) for finding in reply.findings] == kinds
        assert reply.kind is (ReplyKind.RESULT if kinds else ReplyKind.NO_RECORD)

    async def test_a_freeze_of_a_share_that_is_not_on_file_is_not_controlled(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(control("freeze", SHARE, "P02")))
        assert reply.kind is ReplyKind.NOT_CONTROLLED
        assert reply.reason is not None
        assert reply.reason.code == "not-on-file"

    async def test_a_token_is_kept_until_it_is_refused_and_then_fetched_once(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        before = await self.tokens(partner)
        for _ in range(3):
            await bench.reply(bench.send(self.inquiry()))
        assert await self.tokens(partner) - before in (1, 2)  # two if the first ended meanwhile
        bench.connector.__dict__["_line"]._token = "stale"
        before = await self.tokens(partner)
        tasks = [bench.send(self.inquiry()) for _ in range(3)]
        for task in tasks:
            assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert await self.tokens(partner) - before in (1, 2)

    async def tokens(self, partner: aiohttp.ClientSession) -> int:
        async with partner.get("/_calls") as answer:
            return sum(call["operation"] == "token" for call in await answer.json())

    async def test_credentials_that_the_registry_refuses_are_for_a_person(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        bench.connector.__dict__["_line"]._basic = {"Authorization": "Basic eDp5"}
        task = bench.send(self.inquiry())
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "http-401"
        assert await calls(partner, task.id) == []
