"""`python -m tests.bench.log [--entries N]`: the audit log's own speed: appending, proving one entry, verifying the whole.

The entries are as long as the hub's are. Beside each figure stands the aim, and for the whole log how long hashing the same bytes takes on this machine.
"""

import argparse
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from hub.bulletins.source import LogEntries
from hub.trust import keys
from hub.trust.notes import NoteSigner
from hub.trust.proofs import Prover
from hub.trust.tile_log import TileLog

LENGTH = 770
"""Bytes of an entry: the mean of full inquiries."""
BATCH = 5000
PROOFS = 1000


def entry(number: int) -> bytes:
    """One entry, unlike any other."""
    return f'{{"n":{number},"x":"'.encode() + hashlib.sha256(str(number).encode()).hexdigest().encode() * (LENGTH // 64) + b'"}'


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(folder: Path, entries: int, console: Console) -> None:
    """Append, prove, verify; print each."""
    signer = NoteSigner.of(keys.generate("bench.example/log"))
    log = TileLog(folder, signer)
    batches = [[entry(number) for number in range(start, min(start + BATCH, entries))] for start in range(0, entries, BATCH)]
    took = sum(seconds(lambda batch=batch: log.append(batch)) for batch in batches)  # type: ignore[misc]  # a loop's own value
    console.print(f"append and sync: {entries / took:,.0f} entries/s in batches of {BATCH}")
    checkpoint = log.publish()
    verifier = signer.verifier
    prover = Prover(folder, checkpoint, verifier)
    chosen = random.Random(7).sample(range(entries), min(PROOFS, entries))  # noqa: S311 - which entries, not a secret
    took_each = sorted(seconds(lambda index=index: prover.prove(index)) * 1000 for index in chosen)  # type: ignore[misc]  # likewise
    console.print(f"inclusion proof, made and verified: median {statistics.median(took_each):.2f} ms, "
                  f"p99 {took_each[len(took_each) * 99 // 100]:.2f} ms (aim ≤ 1 ms)")  # fmt: skip
    whole = seconds(lambda: LogEntries.open(folder, verifier))
    bare = seconds(lambda: [hashlib.sha256(each).digest() for batch in batches for each in batch])
    console.print(f"whole log verified: {entries / whole:,.0f} entries/s (aim ≥ 200,000); hashing the entries alone: {entries / bare:,.0f}/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=300_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "log", options.entries, Console())


if __name__ == "__main__":
    main()
