"""The connector of a source of leads: what is handed in by HTTP, and what is told of it. The partner is the HTTP client."""

import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from connectors.bootstrap import load_protocol
from connectors.jobs import JobStatus
from connectors.leads import PROTOCOL
from schemas.leads import LeadSubmission
from schemas.messages import LeadSubmitted, parse
from schemas.samples import PEOPLE, VEHICLE, case_number, subject
from tests.conformance.bench import Bench
from tests.factories import Data, inquiry, message

SECRET = b"lead-demo-secret"
TEXT = "见被执行人驾驶该车"
PERSONAL = (*PEOPLE["P05"], TEXT)
NUMBER = "XS-2026-0001"


def lead(**changes: Any) -> Data:
    """A lead in the governance centre's own words."""
    return {
        "number": NUMBER, "court": "court-9901", "case_number": case_number(), "by": "governance-centre",
        "about": "vehicle", "subject": subject("P05"), "asset": dict(VEHICLE), "place": "示例镇集市", "text": TEXT,
        "urgent": True,
    } | changes  # fmt: skip


class Centre:
    """A governance centre that calls its connector."""

    def __init__(self, bench: Bench, where: list[str]) -> None:
        self.bench = bench
        self._where = where

    async def post(self, content: Data, **signing: Any) -> tuple[int, Data]:
        body = json.dumps(content, ensure_ascii=False).encode()
        headers = {"X-Signature": _signature(body, **signing)}
        async with self.bench.http.post(f"{self._where[-1]}/leads", data=body, headers=headers) as answer:
            return answer.status, json.loads(await answer.text())

    async def get(self, number: str = NUMBER, **signing: Any) -> tuple[int, Data]:
        path = f"/leads/{number}"
        headers = {"X-Signature": _signature(path.encode(), **signing)}
        async with self.bench.http.get(f"{self._where[-1]}{path}", headers=headers) as answer:
            return answer.status, json.loads(await answer.text())

    def submitted(self) -> list[LeadSubmitted]:
        """What was sent to the hub."""
        sent = [parse(out.value) for out in self.bench.bus.published]
        return [each for each in sent if isinstance(each, LeadSubmitted)]

    async def hand_in(self, **changes: Any) -> LeadSubmitted:
        """A lead that was taken and sent."""
        assert (await self.post(lead(**changes)))[0] == 202
        await self.bench.until(lambda: bool(self.submitted()))
        return self.submitted()[-1]

    async def becomes(self, state: str, number: str = NUMBER) -> Data:
        """Wait for this state; gives where the lead then stands."""

        async def look() -> bool:
            return bool((await self.get(number))[1]["state"] == state)

        await self.bench.until(look)
        return (await self.get(number))[1]

    # -- what the hub says ---------------------------------------------------------------------------------------------

    def hub_says(self, kind: str, data: Data, **attributes: Any) -> None:
        self.bench.put(message(f"liandong.lead.{kind}.v1", "hub", "governance-centre", data, **attributes))

    def verdict(self, of: LeadSubmitted, source: str = "court-9901", **changes: Any) -> bytes:
        data = {"lead": of.id, "outcome": "confirmed", "officer": "GZ-9901-001", "reason": "车辆确为被执行人使用"} | changes
        return message("liandong.lead.verdict.v1", source, "hub", data)

    def forward(self, verdict: bytes) -> None:
        self.hub_says("answer", {"of": "court-9901", "message": self.bench.copy(verdict)})


def _signature(content: bytes, *, secret: bytes = SECRET, late: float = 0) -> str:
    stamp = b"%d" % (time.time() - late)
    return f"t={stamp.decode()},v1={hmac.digest(secret, stamp + b'.' + content, 'sha256').hex()}"


@pytest_asyncio.fixture
async def centre(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> AsyncIterator[Centre]:
    """A connector at work; afterwards nothing of the debtor stands in any log."""
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET + b"\n")
    where: list[str] = []

    def options(hook: str) -> Data:
        where.append(hook)
        return {"secret_file": str(secret)}

    bench = Bench(PROTOCOL, "governance-centre", options, tmp_path)
    with capture_logs() as logs:
        await bench.start()
        yield Centre(bench, where)
        await bench.die()
    printed = capfd.readouterr()
    for text in (repr(logs), printed.out, printed.err):
        assert not [value for value in PERSONAL if value in text]


# -- in ------------------------------------------------------------------------------------------------------------------


async def test_a_lead_becomes_one_signed_submission_to_the_hub(centre: Centre) -> None:
    status, told = await centre.post(lead())
    assert (status, told["state"]) == (202, "sent")
    await centre.bench.until(lambda: bool(centre.submitted()))
    (sent,) = centre.submitted()
    assert (sent.id, sent.source, sent.recipient) == (told["lead"], "governance-centre", "hub")
    assert sent.data == LeadSubmission.model_validate_json(json.dumps(lead()))


