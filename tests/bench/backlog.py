"""`python -m tests.bench.backlog [--requests N]`: does a hub that works off a backlog keep its memory?

N full inquiries stand in Kafka before the hub starts. Prints, while it works them off, how many it has done, how fast, and the
memory that it holds, and at the end whether that grew. A million takes most of an hour.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from rich.console import Console

from hub.bus.topics import Topics
from tests.bench.arena import Arena, BenchError, arena, outputs
from tests.bench.child import start
from tests.bench.workload import COURT, inquiries

PREFIX = "backlog."
_CHUNK = 1000
_LOOK = 1.0
_PATIENCE = 120.0


async def fill(place: Arena, requests: int) -> None:
    """A chunk at a time, so that the bench itself stays small."""
    court = place.signer(COURT)
    for done in range(0, requests, _CHUNK):
        await place.fill(Topics(PREFIX).requests, inquiries(min(_CHUNK, requests - done), court, done))


async def drain(place: Arena, requests: int, console: Console) -> list[tuple[int, float]]:
    """(requests done, MiB resident) at each look. Raises `BenchError` when the hub gets nowhere."""
    topics = [*outputs("requests", PREFIX, requests)]
    looks: list[tuple[int, float]] = []
    async with start(place.job("hub", "requests", PREFIX)) as child:
        console.print(f"idle: {child.resident_mib():.0f} MiB")
        child.go()
        began = moved = time.monotonic()
        while not looks or looks[-1][0] < requests:
            await asyncio.sleep(_LOOK)
            done, now = min((await place.ends(topics)).counts.values()), time.monotonic()
            if not looks or done > looks[-1][0]:
                moved = now
            elif now - moved > _PATIENCE:
                raise BenchError(f"{done} of {requests} requests, and no further")
            looks.append((done, child.resident_mib()))
            console.print(f"{now - began:6.0f} s  {done:9,} requests  {done / (now - began):7,.0f}/s  {looks[-1][1]:6.0f} MiB")
        used = await child.stop()
    console.print(f"peak: {used['peak_rss_mib']:.0f} MiB; processor: {used['cpu_s'] * 1000 / requests:.2f} ms a request")
    return looks


async def measure(home: Path, requests: int, console: Console) -> None:
    async with arena(home, [PREFIX]) as place:
        console.print(f"Signing {requests:,} inquiries …")
        await fill(place, requests)
        looks = await drain(place, requests, console)
    half = len(looks) // 2
    first, last = (max(mib for _, mib in part) for part in (looks[:half] or looks, looks[half:]))
    console.print(f"most in the first half {first:.0f} MiB, in the second {last:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backlog", description=__doc__)
    parser.add_argument("--requests", type=int, default=30_000)
    options = parser.parse_args()
    folder = Path(".local/bench")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="backlog-") as home:
        asyncio.run(measure(Path(home).resolve(), options.requests, Console()))


if __name__ == "__main__":
    main()
