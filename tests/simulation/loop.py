"""An event loop whose time is virtual: it never waits, starts no thread, and looks at no clock of the machine's.

When nothing is ready it jumps to the next timer. What the product gives to a thread runs here, in the loop, in the order in
which it was given and a moment later, so that other tasks come in between as they do beside a real thread.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_MOST_TURNS = 3_000_000


class Stuck(Exception):  # noqa: N818 - it names what was found
    """Nothing is left that could ever happen, or it goes on without end."""


class Crash(BaseException):
    """A process has ended here. No part of the product can catch it."""


class Owner(Protocol):
    """The process that a piece of work belongs to."""

    def lane(self, executor: object) -> "Lane": ...


OWNER: ContextVar[Owner | None] = ContextVar("owner", default=None)


class _Jump:
    """In the place of the selector: there is nothing to wait for but time."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> list[Any]:
        self._turns += 1
        if timeout is None:
            raise Stuck("every task waits, and no timer is set")
        if self._turns > _MOST_TURNS:
            raise Stuck("it goes round without end")
        self._loop.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """`now` is in seconds, from 0."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = _Jump(self)
        self.set_exception_handler(lambda _loop, _context: None)  # what a dead process leaves unawaited concerns nobody

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        owner = OWNER.get()
        if owner is None:
            raise Stuck("work for a thread that belongs to no process")
        return owner.lane(executor).give(lambda: func(*args), _name(func))

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps that would have to be woken."""


class Lane:
    """One thread: its jobs one after the other, each done by `run`."""

    def __init__(self, loop: VirtualLoop, delay: Callable[[], float], run: Callable[[Callable[[], Any], str], Any]) -> None:
        self._loop = loop
        self._delay = delay
        self._run = run
        self._jobs: deque[tuple[Callable[[], Any], str, asyncio.Future[Any]]] = deque()
        self._busy = False
        self._delivers_at = 0.0
        self.held = False

    def give(self, job: Callable[[], Any], name: str) -> asyncio.Future[Any]:
        """What `job` will return, in its turn."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.append((job, name, future))
        self.go_on()
        return future

    def go_on(self) -> None:
        if not self._busy and not self.held and self._jobs:
            self._busy = True
            self._loop.call_later(self._delay(), self._next)

    def _next(self) -> None:
        self._busy = False
        if self.held:
            return
        job, name, future = self._jobs.popleft()
        if not future.cancelled():
            try:
                result, error = self._run(job, name), None
            except Crash:
                return  # the thread is gone with its process
            except Exception as raised:  # noqa: BLE001 - it is the caller's, as from a thread
                result, error = None, raised
            self._delivers_at = max(self._loop.now + self._delay(), self._delivers_at + 1e-6)  # results come in order, as from a thread
            self._loop.call_at(self._delivers_at, _deliver, future, result, error)
        self.go_on()


def _deliver(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _name(func: Any) -> str:
    """What a step is called in the trace: the innermost function that it calls."""
    while hasattr(func, "func"):
        inner = func.args[0] if func.args and getattr(func.func, "__name__", "") == "run" else func.func
        func = inner
    return str(getattr(func, "__qualname__", type(func).__name__))
