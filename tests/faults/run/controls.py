"""Positive controls: the hub broken in four ways. A judge that does not notice proves nothing."""

import tempfile
from pathlib import Path

from tests.faults.run.campaign import Orders, Say, run

CONTROLS = {
    "auto-commit": ("sqlite", ("hub: kill -9",) * 3),
    "no-duplicate-check": ("sqlite", ("hub: kill -9",)),
    "no-compare-and-set": ("postgresql", ("hub: SIGSTOP, SIGCONT",) * 3),
    "futures-not-awaited": ("sqlite", ("line: latency, and hub: kill -9",) * 3),
}
"""Sabotage → the store and the faults that bring it to light."""


TRIES = 3
"""Seeds, from the given one on, within which each is to be found: whether a fault meets the moment is the machine's affair."""


async def found_out(name: str, seed: int, say: Say) -> list[str]:
    """What the judge says of the broken product, by what is left of it: nothing, if it is not found out."""
    store, strikes = CONTROLS[name]
    for each in range(seed, seed + TRIES):
        orders = Orders(each, store, share=240, only=strikes, broken=name, patience=25)
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            outcome = await run(orders, Path(folder), lambda _: None)
        faults = [fault for fault in outcome.faults if not fault.startswith("not at rest")]
        if faults:
            say(f"{name}: found with seed {each}, {len(faults)} complaints: {faults[0]}")
            return faults
    say(f"{name}: NOT FOUND")
    return []
