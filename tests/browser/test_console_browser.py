"""The status page in a real browser: quiet console, strict policy, live, bilingual, usable by keyboard."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from hub.rules.letters import LetterState
from hub.store import letters
from schemas.samples import PEOPLE
from tests import factories
from tests.browser.sample_hub import SampleHub

pytestmark = pytest.mark.browser
PATHS = ("/", "/requests", "/dead-letters")
CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const light = (color) => {
    const [r, g, b] = color.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const weak = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("svg") || !node.getClientRects().length) continue;
    const [one, other] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) weak.push(`${node.className} ${ratio.toFixed(2)}`);
  }
  return weak;
}"""


@pytest.fixture
async def page(browser: Browser, server: TestServer) -> AsyncIterator[Page]:
    """A page that fails its test when anything lands in the console, a CSP violation among them."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if "//127.0.0.1:" not in request.url else None)
    yield page
    await context.close()
    assert complaints == []


def address(server: TestServer, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_quiet_legible_and_masked(
    page: Page, server: TestServer, sample_hub: SampleHub, tmp_path: Path, scheme: str
) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # the parameter is one of its literals
    for number, path in enumerate((*PATHS, *(f"/requests/{key}" for key in sample_hub.keys.values()))):
        await page.goto(address(server, path))
        await expect(page.locator("#link")).to_have_text("实时")
        assert await page.evaluate(CONTRAST) == []
        text = await page.content()
        assert not [name for name, _ in PEOPLE.values() if name in text]
        shot = await page.screenshot(path=tmp_path / f"{number}.png", full_page=True)
        assert shot.startswith(b"\x89PNG")


async def test_a_new_request_arrives_without_reloading(page: Page, server: TestServer, sample_hub: SampleHub) -> None:
    await page.goto(address(server, "/requests"))
    await page.evaluate("() => { window.untouched = true; }")
    rows = page.locator("tbody tr")
    before = await rows.count()
    request_id = sample_hub.ask(factories.inquiry("P02"))
    await expect(rows).to_have_count(before + 1)
    await expect(rows.first).to_contain_text(request_id[:13])
    assert await page.evaluate("() => window.untouched") is True


async def test_a_refresh_keeps_the_focus_and_the_filter(page: Page, server: TestServer, sample_hub: SampleHub) -> None:
    await page.goto(address(server, "/requests?kind=inquiry"))
    link = page.locator("tbody a").last
    await link.focus()
    focused = await link.get_attribute("href")
    sample_hub.ask(factories.inquiry("P02"))
    sample_hub.ask(factories.control("freeze"))
    await expect(page.locator("tbody tr")).to_have_count(5)
    assert await page.evaluate("() => document.activeElement.getAttribute('href')") == focused


async def test_the_language_switch_stays(page: Page, server: TestServer) -> None:
    await page.goto(address(server, "/"))
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.get_by_role("link", name="Requests").first.click()
    await expect(page.locator("h1")).to_have_text("Requests")


async def test_the_keyboard_reaches_everything(page: Page, server: TestServer, sample_hub: SampleHub) -> None:
    await page.goto(address(server, "/requests?lang=en"))
    await page.keyboard.press("Tab")
    assert await page.evaluate("() => document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("() => document.activeElement.id") == "main"
    reached = set()
    for _ in range(30):
        await page.keyboard.press("Tab")
        reached.add(
            await page.evaluate("() => document.activeElement.name || document.activeElement.getAttribute('href')")
        )
        visible = await page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert visible != "none"
        if f"/requests/{sample_hub.keys['found']}" in reached:
            break
    assert {"status", "kind", "court", "q", f"/requests/{sample_hub.keys['found']}"} <= reached
    await page.keyboard.press("Enter")
    await expect(page.locator("table.timeline tbody")).not_to_have_count(0)


async def test_a_lost_connection_is_said(page: Page, server: TestServer) -> None:
    await page.goto(address(server, "/?lang=en"))
    await expect(page.locator("#link")).to_have_text("Live")
    await page.route("**/events", lambda route: route.fulfill(status=204))
    await page.reload()
    await expect(page.locator("#link")).to_have_text("Disconnected, reconnecting")


async def test_letters_are_filtered_by_state_with_the_keyboard_and_the_filter_stays_while_it_lives(
    page: Page, server: TestServer, sample_hub: SampleHub
) -> None:
    letter, *others = (line.id for line in sample_hub.reader().dead_letters(state=LetterState.DEAD).lines)
    with sample_hub.store.write() as connection:
        letters.move(connection, letter, [LetterState.DEAD], LetterState.DISCARDED, sample_hub.now)
    await page.goto(address(server, "/dead-letters?lang=en"))
    shown = page.locator("th.letter")
    await expect(shown).to_have_count(len(others) + 2)
    await page.get_by_label("Status").focus()
    await page.keyboard.type("disc")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(shown).to_have_text([letter])
    assert page.url.endswith("state=discarded")
    sample_hub.ask(factories.inquiry("P02"))
    await expect(page.locator(f"#live[data-version='{sample_hub.reader().version()}']")).to_be_attached()
    await expect(shown).to_have_text([letter])
