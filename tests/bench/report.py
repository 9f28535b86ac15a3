"""What the runs come to: medians, ratios beside the aims, a table, and JSON."""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.kafka import jars
from tests.bench.job import Half
from tests.bench.measure import Latency, Throughput

AIMS = {"bare": 0.7, "faststream-one": 1.5, "faststream-batch": 0.75}
"""The hub's requests a second, at least this many times the peer's, in both halves."""
ADDED = 3.0
"""What the hub adds to the bare loop's p99 at the steady rate, at most this many times that p99."""
_PACKAGES = ("aiokafka", "faststream", "pydantic", "sqlalchemy", "cryptography")

Throughputs = Mapping[Half, Mapping[str, Sequence[Throughput]]]
Latencies = Mapping[Half, Mapping[str, Latency]]


def summary(requests: int, throughputs: Throughputs, latencies: Latencies, load: Sequence[float]) -> dict[str, Any]:
    """Everything measured, as JSON. `load` is the machine's load average before the first run."""
    return {
        "machine": machine(), "load_before": list(load),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}, "kafka": jars.KAFKA},
        "requests": requests, "runs": len(next(iter(throughputs["requests"].values()))),
        "halves": {half: _half(runs, latencies[half]) for half, runs in throughputs.items()},
    }  # fmt: skip


def _half(runs: Mapping[str, Sequence[Throughput]], latencies: Mapping[str, Latency]) -> dict[str, Any]:
    medians = {
        name: {
            field: round(statistics.median(getattr(run, field) for run in mine), 3)
            for field in ("requests_per_s", "cpu_ms_per_request", "peak_rss_mib")
        }
        for name, mine in runs.items()
    }
    added = round(latencies["hub"].p99_ms / latencies["bare"].p99_ms - 1, 2)
    ratios = {peer: round(medians["hub"]["requests_per_s"] / medians[peer]["requests_per_s"], 3) for peer in AIMS}
    return {
        "medians": medians, "runs": {name: [asdict(run) for run in mine] for name, mine in runs.items()},
        "latency_at_100_per_s": {name: asdict(found) for name, found in latencies.items()},
        "added_p99": {"hub": added, "aim": ADDED, "met": added <= ADDED},
        "ratios": {peer: {"hub": ratio, "aim": AIMS[peer], "met": ratio >= AIMS[peer]} for peer, ratio in ratios.items()},
    }  # fmt: skip


def machine() -> dict[str, Any]:
    """Processor, cores, memory, and what an fsync costs where the runs keep their files."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"system": platform.platform(), "cpu": cpu, "cores": os.cpu_count(), "memory_gib": round(memory, 1),
            "fsync_ms": round(_fsync_ms(), 3)}  # fmt: skip


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text("utf-8").splitlines() if file.exists() else []


def _fsync_ms() -> float:
    """The median time to make 4 KiB durable."""
    took = []
    with tempfile.TemporaryFile(dir=Path()) as file:
        for _ in range(30):
            file.write(b"\0" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print the tables; processor time is per request, latency at 100 requests a second, memory the peak."""
    for half, title in (
        ("requests", "N signed requests → 5N signed tasks"),
        ("replies", "5N signed replies → N conclusions"),
    ):
        part = found["halves"][half]
        table = Table(title=f"{title} (N = {found['requests']}, medians of {found['runs']})", title_justify="left")
        table.add_column("")
        for head in ("req/s", "hub ×", "aim", "CPU ms", "p50 ms", "p99 ms", "RSS MiB"):
            table.add_column(head, justify="right")
        for name, median in part["medians"].items():
            ratio = part["ratios"].get(name)
            latency = part["latency_at_100_per_s"][name]
            table.add_row(
                name, f"{median['requests_per_s']:,.0f}", f"{ratio['hub']:.2f}" if ratio else "",
                f"≥ {ratio['aim']} {'✓' if ratio['met'] else '✗'}" if ratio else "", f"{median['cpu_ms_per_request']:.2f}",
                f"{latency['p50_ms']:.1f}", f"{latency['p99_ms']:.1f}", f"{median['peak_rss_mib']:.0f}",
            )  # fmt: skip
        console.print(table)
        added = part["added_p99"]
        console.print(f"p99 that the hub adds: {added['hub']:.2f} × the bare loop's (aim ≤ {added['aim']:g} {'✓' if added['met'] else '✗'})\n")
