"""Everything that runs: Kafka behind its proxies, hubs and a connector that are started again when they end, scripted parties."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from sqlalchemy import URL, func, select

from deploy.demo.processes import Child
from deploy.demo.world import Cluster as DemoCluster
from hub.bus.admin import provision
from hub.bus.connection import Connection
from hub.bus.sink import KafkaSink
from hub.bus.source import KafkaSource
from hub.bus.topics import REPLIES, REQUESTS, Plan
from hub.store import tables as t
from hub.store.database import open_readonly
from hub.store.errors import StoreError
from hub.trust import keys
from hub.trust.jws import Signer
from tests.conftest import COURTS, PARTNERS, Cluster
from tests.faults.run.cast import CONNECTED, RESULTS, SCRIPTED, TASKS, Court, Ledger, Partner, Voice, open_log, watch
from tests.faults.run.keeper import Keeper
from tests.faults.run.plan import stream
from tests.faults.run.proxy import ProxiedBrokers
from tests.postgres import Postgres
from tests.processes import Linkage, linkage

HUBS = {"sqlite": ("hub",), "postgresql": ("hub", "hub-two")}
PATIENCE = 180.0
"""Seconds in which nothing moves on, after which what is unfinished counts as stuck: how fast it goes is the machine's affair."""
MOST = 400
"""Requests on their way at a time."""
SEALS = 80
"""A seal and its release of each court for so many inquiries."""
SIMULATOR = f"connectors.simulators.{CONNECTED}"
_API_KEY = "vehicle-demo-key"


@dataclass
class Stage:
    """The run as it goes."""

    seed: int
    kind: str
    brokers: ProxiedBrokers
    made: Linkage
    store: Path | URL
    connector_store: Path
    simulator: Child
    partner: aiohttp.ClientSession
    hubs: list[Keeper]
    connector: Keeper
    reader: KafkaSource
    ledger: Ledger
    courts: list[Court]
    partners: list[Partner]
    scripts: set[asyncio.Task[None]] = field(default_factory=set)
    working: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.made.log

    def rng(self, name: str) -> Random:
        return stream(self.seed, name)

    def give_leave(self, requests: int) -> None:
        """Let the courts send so many more inquiries, and state some cases with a seal and its release."""
        for number, court in enumerate(self.courts):
            court.leave += (requests + number) // len(self.courts)
            for _ in range(1 + requests // SEALS):
                script = asyncio.create_task(court.seal_and_release())
                self.scripts.add(script)
                script.add_done_callback(self._ended)

    def _ended(self, script: asyncio.Task[None]) -> None:
        self.scripts.discard(script)
        if not script.cancelled() and script.exception() is not None:
            self.working.append(script)  # so that `alive` raises it

    def alive(self) -> None:
        """Raises what ended a script of ours: no party may fall silent unnoticed."""
        for task in self.working:
            if task.done():
                task.result()

    async def concluded(self, number: int, patience: float) -> bool:
        """Whether so many requests of this round are concluded in time."""
        end = time.monotonic() + patience
        while len(self.ledger.done_at) < number:
            self.alive()
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.02)
        return True

    async def all_of(self, requests: set[str], patience: float = PATIENCE) -> bool:
        """Whether all of these requests are concluded, while any request is concluded within `patience`."""
        moved, done = time.monotonic(), -1
        while requests - self.ledger.done_at.keys():
            self.alive()
            if len(self.ledger.done_at) != done:
                moved, done = time.monotonic(), len(self.ledger.done_at)
            if time.monotonic() - moved > patience:
                return False
            await asyncio.sleep(0.02)
        return True

    async def ends(self) -> dict[tuple[str, int], int]:
        """Where every partition ends now."""
        return await self.reader.end_offsets()

    async def rests(self, patience: float = PATIENCE) -> str:
        """Wait until everything is said, read, decided, called and published. What has stopped before that, in words."""
        moved, before = time.monotonic(), ""
        while True:
            self.alive()
            unfinished = await self._unfinished()
            if unfinished != before:
                moved, before = time.monotonic(), unfinished
            if not unfinished or time.monotonic() - moved > patience:
                return unfinished
            await asyncio.sleep(0.2)

    async def _unfinished(self) -> str:
        ledger = self.ledger
        if any(court.leave for court in self.courts) or self.scripts or ledger.replying or ledger.waiting:
            return f"{len(ledger.waiting)} requests without a conclusion, {ledger.replying} replies not said, {len(self.scripts)} scripts"
        ends = await self.ends()
        try:
            unread = _unread(self.store, ends, (REQUESTS, REPLIES)) + _unread(self.connector_store, ends, (TASKS[CONNECTED],))
        except StoreError as error:
            return str(error)
        return ", ".join(unread)

    async def stop_hubs(self) -> list[str]:
        """End every hub in order, so that the stretch is closed."""
        codes = [await hub.end() for hub in self.hubs]
        return [f"a hub ended with {code} when it was told to stop" for code in codes if code != 0]

    async def start_hubs(self) -> None:
        for hub in self.hubs:
            await hub.begin()

    def forget(self) -> None:
        """A round is judged."""
        self.ledger.forget()
        for court in self.courts:
            court.forget()
        for partner in self.partners:
            partner.forget()

    async def set_faults(self, *rules: dict[str, Any]) -> None:
        """How the partner's system behind the connector fails from now on."""
        async with self.partner.put("/_faults", json=rules) as answer:
            answer.raise_for_status()


