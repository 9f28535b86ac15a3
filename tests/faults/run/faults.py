"""What may go wrong. Each strikes, lasts, and is over when it returns; what is held by then must come right by itself."""

import asyncio
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg
from sqlalchemy import URL
from tenacity import retry, retry_if_exception_type

from hub.store.leases import SECONDS as LEASE
from tests.faults.run.cast import CONNECTED
from tests.faults.run.proxy import Kind, Weather
from tests.faults.run.stage import Stage

Fault = Callable[[Stage, Random], Awaitable[None]]


async def hub_killed(play: Stage, rng: Random) -> None:
    """kill -9, up to three times in a row."""
    for _ in range(rng.randint(1, 3)):
        rng.choice(play.hubs).kill()
        await asyncio.sleep(rng.uniform(0.0, 3.0))


async def connector_killed(play: Stage, rng: Random) -> None:
    """kill -9, up to three times in a row."""
    for _ in range(rng.randint(1, 3)):
        play.connector.kill()
        await asyncio.sleep(rng.uniform(0.0, 3.0))


async def hub_stands_still(play: Stage, rng: Random) -> None:
    """SIGSTOP, past its lease where another could take over, then SIGCONT."""
    hub = rng.choice(play.hubs)
    hub.signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(1.5 * LEASE, 2.5 * LEASE) if len(play.hubs) > 1 else rng.uniform(0.5, 5.0))
    hub.signal(signal.SIGCONT)


async def connector_stands_still(play: Stage, rng: Random) -> None:
    play.connector.signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(0.5, 5.0))
    play.connector.signal(signal.SIGCONT)


def line(kind: Kind, shortest: float, longest: float) -> Fault:
    """Something is wrong between Kafka and the hub, the connector, or both."""

    async def strike(play: Stage, rng: Random) -> None:
        clients = rng.choice([{"hub"}, {"hub"}, {CONNECTED}, {"hub", CONNECTED}])
        async with play.brokers.weather(Weather(kind, frozenset(clients), rng)):
            await asyncio.sleep(rng.uniform(shortest, longest))

    return strike


async def hub_killed_on_a_slow_line(play: Stage, rng: Random) -> None:
    """kill -9 while much of what the hub has published is not confirmed yet."""
    async with play.brokers.weather(Weather("latency", frozenset({"hub"}), rng)):
        for _ in range(2):
            await asyncio.sleep(rng.uniform(1.0, 4.0))
            for hub in play.hubs:
                hub.kill()


async def broker_killed(play: Stage, rng: Random) -> None:
    """kill -9 of one node, and a new start after a while."""
    node = rng.choice(play.brokers.nodes)
    await asyncio.to_thread(node.kill)
    await asyncio.sleep(rng.uniform(0.0, 8.0))
    await node.start()


def partner(shortest: float, longest: float, *rules: dict[str, object]) -> Fault:
    """The partner's system fails in this way for a while."""

    async def strike(play: Stage, rng: Random) -> None:
        await play.set_faults(*rules)
        await asyncio.sleep(rng.uniform(shortest, longest))
        await play.set_faults()

    return strike


async def partner_flaps(play: Stage, rng: Random) -> None:
    """503 and good answers in turn."""
    for _ in range(rng.randint(2, 4)):
        await play.set_faults({"kind": "server-error"})
        await asyncio.sleep(rng.uniform(0.2, 1.5))
        await play.set_faults()
        await asyncio.sleep(rng.uniform(0.2, 1.0))


async def partner_away(play: Stage, rng: Random) -> None:
    """Its system takes connections and answers nothing, for longer than a call lasts."""
    play.simulator.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(5.0, 15.0))
    play.simulator.process.send_signal(signal.SIGCONT)


async def store_locked(play: Stage, rng: Random) -> None:
    """Another program holds the store, sometimes for longer than the hub waits for it."""
    seconds = rng.choice([2.0, 6.0, 12.0])
    if isinstance(play.store, Path):
        await asyncio.to_thread(_lock_file, play.store, seconds)
    else:
        await asyncio.to_thread(_lock_tables, play.store, seconds)


def _lock_file(store: Path, seconds: float) -> None:
    with closing(sqlite3.connect(store, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


@retry(retry=retry_if_exception_type(psycopg.errors.DeadlockDetected))  # with a hub that has one of the two and wants the other
def _lock_tables(store: URL, seconds: float) -> None:
    query = {name: str(value) for name, value in store.query.items()}
    with psycopg.connect(host=query["host"], options=query["options"], user=store.username, dbname=store.database) as connection:
        connection.execute("LOCK TABLE offsets, outbox IN ACCESS EXCLUSIVE MODE")
        time.sleep(seconds)
        connection.rollback()


FAULTS: dict[str, tuple[int, Fault]] = {
    "hub: kill -9": (6, hub_killed),
    "connector: kill -9": (4, connector_killed),
    "hub: SIGSTOP, SIGCONT": (2, hub_stands_still),
    "connector: SIGSTOP, SIGCONT": (1, connector_stands_still),
    "line: produce response dropped": (3, line("drop-produce-response", 1.0, 5.0)),
    "line: black hole": (2, line("black-hole", 1.0, 10.0)),
    "line: resets": (2, line("reset", 0.5, 5.0)),
    "line: latency": (2, line("latency", 2.0, 8.0)),
    "line: latency, and hub: kill -9": (2, hub_killed_on_a_slow_line),
    "line: cut to the broker": (1, line("cut-to-broker", 1.0, 8.0)),
    "line: cut from the broker": (1, line("cut-from-broker", 1.0, 8.0)),
    "line: black hole, longer than a request": (1, line("black-hole", 42.0, 46.0)),
    "broker: kill -9": (2, broker_killed),
    "partner: executes, then times out": (3, partner(2.0, 6.0, {"kind": "execute-then-timeout", "seconds": 0.2})),
    "partner: 429 with Retry-After": (2, partner(1.0, 4.0, {"kind": "too-many-requests", "retry_after": 2})),
    "partner: flapping 503": (2, partner_flaps),
    "partner: answers late": (1, partner(2.0, 6.0, {"kind": "latency", "seconds": 2.0})),
    "partner: away": (1, partner_away),
    "store: locked": (2, store_locked),
}
"""Name → how often it is drawn, and what it does."""
QUICK = ("hub: kill -9", "line: produce response dropped", "connector: kill -9", "partner: executes, then times out", "line: resets")
"""Those of the quick form, each once."""


def weights() -> dict[str, int]:
    """How often each is drawn."""
    return {name: weight for name, (weight, _) in FAULTS.items()}
