"""What each way of failing means: whether the partner may have carried the call out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from connectors.base import ProtocolFault, TransientFault
from connectors.exchange import ANSWER_LIMIT, Response, exchange
from connectors.markup import MOST_TAGS, BrokenError, element_of, read, write


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def _against(http: aiohttp.ClientSession, handler: Any, *, effect: bool = True, timeout_s: float = 5) -> Response:
    app = web.Application()
    app.add_routes([web.post("/", handler), web.get("/elsewhere", _elsewhere)])
    async with TestServer(app) as server:
        return await exchange(http, "POST", str(server.make_url("/")), effect=effect, timeout_s=timeout_s, data=b"x")


async def _elsewhere(_: web.Request) -> web.Response:
    pytest.fail("a redirect was followed")


def _status(status: int, **headers: str) -> Any:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    return handler


async def test_an_answer_is_its_exact_bytes(http: aiohttp.ClientSession) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"\x00answer\xff")

    assert await _against(http, handler) == (200, b"\x00answer\xff")


async def test_a_refused_connection_has_changed_nothing(http: aiohttp.ClientSession) -> None:
    with pytest.raises(TransientFault) as caught:
        await exchange(http, "POST", f"http://127.0.0.1:{unused_port()}/", effect=True, timeout_s=5)
    assert (caught.value.code, caught.value.unknown) == ("connect-failed", False)


@pytest.mark.parametrize(("status", "code"), [(429, "too-many-requests"), (503, "unavailable")])
@pytest.mark.parametrize(("header", "wait"), [({}, None), ({"Retry-After": "7"}, 7.0), ({"Retry-After": "soon"}, None)])
async def test_a_busy_partner_says_when_and_has_done_nothing(
    http: aiohttp.ClientSession, status: int, code: str, header: dict[str, str], wait: float | None
) -> None:
    with pytest.raises(TransientFault) as caught:
        await _against(http, _status(status, **header))
    assert (caught.value.code, caught.value.retry_after, caught.value.unknown) == (code, wait, False)


async def test_retry_after_may_be_a_date_and_is_never_over_a_day(http: aiohttp.ClientSession) -> None:
    at = datetime.now(UTC) + timedelta(minutes=10)
    with pytest.raises(TransientFault) as caught:
        await _against(http, _status(503, **{"Retry-After": format_datetime(at, usegmt=True)}))
    assert caught.value.retry_after is not None
    assert 500 < caught.value.retry_after <= 600
    with pytest.raises(TransientFault) as caught:
        await _against(http, _status(503, **{"Retry-After": "99999999"}))
    assert caught.value.retry_after == 24 * 3600


@pytest.mark.parametrize("effect", [False, True])
async def test_a_server_error_leaves_the_outcome_of_an_effect_unknown(
    http: aiohttp.ClientSession, effect: bool
) -> None:
    with pytest.raises(TransientFault) as caught:
        await _against(http, _status(504), effect=effect)
    assert (caught.value.code, caught.value.unknown) == ("http-504", effect)


@pytest.mark.parametrize("effect", [False, True])
async def test_a_lost_or_late_answer_leaves_the_outcome_of_an_effect_unknown(
    http: aiohttp.ClientSession, effect: bool
) -> None:
    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def hold(_: web.Request) -> web.Response:
        return await asyncio.Future()

    for handler, code in ((drop, "connection-lost"), (hold, "timeout")):
        with pytest.raises(TransientFault) as caught:
            await _against(http, handler, effect=effect, timeout_s=0.3)
        assert (caught.value.code, caught.value.unknown) == (code, effect)


@pytest.mark.parametrize("status", [302, 400, 404])
async def test_other_statuses_are_for_a_person_and_redirects_are_not_followed(
    http: aiohttp.ClientSession, status: int
) -> None:
    with pytest.raises(ProtocolFault) as caught:
        await _against(http, _status(status, Location="/elsewhere"))
    assert caught.value.code == f"http-{status}"


async def test_an_endless_answer_is_not_read_to_its_end(http: aiohttp.ClientSession) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * (ANSWER_LIMIT + 1))

    with pytest.raises(ProtocolFault) as caught:
        await _against(http, handler)
    assert caught.value.code == "answer-too-large"


@pytest.mark.parametrize("raw", [
    b"", b"\xff\xfe", b"<A><B></A>", b"<C/>", b"<?xml version='1.0' encoding='no-such'?><A/>",
    b"<A>" + b"<Q/>" * MOST_TAGS + b"</A>", b'<!DOCTYPE A [<!ENTITY e "eeee">]><A>&e;</A>', b'<!DOCTYPE A SYSTEM "file:///etc/passwd"><A/>',
], ids=lambda raw: f"{raw[:40]!r} of {len(raw)}")  # fmt: skip
def test_what_is_not_the_document_is_broken_and_entities_are_refused(raw: bytes) -> None:
    with pytest.raises(BrokenError):
        read(raw, "A")


def test_rare_characters_keep_their_code_points() -> None:
    """V24: one outside the basic plane, one for private use."""
    name = "\U00020bb7\ue863<&"
    assert read(write(element_of("A", {"XM": name})), "A").findtext("XM") == name