def _unread(store: Path | URL, ends: dict[tuple[str, int], int], topics: tuple[str, ...]) -> list[str]:
    """What a store has yet to read or to publish, each with how much."""
    with open_readonly(store) as connection:
        read = {(row.topic, row.partition): row.next for row in connection.execute(select(t.offsets))}
        unsent = connection.scalar(select(func.count()).select_from(t.outbox).where(t.outbox.c.published_at.is_(None)))
    left = {place: end - read.get(place, 0) for place, end in ends.items() if place[0] in topics}
    unread = [f"{count} records of {topic}/{partition} not read" for (topic, partition), count in left.items() if count > 0]
    return unread + ([f"{unsent} rows not published"] if unsent else [])


@contextlib.asynccontextmanager
async def stage(folder: Path, seed: int, kind: str = "sqlite", nodes: int = 1, broken: str = "") -> AsyncIterator[Stage]:
    """Everything, up. `broken` names a sabotage of the hub."""
    async with AsyncExitStack() as stack:
        brokers = await stack.enter_async_context(ProxiedBrokers(folder / "kafka", nodes))
        admin = Connection(brokers.bootstrap_servers, brokers.admin_username, brokers.admin_password)
        plan = Plan(COURTS, PARTNERS, replication_factor=nodes)
        passwords = {party: secrets.token_urlsafe(24) for party in plan.parties}
        await asyncio.to_thread(provision, admin, plan, passwords)
        made = await stack.enter_async_context(
            linkage(folder / "world", Cluster(brokers.bootstrap_servers, plan, admin, passwords), windows=(7200, 7200)))
        store: Path | URL = made.world.folder / "hub" / "hub.db"
        if kind == "postgresql":
            server = Postgres()
            stack.callback(server.stop)
            store = server.schema()
        signers = {party: Signer(keys.load(made.world.key(party))) for party in (*COURTS, *PARTNERS)}
        ledger = Ledger()

        async def voice(party: str) -> Voice:
            sink = KafkaSink(made.cluster.connection(party), f"{party}-voice")
            stack.push_async_callback(sink.close)
            return Voice(party, signers, sink, ledger)

        courts = [Court(await voice(court), made, stream(seed, court), MOST) for court in COURTS]
        log = stack.enter_context(open_log(folder))
        partners = [Partner(await voice(party), KafkaSource(made.cluster.connection(party), f"{party}-reader", [TASKS[party]]),
                            stream(seed, party), log) for party in SCRIPTED]  # fmt: skip
        simulator = await made.household.start("simulator", "-m", SIMULATOR, "--port", "0", "--rate", "100000", "--burst", "100000")
        address = str((await simulator.json_line())["listening"])
        session = await stack.enter_async_context(aiohttp.ClientSession(address))
        reader = KafkaSource(admin, "checker", made.topic_names)
        await reader.open()
        stack.push_async_callback(reader.close)
        play = Stage(seed, kind, brokers, made, store, made.world.folder / "connectors" / f"{CONNECTED}.db", simulator, session,
                     _hubs(made, kind, store, broken), _connector(made, address), reader, ledger, courts, partners)  # fmt: skip
        await play.start_hubs()
        await play.connector.begin()
        for keeper in (*play.hubs, play.connector):
            stack.push_async_callback(keeper.end)
        scripts = [watch(KafkaSource(admin, "watcher", RESULTS), ledger), *(court.run() for court in courts), *(each.run() for each in partners)]
        play.working = [asyncio.create_task(script) for script in scripts]
        for task in play.working:
            stack.push_async_callback(_cancelled, task)
        yield play


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _hubs(made: Linkage, kind: str, store: Path | URL, broken: str) -> list[Keeper]:
    environment = {"LIANDONG_AGREEMENTS_DIR": str(made.agreements), "LIANDONG_LOG_LEVEL": "warning"}
    if isinstance(store, URL):
        environment["LIANDONG_STORE"] = store.render_as_string(hide_password=False)
    config = str(made.hub_config())

    def keeper(name: str) -> Keeper:
        return Keeper(lambda life: made.household.start(
            f"{name}-{life}", "-m", "tests.faults.run.process", "hub", config, *([broken] if broken else []), environment=environment))  # fmt: skip

    return [keeper(name) for name in HUBS[kind]]


def _connector(made: Linkage, address: str) -> Keeper:
    key = made.world.secret(made.world.folder / "keys" / "vehicle.partner", _API_KEY)
    options: dict[str, object] = {"base_url": address, "api_key_file": str(key), "timeout_s": 3.0}
    demo = DemoCluster(made.cluster.admin, own=True)
    file = made.world.connector_settings(demo, CONNECTED, options, 0)
    file.write_text(f"{file.read_text('utf-8')}\n[pace]\nconcurrency = 8\nlongest = 4\n", encoding="utf-8")
    return Keeper(lambda life: made.household.start(
        f"{CONNECTED}-{life}", "-m", "tests.faults.run.process", "connector", str(file)))  # fmt: skip
