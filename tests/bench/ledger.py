"""`python -m tests.bench.ledger [--rows N]`: do the ledgers of closed rounds in the store slow down everything else?

The same inquiries, in batches, through two hubs in one run by turns: one whose store is empty, one with that many open ledgers
and their timers. After each batch both look for due timers, as the engine does all day.
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console

from hub.engine.records import Record
from tests import ledgers
from tests.factories import inquiry
from tests.rig import Rig, sample_linkage

NAMES = ("empty", "full")


def measure(home: Path, rows: int, batches: int, size: int, console: Console) -> dict[str, list[float]]:
    """Seconds that each batch took, by hub; the first batch of each is not counted."""
    rigs = {name: Rig(_folder(home, name)) for name in NAMES}
    began = time.perf_counter()
    ledgers.fill(rigs["full"].store, rows, rigs["full"].now, sample_linkage().terms.ledger)
    console.print(f"{rows} ledgers and timers written in {time.perf_counter() - began:.1f} s")
    taken: dict[str, list[float]] = {name: [] for name in NAMES}
    for number in range(batches + 1):
        for name in random.sample(NAMES, len(NAMES)):  # so that neither is always first
            rig = rigs[name]
            batch = [_asked(rig, number * size + each) for each in range(size)]
            began = time.perf_counter()
            rig.feed(batch)
            rig.fire()
            taken[name].append(time.perf_counter() - began)
    for rig in rigs.values():
        rig.close()
    return {name: times[1:] for name, times in taken.items()}


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def _asked(rig: Rig, number: int) -> Record:
    return rig.request(inquiry("P03", partners=["bank", "vehicle"], case=1000 + number))[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="ledgers in the full store")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--size", type=int, default=100, help="inquiries in a batch")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as home:
        taken = measure(Path(home), options.rows, options.batches, options.size, console)
    middle = {name: statistics.median(times) for name, times in taken.items()}
    for name, times in taken.items():
        console.print(f"{name:>5}: {options.size / middle[name]:.0f} inquiries/s; a batch of {options.size}: median {middle[name] * 1000:.1f} ms, "
                      f"from {min(times) * 1000:.1f} to {max(times) * 1000:.1f} ms")  # fmt: skip
    console.print(f"ratio of the medians, full to empty: {middle['full'] / middle['empty']:.2f}")


if __name__ == "__main__":
    main()
