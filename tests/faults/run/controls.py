"""Positive controls: the hub broken in four ways. A judge that does not notice proves nothing."""

import tempfile
from pathlib import Path

from tests.faults.run.campaign import Orders, Say, run

CONTROLS = {
    "auto-commit": ("sqlite", ("hub: kill -9",) * 3),
    "no-duplicate-check": ("sqlite", ("hub: kill -9",)),
    "no-compare-and-set": ("postgresql", ("hub: SIGSTOP, SIGCONT",) * 3),
    "futures-not-awaited": ("sqlite", ("line: resets", "line: produce response dropped") * 2),
}
"""Sabotage → the store and the faults that bring it to light."""


async def found_out(name: str, seed: int, say: Say) -> list[str]:
    """What the judge says of the broken product: nothing, if it is not found out."""
    store, faults = CONTROLS[name]
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        outcome = await run(Orders(seed, store, share=120, only=faults, broken=name, patience=25), Path(folder), lambda _: None)
    say(f"{name}: {'found: ' + outcome.faults[0] if outcome.faults else 'NOT FOUND'}")
    return outcome.faults