def test_a_settings_file_names_it_like_any_other_connector() -> None:
    """A governance centre joins by configuration and this package, nothing else."""
    assert load_protocol("connectors.leads") is PROTOCOL


async def test_the_same_lead_again_is_no_second_one_and_another_under_its_number_is_refused(centre: Centre) -> None:
    """A source repeats what it is not sure to have handed in, also after the connector has died."""
    first = await centre.hand_in()
    assert await centre.post(lead()) == (202, {"number": NUMBER, "lead": first.id, "state": "sent", "reasons": []})
    assert await centre.post(lead(place="示例镇车站")) == (409, {"code": "number-reused"})
    await centre.bench.die()
    await centre.bench.start()
    assert (await centre.post(lead()))[1]["lead"] == first.id
    other = await centre.hand_in(number="XS-2026-0002")
    assert [each.id for each in centre.submitted()] == [first.id, other.id]


@pytest.mark.parametrize("signing", [{"secret": b"another"}, {"late": 301}, {"late": -301}])
async def test_only_the_source_itself_is_heard_and_told(centre: Centre, signing: dict[str, Any]) -> None:
    assert await centre.post(lead(), **signing) == (401, {"code": "signature-wrong"})
    assert await centre.get(**signing) == (401, {"code": "signature-wrong"})
    assert (await centre.get())[0] == 404
    await centre.hand_in()
    assert await centre.get(**signing) == (401, {"code": "signature-wrong"})


@pytest.mark.parametrize(
    ("changes", "at"),
    [({"court": "某法院"}, "court"), ({"subject": {**subject("P05"), "id_number": "99"}}, "subject.person.id_number"),
     ({"见被执行人": 1}, "(unknown member)")],
)  # fmt: skip
async def test_what_is_no_lead_is_refused_by_the_names_of_its_members_only(
    centre: Centre, changes: Data, at: str
) -> None:
    assert await centre.post(lead(**changes)) == (400, {"code": "shape-invalid", "at": [at]})
    assert (await centre.get())[0] == 404


# -- out -----------------------------------------------------------------------------------------------------------------


async def test_what_the_court_made_of_a_lead_is_told(centre: Centre) -> None:
    sent = await centre.hand_in()
    centre.hub_says("noted", {"about": sent.id})
    await centre.becomes("noted")
    centre.forward(centre.verdict(sent, outcome="acted", requests=["0b1c2d3e-0000-4000-8000-000000000000"]))
    told = await centre.becomes("answered")
    assert told["verdict"]["outcome"] == "acted"
    assert told["verdict"]["reason"] == "车辆确为被执行人使用"
    assert set(told["verdict"]) == {"outcome", "reason", "at"}  # who looked and what was ordered is the court's own affair
    centre.hub_says("noted", {"about": sent.id})
    other = await centre.hand_in(number="XS-2026-0002")
    centre.hub_says("noted", {"about": other.id})
    await centre.becomes("noted", "XS-2026-0002")
    assert (await centre.get())[1] == told


async def test_a_refused_lead_says_why(centre: Centre) -> None:
    sent = await centre.hand_in()
    reason = {"code": "court-unknown", "zh": "接收法院未接入", "en": "The receiving court is not connected."}
    centre.hub_says("refusal", {"reasons": [reason]}, correlationid=sent.correlationid, causationid=sent.id)
    assert (await centre.becomes("refused"))["reasons"] == [reason]


async def test_a_verdict_that_the_leads_own_court_has_not_signed_is_not_believed(centre: Centre) -> None:
    """The source need not trust the hub either."""
    sent, other = await centre.hand_in(), await centre.hand_in(number="XS-2026-0002", court="court-9902")
    forged = centre.bench.copy(centre.verdict(sent)) | {"value": centre.bench.copy(centre.verdict(other))["value"]}
    centre.hub_says("answer", {"of": "court-9901", "message": forged})
    centre.forward(centre.verdict(other))
    centre.forward(centre.verdict(sent, lead="0b1c2d3e-0000-4000-8000-000000000000"))
    centre.hub_says("noted", {"about": "0b1c2d3e-0000-4000-8000-000000000000"})
    centre.hub_says("noted", {"about": other.id})
    await centre.becomes("noted", "XS-2026-0002")
    assert (await centre.get())[1]["state"] == "sent"
    assert await centre.bench.set_aside() == 4


async def test_a_task_to_a_source_of_leads_is_for_a_person(centre: Centre) -> None:
    task = centre.bench.send(inquiry("P02"))
    await centre.bench.becomes(task, JobStatus.MANUAL)
    assert await centre.bench.fault(task) == "action-not-supported"
    assert not centre.bench.replies(task)
