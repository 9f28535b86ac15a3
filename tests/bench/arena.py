"""Where the contestants run: a real broker, topics behind one prefix per purpose, a directory with exactly five partners."""

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import OffsetSpec

from deploy.kafka import Broker
from hub.bus.admin import connect, provision
from hub.bus.connection import Connection
from hub.bus.topics import Plan, Topics
from hub.trust import keys
from hub.trust.enrol import enrol
from hub.trust.jws import Signer
from tests.bench.job import Half, Job
from tests.bench.workload import COURT, PARTNERS, Sent

CONFIG = Path("config")
LANES = 3
"""Partitions of every topic that is filled or counted here."""
_PATIENCE = 120.0


class BenchError(Exception):
    """A run did not do its work, so its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Ends:
    """How many records each topic has had, and when the newest came (seconds since 1970, by the broker's clock)."""

    counts: Mapping[str, int]
    newest: float


class Arena:
    """A running broker with everything that a contestant needs below `home`."""

    def __init__(self, home: Path, admin: Connection) -> None:
        self.home = home
        self.admin = admin
        self._client: Any = connect(admin)  # the stubs do not know what `list_offsets` returns
        self._folders = 0

    def signer(self, party: str) -> Signer:
        """That party's own key."""
        return Signer(keys.load(self.home / "keys" / f"{party}.jwk"))

    def job(self, contestant: str, half: Half, prefix: str, start: Path | None = None) -> Job:
        """A run with a fresh data folder, or with a copy of what an earlier run left in `start`."""
        self._folders += 1
        data = self.home / "data" / f"{self._folders:03d}"
        if start is None:
            data.mkdir(parents=True)
        else:
            shutil.copytree(start, data)
        return Job(contestant, half, str(self.home), str(data), self.admin.bootstrap_servers, prefix)

    async def fill(self, topic: str, records: Sequence[Sent]) -> None:
        """Put `records` onto `topic`, and return when the broker has them all."""
        async with self.admin.producer("bench-fill") as producer:
            sent = [
                await producer.send(topic, key=record.key, value=record.value, headers=list(record.headers))
                for record in records
            ]
            await asyncio.gather(*sent)

    async def read(self, topics: Iterable[str], count: int) -> list[bytes]:
        """The values of the first `count` records of these topics together."""
        values: list[bytes] = []
        async with self.admin.consumer("bench-read") as consumer:
            places = [TopicPartition(topic, lane) for topic in topics for lane in range(LANES)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            end = time.monotonic() + _PATIENCE
            while len(values) < count:
                if time.monotonic() > end:
                    raise BenchError(f"{len(values)} records instead of {count}")
                batches = await consumer.getmany(timeout_ms=200)
                values += [record.value for records in batches.values() for record in records]
        return values

    async def ends(self, topics: Sequence[str]) -> Ends:
        """Where these topics end now."""
        return await asyncio.to_thread(self._ends, topics)

    def _ends(self, topics: Sequence[str]) -> Ends:
        places = [Place(topic, lane) for topic in topics for lane in range(LANES)]
        latest = self._client.list_offsets({place: OffsetSpec.latest() for place in places})
        newest = self._client.list_offsets({place: OffsetSpec.max_timestamp() for place in places})
        counts = dict.fromkeys(topics, 0)
        for place, future in latest.items():
            counts[place.topic] += future.result().offset
        return Ends(counts, max(future.result().timestamp for future in newest.values()) / 1000)


def outputs(half: Half, prefix: str, requests: int) -> dict[str, int]:
    """Output topic → how many records `requests` requests come to. The hub sends acceptances besides, uncounted."""
    topics = Topics(prefix)
    if half == "requests":
        return {topics.tasks(partner): requests for partner in PARTNERS}
    return {topics.results(COURT): (len(PARTNERS) + 1) * requests}


@asynccontextmanager
async def arena(home: Path, prefixes: Sequence[str]) -> AsyncIterator[Arena]:
    """Start a broker, make topics and users behind each of `prefixes`, and enrol one court and five partners."""
    for folder, names in (("parties", (*PARTNERS, COURT, "hub")), ("agreements", PARTNERS)):
        (home / "profiles" / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(CONFIG / folder / f"{name}.toml", home / "profiles" / folder)
    enrol(home / "profiles/parties", home)
    shutil.copytree(home / "profiles/agreements", home / "agreements")
    password = secrets.token_urlsafe(24)
    (home / "hub.password").write_text(password, encoding="ascii")
    async with Broker(home / "kafka") as broker:
        admin = Connection(broker.bootstrap_servers, broker.admin_username, broker.admin_password)
        for number, prefix in enumerate(prefixes):
            await asyncio.to_thread(
                provision, admin, Plan((COURT,), PARTNERS, prefix, quota=0), {"hub": password} if number == 0 else {}
            )
        yield Arena(home, admin)
