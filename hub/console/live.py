"""Live pages by server-sent events (WHATWG HTML, section 9.2): one task looks for changes, however many clients listen.

An event carries a version and no data: a client that holds another version fetches its page again. So nothing is queued
for anyone, a slow client skips versions instead of piling them up, and a reconnected one finds out what it missed.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

log = structlog.get_logger()

INTERVAL = 0.3
"""Seconds between looks at the store."""
TICK = 5.0
"""Seconds after which a client is sent an event even if nothing changed: a heartbeat, and clocks move on."""
CLIENTS = 32


class Live:
    """The current version, and those who wait for the next one."""

    def __init__(self, poll: Callable[[], Awaitable[str]]) -> None:
        self.version = ""
        self._poll = poll
        self._clients = 0
        self._closing = False
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Look for changes for ever."""
        failing = False
        while True:
            try:
                version = await self._poll()
            except Exception as error:  # noqa: BLE001 - a page that cannot refresh must not take the hub down
                if not failing:
                    log.warning("console.poll-failed", error=type(error).__name__)
                failing = True
            else:
                failing = False
                if version != self.version:
                    async with self._changed:
                        self.version = version
                        self._changed.notify_all()
            await asyncio.sleep(INTERVAL)

    async def close(self) -> None:
        """Let every client go, so that the server can end at once."""
        async with self._changed:
            self._closing = True
            self._changed.notify_all()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The endless answer to one client; 503 when there are too many."""
        if self._clients >= CLIENTS:
            raise web.HTTPServiceUnavailable(text="too many live pages\n", headers={"Retry-After": "30"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        self._clients += 1
        try:
            await response.prepare(request)
            await response.write(b"retry: 2000\n\n")
            sent = ""
            while not self._closing:
                event = "change" if self.version != sent else "tick"
                sent = self.version
                await response.write(f"event: {event}\ndata: {sent}\n\n".encode())
                await self._next(sent)
        except ConnectionError:
            pass  # the client has gone
        finally:
            self._clients -= 1
        return response

    async def _next(self, sent: str) -> None:
        try:
            async with asyncio.timeout(TICK), self._changed:
                await self._changed.wait_for(lambda: self._closing or self.version != sent)
        except TimeoutError:
            return
