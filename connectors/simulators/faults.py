"""What every simulator has in common: faults on request, a record of calls and effects, idempotency, and the process.

A simulator builds a `Desk`, names its routes (the name is the operation) and hands both to `serve`:

    desk = Desk(key_of=..., wrong=..., idempotent={"seal"}, deferred={"submit"})
    serve(desk.application([web.post("/seal", seal, name="seal")]), options.port)

A route without a name steers the simulator: it is neither recorded nor faulted.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import math
import signal
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

SAMPLES = Path(__file__).parents[2] / "config/samples/partners"
CHINA = timezone(timedelta(hours=8))


class Kind(StrEnum):
    """Faults a partner's system is known to show."""

    LATENCY = "latency"
    TOO_MANY_REQUESTS = "too-many-requests"
    SERVER_ERROR = "server-error"
    EXECUTE_THEN_TIMEOUT = "execute-then-timeout"
    WRONG_ANSWER = "wrong-answer"
    BROKEN_ANSWER = "broken-answer"
    SILENCE = "silence"


@dataclass
class Rule:
    """One fault: which calls it meets, how often (`times` None: always), and its `seconds`."""

    kind: Kind
    operation: str | None = None
    match: str | None = None
    times: int | None = None
    seconds: float = 0
    retry_after: int = 1
    first_met: dict[str | None, float] = field(default_factory=dict)

    def meets(self, operation: str, text: str) -> bool:
        """Whether the rule still holds and concerns this call."""
        return self.times != 0 and self.operation in (None, operation) and (self.match is None or self.match in text)

    def silent_for(self, key: str | None) -> float:
        """Seconds until an answer to `key`, counted from the first call with that key; infinite when there is none."""
        first = self.first_met.setdefault(key, time.monotonic())
        return max(0.0, first + self.seconds - time.monotonic()) if self.seconds else math.inf


@dataclass
class Call:
    """One call as it arrived; `executed` says that this very call did the work (a replay or an early fault did not)."""

    operation: str
    key: str | None
    at: str
    executed: bool
    fault: str | None


@dataclass(frozen=True)
class Later:
    """What a fault does to an answer given later (by polling, webhook): seconds of silence, damage to its text."""

    silent_for: float = 0.0
    damage: Callable[[str], str] = str


json_response = functools.partial(web.json_response, dumps=functools.partial(json.dumps, ensure_ascii=False))
"""An answer in JSON whose Chinese stands unescaped, so that `wrong` can replace a name in it."""

LATER = web.RequestKey("later", Later)
"""Set on every request of a deferred operation."""


