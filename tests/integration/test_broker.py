"""The pinned broker: its jars are the locked ones, it leaves nothing behind, and it comes back after a kill."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka import Broker, KafkaSetupError, jars
from hub.bus.connection import Connection

pytestmark = pytest.mark.kafka

LINE_PATIENCE = 60


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def jvms(data: Path) -> list[int]:
    """Java processes that run in that folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == data and (process / "exe").readlink().name == "java":
                found.append(int(process.name))
    return found


@contextlib.contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`python -m deploy.kafka run`, ready."""
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.kafka", "run", "--data", str(data)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, "the broker did not start"
            yield process, json.loads(line)
        finally:
            process.kill()


def connection(ready: dict[str, Any]) -> Connection:
    password = Path(ready["admin_password_file"]).read_text("ascii")
    return Connection(ready["bootstrap_servers"], ready["admin_username"], password)


def cluster_id(ready: dict[str, Any]) -> str:
    return connection(ready).describe([])[0]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_killed_without_warning_it_leaves_no_jvm_and_its_records_are_found_again(tmp_path: Path) -> None:
    with running(tmp_path) as (first, ready):
        cluster = cluster_id(ready)
        [jvm] = jvms(tmp_path)
        first.send_signal(signal.SIGKILL)
        with running(tmp_path) as (_, again):  # at once: it must wait for the other to be gone
            assert not alive(jvm)
            assert cluster_id(again) == cluster


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGINT", "closed-pipe"])
def test_it_ends_when_told(tmp_path: Path, ending: str) -> None:
    with running(tmp_path) as (process, _):
        assert jvms(tmp_path)
        if ending == "closed-pipe":
            assert process.stdin is not None
            process.stdin.close()
        else:
            process.send_signal(signal.Signals[ending])
        assert process.wait(LINE_PATIENCE) == 0
        assert not jvms(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_its_password_stands_in_no_command_line_and_no_readable_file(tmp_path: Path) -> None:
    with running(tmp_path) as (_, ready):
        password = Path(ready["admin_password_file"]).read_bytes()
        for jvm in jvms(tmp_path):
            assert password not in Path(f"/proc/{jvm}/cmdline").read_bytes()
        for path in (path for path in tmp_path.iterdir() if path.is_file() and password in path.read_bytes()):
            assert path.name in {"admin.password", "server.properties"}
            assert path.stat().st_mode & 0o077 == 0


async def test_one_broker_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.kafka.node._STOP", 0.5)
    async with Broker(tmp_path):
        with pytest.raises(KafkaSetupError, match="data-in-use"):
            await Broker(tmp_path).start()


async def test_another_program_on_the_port(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    before = broker.bootstrap_servers
    broker.kill()
    try:
        with socket.socket() as squatter:
            squatter.bind(("127.0.0.1", int(before.rpartition(":")[2])))
            squatter.listen()
            await broker.start()
            assert broker.bootstrap_servers != before
    finally:
        await broker.stop()


async def test_a_restart_keeps_the_address(tmp_path: Path) -> None:
    async with Broker(tmp_path) as broker:
        before = broker.bootstrap_servers
        await broker.stop()
        await broker.start()
        assert broker.bootstrap_servers == before


async def test_cancelled_in_the_middle_of_a_start_nothing_runs(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    starting = asyncio.create_task(broker.start())
    await asyncio.to_thread(until, lambda: broker.pid is not None)
    jvm = broker.pid
    assert jvm is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not alive(jvm)


async def test_an_interrupted_format_is_done_anew(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "meta.properties").write_text("version=1\nnode.id=7\n")
    async with Broker(tmp_path) as broker:
        assert broker.pid is not None


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("jar-unknown", lambda folder: (folder / "more.jar").write_bytes(b"")),
        ("jar-missing", lambda folder: (folder / "a.jar").unlink()),
        ("jar-changed", lambda folder: (folder / "a.jar").write_bytes(b"other")),
    ],
)
def test_only_the_locked_jars_run(tmp_path: Path, code: str, spoil: Callable[[Path], object]) -> None:
    (tmp_path / "a.jar").write_bytes(b"")
    lock = {"a.jar": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    jars.check(tmp_path, lock)
    spoil(tmp_path)
    with pytest.raises(KafkaSetupError) as raised:
        jars.check(tmp_path, lock)
    assert raised.value.code == code


def test_the_lock_is_sorted_and_whole() -> None:
    names = list(jars.locked())
    assert names == sorted(names)
    assert f"kafka_2.13-{jars.KAFKA}.jar" in names
    assert f"kafka-clients-{jars.KAFKA}.jar" in names


async def test_without_network_and_jars_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(jars, "_download", _no_network)
    with pytest.raises(KafkaSetupError, match=r"kafka-unavailable: Apache Kafka .* connect to the network"):
        jars.fetch(lambda _: None)
    assert not jars.folder().exists()


def _no_network(_: Path, __: jars.Progress) -> Path:
    raise ConnectionError
