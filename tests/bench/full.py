"""`python -m tests.bench.full [--requests N] [--entries N]`: is a hub with years of work in its store as fast as one with none?

By default the store holds a million concluded requests, with two tasks, four messages, two rows of the outbox and a number each, and
ten million entries of the log. Takes some minutes and some 10 GB in the temporary folder.
"""
# ruff: noqa: S608 - statements of ours, no input

import argparse

from rich.console import Console
from sqlalchemy import text

from tests.bench.turns import compare
from tests.rig import Rig

_NUMBERED = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + :count)"  # after the rig's own first rows
# Ids lie in the order of their time, one a second, before all new ones, as those of version 7 do; tokens are scattered among those of new requests, as
# hashes are: a multiplier that shares no factor with a power of two visits every number once.
_TIMED = "printf('%08x-%04x-%08x', (1700000000000 + 1000 * {i}) >> 16, (1700000000000 + 1000 * {i}) & 65535, {i} * 2654435761 % 4294967296)"
_SCATTERED = "printf('%08x%08x', {i} * 2654435761 % 4294967296, {i})"
_KEY, _CASE, _TOKEN = _TIMED.format(i="n.i"), _SCATTERED.format(i="(n.i / 3)"), _SCATTERED.format(i="n.i")
_TASK, _MESSAGE = f"{_KEY} || part", f"{_KEY} || '-' || part"
_TWO = "(SELECT 0 AS part UNION ALL SELECT 1)"
_FOUR = "(SELECT 0 AS part UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)"
REQUESTS = (
    f"""INSERT INTO requests (key, court, request_id, kind, action, case_token, subject_token, status, outcome, conclusion_id,
        message_pk, config_sha256, signed_at, received_at, decided_at, expires_at, concluded_at)
        SELECT {_KEY}, 'court-9901', {_KEY}, 'inquiry', 'inquire', {_CASE}, {_TOKEN}, 'concluded', 'complete', {_KEY},
        4 * n.i, 'c', n.i, n.i, n.i, n.i, n.i FROM n""",
    f"""INSERT INTO tasks (task_id, request_key, partner, status, outcome, receipt_within, reply_within, agreement, received_at,
        settled_at, message_id) SELECT {_TASK}, {_KEY}, 'partner-' || part, 'settled', 'result', 60, 600, 'A', n.i, n.i,
        {_TASK} FROM n, {_TWO}""",
    f"""INSERT INTO messages (pk, message_id, direction, source, recipient, type, request_key, case_token, digest, jws, sealed, at,
        handled_at, topic, audit_seq) SELECT 4 * n.i + part, {_MESSAGE}, 'in', 'a', 'b', 't', {_KEY}, {_CASE}, 'd',
        'j', zeroblob(300), n.i, n.i, 'topic', n.i FROM n, {_FOUR}""",
    f"""INSERT INTO inbox (sender, message_id, digest, message_pk, expires_at)
        SELECT 'court-9901', {_KEY} || part, 'd', 4 * n.i, n.i FROM n, {_TWO}""",
    f"""INSERT INTO outbox (seq, message_pk, message_id, topic, key, published_at)
        SELECT 2 * n.i + part, 4 * n.i, {_TASK}, 'topic', 'k', n.i FROM n, {_TWO}""",
    f"""INSERT INTO numbers (court, number_token, version, action, request_key)
        SELECT 'court-9901', {_TOKEN}, 1, 'inquire', {_KEY} FROM n""",
    f"INSERT INTO case_keys (case_token, wrapped) SELECT {_TOKEN}, zeroblob(60) FROM n",
)
ENTRIES = f"""INSERT INTO audit (seq, kind, request_key, at, leaf, log_index)
    SELECT n.i, 'task.answered', {_TIMED.format(i="(n.i / 10)")}, n.i, zeroblob(300), n.i FROM n"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--size", type=int, default=100, help="inquiries in a batch")
    options = parser.parse_args()

    def fill(rig: Rig) -> None:
        for statement, count in (*((each, options.requests) for each in REQUESTS), (ENTRIES, options.entries)):
            with rig.store.write() as connection:
                connection.execute(text(f"{_NUMBERED} {statement}"), {"count": count})

    compare(fill, options.batches, options.size, Console())


if __name__ == "__main__":
    main()
