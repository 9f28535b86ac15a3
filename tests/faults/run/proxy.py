"""A proxy before each broker, at the address that the broker gives to its clients. It knows just enough of Kafka's protocol to
tell clients apart by their id, and requests to produce from others."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal, Self

from deploy.kafka import Brokers
from deploy.kafka.node import Node

Kind = Literal["drop-produce-response", "black-hole", "reset", "latency", "cut-to-broker", "cut-from-broker"]
_PRODUCE = 0
_LARGEST = 128 * 1024 * 1024


@dataclass(frozen=True)
class Weather:
    """What is wrong on the lines of these clients."""

    kind: Kind
    clients: frozenset[str]
    rng: Random


class Proxy:
    """Listens in the broker's stead."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._weather: Weather | None = None
        self._calm = asyncio.Event()
        self._calm.set()
        self.struck = 0
        self.port = 0

    async def listen(self) -> None:
        """From now on, on a port of its own."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def begin(self, weather: Weather) -> None:
        """Until `heal`."""
        self._weather = weather
        self._calm.clear()
        if weather.kind == "reset":
            for link in [link for link in self._links if link.client in weather.clients]:
                self.struck += 1
                link.abort()

    def heal(self) -> None:
        """What was held back passes now, as TCP would have it."""
        self._weather = None
        self._calm.set()

    async def close(self) -> None:
        """Every line ends."""
        self.heal()
        if self._server is not None:
            self._server.close()
        for link in [*self._links]:
            link.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up = await asyncio.open_connection("127.0.0.1", self._node.ports.clients, limit=1024 * 1024)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, up[1])
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(link, reader))
                group.create_task(self._responses(link, up[0]))
        except* (OSError, EOFError):
            pass
        finally:
            self._links.discard(link)
            link.abort()

    async def _requests(self, link: "_Link", reader: asyncio.StreamReader) -> None:
        while True:
            frame = await _frame(reader)
            api, _, number, length = struct.unpack_from(">hhih", frame, 4)
            link.client = frame[14 : 14 + max(length, 0)].decode(errors="replace")
            weather = await self._pass(link, ("black-hole", "cut-to-broker"))
            if weather is not None and weather.kind == "drop-produce-response" and api == _PRODUCE:
                link.unanswered.add(number)
            if weather is not None and weather.kind == "reset" and weather.rng.random() < 0.5:
                self.struck += 1
                raise ConnectionResetError
            link.broker.write(frame)
            await link.broker.drain()

    async def _responses(self, link: "_Link", reader: asyncio.StreamReader) -> None:
        while True:
            frame = await _frame(reader)
            await self._pass(link, ("black-hole", "cut-from-broker"))
            (number,) = struct.unpack_from(">i", frame, 4)
            if number in link.unanswered:  # the broker has the records, and the client will never hear of it
                self.struck += 1
                raise ConnectionResetError
            link.peer.write(frame)
            await link.peer.drain()

    async def _pass(self, link: "_Link", holding: tuple[str, ...]) -> Weather | None:
        """Wait for as long as the weather holds this frame back. Returns what else it does."""
        while (weather := self._weather) is not None and link.client in weather.clients:
            if weather.kind == "latency":
                self.struck += 1
                await asyncio.sleep(weather.rng.uniform(0.02, 0.3))
            if weather.kind not in holding:
                return weather
            self.struck += 1
            await self._calm.wait()
        return None


class _Link:
    """One client's connection, and ours to the broker for it."""

    def __init__(self, peer: asyncio.StreamWriter, broker: asyncio.StreamWriter) -> None:
        self.peer = peer
        self.broker = broker
        self.client = ""
        self.unanswered: set[int] = set()

    def abort(self) -> None:
        self.peer.transport.abort()
        self.broker.transport.abort()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    (length,) = struct.unpack(">i", head)
    if not 4 <= length <= _LARGEST:
        raise EOFError("no frame of Kafka's")
    return head + await reader.readexactly(length)


class ProxiedBrokers(Brokers):
    """Brokers that name the proxies as their own addresses."""

    def __init__(self, data: Path, nodes: int) -> None:
        super().__init__(data, nodes=nodes, heap_mb=512 if nodes == 1 else 256)
        self.proxies = [Proxy(node) for node in self.nodes]

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)

    def _configure(self) -> None:
        super()._configure()
        for node, proxy in zip(self.nodes, self.proxies, strict=True):
            text = (node.folder / "server.properties").read_text("ascii")
            own = "advertised.listeners=CLIENTS://127.0.0.1:"
            node.write("server.properties", text.replace(f"{own}{node.ports.clients}", f"{own}{proxy.port}"))

    async def __aenter__(self) -> Self:
        for proxy in self.proxies:
            await proxy.listen()
        return await super().__aenter__()

    @contextlib.asynccontextmanager
    async def weather(self, weather: Weather) -> AsyncIterator[None]:
        """On every line of those clients, within it."""
        for proxy in self.proxies:
            proxy.begin(weather)
        try:
            yield
        finally:
            for proxy in self.proxies:
                proxy.heal()

    @property
    def struck(self) -> int:
        """How many frames and lines the weather has met."""
        return sum(proxy.struck for proxy in self.proxies)

    async def stop(self) -> None:
        await super().stop()
        for proxy in self.proxies:
            await proxy.close()
