"""The same inquiries, in batches, through two hubs in one run by turns: one whose store is empty, one whose store is full of something.

What is compared is how long a batch takes from its signatures to its commit, and the look for due timers after it, as the engine
does all day. The two are in one process, and which is first in a turn is chance, so that neither is always warm.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from hub.engine.records import Record
from tests.factories import inquiry
from tests.rig import Rig, tasks_in

NAMES = ("empty", "full")


def compare(fill: Callable[[Rig], None], batches: int, size: int, console: Console) -> None:
    """Fill one of two stores, take `batches` of `size` inquiries and all their answers by turns, and print the ratio."""
    with tempfile.TemporaryDirectory() as home:
        taken = _measure(Path(home), fill, batches, size, console)
    middle = {name: statistics.median(times) for name, times in taken.items()}
    for name, times in taken.items():
        console.print(f"{name:>5}: {size / middle[name]:.0f} inquiries/s; a batch of {size}: median {middle[name] * 1000:.1f} ms, "
                      f"from {min(times) * 1000:.1f} to {max(times) * 1000:.1f} ms")  # fmt: skip
    console.print(f"throughput, full to empty: {middle['empty'] / middle['full']:.2f} (aim ≥ 0.9)")


def _measure(home: Path, fill: Callable[[Rig], None], batches: int, size: int, console: Console) -> dict[str, list[float]]:
    """Seconds that each batch took, by hub; the first batch of each is not counted."""
    rigs = {name: Rig(_folder(home, name)) for name in NAMES}
    began = time.perf_counter()
    fill(rigs["full"])
    console.print(f"filled in {time.perf_counter() - began:.1f} s")
    taken: dict[str, list[float]] = {name: [] for name in NAMES}
    for number in range(batches + 1):
        for name in random.sample(NAMES, len(NAMES)):
            rig = rigs[name]
            batch = [_asked(rig, number * size + each) for each in range(size)]
            began = time.perf_counter()
            tasks = tasks_in(rig.feed(batch))
            asked = time.perf_counter() - began
            answers = [rig.reply(task) for task in tasks]
            began = time.perf_counter()
            rig.feed(answers)
            rig.fire()
            taken[name].append(asked + time.perf_counter() - began)
    for rig in rigs.values():
        rig.close()
    return {name: times[1:] for name, times in taken.items()}


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def _asked(rig: Rig, number: int) -> Record:
    return rig.request(inquiry("P03", partners=["bank", "vehicle"], case=1000 + number))[1]
