"""One contestant in a process of its own: `python -m tests.bench.contestant JOB`.

It connects, prints `ready`, begins at a line on its standard input, ends at the next one (or when its parent is gone),
and prints what it used: {"cpu_s": processor time from beginning to end, "peak_rss_mib": …}.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

from tests.bench.job import Job

CONTESTANTS = {
    "hub": "tests.bench.ours:hub",
    "bare": "tests.bench.bare:bare",
    "faststream-one": "tests.bench.peers:faststream_one",
    "faststream-batch": "tests.bench.peers:faststream_batch",
}
"""Where each stands: a process loads its own alone, since its memory is measured."""

Contestant = Callable[[Job, asyncio.Event], AbstractAsyncContextManager[None]]
"""Connected inside the context; works once the event is set; has published all it made when the context ends."""


async def perform(job: Job) -> dict[str, float]:
    """Run `job` as standard input tells; returns what it used."""
    module, name = CONTESTANTS[job.contestant].split(":")
    contestant: Contestant = getattr(import_module(module), name)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    go = asyncio.Event()
    async with contestant(job, go):
        print("ready", flush=True)
        await lines.readline()
        began = time.process_time()
        go.set()
        await lines.readline()
    return {"cpu_s": time.process_time() - began, "peak_rss_mib": _peak_rss_mib()}


def _peak_rss_mib() -> float:
    """This program's own peak: on Linux `ru_maxrss` also counts what its parent was at the fork."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes, elsewhere
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(perform(Job.loads(sys.argv[1])))), flush=True)