def _halve(text: str) -> str:
    return text[: len(text) // 2]


async def _text_of(request: web.Request) -> str:
    """Path and body as people write them: percent signs and JSON escapes undone, so that a rule can match 中文."""
    body = (await request.read()).decode(errors="replace")
    if request.content_type == "application/json":
        with contextlib.suppress(ValueError):  # a broken body is matched as it came; the handler refuses it
            body = json.dumps(json.loads(body), ensure_ascii=False)
    return f"{request.rel_url.human_repr()}\n{body}"


class Desk:
    """The part of a simulator that every protocol has.

    `key_of(request, text)` gives a call's Idempotency-Key or own request number. `wrong(text)` turns an answer into a
    well-formed one about somebody else. A repeated key on an operation in `idempotent` gets the first answer again and
    executes nothing. `guard(request)` raises before work and before a replay: a stale key, a limit reached. For
    operations in `deferred` the answer comes later: silence, wrong and broken answers are handed
    to the handler as `request[LATER]` instead of spoiling the acknowledgement.
    """

    def __init__(
        self,
        *,
        key_of: Callable[[web.Request, str], str | None],
        wrong: Callable[[str], str],
        idempotent: Collection[str] = (),
        deferred: Collection[str] = (),
        guard: Callable[[web.Request], None] | None = None,
    ) -> None:
        self._key_of = key_of
        self._wrong = wrong
        self._idempotent = idempotent
        self._deferred = deferred
        self._guard = guard
        self._answers: dict[tuple[str, str], tuple[int, bytes, str]] = {}
        self._rules: list[Rule] = []
        self._calls: list[Call] = []
        self._effects: list[dict[str, Any]] = []

    def effect(self, kind: str, **facts: Any) -> None:
        """Record that something was really done: a freeze, a seal, a watch …"""
        self._effects.append({"kind": kind, "at": _now(), **facts})

    def application(self, routes: Iterable[web.RouteDef]) -> web.Application:
        """The partner's routes behind the faults, and the control endpoints."""
        app = web.Application(middlewares=[self._middleware], client_max_size=16 * 2**20)
        app.add_routes(routes)
        app.add_routes(
            [
                web.put("/_faults", self._put_faults),
                web.delete("/_faults", self._delete_faults),
                web.get("/_calls", self._get_calls),
                web.get("/_effects", self._get_effects),
            ]
        )
        return app

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        operation = request.match_info.route.name
        if operation is None:
            return await handler(request)
        text = await _text_of(request)
        key = self._key_of(request, text)
        rule = next((rule for rule in self._rules if rule.meets(operation, text)), None)
        if rule is not None and rule.times is not None:
            rule.times -= 1
        call = Call(operation, key, _now(), executed=False, fault=rule.kind if rule else None)
        self._calls.append(call)
        if operation in self._deferred:
            request[LATER] = self._later(rule, key)
            if rule is not None and rule.kind in (Kind.SILENCE, Kind.WRONG_ANSWER, Kind.BROKEN_ANSWER):
                rule = None
        if rule is None:
            return await self._execute(request, handler, call)
        return await self._faulty(request, handler, call, rule)

    def _later(self, rule: Rule | None, key: str | None) -> Later:
        match rule.kind if rule else None:
            case Kind.SILENCE:
                assert rule is not None  # noqa: S101  narrows the type for the line below
                return Later(silent_for=rule.silent_for(key))
            case Kind.WRONG_ANSWER:
                return Later(damage=self._wrong)
            case Kind.BROKEN_ANSWER:
                return Later(damage=_halve)
            case _:
                return Later()

    async def _execute(self, request: web.Request, handler: Handler, call: Call) -> web.Response:
        if self._guard:
            self._guard(request)
        slot = (call.operation, call.key) if call.key and call.operation in self._idempotent else None
        if slot in self._answers:
            status, body, content_type = self._answers[slot]
            return web.Response(status=status, body=body, headers={"Content-Type": content_type})
        response = await handler(request)
        assert isinstance(response, web.Response)  # noqa: S101  simulators stream nothing
        call.executed = response.status < 400
        if slot and call.executed:
            self._answers[slot] = (response.status, _body(response), response.headers["Content-Type"])
        return response

    async def _faulty(self, request: web.Request, handler: Handler, call: Call, rule: Rule) -> web.Response:
        match rule.kind:
            case Kind.TOO_MANY_REQUESTS:
                return web.Response(status=429, headers={"Retry-After": str(rule.retry_after)})
            case Kind.SERVER_ERROR:
                return web.Response(status=503)
            case Kind.SILENCE:
                await _wait(rule.silent_for(call.key))
                return await self._execute(request, handler, call)
        response = await self._execute(request, handler, call)
        match rule.kind:
            case Kind.LATENCY:
                await asyncio.sleep(rule.seconds)
            case Kind.EXECUTE_THEN_TIMEOUT:
                await asyncio.sleep(rule.seconds)
                if request.transport is not None:
                    request.transport.abort()
            case Kind.WRONG_ANSWER:
                return _rewritten(response, self._wrong)
            case Kind.BROKEN_ANSWER:
                return _rewritten(response, _halve)
        return response

    async def _put_faults(self, request: web.Request) -> web.Response:
        try:
            self._rules = [Rule(**{**rule, "kind": Kind(rule["kind"])}) for rule in await request.json()]
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"not a list of fault rules: {error}"}, status=400)
        return web.json_response({"rules": len(self._rules)})

    async def _delete_faults(self, _: web.Request) -> web.Response:
        self._rules = []
        return web.json_response({"rules": 0})

    async def _get_calls(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(call) for call in self._calls])

    async def _get_effects(self, _: web.Request) -> web.Response:
        return web.json_response(self._effects)


def _now() -> str:
    return datetime.now(CHINA).isoformat(timespec="microseconds")


def _body(response: web.Response) -> bytes:
    assert isinstance(response.body, bytes)  # noqa: S101  simulators answer with text or JSON, never a stream
    return response.body


def _rewritten(response: web.Response, change: Callable[[str], str]) -> web.Response:
    """A copy of `response`, whose stored original may be asked for again."""
    return web.Response(
        status=response.status,
        body=change(_body(response).decode()).encode(),
        headers={"Content-Type": response.headers["Content-Type"]},
    )


async def _wait(seconds: float) -> None:
    """Wait; for ever if `seconds` is infinite, until the client leaves and the server cancels the handler."""
    if math.isinf(seconds):
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(seconds)


def arguments(partner: str, description: str | None) -> argparse.ArgumentParser:
    """The options every simulator has; a simulator may add its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--data", type=Path, default=SAMPLES / f"{partner}.json", help="what the partner holds")
    return parser


def serve(app: web.Application, port: int) -> None:
    """Run until SIGTERM or SIGINT; print one JSON line with the address when ready."""
    asyncio.run(_serve(app, port))


async def _serve(app: web.Application, port: int) -> None:
    # handler_cancellation: a held call ends when its client leaves. Work is done before any waiting, so none is lost.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        print(json.dumps({"listening": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
