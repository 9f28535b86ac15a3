"""What a partner's server, its DNS, its callers and strangers may try over HTTP."""

import asyncio
import gzip
import hmac
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import ThreadedResolver, web
from aiohttp.abc import ResolveResult
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from connectors.addresses import PartnerResolver, is_inner
from connectors.base import ProtocolFault, TransientFault
from connectors.exchange import ANSWER_LIMIT, exchange
from connectors.leads import PROTOCOL as LEADS
from connectors.leads.intake import Intake
from connectors.police import PROTOCOL as POLICE
from connectors.police.webhook import Webhook
from hub.settings import ConfigError

SECRET = b"a secret of the tests"
MB = 1024 * 1024


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A session as `connectors.bootstrap` makes it."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=PartnerResolver())) as session:
        yield session


# -- where a partner's name leads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("address", "inner"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::", True), ("169.254.169.254", True),
    ("fe80::1", True), ("fe80::1%eth0", True), ("::ffff:127.0.0.1", True), ("::ffff:169.254.169.254", True), ("224.0.0.1", True),
    ("100.100.100.200", True), ("fd00:ec2::254", True), ("168.63.129.16", True), ("10.1.2.3", False), ("192.168.1.1", False), ("172.16.0.9", False),
    ("203.0.113.7", False), ("2001:db8::7", False), ("fd12::7", False),
])  # fmt: skip
def test_a_private_network_is_where_partners_are_and_this_host_is_not(address: str, inner: bool) -> None:
    assert is_inner(address) is inner


@pytest.mark.parametrize("leads_to", [["169.254.169.254"], ["127.0.0.1"], ["10.0.0.9", "127.0.0.1"], ["::1"]])
async def test_a_name_that_leads_to_this_host_or_its_cloud_is_not_called(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, leads_to: list[str]
) -> None:
    async def resolve(_: object, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0) for each in leads_to]

    async def connect(*_: Any, **__: Any) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    monkeypatch.setattr(aiohttp.TCPConnector, "_create_direct_connection", _but_the_resolving(connect))
    with pytest.raises(TransientFault) as caught:
        await exchange(http, "POST", "http://partner.example/packets", effect=True, timeout_s=5, data=b"x")
    assert (caught.value.code, caught.value.unknown) == ("address-refused", False)


def _but_the_resolving(connect: Callable[..., Awaitable[None]]) -> Any:
    """The connector's own way to a connection, in which everything after the resolving is `connect`."""
    direct = aiohttp.TCPConnector._create_direct_connection

    async def trying(self: aiohttp.TCPConnector, *arguments: Any, **named: Any) -> Any:
        self._wrap_create_connection = connect  # type: ignore[method-assign,assignment]
        return await direct(self, *arguments, **named)

    return trying


async def test_an_address_that_the_operator_wrote_down_is_called(http: aiohttp.ClientSession) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"here")

    app = web.Application()
    app.add_routes([web.get("/", handler)])
    async with TestServer(app) as server:
        for host in ("127.0.0.1", "localhost"):
            answer = await exchange(http, "GET", f"http://{host}:{server.port}/", effect=False, timeout_s=5)
            assert answer.raw == b"here"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_to_another_host(http: aiohttp.ClientSession, status: int) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    other = web.Application()
    other.add_routes([web.route("*", "/{path:.*}", elsewhere)])
    async with TestServer(other) as target:
        async def away(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": str(target.make_url("/latest/meta-data")), "Refresh": f"0;url={target.make_url('/')}"})

        app = web.Application()
        app.add_routes([web.post("/", away)])
        async with TestServer(app) as server:
            with pytest.raises(ProtocolFault) as caught:
                await exchange(http, "POST", str(server.make_url("/")), effect=True, timeout_s=5, data=b"about a person")
    assert caught.value.code == f"http-{status}"
    assert asked == []


# -- what it answers ----------------------------------------------------------------------------------------------------


def _deflated(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(MB)) for _ in range(size // MB)) + packer.flush()


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", lambda: gzip.compress(bytes(64 * MB), 9)), ("deflate", lambda: _deflated(64 * MB))], ids=["gzip", "deflate"])
async def test_a_compressed_answer_is_not_blown_up(http: aiohttp.ClientSession, encoding: str, pack: Callable[[], bytes]) -> None:
    packed = pack()

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": encoding})

    app = web.Application()
    app.add_routes([web.get("/", handler)])
    async with TestServer(app) as server:
        tracemalloc.start()
        with pytest.raises(ProtocolFault) as caught:
            await exchange(http, "GET", str(server.make_url("/")), effect=False, timeout_s=60)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert caught.value.code == "answer-too-large"
    assert most < 8 * ANSWER_LIMIT


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("raw", [
    b"", b"\r\n" * 1000, b"SSH-2.0-x\r\n", b"HTTP/1.1 999 \r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", b"HTTP/9.9 200 OK\r\n\r\n",
    HEAD + b"Content-Length: -1\r\n\r\nx", HEAD + b"Content-Length: 9999999999999\r\n\r\nx", HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n", HEAD + b"X: a\r\n" * 50_000 + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    HEAD + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", HEAD + b"Set-Cookie: \xff=\x01; path=\x00\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 \xff\r\nRetry-After: Fri, 31 Dec 2026 23:59:59 +99999999999999\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 x\r\nRetry-After: Mon, 1 Jan 99999999999999999999 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 x\r\nLocation: \xff\x00http://[::\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
], ids=lambda raw: f"{raw[:60]!r} of {len(raw)}")  # fmt: skip
async def test_whatever_a_server_says_is_an_answer_or_a_fault(http: aiohttp.ClientSession, raw: bytes) -> None:
    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        answer = await exchange(http, "POST", f"http://127.0.0.1:{port}/", effect=True, timeout_s=5, data=b"x")
        assert answer.status == 200
    except (TransientFault, ProtocolFault):
        pass
    finally:
        server.close()
        await server.wait_closed()


# -- a connector's own door ---------------------------------------------------------------------------------------------


class NoMailbox:
    """Nothing that is refused may reach it."""

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"a refused call reached the mailbox: {name}")


def signed(content: bytes, *, secret: bytes = SECRET, late: int = 0) -> str:
    stamp = str(int(time.time()) - late).encode()
    return f"t={stamp.decode()},v1={hmac.digest(secret, stamp + b'.' + content, 'sha256').hex()}"


DOORS: dict[str, tuple[Callable[[], web.Application], str]] = {
    "police": (lambda: Webhook(NoMailbox(), SECRET).application(), "/events/" + "0" * 64),
    "leads": (lambda: Intake(NoMailbox(), SECRET).application(), "/leads"),
}
BODY = b'{"number":"L1"}'


@pytest_asyncio.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest) -> AsyncIterator[tuple[TestClient[Any, Any], str]]:
    make, path = DOORS[request.param]
    async with TestClient(TestServer(make())) as client:
        yield client, path


