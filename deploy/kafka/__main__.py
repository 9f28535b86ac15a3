"""`python -m deploy.kafka`: run a Kafka, or write the lock of its jars.

    run --data DIR   prints one JSON line when ready; ends on SIGTERM, SIGINT, or when a pipe on standard input closes
    fetch            have the jars on this machine
    lock             resolve the pinned version anew and write jars.sha256

Example: python -m deploy.kafka run --data .local/cluster --nodes 3 --tls
"""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from deploy.kafka import Brokers, KafkaSetupError, jars
from deploy.kafka.node import Node


def _say(line: str) -> None:
    print(line, flush=True)


def _whisper(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _line(brokers: Brokers) -> dict[str, Any]:
    """What clients need, and the process ids, so that a node can be killed to see what happens."""
    found = {
        "bootstrap_servers": brokers.bootstrap_servers,
        "admin_username": brokers.admin_username,
        "admin_password_file": str(brokers.admin_password_file),
        "pids": [node.pid for node in brokers.nodes],
    }
    return found | ({"ca_file": str(brokers.ca_file)} if brokers.ca_file else {})


async def _watch(node: Node) -> None:
    """Start the node again whenever it ends: the others stand in for it meanwhile."""
    while True:
        await node.ended()
        _whisper(f"node {node.number} ended; starting it again")
        node.kill()
        await node.start()
        _whisper(f"node {node.number} is back, process {node.pid}")


async def _fail(node: Node) -> None:
    await node.ended()
    raise KafkaSetupError("broker-failed", f"Kafka ended by itself; see {node.log}")


async def _run(brokers: Brokers) -> None:
    """Until told to end. Cancelling is how it is told, since that works in the middle of a start, too."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None:
        raise AssertionError("a coroutine runs in a task")
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    if stat.S_ISFIFO(os.fstat(0).st_mode):  # a terminal or /dev/null tells nothing of a parent
        loop.add_reader(0, lambda: None if os.read(0, 4096) else (loop.remove_reader(0), task.cancel()))
    try:
        async with brokers:
            _say(json.dumps(_line(brokers)))
            watched: list[Awaitable[None]] = [(_watch if len(brokers.nodes) > 1 else _fail)(node) for node in brokers.nodes]
            await asyncio.gather(*watched)
    except asyncio.CancelledError:
        return


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a Kafka")
    run.add_argument("--data", type=Path, required=True, help="folder for all that the nodes write")
    run.add_argument("--nodes", type=int, choices=(1, 3), default=1,
                     help="three keep three copies of everything, and one of them that ends is started again")  # fmt: skip
    run.add_argument("--tls", action="store_true", help="encrypt every listener, with certificates of this run's own")
    commands.add_parser("fetch", help="have the jars on this machine")
    commands.add_parser("lock", help="write jars.sha256 anew")
    options = parser.parse_args()
    try:
        if options.command == "run":
            heap = 512 if options.nodes == 1 else 256
            brokers = Brokers(options.data, nodes=options.nodes, tls=options.tls, heap_mb=heap, progress=_whisper)
            asyncio.run(_run(brokers))
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
