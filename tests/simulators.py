"""The partners' simulators as real processes, and the faults that every one of them must be able to show."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import aiohttp
import pytest

Found = TypeVar("Found")
Act = Callable[[str], Awaitable[tuple[int, Any]]]
"""Does one piece of work under a request number that is also its Idempotency-Key; gives status and JSON."""


@contextmanager
def simulator(module: str, *options: str) -> Iterator[str]:
    """Run `connectors.simulators.<module>` on a free port; gives its address, and ends it by SIGTERM."""
    command = [sys.executable, "-m", f"connectors.simulators.{module}", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["listening"]
        finally:
            process.terminate()
            assert process.wait(10) == 0


async def set_faults(partner: aiohttp.ClientSession, *rules: dict[str, Any]) -> None:
    async with partner.put("/_faults", json=rules) as answer:
        assert answer.status == 200, await answer.text()


async def calls(partner: aiohttp.ClientSession, key: str) -> list[dict[str, Any]]:
    """The recorded calls with this Idempotency-Key."""
    async with partner.get("/_calls") as answer:
        return [call for call in await answer.json() if call["key"] == key]


async def effects(partner: aiohttp.ClientSession, request_no: str) -> list[str]:
    """The kinds of effect that were executed for this request number."""
    async with partner.get("/_effects") as answer:
        return [effect["kind"] for effect in await answer.json() if effect["requestNo"] == request_no]


async def eventually(look: Callable[[], Awaitable[Found | None]], within: float = 60) -> Found:
    """The first thing that `look` finds; fails when there is none in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(0.02)
    pytest.fail("nothing came in time")


class FaultSuite:
    """What a fault does to an operation with an effect. A subclass names both; its module gives `partner` and `act`."""

    operation: str
    effect: str

    async def test_a_late_answer_is_still_the_answer(self, partner: aiohttp.ClientSession, act: Act) -> None:
        await set_faults(partner, {"kind": "latency", "operation": self.operation, "seconds": 0.2, "times": 1})
        start = time.monotonic()
        status, _ = await act("R-LATE")
        assert status < 300
        assert time.monotonic() - start >= 0.2
        assert await effects(partner, "R-LATE") == [self.effect]

    @pytest.mark.parametrize(("kind", "status"), [("too-many-requests", 429), ("server-error", 503)])
    async def test_a_refused_call_does_nothing(
        self, partner: aiohttp.ClientSession, act: Act, kind: str, status: int
    ) -> None:
        key = f"R-{status}"
        await set_faults(partner, {"kind": kind, "operation": self.operation, "match": key, "times": 1})
        assert (await act(key))[0] == status
        assert await effects(partner, key) == []
        assert (await act(key))[0] < 300
        assert await effects(partner, key) == [self.effect]
        history = [(call["fault"], call["executed"]) for call in await calls(partner, key)]
        assert history == [(kind, False), (None, True)]

    async def test_work_done_before_a_time_out_is_done_once(self, partner: aiohttp.ClientSession, act: Act) -> None:
        rule = {"kind": "execute-then-timeout", "operation": self.operation, "seconds": 0.1, "times": 1}
        await set_faults(partner, rule)
        with pytest.raises(aiohttp.ClientConnectionError):
            await act("R-TIMEOUT")
        assert await effects(partner, "R-TIMEOUT") == [self.effect]
        first, again = await act("R-TIMEOUT"), await act("R-TIMEOUT")
        assert first == again
        assert first[0] < 300
        assert await effects(partner, "R-TIMEOUT") == [self.effect]
        assert [call["executed"] for call in await calls(partner, "R-TIMEOUT")] == [True, False, False]
