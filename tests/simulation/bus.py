"""Kafka and the network to it, as far as its clients can tell.

Partitions with offsets and LogAppendTime; a partition that cannot be reached for a while; a client that cannot; answers that
are lost, so that the sender does not know what was appended; batches that arrive after their producer has given them up.
Offsets of one partition are read in order; partitions overtake one another.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from hub.bus.connection import BusError
from hub.engine.records import Headers, Outgoing, Place, Record
from hub.engine.relay import PublishFailed
from tests.simulation.host import Host
from tests.simulation.loop import VirtualLoop
from tests.simulation.trace import Trace

_FETCH = 0.25
"""Longest that a reader waits before it looks again, in seconds."""


@dataclass(frozen=True, slots=True)
class Cut:
    """From when until when (s) `what` is cut off: a client by name, or a partition as `topic/number`."""

    what: str
    since: float
    until: float


class Broker:
    """All topics. `weather` says how much is lost on the way, from 0 to 1."""

    def __init__(
        self, loop: VirtualLoop, rng: Random, trace: Trace, topics: Mapping[str, int], now: Callable[[], int], cuts: Sequence[Cut],
        weather: float,
    ) -> None:  # fmt: skip
        self._loop = loop
        self.rng = rng
        self._trace = trace
        self._now = now
        self._cuts = cuts
        self.weather = weather
        self.topics = topics
        self.lanes: dict[Place, list[Record]] = {(topic, number): [] for topic, count in topics.items() for number in range(count)}
        self._arrived = asyncio.Event()
        self.under_way = 0
        """Batches that will arrive though their producer has given them up."""

    # -- the network ---------------------------------------------------------------------------------------------------

    def reachable(self, client: str, *places: Place) -> bool:
        """Whether `client` reaches Kafka, and all of these partitions."""
        names = {client, *(f"{topic}/{number}" for topic, number in places)}
        return not any(cut.what in names and cut.since <= self._loop.now < cut.until for cut in self._cuts)

    def heal(self) -> None:
        """Whatever is cut off is so no longer, and nothing more is lost."""
        self._cuts, self.weather = (), 0.0

    def choose(self) -> str:
        """What becomes of a batch."""
        if self.rng.random() >= self.weather:
            return "acknowledged"
        return self.rng.choice(["unsent", "cut short", "unacknowledged", "belated"])

    # -- records -------------------------------------------------------------------------------------------------------

    def place(self, topic: str) -> Place:
        """A partition for one record: keys only spread load, so any will do."""
        return topic, self.rng.randrange(self.topics[topic])

    def append(self, who: str, place: Place, key: bytes | None, value: bytes, headers: Headers) -> Record:
        lane = self.lanes[place]
        record = Record(*place, len(lane), self._now(), key, value, headers)
        lane.append(record)
        self._trace(who, f"{describe(value)} → {name(place)}@{record.offset}")
        self._arrived.set()
        return record

    async def news(self, most: float) -> None:
        """Until something has been appended, or `most` seconds have passed."""
        self._arrived.clear()
        try:
            async with asyncio.timeout(most):
                await self._arrived.wait()
        except TimeoutError:
            return

    def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        return {place: len(self.lanes[place]) for place in places}

    def places(self, *topics: str) -> list[Place]:
        return [place for place in self.lanes if place[0] in topics]

    async def send(self, who: str, topic: str, value: bytes, headers: Headers) -> None:
        """One record of a party that keeps trying until it has its acknowledgement."""
        place = self.place(topic)
        while True:
            await asyncio.sleep(self.rng.uniform(0.001, 0.03))
            if not self.reachable(who, place):
                await asyncio.sleep(self.rng.uniform(0.2, 1.0))
                continue
            outcome = self.choose()
            if outcome != "unsent":
                self.append(who, place, None, value, headers)
            if outcome in ("acknowledged", "belated"):
                return

    async def read(self, who: str, topic: str, handle: Callable[[Record], None]) -> None:
        """For ever: every record of `topic` to a party's `handle`."""
        at = dict.fromkeys(self.places(topic), 0)
        while True:
            for place in self.rng.sample(sorted(at), len(at)):
                if self.reachable(who, place):
                    for record in self.lanes[place][at[place] :]:
                        at[place] += 1
                        handle(record)
            await self.news(_FETCH)
            await asyncio.sleep(self.rng.uniform(0.001, 0.02))


