"""Signed events to a callback address: delivered at least once, so a receiver must expect the same event again.

The header `X-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 over "t.body">` is made anew for each attempt;
`X-Event-Id` is the same on all of them.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web


class Webhook:
    """Delivers events with backoff until a 2xx, at most `attempts` times. Its work ends with the application."""

    def __init__(self, secret: str, attempts: int) -> None:
        self._secret = secret.encode()
        self._attempts = attempts
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """For `Application.cleanup_ctx`."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as self._session:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside the calls until it or the application ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def deliver(self, url: str, event_id: str, body: str) -> None:
        """Post `body` until it is taken; gives up in silence, for the state can be looked up."""
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(min(2.0, 0.1 * 2 ** (attempt - 1)))
            if await self._taken(url, event_id, body.encode()):
                return

    async def _taken(self, url: str, event_id: str, body: bytes) -> bool:
        assert self._session is not None  # noqa: S101  the session lives as long as the application
        headers = {
            "Content-Type": "application/json",
            "X-Event-Id": event_id,
            "X-Signature": signature(self._secret, int(time.time()), body),
        }
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False


def signature(secret: bytes, at: int, body: bytes) -> str:
    """The value of X-Signature for `body` sent at `at`, in unix seconds."""
    return f"t={at},v1={hmac.digest(secret, b'%d.%b' % (at, body), 'sha256').hex()}"


def is_loopback(url: str) -> bool:
    """Whether events to `url` stay on this machine; the simulator sends nowhere else."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
