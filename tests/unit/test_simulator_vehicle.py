"""The vehicle registry's simulator keeps its protocol, in a process of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from schemas.identifiers import plate_number, plate_warnings, resident_id, vin, vin_warnings
from tests.simulators import Act, FaultSuite, calls, effects, set_faults, simulator

KEY = {"X-Api-Key": "test-key"}
ZHOU = {"ownerName": "周建平", "idNumber": "990100197406300051", "plate": "粤B9A005"}
FENG = {"ownerName": "冯春生", "idNumber": "990100197208190111"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with simulator("vehicle", "--api-key", "test-key", "--rate", "1000", "--burst", "1000") as address:
        yield address


@pytest.fixture
async def partner(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(address, headers=KEY) as session:
        yield session
        await session.delete("/_faults")


async def post(partner: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key or body["requestNo"]}
    async with partner.post(f"/api/v1/vehicles/{path}", json=body, headers=headers) as answer:
        text = await answer.json() if answer.content_type == "application/json" else None
        return answer.status, text


async def search(partner: aiohttp.ClientSession, name: str, number: str, page: int = 1, request_no: str = "R-1") -> Any:
    body = {"requestNo": request_no, "ownerName": name, "idType": "RESIDENT_ID", "idNumbers": [number]}
    status, found = await post(partner, "search", body | {"page": page, "pageSize": 10})
    assert status == 200
    return found


def seal_of(
    request_no: str, vehicle: dict[str, Any], case: str = "（2026）粤9901执1号", months: int = 24
) -> dict[str, Any]:
    return {"requestNo": request_no, "caseNumber": case, "rulingNo": f"{case}之一", "months": months} | vehicle


def release_of(request_no: str, original: str, case: str = "（2026）粤9901执1号") -> dict[str, Any]:
    return {"requestNo": request_no, "originalRequestNo": original, "caseNumber": case, "rulingNo": f"{case}之二"}


@pytest.fixture
def act(partner: aiohttp.ClientSession) -> Act:
    async def act(request_no: str) -> Any:
        vehicle = {"ownerName": "卫国庆", "idNumber": "990100198310010150", "plate": "粤B9A012"}
        return await post(partner, "seal", seal_of(request_no, vehicle))

    return act


async def test_a_search_finds_every_vehicle_page_by_page(partner: aiohttp.ClientSession) -> None:
    pages = [await search(partner, "冯春生", "990100197208190111", page) for page in (1, 2, 3, 4, 5)]
    assert {page["total"] for page in pages} == {37}
    assert [len(page["vehicles"]) for page in pages] == [10, 10, 10, 7, 0]
    assert len({vehicle["vin"] for page in pages for vehicle in page["vehicles"]}) == 37


async def test_nothing_found_is_said_outright(partner: aiohttp.ClientSession) -> None:
    found = await search(partner, "钱淑芬", "99010019850923002X")
    assert found == {"requestNo": "R-1", "code": "NO_RECORD", "total": 0, "page": 1, "vehicles": []}


async def test_a_namesake_is_answered_with_the_name_on_file(partner: aiohttp.ClientSession) -> None:
    found = await search(partner, "王志强", "990100196604050095")
    assert found["code"] == "OK"
    assert [vehicle["registeredOwner"] for vehicle in found["vehicles"]] == ["王志刚"]


async def test_the_samples_bear_right_numbers(partner: aiohttp.ClientSession) -> None:
    for number in ("990100197208190111", "990100197406300051", "990100196604050095"):
        for page in (1, 2, 3, 4):
            for vehicle in (await search(partner, "—", number, page))["vehicles"]:
                assert plate_number(vehicle["plate"]) == vehicle["plate"]
                assert plate_warnings(vehicle["plate"], vehicle["plateClass"]) == []
                assert vin(vehicle["vin"]) == vehicle["vin"]
                assert vin_warnings(vehicle["vin"]) == []
                assert resident_id(vehicle["registeredIdNumber"]).startswith("99")


async def test_seals_queue_and_the_next_takes_effect_on_release(partner: aiohttp.ClientSession) -> None:
    vehicle = FENG | {"plate": "粤B9E010"}
    _, first = await post(partner, "seal", seal_of("R-Q1", vehicle))
    _, second = await post(partner, "seal", seal_of("R-Q2", vehicle, "（2026）粤9902执2号"))
    assert (first["result"], first["position"]) == ("SEALED", 1)
    assert first["from"] < first["to"]
    assert (second["result"], second["position"]) == ("QUEUED", 2)
    assert (second["months"], second["from"], second["to"]) == (24, None, None)
    assert (await post(partner, "release", release_of("R-Q3", "R-Q1")))[1]["result"] == "RELEASED"
    vehicles = (await search(partner, "冯春生", "990100197208190111"))["vehicles"]
    (seal,) = next(found["seals"] for found in vehicles if found["plate"] == "粤B9E010")
    assert (seal["result"], seal["caseNumber"]) == ("SEALED", "（2026）粤9902执2号")
    assert seal["from"] is not None


async def test_an_earlier_seal_of_another_court_comes_first(partner: aiohttp.ClientSession) -> None:
    _, answer = await post(partner, "seal", seal_of("R-BEHIND", FENG | {"plate": "粤B9E002"}))
    assert (answer["result"], answer["position"]) == ("QUEUED", 2)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (seal_of("R-N1", ZHOU | {"plate": "粤B00000"}), "NOT_ON_FILE"),
        (seal_of("R-N2", ZHOU | {"vin": "L9ZZZ9905TZ000001"}), "NOT_ON_FILE"),
        (seal_of("R-N3", ZHOU | {"ownerName": "周建萍"}), "OWNER_MISMATCH"),
        (seal_of("R-N4", ZHOU, months=25), "TERM_TOO_LONG"),
    ],
)
async def test_what_cannot_be_sealed_has_a_reason(
    partner: aiohttp.ClientSession, body: dict[str, Any], reason: str
) -> None:
    status, answer = await post(partner, "seal", body)
    assert (status, answer["result"], answer["reason"]["code"]) == (200, "NOT_CONTROLLED", reason)
    assert await effects(partner, body["requestNo"]) == []


async def test_only_the_case_that_sealed_can_release(partner: aiohttp.ClientSession) -> None:
    await post(partner, "seal", seal_of("R-OWN", FENG | {"plate": "粤B9E011"}))
    _, other = await post(partner, "release", release_of("R-OWN-1", "R-OWN", "（2026）粤9902执9号"))
    _, unknown = await post(partner, "release", release_of("R-OWN-2", "R-NEVER"))
    assert (other["reason"]["code"], unknown["reason"]["code"]) == ("OTHER_CASE", "ORIGINAL_UNKNOWN")
    assert await effects(partner, "R-OWN-1") == []


async def test_a_misread_protocol_shows_at_once(partner: aiohttp.ClientSession) -> None:
    too_many = {"requestNo": "R-1", "ownerName": "a", "idType": "RESIDENT_ID", "idNumbers": ["b"], "page": 1}
    for path, body in [
        ("search", too_many | {"pageSize": 11}),
        ("seal", seal_of("R-1", {"ownerName": "a", "idNumber": "b"})),
        ("seal", seal_of("R-1", ZHOU | {"plateNumber": "粤B9A005"})),
    ]:
        status, answer = await post(partner, path, body, key="R-MISREAD")
        assert (status, answer["code"]) == (400, "BAD_REQUEST")
        assert "周建平" not in answer["message"]
    async with partner.post("/api/v1/vehicles/seal", json=seal_of("R-1", ZHOU)) as keyless:
        assert (keyless.status, (await keyless.json())["code"]) == (400, "KEY_MISSING")
    async with partner.post("/api/v1/vehicles/search", headers={"X-Api-Key": "other"}) as stranger:
        assert stranger.status == 401


async def test_the_rate_limit_is_real() -> None:
    with simulator("vehicle", "--api-key", "test-key", "--rate", "0.01", "--burst", "3") as address:
        async with aiohttp.ClientSession(address, headers=KEY) as partner:
            for _ in range(3):
                await search(partner, "钱淑芬", "99010019850923002X")
            async with partner.post("/api/v1/vehicles/search", json={}) as answer:
                assert answer.status == 429
                assert 90 <= int(answer.headers["Retry-After"]) <= 100


async def test_a_busy_registry_says_when_to_come_again(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "too-many-requests", "operation": "search", "times": 1, "retry_after": 7})
    async with partner.post("/api/v1/vehicles/search", json={}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


class TestSealFaults(FaultSuite):
    operation, effect = "seal", "seal"


async def test_a_wrong_answer_is_well_formed_and_about_somebody_else(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "wrong-answer", "operation": "search", "match": "周建平"})
    wrong = await search(partner, "周建平", "990100197406300051")
    assert wrong["requestNo"] != "R-1"
    assert [vehicle["registeredIdNumber"] for vehicle in wrong["vehicles"]] == ["990100197907250136"]
    right = await search(partner, "冯春生", "990100197208190111")
    assert right["vehicles"][0]["registeredOwner"] == "冯春生"


async def test_a_broken_answer_is_no_json(partner: aiohttp.ClientSession) -> None:
    await set_faults(partner, {"kind": "broken-answer", "times": 1})
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        await search(partner, "周建平", "990100197406300051")
    assert (await search(partner, "周建平", "990100197406300051"))["total"] == 1


async def test_silence_lasts_as_long_as_it_is_told_to(partner: aiohttp.ClientSession, act: Act) -> None:
    await set_faults(partner, {"kind": "silence", "match": "R-SILENT"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(act("R-SILENT"), 0.2)
    assert await effects(partner, "R-SILENT") == []
    await set_faults(partner, {"kind": "silence", "match": "R-SLOW", "seconds": 0.3})
    start = time.monotonic()
    assert (await act("R-SLOW"))[0] == 200
    assert time.monotonic() - start >= 0.3
    assert [call["fault"] for call in await calls(partner, "R-SLOW")] == ["silence"]