class SimSource:
    """The engine's `Source`."""

    cluster = "simulated"

    def __init__(self, broker: Broker, host: Host, topics: Sequence[str]) -> None:
        self._broker = broker
        self._host = host
        self._places = broker.places(*topics)
        self._next: dict[Place, int] = {}

    async def open(self) -> dict[Place, int]:
        await self._pass(0.01, 0.3)
        if not self._broker.reachable(self._host.process):
            raise BusError("bus-unreachable", "no answer")
        self._host.step("is connected")
        return dict.fromkeys(self._places, 0)

    def seek(self, positions: Mapping[Place, int]) -> None:
        self._next = dict(positions)

    async def take(self, most: int, timeout_ms: int) -> list[Record]:
        taken = self._fetch(most)
        if not taken:
            await self._broker.news(timeout_ms / 1000)
            await self._pass(0.0005, 0.01)
            taken = self._fetch(most)
        else:
            await self._pass(0.0, 0.002)
        for record in taken:
            self._next[record.topic, record.partition] = record.offset + 1
        if taken:
            self._host.step("has taken records")
        return taken

    def _fetch(self, most: int) -> list[Record]:
        """Some of what there is: of each partition from its position on, partitions in any order, and often not all."""
        rng, taken = self._broker.rng, list[Record]()
        for place in rng.sample(self._places, len(self._places)):
            if self._broker.reachable(self._host.process, place):
                there = self._broker.lanes[place][self._next[place] :]
                taken += there[: rng.randint(1, len(there)) if there and rng.random() < 0.3 else None]
        return taken[:most]

    async def log_ends(self) -> dict[Place, int]:
        await self._pass(0.001, 0.02)
        if not self._broker.reachable(self._host.process, *self._places):
            await self._pass(0.3, 3.0)
            raise TimeoutError
        ends = self._broker.ends(self._places)
        await self._pass(0.0, 0.1)
        return ends

    async def _pass(self, least: float, most: float) -> None:
        await asyncio.sleep(self._broker.rng.uniform(least, most))
        await self._host.moving()

    async def close(self) -> None:
        """Nothing to close."""


class SimSink:
    """The engine's `Sink`."""

    def __init__(self, broker: Broker, host: Host) -> None:
        self._broker = broker
        self._host = host

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        broker, host = self._broker, self._host
        await self._pass(0.001, 0.02)
        host.step("publishes")
        placed = [(broker.place(item.topic), item) for item in batch]
        if not broker.reachable(host.process, *(place for place, _ in placed)):
            await self._pass(0.2, 2.0)
            raise PublishFailed("unreachable")
        outcome = broker.choose()
        kept = broker.rng.randint(0, len(placed)) if outcome in ("cut short", "belated") else len(placed)
        for number, (place, item) in enumerate(placed[: 0 if outcome == "unsent" else kept]):
            if number:
                host.step("has published some")
            broker.append(host.name, place, item.key, item.value, item.headers)
        if outcome == "acknowledged":
            host.step("has published all")
            await self._pass(0.001, 0.05)
            host.step("has its acknowledgement")
            return
        if outcome == "belated":
            broker.under_way += 1
            asyncio.get_running_loop().call_later(broker.rng.uniform(0.1, 4.0), self._arrive, placed[kept:])
        await self._pass(0.05, 2.0)
        raise PublishFailed(outcome)

    def _arrive(self, rest: Sequence[tuple[Place, Outgoing]]) -> None:
        """What was on its way when its producer was thrown away."""
        self._broker.under_way -= 1
        for place, item in rest:
            self._broker.append(f"{self._host.name} late", place, item.key, item.value, item.headers)

    async def _pass(self, least: float, most: float) -> None:
        await asyncio.sleep(self._broker.rng.uniform(least, most))
        await self._host.moving()

    async def close(self) -> None:
        """Nothing to close."""


def name(place: Place) -> str:
    return f"{place[0].removeprefix('hub.').removesuffix('.v1')}/{place[1]}"


def describe(value: bytes) -> str:
    """A message in a few letters, for the trace."""
    try:
        body = json.loads(value)
        return f"{'.'.join(body['type'].split('.')[1:3])} {body['id'][-8:]} of {body['correlationid'][-8:]}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{len(value)} bytes"
