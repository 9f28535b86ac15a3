"""The police connector under the common suite, and what is particular to it: events by signed webhook, hits, road control."""

import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import pytest

from connectors.base import Job, Outcome, Recovery
from connectors.jobs import JobStatus
from connectors.police import PROTOCOL
from connectors.police.seals import binding
from schemas.findings import WhereaboutsFinding
from schemas.messages import HitReported, TaskSent, parse
from schemas.replies import Hit, ReplyKind
from schemas.samples import PEOPLE
from tests.conformance.bench import Bench
from tests.conformance.suite import TIMEOUT_S, ConnectorConformance, Site
from tests.factories import Data, inquiry, legal_basis, locate
from tests.simulators import effects, set_faults

SECRET = b"police-demo-secret"
SEEN_AT = "示例市高铁站进站口"


class TestPolice(ConnectorConformance):
    party = "police"
    protocol = PROTOCOL
    program = ("police", "--answer-after", "0.05", "--hit-after", "0.2")
    ask = act = "submit"
    searched = ("resident-id-18",)
    control_recovery = Recovery.LOOKUP
    releases = False
    poll_s = 0.2

    def options(self, site: Site) -> Mapping[str, Any]:
        secret = site.folder / "webhook-secret"
        secret.write_bytes(SECRET + b"\n")
        return {"base_url": site.address, "timeout_s": TIMEOUT_S, "poll_s": self.poll_s, "callback_url": site.hook,
                "secret_file": str(secret)}  # fmt: skip

    def control(self, **changes: Any) -> Data:
        return locate("road-control", "P05", **changes)

    def renewable(self) -> None:
        return None

    # -- withdrawal (撤控) -----------------------------------------------------------------------------------------------

    def withdrawal(self, original: TaskSent, who: str = "P03", **changes: Any) -> Data:
        return locate("withdraw", who, original=original.correlationid, **changes)

    @pytest.mark.parametrize("action", ["watch", "road-control"])
    async def test_a_withdrawal_ends_its_watch_and_a_second_one_finds_it_ended(
        self, bench: Bench, partner: aiohttp.ClientSession, action: str
    ) -> None:
        who = "P03" if action == "watch" else "P05"
        original = bench.send(locate(action, who))
        for _ in range(2):
            reply = await bench.reply(bench.send(self.withdrawal(original, who)))
            assert reply.kind is ReplyKind.RESULT
            assert reply.measure is not None
            assert reply.measure.state == "withdrawn"
        assert (await effects(partner, original.id)).count("withdraw") == 1

    async def test_a_withdrawal_whose_answer_was_lost_is_done_once(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        original = bench.send(locate("watch", "P03"))
        await bench.reply(original)
        await set_faults(partner, {"kind": "execute-then-timeout", "operation": "withdraw", "times": 1})
        reply = await bench.reply(bench.send(self.withdrawal(original)))
        assert reply.measure is not None
        assert reply.measure.state == "withdrawn"
        assert (await effects(partner, original.id)).count("withdraw") == 1

    async def test_a_withdrawal_never_overtakes_its_watch(self, bench: Bench, partner: aiohttp.ClientSession) -> None:
        await set_faults(partner, {"kind": "server-error", "operation": "submit", "times": 2})
        original = bench.send(locate("watch", "P03"))
        reply = await bench.reply(bench.send(self.withdrawal(original)))
        assert reply.measure is not None
        assert reply.measure.state == "withdrawn"
        assert await effects(partner, original.id) == ["watch", "withdraw"]

    async def test_a_watch_that_was_never_armed_has_nothing_to_withdraw(self, bench: Bench) -> None:
        original = bench.send(locate("watch", "C01"))
        assert (await bench.reply(original)).kind is ReplyKind.RETURNED
        reply = await bench.reply(bench.send(self.withdrawal(original, "C01")))
        assert (reply.kind, reply.reason and reply.reason.code) == (ReplyKind.NOT_CONTROLLED, "not-in-force")

    async def test_a_withdrawal_of_another_case_is_for_a_person(
        self, bench: Bench, partner: aiohttp.ClientSession
    ) -> None:
        original = bench.send(locate("watch", "P03"))
        await bench.reply(original)
        task = bench.send(self.withdrawal(original, legal=legal_basis("withdraw", case=999)))
        await bench.becomes(task, JobStatus.MANUAL)
        assert "withdraw" not in await effects(partner, original.id)

    # -- answers that are none: the webhook's are refused, and the gateway's own record is asked ------------------------

    @pytest.mark.parametrize("control", [False, True])
    async def test_an_answer_about_somebody_else_is_no_reply(
        self, bench: Bench, partner: aiohttp.ClientSession, control: bool
    ) -> None:
        await set_faults(partner, {"kind": "wrong-answer"})
        task = bench.send(self.control() if control else self.inquiry())
        await bench.becomes(task, JobStatus.MANUAL)
        assert await bench.fault(task) == "wrong-answer"
        assert not bench.replies(task)
        assert len(await effects(partner, task.id)) == control

    @pytest.mark.parametrize("kind", ["wrong-answer", "broken-answer"])
    async def test_a_spoilt_event_is_refused_and_the_answer_looked_up(
        self, bench: Bench, partner: aiohttp.ClientSession, kind: str
    ) -> None:
        await set_faults(partner, {"kind": kind, "operation": "submit"})
        task = bench.send(self.inquiry())
        assert (await bench.reply(task)).kind is ReplyKind.RESULT
        assert bench.answers[task.id].raw.startswith(b'{"requestNo"')  # where it stands, not an event

    # -- what the police answer ----------------------------------------------------------------------------------------

    async def test_whereabouts_say_what_they_are(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(locate("info", "P13")))
        found = [finding for finding in reply.findings if isinstance(finding, WhereaboutsFinding)]
        assert [finding.fact for finding in found] == ["residence", "entry-exit", "entry-exit"]
        assert [finding.place for finding in found[1:]] == ["示例口岸（出境）", "示例口岸（入境）"]
        assert found[1].at is not None

    async def test_a_former_name_is_told(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(inquiry("P10")))
        facts = [(each.fact, each.place) for each in reply.findings if isinstance(each, WhereaboutsFinding)]
        assert ("former-name", "陈燕") in facts

    async def test_a_watch_is_armed_until_its_end(self, bench: Bench) -> None:
        measure = (await bench.reply(bench.send(locate("watch", "P03")))).measure
        assert measure is not None
        assert measure.state == "armed"
        assert str(measure.ends) == "2028-06-30"

    async def test_a_watch_for_nobody_on_file_is_returned_with_a_contact(self, bench: Bench) -> None:
        reply = await bench.reply(bench.send(locate("watch", "C01")))
        assert reply.kind is ReplyKind.RETURNED
        assert reply.reason is not None
        assert reply.reason.code == "not-on-file"
        assert reply.contact is not None

    async def test_the_road_control_of_a_vehicle_needs_its_owner_by_name(self, bench: Bench) -> None:
        vehicle = {"kind": "vehicle", "plate": "粤B9A005"}
        armed = await bench.reply(bench.send(locate("road-control", "P05", vehicle=vehicle)))
        assert armed.measure is not None
        assert armed.measure.state == "armed"
        other = await bench.reply(bench.send(locate("road-control", "P06", vehicle=vehicle)))
        assert other.kind is ReplyKind.RETURNED
        assert other.reason is not None
        assert other.reason.code == "identity-mismatch"

    async def test_a_hit_is_reported_with_place_and_duty_officer(self, bench: Bench) -> None:
        task = bench.send(locate("watch", "P07"))
        await bench.reply(task)
        await bench.until(lambda: bool(self.hits(bench, task)))
        (hit,) = self.hits(bench, task)
        assert hit.place == SEEN_AT
        assert hit.contact.phone

    def hits(self, bench: Bench, task: TaskSent) -> list[Hit]:
        sent = [parse(out.value) for out in bench.bus.published]
        return [each.data for each in sent if isinstance(each, HitReported) and each.causationid == task.id]

    # -- events that come late, twice, or not at all ---------------------------------------------------------------------

    async def test_an_answer_that_overtakes_the_acknowledgement_is_the_one_reply(
        self, bench: Bench, partner: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call = bench.connector.call

        async def slow(jobs: Sequence[Job]) -> Mapping[str, Outcome]:
            outcomes = await call(jobs)
            await bench.until(lambda: bool(bench.replies(task)))
            return outcomes

        monkeypatch.setattr(bench.connector, "call", slow)
        task = bench.send(self.control())
        await bench.reply(task)
        after = bench.send(self.control())
        await bench.reply(after)
        await bench.becomes(task, JobStatus.DONE)
        assert len(bench.replies(task)) == 1
        assert len(await effects(partner, task.id)) == 1

    async def test_a_lost_event_is_no_silence(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """The gateway gives up in the end; what it keeps is looked up."""
        monkeypatch.setattr(bench.connector, "_callback_url", "http://127.0.0.1:9")
        assert (await bench.reply(bench.send(self.inquiry()))).kind is ReplyKind.RESULT

    async def test_an_event_is_taken_once_and_only_with_a_right_signature(self, bench: Bench) -> None:
        task = bench.send(locate("watch", "P03"))
        await bench.reply(task)
        event = self.hit_event(task)
        assert await self.tell(bench, event, secret=b"another") == 401
        assert await self.tell(bench, event, at=time.time() - 301) == 401
        assert await self.tell(bench, event, at=time.time() + 301) == 401
        assert await self.tell(bench, event, header="") == 401
        assert await self.tell(bench, event, spoil=True) == 401
        assert self.hits(bench, task) == []
        assert await self.tell(bench, event) == 204
        assert await self.tell(bench, event) == 204
        await bench.until(lambda: bool(self.hits(bench, task)))
        assert len(self.hits(bench, task)) == 1

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"name": PEOPLE["P04"][0]}, 409),
            ({"idNumber": PEOPLE["P04"][1]}, 409),
            ({"kind": "info"}, 409),
            ({"requestNo": "0b1c2d3e-0000-4000-8000-000000000000"}, 409),
            ({"type": "party"}, 400),
            ({"eventId": "../.."}, 400),
        ],
    )
    async def test_an_event_about_anything_else_is_refused(
        self, bench: Bench, change: dict[str, str], status: int
    ) -> None:
        task = bench.send(locate("watch", "P03"))
        await bench.reply(task)
        bound = self.bound(self.hit_event(task))
        assert await self.tell(bench, self.hit_event(task) | change, bound=bound) == status
        assert self.hits(bench, task) == []

    async def test_an_event_of_a_request_that_is_not_ours_is_refused(self, bench: Bench) -> None:
        task = bench.send(locate("watch", "P03"))
        event = self.hit_event(task) | {"requestNo": "0b1c2d3e-0000-4000-8000-000000000000"}
        assert await self.tell(bench, event) == 404

    def hit_event(self, task: TaskSent) -> dict[str, Any]:
        name, number = PEOPLE["P03"]
        return {
            "eventId": f"E-{task.id}", "at": "2026-04-01T10:00:00+08:00", "requestNo": task.id, "acceptNo": "GA1",
            "kind": "watch", "name": name, "idNumber": number, "type": "hit", "place": SEEN_AT,
            "dutyOfficer": {"name": "值班民警", "phone": "0999-5550110"},
        }  # fmt: skip

    def bound(self, event: Mapping[str, Any]) -> str:
        return binding(SECRET, event["requestNo"], event["kind"], event["name"], event["idNumber"])

    async def tell(
        self, bench: Bench, event: Mapping[str, Any], *, secret: bytes = SECRET, at: float | None = None,
        header: str | None = None, bound: str | None = None, spoil: bool = False,
    ) -> int:  # fmt: skip
        """Post an event to the webhook as the gateway would; gives the status."""
        body = json.dumps(event, ensure_ascii=False).encode()
        stamp = b"%d" % (time.time() if at is None else at)
        made = f"t={stamp.decode()},v1={hmac.digest(secret, stamp + b'.' + body, 'sha256').hex()}"
        url = f"{bench.connector.__dict__['_callback_url']}/events/{bound or self.bound(event)}"
        headers = {"X-Signature": made if header is None else header}
        async with bench.http.post(url, data=body + b" " * spoil, headers=headers) as answer:
            return answer.status
