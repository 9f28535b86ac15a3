"""The status page as an aiohttp application: read-only, masked, live, in Chinese and English.

Pages are rendered here; `static/console.js`, our own few lines, listens to `/events` and swaps the live part of a page
for a fresh one, so nothing is vendored, built or fetched from elsewhere. Where it listens is the caller's business.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import aiohttp_jinja2
import jinja2
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hub.console.guard import add_headers, check_host
from hub.console.live import Live
from hub.console.pages import Pages
from hub.console.reader import Reader

T = TypeVar("T")
_HERE = Path(__file__).parent


def build_app(
    reader: Reader, *, metrics: CollectorRegistry, ready: Callable[[], Mapping[str, bool]],
    hosts: Collection[str] = (),
) -> web.Application:  # fmt: skip
    """The application over `reader`.

    `metrics` is collected on the reader's thread. `ready` tells by name whether what this process needs is there, such
    as its consumer; a partner's outage is none of its business. `hosts` are names to answer to besides loopback's.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="console")

    async def ask(function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, function)

    pages = Pages(reader, ask)
    live = Live(lambda: ask(reader.version))

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        checks = dict(ready()) | {"store": await ask(reader.readable)}
        good = all(checks.values())
        lines = (
            [f"[{'+' if fine else '-'}] {name}" for name, fine in checks.items()] if "verbose" in request.query else []
        )
        lines.append("ok" if good else "not ready")
        return web.Response(text="\n".join(lines) + "\n", status=200 if good else 503)

    async def scrape(_request: web.Request) -> web.Response:
        body = await ask(lambda: generate_latest(metrics))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def run_live(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(live.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        thread.shutdown()

    async def let_go(_app: web.Application) -> None:
        await live.close()

    app = web.Application(middlewares=[check_host(hosts), pages.explain])
    aiohttp_jinja2.setup(
        app, loader=jinja2.FileSystemLoader(_HERE / "templates"), undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    app.router.add_get("/", pages.overview)
    app.router.add_get("/requests", pages.requests)
    app.router.add_get("/requests/{key}", pages.request)
    app.router.add_get("/dead-letters", pages.dead_letters)
    app.router.add_get("/events", live.stream)
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", scrape)
    app.router.add_static("/static", _HERE / "static")
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(run_live)
    app.on_shutdown.append(let_go)
    return app