Door = tuple[TestClient[Any, Any], str]
GOOD = signed(BODY)
FORGED = (
    None, "", "," + GOOD, GOOD.replace("v1", "v0"), GOOD.upper(), GOOD[:-1], GOOD + "0", GOOD.replace("t=", "t=+"),
    GOOD.replace("t=", "t=0"), f"t=,v1={'0' * 64}", f"t={'9' * 400},v1={'0' * 64}", "t=1,v1=" + "é" * 64, signed(BODY, secret=b""),
    signed(BODY, secret=b"another secret of 16"), signed(BODY + b" "), signed(b""), signed(BODY, late=301), signed(BODY, late=-3000),
    signed(b"/leads"), f"t={int(time.time())},v1=" + hmac.digest(SECRET, BODY, "sha256").hex(),
)  # fmt: skip


@pytest.mark.parametrize("signature", FORGED, ids=range(len(FORGED)))
async def test_who_has_not_signed_these_bytes_now_is_not_heard(door: Door, signature: str | None) -> None:
    client, path = door
    headers = {} if signature is None else {"X-Signature": signature}
    async with client.post(path, data=BODY, headers=headers) as answer:
        assert answer.status == 401


async def test_of_two_signatures_none_is_chosen_for_the_caller(door: Door) -> None:
    client, path = door
    wrong = signed(BODY, secret=b"another secret of 16")
    async with client.post(path, data=BODY, headers=[("X-Signature", wrong), ("X-Signature", signed(BODY))]) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("body", [
    b"[" * 50_000, b'{"a":' * 8_000, b"{}", b"null", b"\xff\xfe", b"9" * 5000, b"", b'{"number":"\\ud800"}',
    b'{"requests":[' + b"0," * 30_000 + b"0]}", b"{" + b",".join(b'"%d":0' % n for n in range(5_000)) + b"}",
], ids=lambda body: f"{body[:12]!r} of {len(body)}")  # fmt: skip
async def test_signed_nonsense_is_refused_by_name(door: Door, body: bytes) -> None:
    client, path = door
    async with client.post(path, data=body, headers={"X-Signature": signed(body)}) as answer:
        assert answer.status == 400
        assert len(await answer.read()) < 10_000


async def test_a_bomb_at_the_door_is_not_blown_up(door: Door) -> None:
    client, path = door
    bomb = gzip.compress(bytes(64 * MB), 9)
    tracemalloc.start()
    async with client.post(path, data=bomb, headers={"Content-Encoding": "gzip", "X-Signature": signed(bomb)}) as answer:
        status = answer.status
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert status == 413
    assert most < 16 * MB


async def test_a_body_without_end_is_not_read_to_it(door: Door) -> None:
    client, path = door
    body = bytes(MB // 2)
    async with client.post(path, data=body, headers={"X-Signature": signed(body)}) as answer:
        assert answer.status == 413


@pytest.mark.parametrize("number", ["%27%20OR%201=1%20--", "%25", "..%2F..%2Fleads", "%00", "L1%0d%0aSet-Cookie:%20x=1", "x" * 4000])
async def test_a_lead_is_asked_for_by_its_number_only(number: str) -> None:
    asked: list[str] = []

    class Mailbox:
        async def lead_standing(self, number: str) -> None:
            asked.append(number)

    async with TestClient(TestServer(Intake(Mailbox(), SECRET).application())) as client:  # type: ignore[arg-type]  # as much as is asked
        url = URL(f"/leads/{number}", encoded=True)
        async with client.get(url, headers={"X-Signature": signed(url.path.encode())}) as answer:
            assert answer.status == 404
            assert "x" not in answer.cookies
    assert len(asked) <= 1


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"x" * 15 + b"\n"])
@pytest.mark.parametrize("protocol", [POLICE, LEADS])
def test_a_secret_that_can_be_guessed_is_refused_at_the_start(tmp_path: Path, protocol: Any, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    options = {"secret_file": str(file)} | ({"base_url": "http://127.0.0.1", "callback_url": "http://127.0.0.1"} if protocol is POLICE else {})
    with pytest.raises(ConfigError, match="secret"):
        protocol(None, options)
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        protocol(None, options)
    file.write_bytes(b"x" * 16)
    protocol(None, options)
