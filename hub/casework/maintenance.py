"""The partners' agreed maintenance windows in the log, so that what was judged by them can be judged again from it.

An agreement may get new windows, or lose old ones, while tasks are out. Each change stands in the log, and a decision was made by
those that stood last before it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from hub.engine.work import Facts, Work
from hub.rules.collect import Outages
from hub.rules.plan import Linkage
from hub.store import journal
from hub.store import tables as t
from schemas.base import format_time, from_micros, micros


@dataclass(frozen=True, slots=True)
class Registered:
    """One partner's windows (µs, in order) as the log has them from entry `seq` on; `log_index` is None until it is sequenced."""

    seq: int
    log_index: int | None
    windows: Outages


def reference(partner: str) -> str:
    """What the entries about this partner's windows are found by."""
    return f"maintenance/{partner}"


def register(work: Work, linkage: Linkage) -> None:
    """An entry for each partner whose windows are not as the log has them last: ISO 8601 intervals, with commas between."""
    c, before, after = t.audit.c, reference(""), reference("\U0010ffff")
    known = work.connection.scalars(select(c.request_key).where(c.request_key > before, c.request_key < after).distinct())
    for partner in sorted({*linkage.agreements, *(key.removeprefix(before) for key in known.all() if key)}):
        agreement = linkage.agreements.get(partner)  # without one any more it has no windows either
        spans = agreement.maintenance if agreement is not None else ()
        windows = ",".join("/".join(format_time(from_micros(at)) for at in window) for window in spans)
        if windows != journal.last_entry(work.connection, reference(partner)).get("windows", ""):
            facts: Facts = {"partner": partner, "agreement": agreement.reference if agreement is not None else "", "windows": windows}
            work.decide("agreement.maintenance", reference(partner), None, facts)


def registered(connection: Connection, partner: str) -> list[Registered]:
    """Every entry about this partner's windows, oldest first."""
    c = t.audit.c
    query = select(c.seq, c.log_index, c.leaf).where(c.request_key == reference(partner)).order_by(c.seq)
    return [Registered(row.seq, row.log_index, tuple(_windows(json.loads(row.leaf)["windows"]))) for row in connection.execute(query)]


def in_force(known: Sequence[Registered], seq: int | None) -> Registered | None:
    """By which of `known`, oldest first, the decision with this number was made, or is going to be made (None)."""
    return next((each for each in reversed(known) if seq is None or each.seq < seq), None)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    for interval in filter(None, text.split(",")):
        begin, until = (micros(datetime.fromisoformat(at)) for at in interval.split("/"))
        yield begin, until
