"""The police gateway's simulator keeps its protocol, in a process of its own, and its events come signed."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.simulators import Act, FaultSuite, effects, eventually, set_faults, simulator

CASE = "（2026）粤9901执7号"
UNTIL = "2099-12-31T18:00:00+08:00"
ZHAO = {"name": "赵明远", "idNumber": "990100197805120015"}
ZHENG = {"name": "郑玉兰", "idNumber": "990100199502140069"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with simulator("police", "--secret", "test-secret", "--answer-after", "0.05", "--hit-after", "0.1") as address:
        yield address


@pytest.fixture
async def partner(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(address) as session:
        yield session
        await session.delete("/_faults")


@dataclass
class Callback:
    """A court-side address that keeps what comes; answers with the statuses told, then with 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    came: list[tuple[str, str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.came.append((request.headers["X-Event-Id"], request.headers["X-Signature"], body))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)

    async def event(self, kind: str, request_no: str) -> Any:
        """The event of this kind, once it has come."""

        async def look() -> Any | None:
            events = [json.loads(body) for _, _, body in self.came]
            found = [event for event in events if (event["type"], event["requestNo"]) == (kind, request_no)]
            return found[0] if found else None

        return await eventually(look)


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    callback = Callback()
    app = web.Application()
    app.router.add_post("/events", callback.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    callback.url = f"http://127.0.0.1:{runner.addresses[0][1]}/events"
    yield callback
    await runner.cleanup()


async def post(partner: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str) -> tuple[int, Any]:
    async with partner.post(f"/gateway/requests{path}", json=body, headers={"Idempotency-Key": key}) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def submit(
    partner: aiohttp.ClientSession, callback: Callback, request_no: str, key: str = "", **members: Any
) -> tuple[int, Any]:
    body = {"requestNo": request_no, "caseNumber": CASE, "kind": "info", "callback": callback.url} | members
    return await post(partner, "", body, key or request_no)


async def lookup(partner: aiohttp.ClientSession, request_no: str) -> Any:
    async with partner.get(f"/gateway/requests/{request_no}") as answer:
        assert answer.status == 200
        return await answer.json()


async def settled(partner: aiohttp.ClientSession, request_no: str) -> Any:
    async def look() -> Any | None:
        found = await lookup(partner, request_no)
        return found if found["state"] != "ACCEPTED" else None

    return await eventually(look)


@pytest.fixture
def act(partner: aiohttp.ClientSession, callback: Callback) -> Act:
    async def act(request_no: str) -> Any:
        answer = await submit(partner, callback, request_no, kind="watch", until=UNTIL, **ZHAO)
        if answer[0] == 202:
            await callback.event("armed", request_no)
        return answer

    return act


async def test_an_answer_comes_later_signed(partner: aiohttp.ClientSession, callback: Callback) -> None:
    status, accepted = await submit(partner, callback, "R-INFO", **ZHAO)
    assert (status, accepted["requestNo"]) == (202, "R-INFO")
    event = await callback.event("info-answer", "R-INFO")
    assert (event["code"], event["idNumber"], event["acceptNo"]) == ("OK", ZHAO["idNumber"], accepted["acceptNo"])
    assert event["residence"]["address"] == "示例市东城区和平路1号101室"
    assert [stay["hotel"] for stay in event["hotelStays"]] == ["示例宾馆"]
    ((event_id, signature, body),) = callback.came
    at, mac = (part.partition("=")[2] for part in signature.split(","))
    assert event_id == event["eventId"]
    assert abs(int(at) - time.time()) < 60
    assert mac == hmac.new(b"test-secret", f"{at}.{body}".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "person", [{"name": "钱淑芬", "idNumber": "99010019850923002X"}, {"name": "某某", "idNumber": "unknown"}]
)
async def test_nothing_found_is_said_outright(
    partner: aiohttp.ClientSession, callback: Callback, person: dict[str, str]
) -> None:
    request_no = f"R-{person['idNumber']}"
    await submit(partner, callback, request_no, **person)
    event = await callback.event("info-answer", request_no)
    assert (event["code"], event["residence"]) == ("NO_RECORD", None)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"kind": "info", "name": "赵明元", "idNumber": ZHAO["idNumber"]}, "IDENTITY_MISMATCH"),
        ({"kind": "watch", "name": "赵明元", "idNumber": ZHAO["idNumber"]}, "IDENTITY_MISMATCH"),
        ({"kind": "watch", "name": "某某", "idNumber": "unknown"}, "NOT_ON_FILE"),
        ({"kind": "vehicle-control", "name": "赵明远", "plate": "粤B9A005"}, "IDENTITY_MISMATCH"),
        ({"kind": "vehicle-control", "name": "赵明远", "plate": "粤B00000"}, "NOT_ON_FILE"),
        ({"kind": "watch", "until": "2020-01-01T00:00:00+08:00", **ZHAO}, "UNTIL_PAST"),
    ],
)
async def test_who_does_not_match_is_returned(
    partner: aiohttp.ClientSession, callback: Callback, members: dict[str, str], reason: str
) -> None:
    request_no = f"R-{members['kind']}-{reason}"
    await submit(partner, callback, request_no, **({"until": UNTIL} | members))
    event = await callback.event("returned", request_no)
    assert event["reason"]["code"] == reason
    assert event["contact"]["phone"]
    assert await effects(partner, request_no) == []


