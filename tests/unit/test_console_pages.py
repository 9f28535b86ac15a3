"""The pages over HTTP: masked in both languages, addressable, read-only, and closed to strangers."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from yarl import URL

from hub.console import live, words
from hub.console.app import build_app
from hub.console.guard import HEADERS
from hub.console.live import Live
from hub.console.metrics import build_registry
from hub.rules.letters import LetterState
from hub.store import letters
from schemas.codes import CODES
from schemas.samples import COMPANIES, PEOPLE, VEHICLE
from tests import factories
from tests.browser.sample_hub import ACCOUNT_FOUND, SampleHub, fill

Client = TestClient[web.Request, web.Application]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
SECRET = [
    *(part for person in (PEOPLE | COMPANIES).values() for part in person),
    VEHICLE["plate"], VEHICLE["vin"], str(ACCOUNT_FOUND["number"]),
    "何承办", "吕协办", "施局长", "GZ-9901-001", "郑警官", "0990-5550100", "示例路1号", "80000.00", "50000.00",
    "执123号", "DJ-2026-0001", "王志刚", "证件号码与姓名",
]  # fmt: skip
"""Everything in the sample hub's messages that must never be shown."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleHub]:
    hub = SampleHub(tmp_path_factory.mktemp("hub"))
    hub.keys = fill(hub)
    company = hub.ask(factories.control("seal", dict(VEHICLE), "C03", term_months=24))
    hub.reply("vehicle", company, "not-controlled", reason={"code": "queued-full", "text": "清源科技(示例)有限公司"})
    yield hub
    hub.close()


@pytest.fixture
async def client(hub: SampleHub) -> AsyncIterator[Client]:
    async with TestClient(TestServer(hub.app())) as client:
        yield client


def addresses(hub: SampleHub) -> list[str]:
    return ["/", "/requests", "/requests?status=open&kind=inquiry&court=court-9901&q=0000", "/dead-letters",
            "/dead-letters?code=not-json", "/dead-letters?state=dead", "/dead-letters?state=done&code=not-json", *(f"/requests/{key}" for key in hub.keys.values())]  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nothing_is_unmasked(client: Client, hub: SampleHub, language: str) -> None:
    for address in [*addresses(hub), "/metrics", "/requests/unknown"]:
        text = await (await client.get(address, headers={"Cookie": f"lang={language}"})).text()
        assert [secret for secret in SECRET if secret in text] == []


async def test_who_and_what_are_shown_masked(client: Client, hub: SampleHub) -> None:
    text = await (await client.get(f"/requests/{hub.keys['found']}")).text()
    assert "赵**" in text
    assert "990*************15" in text
    assert "（2026）粤9901执***号" in text
    assert "账户 × 2" in text


