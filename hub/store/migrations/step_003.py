"""Schema 2 (version 0.2.0) → 3: what a request's answers give reason for is told apart by partner; a certificate knows how old it
is; one timer reminds of a release instead of one for each rung."""

import json
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text


def migrate(connection: Connection) -> None:
    """Make a store of schema 3 of one of schema 2."""
    _marks(connection)
    _certificates(connection)
    _timers(connection)


def _marks(connection: Connection) -> None:
    """`kind` → `kind@partner`, for each partner that answered with anything. What was found is sealed, so that one partner too
    many may be named; what is drafted is read from the answers themselves, and nothing is drafted for nothing."""
    rows = connection.execute(text(
        "SELECT r.key, r.follow_ups, k.partner FROM requests r LEFT JOIN tasks k ON k.request_key = r.key"
        " AND k.message_id IS NOT NULL AND k.outcome IN ('result', 'partial') WHERE r.follow_ups <> '' ORDER BY r.key"
    )).all()  # fmt: skip
    changed = []
    for (key, follow_ups), group in groupby(rows, key=lambda row: (row.key, row.follow_ups)):
        old = str(follow_ups).split(",")
        partners = [row.partner for row in group if row.partner is not None]
        new = {mark for mark in old if "@" in mark} | {f"{mark}@{each}" for mark in old if "@" not in mark for each in partners}
        changed.append({"k": key, "marks": ",".join(sorted(new))})
    _update(connection, "UPDATE requests SET follow_ups = :marks WHERE key = :k", changed)


def _certificates(connection: Connection) -> None:
    """As old as the oldest answer that it can rest on: rather too old than good for longer than it is."""
    rows = connection.execute(text("SELECT key, case_token, ref, body FROM aggregates WHERE kind = 'certificate'")).all()
    oldest = text(
        "SELECT min(m.at) FROM requests r JOIN tasks k ON k.request_key = r.key JOIN messages m ON m.message_id = k.message_id"
        " WHERE r.kind = 'inquiry' AND r.case_token = :case AND r.subject_token = :ref AND m.direction = 'in'"
    )  # fmt: skip
    changed = []
    for row in rows:
        body = json.loads(row.body)
        if "answered_at" not in body:
            body["answered_at"] = connection.scalar(oldest, {"case": row.case_token, "ref": row.ref}) or 0
            changed.append({"k": row.key, "body": json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()})
    _update(connection, "UPDATE aggregates SET body = :body WHERE kind = 'certificate' AND key = :k", changed)


def _timers(connection: Connection) -> None:
    """`key/rung` → `key`; of several rungs the next."""
    for kind in ("release-overdue", "objection-release"):
        rows = connection.execute(text("SELECT ref, due_at FROM timers WHERE kind = :kind"), {"kind": kind}).all()
        due: dict[str, int] = {}
        for row in rows:
            key = row.ref.partition("/")[0]
            due[key] = min(row.due_at, due.get(key, row.due_at))
        _update(connection, "DELETE FROM timers WHERE kind = :kind AND ref = :ref", [{"kind": kind, "ref": row.ref} for row in rows])
        _update(connection, "INSERT INTO timers (kind, ref, due_at) VALUES (:kind, :ref, :due)",
                [{"kind": kind, "ref": key, "due": at} for key, at in due.items()])  # fmt: skip


def _update(connection: Connection, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(text(statement), rows)
