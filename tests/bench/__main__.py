"""`python -m tests.bench [--requests N] [--quick] [--json FILE]`: measures, prints a table, writes JSON; never fails on time."""

import argparse
import asyncio
import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console

from hub.bus.topics import Topics
from tests.bench import report, scene, startup
from tests.bench.arena import Arena, arena, outputs
from tests.bench.contestant import CONTESTANTS
from tests.bench.job import Half
from tests.bench.measure import RATE, WARM_UP, Latency, Throughput, latency, throughput
from tests.bench.workload import COURT, PARTNERS, Sent, inquiries, replies

LATEST = Path(".local/bench/latest.json")
HALVES: tuple[Half, ...] = ("requests", "replies")


async def measure(home: Path, requests: int, rounds: int, seconds: int, console: Console) -> dict[str, Any]:
    """`rounds` interleaved throughput runs of every contestant in both halves, then `seconds` of latency for each, and starts of the
    hub alone."""
    load = os.getloadavg()
    prefixes = [scene.PREFIX] + [f"{half}." for half in HALVES] + [f"{half}.{name}." for half in HALVES for name in CONTESTANTS]
    throughputs: dict[Half, dict[str, list[Throughput]]] = {half: {name: [] for name in CONTESTANTS} for half in HALVES}
    latencies: dict[Half, dict[str, Latency]] = {half: {} for half in HALVES}
    async with arena(home, prefixes) as place:
        console.print(f"Signing {requests} requests and {len(PARTNERS) * requests} replies …")
        asked = inquiries(requests, place.signer(COURT))
        answers, accepted = await _prepare(place, asked)
        for number in range(rounds):
            for half in HALVES:
                # Each round begins with another contestant, so that none is always first after a pause.
                for name in [*CONTESTANTS][number:] + [*CONTESTANTS][:number]:
                    job = place.job(name, half, f"{half}.", accepted if (name, half) == ("hub", "replies") else None)
                    run = await throughput(place, job, requests)
                    throughputs[half][name].append(run)
                    console.print(f"round {number + 1}, {half}, {name}: {run.requests_per_s:,.0f} requests/s")
        steady = min(requests, WARM_UP + RATE * seconds)
        for half, groups in zip(HALVES, ([[request] for request in asked], answers), strict=True):
            for name in CONTESTANTS:
                job = place.job(name, half, f"{half}.{name}.", accepted if (name, half) == ("hub", "replies") else None)
                latencies[half][name] = found = await latency(place, job, groups[:steady])
                console.print(
                    f"{RATE} requests/s, {half}, {name}: p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms"
                )
        lives = await startup.lives(place, startup.LIVES if rounds > 1 else 1, console)
    return report.summary(requests, throughputs, latencies, load) | {"startup": startup.summary(lives)}


async def _prepare(place: Arena, asked: list[Sent]) -> tuple[list[list[Sent]], Path]:
    """Fill the topics of the throughput runs. Returns the replies by request, and a hub's folder that awaits them.

    The hub's run that makes both is not measured; it warms the broker up.
    """
    await place.fill(Topics("requests.").requests, asked)
    first = place.job("hub", "requests", "requests.")
    await throughput(place, first, len(asked))
    tasks = await place.read(outputs("requests", "requests.", len(asked)), len(PARTNERS) * len(asked))
    answers = replies(tasks, {partner: place.signer(partner) for partner in PARTNERS})
    await place.fill(Topics("replies.").replies, answers)
    by_request: defaultdict[str, list[Sent]] = defaultdict(list)
    for answer in answers:
        by_request[answer.request_id].append(answer)
    return list(by_request.values()), Path(first.data)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--requests", type=int, default=1500, help="N, the requests of a throughput run")
    parser.add_argument("--quick", action="store_true", help="one short round: whether it works, not how fast")
    parser.add_argument("--json", type=Path, default=LATEST, help=f"where the figures go, {LATEST} by default")
    options = parser.parse_args()
    requests, rounds, seconds = (500, 1, 2) if options.quick else (options.requests, 3, 6)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    console = Console()
    with tempfile.TemporaryDirectory(dir=options.json.parent, prefix="run-") as home:
        found = asyncio.run(measure(Path(home).resolve(), requests, rounds, seconds, console))
    options.json.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    report.show(found, console)
    startup.show(found["startup"], console)
    console.print(f"All figures are in {options.json}.")


if __name__ == "__main__":
    main()