async def test_messages_of_one_request_are_told_apart_by_what_is_shown_of_their_ids(client: Client, hub: SampleHub) -> None:
    text = await (await client.get(f"/requests/{hub.keys['found']}")).text()
    shown = {full: short for full, short in re.findall(r'<code title="([0-9a-f-]{36})">([^<]+)</code>', text)}
    assert len(shown) > 10
    assert len({full[:13] for full in shown}) < len(shown), "they begin alike"
    assert len(set(shown.values())) == len(shown)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_word_is_missing(
    client: Client, hub: SampleHub, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    missing: set[str] = set()
    pick = words._pick

    def noting(table: dict[str, tuple[str, str]], wanted: str, key: str) -> str:
        if key not in table:
            missing.add(key)
        return pick(table, wanted, key)

    monkeypatch.setattr(words, "_pick", noting)
    for address in [*addresses(hub), "/requests/unknown", "/requests?before=wrong~"]:
        await (await client.get(address, headers={"Cookie": f"lang={language}"})).text()
    assert missing == set()


def test_both_languages_are_there() -> None:
    for table in (words.WORDS, words.TERMS):
        assert all(chinese and english for chinese, english in table.values())
    assert words.code_words("en", "not-json") == CODES["not-json"].en


async def test_the_language_is_the_address_s_then_the_cookie_s(client: Client) -> None:
    assert 'lang="zh-CN"' in await (await client.get("/")).text()
    chosen = await client.get("/?lang=en")
    assert 'html lang="en"' in await chosen.text()
    assert chosen.cookies["lang"]["samesite"] == "Strict"
    assert 'html lang="en"' in await (await client.get("/requests")).text()
    unknown = await client.get("/requests?lang=xx")
    assert 'html lang="en"' in await unknown.text()
    assert "lang" not in unknown.cookies


@pytest.mark.parametrize("address", ["/requests/unknown", "/nothing", "/static/../app.py", "/requests/%3Cscript%3E"])
async def test_what_is_not_there_is_a_page_with_404(client: Client, address: str) -> None:
    answer = await client.get(address)
    assert answer.status == 404
    text = await answer.text()
    assert "没有此页" in text
    assert "<script>" not in text


@pytest.mark.parametrize("address", ["/requests?before=x~y", "/dead-letters?before=x", "/dead-letters?state=gone"])
async def test_a_wrong_cursor_is_a_page_with_400(client: Client, address: str) -> None:
    answer = await client.get(address)
    assert answer.status == 400
    assert "参数有误" in await answer.text()


async def test_a_search_that_is_no_id_is_explained_and_escaped(client: Client) -> None:
    answer = await client.get("/requests", params={"q": '"><script>alert(1)</script>'})
    assert answer.status == 200
    text = await answer.text()
    assert "至少 4 位" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("hostile", [
    "' OR '1'='1", "x'; DROP TABLE requests; --", "%", "_", "\x00", "\r\nSet-Cookie: x=1", "9" * 200, "../../etc/passwd", "{{7*7}}", "\x1b[2J", "💣",
])  # fmt: skip
async def test_what_is_typed_into_an_address_is_a_value_and_nothing_else(client: Client, hub: SampleHub, hostile: str) -> None:
    async def listed(**query: str) -> int:
        async with client.get("/requests", params=query) as answer:
            assert answer.status == 200
            return (await answer.text()).count('href="/requests/')

    everything = await listed()
    assert everything > 0
    for name in ("status", "kind", "court", "q", "before", "lang"):
        async with client.get("/requests", params={name: hostile}) as answer:
            assert answer.status in (200, 400)
            assert "x" not in answer.cookies
    assert await listed(court=hostile) == 0
    for path in ("requests", "static"):
        async with client.get(URL(f"/{path}/{quote(hostile, safe='', errors='replace')}", encoded=True)) as answer:
            assert answer.status in (400, 403, 404)
    async with client.get("/dead-letters", params={"code": hostile, "before": hostile, "state": hostile}) as answer:
        assert answer.status in (200, 400)
    assert await listed() == everything


async def test_letters_are_shown_with_id_and_state_and_filtered_by_it(client: Client, hub: SampleHub) -> None:
    dead, pending, discarded, *_ = (line.id for line in hub.reader().dead_letters(state=LetterState.DEAD).lines)
    with hub.store.write() as connection:
        for letter_id, state in ((pending, LetterState.PENDING), (discarded, LetterState.DISCARDED)):
            letters.move(connection, letter_id, [LetterState.DEAD], state, hub.now)
    for language, states in (("zh", ("待处理", "已重放,待答复", "已作废")), ("en", ("dead", "replayed, answer awaited", "discarded"))):
        rows = {found[1]: found[0] for found in re.finditer(r'<th scope="row" class="letter"><code>([^<]+)</code>.*?</tr>', await page(client, language), re.DOTALL)}
        assert [word for letter_id, word in zip((dead, pending, discarded), states, strict=True) if f"</span>{word}</span>" not in rows[letter_id]] == []
    only = await page(client, "zh", state="discarded")
    assert re.findall(r'class="letter"><code>([^<]+)<', only) == [discarded]
    assert '<option value="discarded" selected>已作废</option>' in only
    both = await page(client, "zh", state="dead", code="not-json")
    assert re.findall(r'class="letter"><code>([^<]+)<', both) == [line.id for line in hub.reader().dead_letters("not-json").lines]
    assert '<input type="hidden" name="code" value="not-json">' in both
    codes = re.findall(r'href="(/dead-letters[^"]*code=[a-z][^"]*)"', both)
    assert len(codes) > 1
    assert [address for address in codes if "state=dead" not in address] == [], "a code is looked for in the same state"


async def page(client: Client, language: str, **query: str) -> str:
    return await (await client.get("/dead-letters", params={"lang": language, **query})).text()


async def test_a_page_leads_to_the_next(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.console.lists.PAGE", 3)
    address, seen = "/requests?kind=control", list[str]()
    for _ in range(5):
        text = await (await client.get(address)).text()
        seen += re.findall(r'href="/requests/([^"]+)"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")
        assert "kind=control" in address
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_written(client: Client, method: str) -> None:
    for address in ("/", "/requests", "/dead-letters", "/metrics"):
        assert (await client.request(method, address)).status == 405


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for address in ("/", "/nothing", "/static/console.js", "/livez", "/metrics", "/events"):
        async with client.get(address) as answer:
            assert {name: answer.headers.get(name) for name in HEADERS if name != "Cache-Control"} == {
                name: value for name, value in HEADERS.items() if name != "Cache-Control"
            }
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_pages_hold_nothing_inline(client: Client, hub: SampleHub) -> None:
    for address in addresses(hub):
        text = await (await client.get(address)).text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=\"/static/)", text)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1:8640", 200), ("[::1]:8640", 200), ("LOCALHOST:1", 200), ("hub.example", 200),
     ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example:80", 421),
     ("", 421), ("localhost@evil.example", 421), ("[::1].evil.example", 421), ("localhost.", 421), ("10.0.0.1", 421)],
)  # fmt: skip
async def test_only_our_own_names_are_answered(hub: SampleHub, host: str, status: int) -> None:
    reader = hub.reader()
    app = build_app(reader, metrics=build_registry(reader, dict), ready=dict, hosts=["hub.example"])
    async with TestClient(TestServer(app)) as client:
        for address in ("/livez", "/", "/events"):
            async with client.get(address, headers={"Host": host}) as answer:
                assert answer.status == status


