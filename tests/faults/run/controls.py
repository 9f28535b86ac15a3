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


async def found_out(name: str, seed: int, say: Say) -> list[str]:
    """What the judge says of the broken product, by what is left of it: nothing, if it is not found out."""
    store, strikes = CONTROLS[name]
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        outcome = await run(Orders(seed, store, share=120, only=strikes, broken=name, patience=25), Path(folder), lambda _: None)
    faults = [fault for fault in outcome.faults if not fault.startswith("not at rest")]
    say(f"{name}: {f'found, {len(faults)} complaints: {faults[0]}' if faults else 'NOT FOUND'}")
    return faults
