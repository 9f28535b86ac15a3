"""What very many ledgers of closed rounds cost the daily flow: `python -m tests.bench.ledger --rows 1000000`.

Batches of inquiries go by turns through two hubs: one with an empty store, one with that many ledgers and their timers in it.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import text

from hub.rules import ledger as rules
from hub.rules.ledger import LedgerState
from schemas.base import derive_id
from tests.factories import inquiry
from tests.rig import Rig, said, sample_linkage

BATCH = 100
"""Inquiries in one batch."""
SPREAD = 3600 * 1_000_000
"""Over how long the timers are spread (µs)."""
_BODY = TypeAdapter(LedgerState)
_LEDGERS = """
    INSERT INTO aggregates (kind, key, court, case_token, ref, status, body)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count),
    made AS MATERIALIZED (
        SELECT lower(hex(randomblob(16))) AS k, lower(hex(randomblob(16))) AS c, lower(hex(randomblob(16))) AS r FROM n)
    SELECT 'ledger', k, 'court-9901', c, r, 'open',
        CAST(replace(replace(replace(:body, '@key', k), '@case', c), '@ref', r) AS BLOB) FROM made"""
_TIMERS = """
    INSERT INTO timers (kind, ref, due_at)
    SELECT 'ledger-round', key, :due + abs(random()) % :spread FROM aggregates WHERE kind = 'ledger'"""


def fill(rig: Rig, count: int, opened_at: int) -> None:
    """Put so many ledgers, opened then (µs), straight into the store, each with the timer of its first round."""
    one = LedgerState(
        key="@key", court="court-9901", case_token="@case", ref="@ref", status="open", request_id=derive_id("bench"),
        opened_at=opened_at, every_months=6, times=10,
    )  # fmt: skip
    due = rules.due_at(one, 1, sample_linkage().terms.ledger)
    with rig.store.write() as connection:
        connection.execute(text(_LEDGERS), {"count": count, "body": _BODY.dump_json(one).decode()})
        connection.execute(text(_TIMERS), {"due": due, "spread": SPREAD})


def batch_takes(rig: Rig) -> float:
    """How long a batch of inquiries takes to be taken in, answered and concluded (s)."""
    records = [rig.request(inquiry(partners=["bank"]))[1] for _ in range(BATCH)]
    begun = time.perf_counter()
    out = rig.feed(records)
    taken_in = time.perf_counter()
    replies = [rig.reply(each) for each in said(out) if each.type.endswith(".task.v1")]
    answered = time.perf_counter()
    rig.feed(replies)
    return taken_in - begun + time.perf_counter() - answered


def _pair(empty: Rig, full: Rig, *, first: int) -> tuple[float, float]:
    """A batch through each, one right after the other, in either order: what else the machine does meets both alike."""
    if first:
        among = batch_takes(full)
        return batch_takes(empty), among
    return batch_takes(empty), batch_takes(full)


def main() -> None:
    """Measure and print: both speeds (medians), and the second as a share of the first (the median of the pairs)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rigs = []
        for name in ("empty", "full"):
            (Path(folder) / name).mkdir()
            rigs.append(Rig(Path(folder) / name))
        empty, full = rigs
        try:
            fill(full, given.rows, full.now)
            for rig in rigs:
                batch_takes(rig)  # warm up
            took = [_pair(empty, full, first=number % 2) for number in range(given.rounds)]
        finally:
            for rig in rigs:
                rig.close()
    speeds = [BATCH / statistics.median(times) for times in zip(*took, strict=True)]
    print(f"empty store           {speeds[0]:8.0f} inquiries/s")
    print(f"{given.rows:>9,} ledgers    {speeds[1]:8.0f} inquiries/s")
    print(f"ratio                 {statistics.median(alone / among for alone, among in took):8.3f}")


if __name__ == "__main__":
    main()
