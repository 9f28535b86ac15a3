"""Some hundred seeds of the simulation, and that it can be trusted: a seed repeats itself, and a broken product is found out."""

import os
import subprocess
import sys

import pytest

from tests.simulation.run import Outcome, simulate
from tests.simulation.sabotage import SABOTAGES

SEEDS = range(1, 151)
FINDS = {
    "no-duplicate-check": "was good, and is",
    "no-compare-and-set": "has 2 entries",
    "offsets-first": "has 0 entries",
    "offsets-later": "has 2 entries",
    "marked-before-acknowledged": "never sent",
    "outcome-ignored": "never sent",
    "ends-not-read": "called silent, and answered in time",
    "unknown-repeated": "carried out 2 times",
}
"""What is said of each sabotage, among other things."""
AIMS = {"offsets-first": "hub has written, not committed"}
"""Where a process has to die for it; by chance that takes a hundred seeds."""


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [simulate(seed) for seed in SEEDS]


def test_every_seed_keeps_every_promise(outcomes: list[Outcome]) -> None:
    failed = [f"python -m tests.simulation --seeds {each.seed}..{each.seed}: {each.faults}" for each in outcomes if each.faults]
    assert not failed, "\n".join(failed)


def test_dead_at_every_step_there_is(outcomes: list[Outcome]) -> None:
    """Which steps there are the runs find out by themselves."""
    steps = {step: each.seed for each in outcomes for step in each.steps}
    assert len(steps) > 20
    for step, seed in sorted(steps.items()):
        outcome = simulate(seed, aim=(step, 1))
        assert not outcome.faults, f"python -m tests.simulation --seeds {seed}..{seed} --aim '{step}': {outcome.faults}"


def test_a_seed_repeats_itself_in_another_process_too() -> None:
    """Also where strings hash otherwise: no decision may hang on the order of a set."""
    script = "import sys; from tests.simulation.run import simulate; print(*(simulate(seed).digest for seed in sys.argv[1:]))"
    chosen = ["3", "4", "13", "118"]
    here = [simulate(seed).digest for seed in chosen]
    for hashes in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hashes}
        there = subprocess.run([sys.executable, "-c", script, *chosen], env=environment, capture_output=True, text=True, check=True, timeout=120)
        assert there.stdout.split() == here
    assert len(set(here)) == len(chosen)


@pytest.mark.parametrize("broken", SABOTAGES)
def test_a_broken_product_is_found_out(broken: str) -> None:
    for seed in SEEDS:
        aim = (AIMS[broken], 2 + seed % 6) if broken in AIMS else None
        if any(FINDS[broken] in fault for fault in simulate(seed, broken, aim).faults):
            return
    pytest.fail(f"no seed finds {broken}")
