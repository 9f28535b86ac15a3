"""Some hundred seeds of the simulation, and that it can be trusted: a seed repeats itself, and a broken product is found out."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.simulation.plan import Plan, make_plan
from tests.simulation.run import Outcome, simulate
from tests.simulation.sabotage import SABOTAGES

SEEDS = range(1, 301)
FINDS: dict[str, tuple[str, Callable[[Plan], bool]]] = {
    "no-duplicate-check": ("was good, and is", lambda _: True),
    "no-compare-and-set": ("has 2 entries", lambda plan: plan.freeze is not None),
    "offsets-first": ("has 0 entries", lambda _: True),
    "offsets-later": ("has 2 entries", lambda _: True),
    "marked-before-acknowledged": ("never sent", lambda plan: plan.weather > 0),
    "outcome-ignored": ("never sent", lambda plan: plan.weather > 0),
    "ends-not-read": ("called silent, and answered in time", lambda plan: any(cut.what == "hub" for cut in plan.cuts)),
    "unknown-repeated": ("carried out 2 times", lambda plan: plan.connector and plan.weather > 0 and any(ask.action == "freeze" for ask in plan.asks)),
}
"""What is said of each sabotage, among other things, and which seeds can find it."""
AIMS = {"offsets-first": "hub has written, not committed"}
"""Where a process has to die for it; by chance that takes a hundred seeds."""


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [simulate(seed) for seed in SEEDS]


def test_every_seed_keeps_every_promise(outcomes: list[Outcome]) -> None:
    failed = [f"python -m tests.simulation --seeds {each.seed}..{each.seed}: {each.faults}" for each in outcomes if each.faults]
    assert not failed, "\n".join(failed)


def test_dead_at_every_step_there_is(outcomes: list[Outcome]) -> None:
    """Which steps there are the runs find out by themselves; each is tried in the smallest run that has it."""
    smallest = sorted(outcomes, key=lambda each: each.records, reverse=True)
    steps = {step: each.seed for each in smallest for step in each.steps}
    assert len(steps) > 40
    for step, seed in sorted(steps.items()):
        outcome = simulate(seed, aim=(step, 1))
        assert not outcome.faults, f"python -m tests.simulation --seeds {seed}..{seed} --aim '{step}': {outcome.faults}"


def test_a_seed_repeats_itself_in_another_process_too(outcomes: list[Outcome]) -> None:
    """Also where strings hash otherwise: no decision may hang on the order of a set."""
    script = "import sys; from tests.simulation.run import simulate; print(*(simulate(seed).digest for seed in sys.argv[1:]))"
    chosen = sorted(outcomes, key=lambda each: each.records)[-4:]
    seeds = [each.seed for each in chosen]
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    there = subprocess.run([sys.executable, "-c", script, *seeds], env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert there.stdout.split() == [each.digest for each in chosen]
    assert len({each.digest for each in outcomes}) == len(outcomes)


@pytest.mark.parametrize("broken", SABOTAGES)
def test_a_broken_product_is_found_out(broken: str) -> None:
    words, may_find = FINDS[broken]
    for seed in SEEDS:
        aim = (AIMS[broken], 2 + seed % 6) if broken in AIMS else None
        if may_find(make_plan(str(seed))) and any(words in fault for fault in simulate(seed, broken, aim).faults):
            return
    pytest.fail(f"no seed finds {broken}")
