"""`python -m deploy.kafka`: run a broker, or write the lock of its jars.

    run --data DIR   prints one JSON line when ready; ends on SIGTERM, SIGINT, or when a pipe on standard input closes
    fetch            have the jars on this machine
    lock             resolve the pinned version anew and write jars.sha256
"""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

from deploy.kafka import Broker, KafkaSetupError, jars


def _say(line: str) -> None:
    print(line, flush=True)


def _whisper(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _run(data: Path) -> None:
    """Until told to end. Cancelling is how it is told, since that works in the middle of a start, too."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None:
        raise AssertionError("a coroutine runs in a task")
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    if stat.S_ISFIFO(os.fstat(0).st_mode):  # a terminal or /dev/null tells nothing of a parent
        loop.add_reader(0, lambda: None if os.read(0, 4096) else (loop.remove_reader(0), task.cancel()))
    try:
        async with Broker(data, progress=_whisper) as broker:
            _say(json.dumps({
                "bootstrap_servers": broker.bootstrap_servers,
                "admin_username": broker.admin_username,
                "admin_password_file": str(broker.admin_password_file),
            }))
            await broker.ended()
            raise KafkaSetupError("broker-failed", f"Kafka ended by itself; see {data / 'broker.log'}")
    except asyncio.CancelledError:
        return


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a broker")
    run.add_argument("--data", type=Path, required=True, help="folder for all that the broker writes")
    commands.add_parser("fetch", help="have the jars on this machine")
    commands.add_parser("lock", help="write jars.sha256 anew")
    options = parser.parse_args()
    try:
        if options.command == "run":
            asyncio.run(_run(options.data))
        elif options.command == "fetch":
            jars.fetch(_say)
        else:
            _say(f"{jars.lock(_whisper)} jars locked")
    except KafkaSetupError as error:
        _whisper(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
