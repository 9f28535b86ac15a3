"""`python -m tests.bench.startup`: how soon a hub works once it is started, and again after `kill -9`.

The real command, as an operator starts it, over a real broker, with a court that asks all the time and five partners that answer. Each
of some lives: a request stands in its topic, the hub is started; it is killed in the middle of its work, started again at once, and
ends by SIGTERM. Wall time depends on what else the machine does; the processor time of a start far less.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.linkage import LIANDONG
from deploy.demo.processes import Child, Household
from tests.bench.arena import Arena, BenchError, arena
from tests.bench.scene import PREFIX, RATE, Scene, running, scene

LIVES = 5
FLOW = 1.5
"""Seconds of steady flow before the kill."""
_ON_THE_LINE = 0.2
"""Seconds after the next process was started in which what Kafka takes in is still the killed one's: no Python is up so soon."""
ROWS = (
    ("start_s", "started → first request's tasks seen", "s", 3.0),
    ("start_cpu_s", "processor time until then", "s", None),
    ("again_s", "kill -9 → first new message seen", "s", 5.0),
    ("caught_up_s", "kill -9 → all asked by then concluded", "s", None),
    ("resident_mib", "resident memory before the end", "MiB", 200.0),
)
"""What is measured, in words; the aim is a greatest."""


@dataclass(frozen=True, slots=True)
class Life:
    """One start, kill and start again; times begin when the process is made, or is killed."""

    start_s: float
    start_cpu_s: float
    again_s: float
    caught_up_s: float
    resident_mib: float


async def lives(place: Arena, number: int, console: Console) -> list[Life]:
    """So many lives of one hub, on one store; its modules are compiled, as they are from the second start on."""
    household = Household(Path.cwd(), place.home / "startup")
    compiled = {"PYTHONPYCACHEPREFIX": str(place.home / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    await (await household.start("compiling", "-c", "import hub.bootstrap, hub.cli", environment=compiled)).process.wait()
    command = LIANDONG, "hub", "run", "--config", str(_settings(place))
    found = []
    try:
        async with scene(place) as made:
            for _ in range(number):
                found.append(await _life(made, lambda name: household.start(name, *command, environment=compiled)))
                console.print("life " + ", ".join(f"{name} {value:.2f}" for name, value in asdict(found[-1]).items()), soft_wrap=True)
    finally:
        await household.stop()
    return found


async def _life(made: Scene, start: Callable[[str], Awaitable[Child]]) -> Life:
    first = await made.ask()
    begun = time.monotonic()
    hub = await start("hub")
    at_work = await made.seen(hub, lambda: made.asked_of_all(first))
    used = _cpu_s(hub.process.pid)
    async with running(made.ask_on()):
        await asyncio.sleep(FLOW)
        hub.process.kill()
        killed = time.monotonic()
        await hub.process.wait()
        again = await start("hub-again")
        known = time.time() + _ON_THE_LINE
        new = await made.seen(again, lambda: made.anything_since(known))
        asked = [*made.asked]
        caught_up = await made.seen(again, lambda: made.concluded(asked))
    await made.seen(again, lambda: made.concluded(made.asked))
    resident = _resident_mib(again.process.pid)
    again.process.send_signal(signal.SIGTERM)
    if await again.process.wait():
        raise BenchError(f"a hub did not end cleanly; see {again.log}")
    return Life(at_work - begun, used, new - killed, caught_up - killed, resident)


def _settings(place: Arena) -> Path:
    """An operator's settings file."""
    keys, file = place.home / "keys", place.home / "startup.toml"
    lines = {"data_dir": place.home / "startup-data", "parties_dir": place.home / "parties", "agreements_dir": place.home / "agreements",
             "signing_key": keys / "hub.jwk", "log_key": keys / "log.jwk", "secret_file": keys / "hub.secret"}  # fmt: skip
    kafka = {"bootstrap_servers": place.admin.bootstrap_servers, "username": "hub", "password_file": str(place.home / "hub.password"),
             "topic_prefix": PREFIX}  # fmt: skip
    text = [f"{name} = {json.dumps(str(path))}" for name, path in lines.items()]
    text += ["[kafka]", *(f"{name} = {json.dumps(value)}" for name, value in kafka.items()), "[console]", "port = 0"]
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    return file


def _cpu_s(pid: int) -> float:
    """Processor time that a process has used, by itself and for the system; Linux alone tells."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024


def summary(found: Sequence[Life]) -> dict[str, Any]:
    """Medians and greatest values beside the aims, and every life."""
    values = {name: [getattr(life, name) for life in found] for name, *_ in ROWS}
    aims = {name: aim for name, _, _, aim in ROWS}
    return {
        "lives": [asdict(life) for life in found],
        "figures": {name: {"median": round(statistics.median(each), 3), "max": round(max(each), 3), "aim": aims[name]}
                    for name, each in values.items()},
    }  # fmt: skip


def show(found: dict[str, Any], console: Console) -> None:
    table = Table(title=f"Start and recovery at {RATE} requests/s ({len(found['lives'])} lives)", title_justify="left")
    table.add_column("")
    for head in ("median", "max", "aim"):
        table.add_column(head, justify="right")
    for name, text, unit, _ in ROWS:
        figure = found["figures"][name]
        aim = f"≤ {figure['aim']:g} {unit} {'✓' if figure['max'] <= figure['aim'] else '✗'}" if figure["aim"] else ""
        table.add_row(text, f"{figure['median']:.2f} {unit}", f"{figure['max']:.2f} {unit}", aim)
    console.print(table)


async def measure(home: Path, number: int, console: Console) -> dict[str, Any]:
    async with arena(home, [PREFIX]) as place:
        return summary(await lives(place, number, console))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup", description=__doc__)
    parser.add_argument("--lives", type=int, default=LIVES)
    options = parser.parse_args()
    folder = Path(".local/bench")
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    with tempfile.TemporaryDirectory(dir=folder, prefix="startup-") as home:
        show(asyncio.run(measure(Path(home).resolve(), options.lives, console)), console)


if __name__ == "__main__":
    main()
