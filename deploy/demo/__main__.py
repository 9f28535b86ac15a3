"""`python -m deploy.demo`: the main job on one machine. See `--help`."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C while the rest is being imported ends it without a word

import argparse
import asyncio
import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.demo.processes import ChildFailed
from deploy.demo.run import run
from deploy.demo.show import err
from deploy.demo.world import ROOT, World
from deploy.kafka import KafkaSetupError
from hub.bus.connection import BusError

EXAMPLE = """\
examples:
  make demo                        stays up until Ctrl-C when on a terminal
  make demo ARGS="--no-wait"       ends by itself; status 0 only if everything was concluded and verified
  LIANDONG_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:9092 make demo      on a Kafka that runs already
"""


def main() -> int:
    """0 if everything was concluded and verified; 1 if not, or nothing could be run; 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="make demo", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXAMPLE,
        description="运行一次完整演示:真实 Kafka、中心、连接器与模拟系统 / run the main job on a real Kafka",
    )  # fmt: skip
    parser.add_argument("--no-wait", action="store_true", help="end when done, also on a terminal")
    options = parser.parse_args()
    folder = ROOT / ".local" / "demo"
    try:
        with _alone(folder.with_suffix(".lock")):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            return asyncio.run(_interruptible(folder, stay=not options.no_wait and sys.stdout.isatty()))
    except (KafkaSetupError, BusError, ChildFailed, BlockingIOError) as error:
        err.print(f"[red]演示失败 · the demo failed:[/] {error}")
        return 1


async def _interruptible(folder: Path, *, stay: bool) -> int:
    """Ctrl-C or SIGTERM at any moment ends every process that was started, and says nothing more."""
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("a coroutine runs in a task")
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    try:
        return await run(World(folder), stay=stay)
    except asyncio.CancelledError:
        err.print("已停止 · stopped")
        return 130


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two runs would share a folder."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError("another demo runs in this folder; end it first / 本目录已有演示在运行") from error
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
