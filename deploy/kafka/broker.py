"""A real Kafka on the loopback interface, for a demonstration, for tests, for a developer: one node, or several with TLS."""

import asyncio
import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.kafka import jars, ports
from deploy.kafka.certificates import Authority
from deploy.kafka.config import ADMIN, IDENTITY, TRUSTED, server_properties
from deploy.kafka.errors import KafkaSetupError
from deploy.kafka.node import LAUNCH, Node, PortTaken, private

_ROOT = Path(__file__).parents[2]
_TRIES = 5


def _silent(_: str) -> None:
    pass


class Brokers:
    """A Kafka whose files stand below `data`. Use as `async with Brokers(path, nodes=3, tls=True) as brokers:`.

    From three nodes on, a topic has three copies of which two must be in sync, unless it is made otherwise. With `tls`,
    every listener is encrypted; `ca_file` is what clients trust. It and the nodes' certificates are made anew at each `start`
    of the whole, not at that of a single node.

    The nodes end with the thread that started them, so start them from one that lives as long as they are needed; no JVM
    is left behind even when this process is killed. `data` may be that of a run that was killed: its records are found
    again. A first start downloads Kafka (about 50 MB); `progress` is told of such long steps in one line each.

    Raises `KafkaSetupError`, see its codes.
    """

    def __init__(
        self, data: Path, *, nodes: int = 3, tls: bool = False, heap_mb: int = 256, progress: jars.Progress = _silent
    ) -> None:
        self._data = data.resolve()
        self._tls = tls
        self._progress = progress
        # A single node's folder is the data folder itself.
        folders = [self._data] if nodes == 1 else [self._data / f"node-{number}" for number in range(1, nodes + 1)]
        self.nodes = tuple(Node(folder, number, heap_mb) for number, folder in enumerate(folders, 1))

    @property
    def bootstrap_servers(self) -> str:
        """Addresses for clients, the same after a restart of this object unless another program took a port."""
        if not self.nodes[0].ports.clients:
            raise RuntimeError("the broker has not been started")
        return ",".join(node.address for node in self.nodes)

    @property
    def ca_file(self) -> Path | None:
        """What a client must trust; nothing without TLS. Not secret."""
        return self._data / TRUSTED if self._tls else None

    @property
    def admin_username(self) -> str:
        """The one user whom no access list binds."""
        return ADMIN

    @property
    def admin_password_file(self) -> Path:
        """Readable by its owner only."""
        return self._data / "admin.password"

    @property
    def admin_password(self) -> str:
        """Random, made with the data folder."""
        return self.admin_password_file.read_text("ascii")

    async def start(self) -> None:
        """Return once every node takes connections from clients."""
        if not jars.folder().exists():
            await self._fetch()
        lock = jars.locked()
        await asyncio.to_thread(jars.check, jars.folder(), lock)
        self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            async with AsyncExitStack() as claims:
                claimed = [await claims.enter_async_context(node.claim()) for node in self.nodes]
                if not self._formatted():
                    await self._format(claimed)
                await self._run(claimed)
        except BaseException:
            self.kill()
            raise

    async def stop(self) -> None:
        """Shut down cleanly; by force where that takes too long."""
        await asyncio.gather(*(node.stop() for node in self.nodes))

    def kill(self) -> None:
        """End every node at once, as a power failure would."""
        for node in self.nodes:
            node.kill()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _fetch(self) -> None:
        """Fetch in a process of its own: a download in a thread could not be interrupted."""
        child = await asyncio.create_subprocess_exec(
            *LAUNCH, str(os.getpid()), sys.executable, "-m", "deploy.kafka", "fetch",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_ROOT, start_new_session=True,
        )  # fmt: skip
        try:
            if child.stdout is None or child.stderr is None:
                raise AssertionError("both are pipes")
            async for line in child.stdout:
                self._progress(line.decode().rstrip())
            failure = (await child.stderr.read()).decode().strip()
            if await child.wait():
                code, _, message = failure.rpartition("\n")[2].partition(": ")
                raise KafkaSetupError(code, message)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()

    def _formatted(self) -> bool:
        """Whether the folder holds a cluster, of this shape. The mark is set once every node's storage is laid out."""
        mark = self._data / "formatted"
        if not mark.exists():
            return False
        others = {path.parent for path in self._data.glob("node-*/lock")} | {self._data}
        if others - {self._data} != {node.folder for node in self.nodes} - {self._data}:
            raise KafkaSetupError("nodes-differ", f"{self._data} holds a cluster of another size; choose another folder")
        return True

    async def _format(self, claimed: Sequence[int]) -> None:
        password = secrets.token_urlsafe(32)
        private(self.admin_password_file, password)
        self._configure()
        # The zero byte keeps the id from beginning with a dash.
        cluster = base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")
        self._say(f"laying out storage for {len(self.nodes)} nodes")
        await _all(node.format(claim, cluster, password) for node, claim in zip(self.nodes, claimed, strict=True))
        private(self._data / "formatted", cluster)

    async def _run(self, claimed: Sequence[int]) -> None:
        for attempt in range(1, _TRIES + 1):
            self._configure()
            self._say(f"starting {len(self.nodes)} nodes")
            try:
                await _all(node.run(claim) for node, claim in zip(self.nodes, claimed, strict=True))
            except PortTaken:
                self.kill()
                if attempt == _TRIES:
                    raise
            else:
                return

    def _configure(self) -> None:
        """Write what each node reads at its start. Ports that were chosen are kept while they are free."""
        chosen = tuple(node.ports for node in self.nodes)
        if not chosen[0].clients or not ports.free(chosen):
            chosen = ports.pick(len(self.nodes))
        for number, node in enumerate(self.nodes):
            node.ports = chosen[number]
            node.write("server.properties", server_properties(number, chosen, self.admin_password, tls=self._tls))
        if self._tls:
            authority = Authority()
            private(self._data / TRUSTED, authority.pem)
            for node in self.nodes:
                node.write(IDENTITY, authority.issue())
                node.write(TRUSTED, authority.pem)

    def _say(self, line: str) -> None:
        if len(self.nodes) > 1:
            self._progress(f"Apache Kafka: {line}")


class Broker(Brokers):
    """One node, without TLS."""

    def __init__(self, data: Path, *, progress: jars.Progress = _silent) -> None:
        super().__init__(data, nodes=1, heap_mb=512, progress=progress)

    @property
    def pid(self) -> int | None:
        """The running JVM's process id."""
        return self.nodes[0].pid


async def _all(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do them at once; the first failure ends the others."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