async def test_a_watch_is_armed_hits_and_can_be_looked_up(partner: aiohttp.ClientSession, callback: Callback) -> None:
    await submit(partner, callback, "R-WATCH", kind="watch", until=UNTIL, **ZHENG)
    armed = await callback.event("armed", "R-WATCH")
    hit = await callback.event("hit", "R-WATCH")
    assert (armed["until"], hit["place"]) == (UNTIL, "示例市高铁站进站口")
    assert hit["dutyOfficer"]["phone"]
    assert hit["eventId"] != armed["eventId"]
    assert await effects(partner, "R-WATCH") == ["watch", "hit"]
    found = await lookup(partner, "R-WATCH")
    assert (found["state"], found["answer"]) == ("HIT", armed)


async def test_a_vehicle_control_hits_on_demand_until_it_is_withdrawn(
    partner: aiohttp.ClientSession, callback: Callback
) -> None:
    car = {"kind": "vehicle-control", "name": "周建平", "plate": "粤B9A005", "until": UNTIL}
    await submit(partner, callback, "R-CAR", **car)
    await callback.event("armed", "R-CAR")
    async with partner.post("/_hit", json={"requestNo": "R-CAR"}) as answer:
        assert answer.status == 202
    assert (await callback.event("hit", "R-CAR"))["plate"] == "粤B9A005"
    assert (await post(partner, "/R-CAR/withdraw", {"caseNumber": "（2026）粤9902执1号"}, "W-0"))[0] == 409
    status, answer_ = await post(partner, "/R-CAR/withdraw", {"caseNumber": CASE}, "W-1")
    assert (status, answer_["state"]) == (200, "WITHDRAWN")
    assert (await post(partner, "/R-CAR/withdraw", {"caseNumber": CASE}, "W-1"))[1] == answer_
    assert await effects(partner, "R-CAR") == ["vehicle-control", "hit", "withdraw"]
    async with partner.post("/_hit", json={"requestNo": "R-CAR"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "NOT_IN_FORCE")


async def test_a_watch_past_its_end_does_not_hit(partner: aiohttp.ClientSession, callback: Callback) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat()
    await submit(partner, callback, "R-OVER", kind="watch", until=until, **ZHAO)
    await callback.event("armed", "R-OVER")

    async def over() -> bool | None:
        async with partner.post("/_hit", json={"requestNo": "R-OVER"}) as answer:
            return answer.status == 409 or None

    await eventually(over)
    assert datetime.now(UTC) >= datetime.fromisoformat(until)
    assert (await lookup(partner, "R-OVER"))["state"] == "EXPIRED"


async def test_an_event_is_sent_again_until_it_is_taken(partner: aiohttp.ClientSession, callback: Callback) -> None:
    callback.statuses = [500, 302]
    await submit(partner, callback, "R-AGAIN", **ZHAO)

    async def third() -> bool | None:
        return len(callback.came) == 3 or None

    await eventually(third)
    assert len({event_id for event_id, _, _ in callback.came}) == 1
    assert len({body for _, _, body in callback.came}) == 1


async def test_an_event_is_given_up_but_its_answer_stays(callback: Callback) -> None:
    callback.statuses = [500] * 100
    with simulator("police", "--answer-after", "0", "--attempts", "2") as address:
        async with aiohttp.ClientSession(address) as partner:
            await submit(partner, callback, "R-LOST", **ZHAO)
            assert (await settled(partner, "R-LOST"))["answer"]["type"] == "info-answer"

            async def second() -> bool | None:
                return len(callback.came) == 2 or None

            await eventually(second)
            await asyncio.sleep(0.3)  # a third attempt, if there were one, would come after 0.2 s
            assert len(callback.came) == 2


async def test_a_request_number_stands_for_one_content(partner: aiohttp.ClientSession, callback: Callback) -> None:
    _, first = await submit(partner, callback, "R-NUMBER", key="K-1", **ZHAO)
    assert await submit(partner, callback, "R-NUMBER", key="K-2", **ZHAO) == (202, first)
    status, answer = await submit(partner, callback, "R-NUMBER", key="K-3", **ZHENG)
    assert (status, answer["code"]) == (409, "NUMBER_REUSED")
    await callback.event("info-answer", "R-NUMBER")
    assert len(callback.came) == 1


async def test_a_misread_protocol_shows_at_once(partner: aiohttp.ClientSession, callback: Callback) -> None:
    for members in (
        {"name": "赵明远"},
        {"kind": "watch", **ZHAO},
        {"kind": "vehicle-control", "until": UNTIL, **ZHAO},
        {"until": "2026-12-31", **ZHAO},
    ):
        status, answer = await submit(partner, callback, "R-MISREAD", **members)
        assert status == 400
        assert "赵明远" not in answer["message"]
    status, answer = await submit(partner, Callback("http://example.org/events"), "R-MISREAD", **ZHAO)
    assert (status, answer["code"]) == (400, "CALLBACK_NOT_LOOPBACK")
    async with partner.get("/gateway/requests/R-MISREAD") as unknown:
        assert (unknown.status, (await unknown.json())["code"]) == (404, "REQUEST_UNKNOWN")


class TestSubmitFaults(FaultSuite):
    operation, effect = "submit", "watch"


async def test_silence_holds_the_answer_back(partner: aiohttp.ClientSession, callback: Callback) -> None:
    await set_faults(
        partner,
        {"kind": "silence", "operation": "submit", "match": "R-MUTE"},
        {"kind": "silence", "operation": "submit", "match": "R-SLOW", "seconds": 0.5},
    )
    start = time.monotonic()
    for request_no in ("R-MUTE", "R-SLOW"):
        assert (await submit(partner, callback, request_no, **ZHAO))[0] == 202
    await callback.event("info-answer", "R-SLOW")
    assert time.monotonic() - start >= 0.5
    assert [json.loads(body)["requestNo"] for _, _, body in callback.came] == ["R-SLOW"]
    assert (await lookup(partner, "R-MUTE"))["state"] == "ACCEPTED"


async def test_a_wrong_event_is_about_somebody_else_and_rightly_signed(
    partner: aiohttp.ClientSession, callback: Callback
) -> None:
    await set_faults(partner, {"kind": "wrong-answer", "operation": "submit", "times": 1})
    await submit(partner, callback, "R-WRONG", **ZHAO)
    event = await callback.event("info-answer", "R-WRONG")
    assert (event["name"], event["idNumber"]) == ("褚文斌", "990100197907250136")
    assert (await lookup(partner, "R-WRONG"))["answer"]["name"] == "赵明远"


async def test_a_broken_event_is_no_json(partner: aiohttp.ClientSession, callback: Callback) -> None:
    await set_faults(partner, {"kind": "broken-answer", "operation": "submit", "times": 1})
    await submit(partner, callback, "R-BROKEN", **ZHAO)

    async def came() -> str | None:
        return callback.came[0][2] if callback.came else None

    body = await eventually(came)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_a_held_lookup_gives_no_answer(partner: aiohttp.ClientSession, callback: Callback) -> None:
    await submit(partner, callback, "R-HELD", **ZHAO)
    await set_faults(partner, {"kind": "silence", "operation": "lookup"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lookup(partner, "R-HELD"), 0.2)
