"""Run many seeds, or one with its trace: `python -m tests.simulation --seeds 1..1000 --jobs 2`."""

import argparse
import gc
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.run import Outcome, simulate
from tests.simulation.sabotage import SABOTAGES


def main() -> int:
    """0 when every seed kept every promise, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=seeds, default=range(1, 301), help="how many, from 1 on; or A..B")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--broken", choices=sorted(SABOTAGES), default="", help="break the product in this way: some seeds must fail")
    parser.add_argument("--aim", help="let a process die at this step alone, as a trace names it: 'hub after TileLog.append'")
    parser.add_argument("--trace", action="store_true", help="print what happened, in order; of one seed it is always printed")
    given = parser.parse_args()
    failed, requests, records, begun = 0, 0, 0, time.monotonic()
    for done, outcome in enumerate(run(given.seeds, given.jobs, given.broken, given.aim), 1):
        requests, records = requests + outcome.requests, records + outcome.records
        if given.trace or len(given.seeds) == 1:
            print(*outcome.trace, sep="\n")
        if outcome.faults:
            failed += 1
            options = (f" --broken {given.broken}" if given.broken else "") + (f" --aim '{given.aim}'" if given.aim else "")
            print(f"\nseed {outcome.seed} FAILED:", *outcome.faults, sep="\n  ")
            print(f"  again, with its trace: python -m tests.simulation --seeds {outcome.seed}..{outcome.seed}{options}")
        if done % 50 == 0 or done == len(given.seeds):
            pace = done / (time.monotonic() - begun)
            print(f"{done} of {len(given.seeds)} seeds, {pace:.1f} a second, {requests} requests, {records} records, {failed} failed", flush=True)
    return 1 if failed else 0


def run(which: range, jobs: int, broken: str, aim: str | None) -> Iterator[Outcome]:
    """The outcome of each seed, in order."""
    one = partial(simulate, broken=broken, aim=None if aim is None else (aim, 1))
    if jobs == 1 or len(which) == 1:
        yield from map(one, which)
        return
    with ProcessPoolExecutor(jobs, initializer=gc.freeze) as pool:
        yield from pool.map(one, which, chunksize=8)


def seeds(given: str) -> range:
    """`1000` is 1 to 1000, `17..17` is 17 alone."""
    found = re.fullmatch(r"(?:([0-9]+)\.\.)?([0-9]+)", given, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError("a number, or A..B")
    return range(int(found[1] or 1), int(found[2]) + 1)


if __name__ == "__main__":
    sys.exit(main())
