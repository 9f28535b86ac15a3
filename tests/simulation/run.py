"""One run: a world from a seed, lived through and healed, then judged by the checker."""

import asyncio
import gc
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hub.casework.desk import HOLD, SILENCE
from hub.casework.held import WAITS
from tests.simulation import checker, sabotage
from tests.simulation.cast import Courts, Partner, Scripts
from tests.simulation.connector import PARTY, System, connector
from tests.simulation.loop import Stuck, VirtualLoop
from tests.simulation.plan import PARTNERS, make_plan
from tests.simulation.processes import Supervisor, hub
from tests.simulation.surroundings import surroundings
from tests.simulation.world import World

_PATIENCE = 120.0
"""Seconds after healing in which everything must come to rest."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it; files need no disk here


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    seed: str
    faults: tuple[str, ...]
    digest: str
    trace: tuple[str, ...]
    steps: frozenset[str]
    struck: tuple[str, ...]
    requests: int
    records: int
    seconds: float


def simulate(seed: int | str, broken: str = "", aim: tuple[str, int] | None = None) -> Outcome:
    """Run one seed; `broken` names a sabotage of the product (`tests.simulation.sabotage`); with an `aim` a process dies just
    there, at its how manyeth coming to that step, and nowhere else."""
    plan = make_plan(str(seed))
    loop = VirtualLoop()
    with _folder() as folder, sabotage.of(broken), _no_collector():
        world = World.of(plan, folder, loop, aim)
        world.trace("plan", repr(plan))
        with surroundings(world):
            try:
                loop.run_until_complete(_live(world))
            except Stuck as error:
                world.fault(f"stuck: {error}")
            finally:
                _close(loop)
        world.faults.extend(checker.check(world))
    records = sum(len(lane) for lane in world.broker.lanes.values())
    return Outcome(plan.seed, tuple(world.faults), world.trace.digest, tuple(world.trace.lines), world.chaos.steps,
                   tuple(world.chaos.struck), len(plan.asks), records, loop.now)  # fmt: skip


async def _live(world: World) -> None:
    scripts = Scripts(world)
    Courts(world, scripts)
    supervisors = [Supervisor(world, "hub", hub)]
    scripted = [party for party in PARTNERS if party != PARTY or not world.plan.connector]
    readers = [asyncio.create_task(Partner(world, scripts, party).run()) for party in scripted]
    if world.plan.connector:
        world.system = System(world)
        supervisors.append(Supervisor(world, PARTY, partial(connector, system=world.system)))
    tended = [asyncio.create_task(supervisor.run()) for supervisor in supervisors]
    frozen = asyncio.create_task(supervisors[0].stand_still(world.plan.freeze)) if world.plan.freeze is not None else None
    await asyncio.sleep(world.plan.heals_at)
    world.trace("world", "HEALS")
    world.broker.heal()
    world.chaos.calm()
    if frozen is not None:
        await frozen
    end = world.loop.now + _PATIENCE
    while not (world.unsaid == 0 and world.broker.under_way == 0 and all(each.working for each in supervisors) and at_rest(world)):
        if world.loop.now > end:
            world.fault("it does not come to rest")
            break
        await asyncio.sleep(0.5)
    world.trace("world", "is at rest")
    for each in supervisors:
        each.end()
    _, running = await asyncio.wait(tended, timeout=30)
    if running:
        world.fault("a process does not stop")
    await supervisors[0].aside()
    for task in (*tended, *readers):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def at_rest(world: World) -> bool:
    """Everything is read, published, judged and logged: by the stores, as another program sees them."""
    hub_rests = _rests(world, "hub", f"timers WHERE kind IN ('{SILENCE}', '{HOLD}', '{WAITS}')", "audit WHERE log_index IS NULL")
    return hub_rests and (not world.plan.connector or _rests(world, PARTY, "jobs WHERE status NOT IN ('done', 'expired')"))


def _rests(world: World, name: str, *unfinished: str) -> bool:
    path = world.folder / f"{name}.db"
    if not path.exists():
        return False
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        positions = {(topic, number): at for topic, number, at in store.execute("SELECT topic, partition, next FROM offsets")}
        left = [
            store.execute(f"SELECT count(*) FROM {rest}").fetchone()[0]  # noqa: S608 - the texts stand above
            for rest in ("outbox WHERE published_at IS NULL", *unfinished)
        ]
    store.close()
    return bool(positions) and not any(left) and all(at == len(world.broker.lanes[place]) for place, at in positions.items())


@contextmanager
def _no_collector() -> Iterator[None]:
    """A run is too short to look for reference cycles in it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield Path(name)


def _close(loop: VirtualLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=1))
    loop.close()
