"""A filled hub, and a Chromium to look at its pages with."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from shutil import which

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, async_playwright

from tests.browser.sample_hub import SampleHub, fill

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture
def sample_hub(tmp_path: Path) -> Iterator[SampleHub]:
    hub = SampleHub(tmp_path)
    hub.keys = fill(hub)
    yield hub
    hub.close()


@pytest.fixture
async def server(sample_hub: SampleHub) -> AsyncIterator[TestServer]:
    server = TestServer(sample_hub.app(), host="127.0.0.1")
    async with server:
        yield server


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()
