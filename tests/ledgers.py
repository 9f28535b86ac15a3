"""Ledgers of closed rounds in great number, straight into the store: for what must not depend on how many there are."""

import hashlib
from itertools import islice

from pydantic import TypeAdapter

from hub.casework.ledger import ROUND
from hub.rules.ledger import LedgerState, due_at
from hub.rules.terms import Ledger
from hub.store import tables as t
from hub.store.database import Database
from schemas.base import derive_id

PAGE = 20_000
_ADAPTER = TypeAdapter(LedgerState)


def ledger(number: int, opened_at: int) -> LedgerState:
    """One open ledger, of a case and a debtor of its own; the same for the same number."""
    return LedgerState(
        key=derive_id("ledger", str(number)), court="court-9901", case_token=_token("case", number), ref=_token("subject", number),
        status="open", request_id=derive_id("standing", str(number)), opened_at=opened_at, every_months=6, times=10,
    )  # fmt: skip


def fill(store: Database, count: int, opened_at: int, terms: Ledger) -> None:
    """`count` open ledgers, each with the timer of its first round."""
    every = (ledger(number, opened_at) for number in range(count))
    while page := list(islice(every, PAGE)):
        rows = [{"kind": each.KIND, "key": each.key, "court": each.court, "case_token": each.case_token, "ref": each.ref,
                 "status": each.status, "body": _ADAPTER.dump_json(each)} for each in page]  # fmt: skip
        timers = [{"kind": ROUND, "ref": each.key, "due_at": due_at(each, 1, terms)} for each in page]
        with store.write() as connection:
            connection.execute(t.aggregates.insert(), rows)
            connection.execute(t.timers.insert(), timers)


def _token(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind} {number}".encode()).hexdigest()[:32]
