"""The business registry's simulator keeps its protocol, in a process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from schemas.identifiers import unified_social_credit_code, uscc_warnings
from tests.simulators import Act, FaultSuite, effects, eventually, set_faults, simulator

CLIENT = {"Authorization": aiohttp.encode_basic_auth("liandong", "test-secret")}
GRANT = {"grant_type": "client_credentials"}
CASE = "（2026）粤9901执6号"
WU = {"holderName": "吴晓东", "holderId": "990100198211110076"}
QINGYUAN = "91990000MA0000031E"
DATES = ("publicityNo", "publicityDate", "from", "to", "rank")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with simulator("business_registry", "--client-secret", "test-secret", "--publicity-delay", "0.1") as address:
        yield address


async def token(address: str) -> str:
    async with (
        aiohttp.ClientSession(address, headers=CLIENT) as session,
        session.post("/oauth/token", data=GRANT) as answer,
    ):
        assert answer.status == 200
        return str((await answer.json())["access_token"])


@pytest.fixture
async def partner(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    bearer = {"Authorization": f"Bearer {await token(address)}"}
    async with aiohttp.ClientSession(address, headers=bearer) as session:
        yield session
        await session.delete("/_faults")


async def get(partner: aiohttp.ClientSession, path: str, **query: str) -> Any:
    async with partner.get(f"/api/{path}", params=query) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def post(partner: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    async with partner.post(f"/api/{path}", json=body, headers={"Idempotency-Key": body["requestNo"]}) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def freeze(partner: aiohttp.ClientSession, request_no: str, **changes: Any) -> tuple[int, Any]:
    body = {"requestNo": request_no, "companyCode": QINGYUAN, "amount": "500000.00", "caseNumber": CASE, "months": 36}
    body |= {"rulingNo": f"{CASE}之一", "noticeNo": f"{CASE}协执一"} | WU
    return await post(partner, "equity-freezes", body | changes)


async def release(partner: aiohttp.ClientSession, freeze_no: str, request_no: str, case: str = CASE) -> tuple[int, Any]:
    body = {"requestNo": request_no, "caseNumber": case, "rulingNo": f"{case}之二", "noticeNo": f"{case}协执二"}
    return await post(partner, f"equity-freezes/{freeze_no}/release", body)


async def reach(partner: aiohttp.ClientSession, freeze_no: str, *states: str) -> Any:
    async def look() -> Any | None:
        found = await get(partner, f"equity-freezes/{freeze_no}")
        return found if found["state"] in states else None

    return await eventually(look)


@pytest.fixture
def act(partner: aiohttp.ClientSession) -> Act:
    async def act(request_no: str) -> Any:
        return await freeze(partner, request_no)

    return act


async def test_a_token_is_for_the_known_client(address: str) -> None:
    secret = {"client_id": "liandong", "client_secret": "test-secret"}
    async with aiohttp.ClientSession(address) as session:
        async with session.post("/oauth/token", data=GRANT | secret) as answer:
            granted = await answer.json()
            assert (answer.status, granted["token_type"], granted["expires_in"]) == (200, "Bearer", 60)
        async with session.post("/oauth/token", data=GRANT | secret | {"client_secret": "guess"}) as answer:
            assert (answer.status, await answer.json()) == (401, {"error": "invalid_client"})
        async with session.post("/oauth/token", data=secret | {"grant_type": "password"}) as answer:
            assert (answer.status, await answer.json()) == (400, {"error": "unsupported_grant_type"})
        async with session.get("/api/equities", params=WU) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, "TOKEN_STALE")
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_stale_token_is_refused_even_for_a_repeated_call() -> None:
    with simulator("business_registry", "--client-secret", "test-secret", "--token-seconds", "1") as address:
        bearer = {"Authorization": f"Bearer {await token(address)}"}
        async with aiohttp.ClientSession(address, headers=bearer) as partner:
            assert (await freeze(partner, "R-STALE"))[0] == 202

            async def refused() -> Any | None:
                status, answer = await freeze(partner, "R-STALE")
                return answer if status == 401 else None

            assert (await eventually(refused))["code"] == "TOKEN_STALE"
            assert await effects(partner, "R-STALE") == ["equity-freeze"]


async def test_a_person_s_equity_is_found(partner: aiohttp.ClientSession) -> None:
    zhao = {"holderName": "赵明远", "holderId": "990100197805120015"}
    found = await get(partner, "equities", **zhao, page="1")
    assert (found["code"], found["total"], found["registration"]) == ("OK", 1, None)
    (equity,) = found["equities"]
    assert (equity["companyCode"], equity["companyName"]) == ("91990000MA0000015Q", "远航贸易(示例)有限公司")
    assert (equity["subscribed"], equity["ratio"], equity["freezes"]) == ("3000000.00", "60", [])
    assert (await get(partner, "equities", **zhao, page="2"))["equities"] == []


async def test_a_company_s_own_registration_is_found(partner: aiohttp.ClientSession) -> None:
    found = await get(partner, "equities", holderName="金桥置业(示例)有限公司", holderId="91990000MA000004X6")
    assert (found["code"], found["equities"]) == ("OK", [])
    assert (found["registration"]["capital"], found["registration"]["status"]) == ("80000000.00", "存续")


async def test_nothing_found_is_said_outright(partner: aiohttp.ClientSession) -> None:
    found = await get(partner, "equities", holderName="钱淑芬", holderId="99010019850923002X")
    assert (found["code"], found["total"], found["equities"]) == ("NO_RECORD", 0, [])


async def test_a_freeze_takes_effect_with_its_notice_and_so_does_its_release(partner: aiohttp.ClientSession) -> None:
    status, accepted = await freeze(partner, "R-CYCLE")
    assert (status, accepted["state"]) == (202, "PENDING_PUBLICITY")
    number = accepted["freezeNo"]
    effective = await reach(partner, number, "EFFECTIVE", "QUEUED")
    assert all(effective[name] for name in DATES)
    assert (effective["publicityDate"], effective["frozenAmount"]) == (effective["from"], "500000.00")
    assert int(effective["to"][:4]) - int(effective["from"][:4]) == 3
    assert (await get(partner, "equity-freezes", requestNo="R-CYCLE"))["freezes"] == [effective]

    assert (await release(partner, number, "R-CYCLE-1", "（2026）粤9902执8号"))[1]["reason"]["code"] == "OTHER_CASE"
    status, accepted = await release(partner, number, "R-CYCLE-2")
    assert (status, accepted["state"]) == (202, "PENDING_RELEASE")
    released = await reach(partner, number, "RELEASED")
    assert released["releasePublicityNo"] != released["publicityNo"]
    assert (await release(partner, number, "R-CYCLE-3"))[1]["code"] == "NOT_EFFECTIVE"
    assert await effects(partner, "R-CYCLE-2") == ["equity-release"]
    assert (await get(partner, "equity-freezes", requestNo="R-NEVER"))["code"] == "NO_RECORD"


async def test_the_first_published_ranks_first_and_the_next_moves_up() -> None:
    with simulator("business_registry", "--client-secret", "test-secret", "--publicity-delay", "0") as address:
        bearer = {"Authorization": f"Bearer {await token(address)}"}
        async with aiohttp.ClientSession(address, headers=bearer) as partner:
            await set_faults(partner, {"kind": "silence", "operation": "freeze", "match": "R-SLOW", "seconds": 0.5})
            slow = (await freeze(partner, "R-SLOW"))[1]["freezeNo"]
            quick = (await freeze(partner, "R-QUICK", amount="9000000"))[1]["freezeNo"]
            second, first = await reach(partner, slow, "QUEUED"), await reach(partner, quick, "EFFECTIVE")
            assert (first["rank"], second["rank"]) == (1, 2)
            assert (second["months"], second["from"], second["to"]) == (36, None, None)
            assert first["frozenAmount"] == "2000000.00"  # the whole share, less than was asked for
            held = (await get(partner, "equities", **WU))["equities"]
            assert [standing["rank"] for standing in held[0]["freezes"]] == [1, 2]
            await release(partner, quick, "R-QUICK-1")
            moved_up = await reach(partner, slow, "EFFECTIVE")
            assert moved_up["rank"] == 1
            assert moved_up["from"] is not None


async def test_a_release_never_overtakes_its_freeze(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "silence", "operation": "freeze"})
    number = (await freeze(partner, "R-EARLY"))[1]["freezeNo"]
    status, answer = await release(partner, number, "R-EARLY-1")
    assert (status, answer["code"]) == (409, "NOT_EFFECTIVE")
    assert (await release(partner, "GQ99999999", "R-EARLY-2"))[0] == 404


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"companyCode": "91990000MA0000015Q"}, "NOT_ON_FILE"),
        ({"holderName": "吴小东"}, "HOLDER_MISMATCH"),
        ({"months": 37}, "TERM_TOO_LONG"),
    ],
)
async def test_what_cannot_be_frozen_has_a_reason(
    partner: aiohttp.ClientSession, changes: dict[str, Any], reason: str
) -> None:
    status, answer = await freeze(partner, f"R-{reason}", **changes)
    assert (status, answer["state"], answer["reason"]["code"]) == (200, "NOT_CONTROLLED", reason)
    assert await effects(partner, f"R-{reason}") == []


async def test_a_misread_protocol_shows_at_once(partner: aiohttp.ClientSession) -> None:
    for changes in ({"amount": "0"}, {"amount": "1.005"}, {"months": 0}, {"company": "x"}):
        assert (await freeze(partner, "R-MISREAD", **changes))[0] == 400
    for query in ({"holderId": "1"}, WU | {"page": "0"}, WU | {"page": "x"}):
        async with partner.get("/api/equities", params=query) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "BAD_REQUEST")


def test_the_samples_bear_right_codes() -> None:
    companies = json.loads(Path("config/samples/partners/business-registry.json").read_text())["companies"]
    codes = [company["companyCode"] for company in companies]
    assert len(set(codes)) == 4
    assert [unified_social_credit_code(code) for code in codes] == codes
    assert [uscc_warnings(code) for code in codes] == [[]] * 4


class TestFreezeFaults(FaultSuite):
    operation, effect = "freeze", "equity-freeze"


async def test_a_silent_registry_accepts_and_never_publishes(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "silence", "operation": "freeze", "match": "R-MUTE"})
    mute = (await freeze(partner, "R-MUTE"))[1]["freezeNo"]
    loud = (await freeze(partner, "R-LOUD"))[1]["freezeNo"]
    await reach(partner, loud, "EFFECTIVE", "QUEUED")
    assert (await get(partner, f"equity-freezes/{mute}"))["state"] == "PENDING_PUBLICITY"


async def test_a_held_call_gives_no_answer(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "silence", "operation": "equities"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(get(partner, "equities", **WU), 0.2)


async def test_a_wrong_answer_is_about_somebody_else(partner: aiohttp.ClientSession) -> None:
    rules = [{"kind": "wrong-answer", "operation": name} for name in ("equities", "freeze")]
    await set_faults(partner, *rules)
    found = await get(partner, "equities", **WU)
    assert {found["holderId"], *(equity["holderId"] for equity in found["equities"])} == {"990100197907250136"}
    status, accepted = await freeze(partner, "R-WRONG")
    assert (status, accepted["requestNo"]) == (202, "R-WRONG")
    standing = await reach(partner, accepted["freezeNo"], "EFFECTIVE", "QUEUED")
    assert (standing["requestNo"], standing["holderName"]) == ("R-OTHER", "褚文斌")


async def test_a_broken_answer_is_no_json(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "broken-answer", "operation": "equities", "times": 1})
    with pytest.raises(json.JSONDecodeError):
        await get(partner, "equities", **WU)
    assert (await get(partner, "equities", **WU))["total"] == 1