@pytest.mark.parametrize(("site", "mode", "status"), [
    ("cross-site", "no-cors", 403), ("cross-site", "cors", 403), ("cross-site", None, 403), ("cross-site", "navigate", 200),
    ("same-origin", "cors", 200), ("same-origin", "navigate", 200), ("none", "navigate", 200), (None, None, 200),
])  # fmt: skip
async def test_another_sites_page_gets_nothing_by_itself(client: Client, site: str | None, mode: str | None, status: int) -> None:
    """A link that a person follows is no secret to the site that it stands on; a request that its script makes might be."""
    headers = {name: value for name, value in (("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)) if value}
    for address in ("/", "/events", "/static/console.js", "/metrics"):
        async with client.get(address, headers=headers | {"Origin": "https://evil.example"}) as answer:
            assert answer.status == status
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_readiness_names_what_is_missing(hub: SampleHub) -> None:
    reader = hub.reader()
    checks = {"consumer": False}
    app = build_app(reader, metrics=build_registry(reader, dict), ready=lambda: checks)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/livez")).status == 200
        answer = await client.get("/readyz?verbose")
        assert answer.status == 503
        assert (await answer.text()).splitlines() == ["[-] consumer", "[+] store", "not ready"]
        checks["consumer"] = True
        answer = await client.get("/readyz")
        assert (answer.status, await answer.text()) == (200, "ok\n")


# -- metrics -----------------------------------------------------------------------------------------------------------


async def test_metrics_follow_the_conventions_and_the_store(client: Client, hub: SampleHub) -> None:
    answer = await client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    assert len(families) > 15
    samples = [sample for family in families.values() for sample in family.samples]
    assert all(sample.name.startswith("liandong_") for sample in samples)
    assert {label for sample in samples for label in sample.labels} <= {"topic", "code", "kind", "decision", "status",
                                                                        "outcome", "partner"}  # fmt: skip
    assert not any(UUID.search(value) for sample in samples for value in sample.labels.values())
    view = hub.reader().overview()
    values = {(sample.name, *sorted(sample.labels.values())): sample.value for sample in samples}
    for line in view.partners:
        assert values["liandong_tasks_total", line.party.id] == line.asked
        assert values["liandong_tasks_awaited", line.party.id] == line.waiting
        assert values["liandong_answer_seconds_sum", line.party.id] == pytest.approx(line.answer_time / 1_000_000)
    assert values[("liandong_log_entries",)] == view.log.size
    assert values["liandong_requests_total", "inquiry", "refused"] == 1
    assert values["liandong_dead_letters_total", "not-json"] == 1


async def test_counters_survive_a_restart(hub: SampleHub) -> None:
    bodies = []
    for _ in range(2):
        async with TestClient(TestServer(hub.app())) as client:
            bodies.append(await (await client.get("/metrics")).text())
    assert bodies[0] == bodies[1]


# -- live --------------------------------------------------------------------------------------------------------------


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(200):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come true within ten seconds")


async def next_event(answer: ClientResponse) -> tuple[str, str]:
    async with asyncio.timeout(10):
        event = data = ""
        while line := (await answer.content.readline()).decode():
            if line.startswith("event: "):
                event = line[7:].strip()
            elif line.startswith("data: "):
                data = line[6:].strip()
            elif line == "\n" and event:
                return event, data
    raise AssertionError("the stream has ended")


async def test_a_change_is_told_with_the_version_of_the_new_page(tmp_path: Path) -> None:
    hub = SampleHub(tmp_path)
    async with TestClient(TestServer(hub.app())) as client, client.get("/events") as answer:
        assert answer.content_type == "text/event-stream"
        while (await next_event(answer))[1] != hub.reader().version():
            pass
        hub.ask(factories.inquiry("P02"))
        while (told := await next_event(answer))[1] != hub.reader().version():
            pass
        assert told[0] == "change"
        assert f'data-version="{told[1]}"' in await (await client.get("/requests")).text()
    hub.close()


async def test_one_client_too_many_is_turned_away(hub: SampleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CLIENTS", 2)
    async with TestClient(TestServer(hub.app())) as client:
        first, second = await client.get("/events"), await client.get("/events")
        assert (first.status, second.status) == (200, 200)
        refused = await client.get("/events")
        assert refused.status == 503
        assert refused.headers["Retry-After"]
        first.close()
        second.close()

        async def served() -> bool:
            async with client.get("/events") as answer:
                return answer.status == 200

        await eventually(served)


async def test_without_changes_there_is_a_heartbeat(hub: SampleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TICK", 0.02)
    async with TestClient(TestServer(hub.app())) as client, client.get("/events") as answer:
        while (await next_event(answer))[0] != "tick":
            pass


async def test_ending_lets_live_clients_go(hub: SampleHub) -> None:
    client = TestClient(TestServer(hub.app()))
    await client.start_server()
    answer = await client.get("/events")
    async with asyncio.timeout(10):  # aiohttp itself would wait a minute for a handler that does not end
        await client.server.close()
        await answer.content.read()
    await client.close()


async def test_a_failing_store_does_not_end_the_watch() -> None:
    polls = iter([RuntimeError("gone"), "7"])

    async def poll() -> str:
        match next(polls, "7"):
            case RuntimeError() as error:
                raise error
            case version:
                return str(version)

    watch = Live(poll)
    task = asyncio.create_task(watch.run())

    async def seen() -> bool:
        return watch.version == "7"

    await eventually(seen)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
