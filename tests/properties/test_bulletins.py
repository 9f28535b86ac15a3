"""Bulletins over any log: each figure can be counted again from the entries it names, which lie where they should."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules.bulletins import TOTAL, Bars, Cadence, Figure, Period, Unit, compose
from schemas.base import CHINA, micros
from tests.logs import Entries, numbered, said

BEGIN = datetime(2026, 2, 20, tzinfo=CHINA)
KINDS = {
    "request": ("accepted", "refused", "dispatched", "concluded"), "task": ("received", "answered", "silent", "nudged", "supervised"),
    "case": ("noted",), "watch": ("armed", "hit", "handed-over", "missed", "unattended", "expired", "withdrawn"),
    "measure": ("effective", "queued", "renewed", "released", "lapsed", "promoted", "void", "disposed", "deducted", "refused", "unknown"),
    "renewal": ("due", "escalated"), "lead": ("received", "confirmed", "unfounded", "acted", "overdue", "converted"),
    "matter": ("sent", "signed-for", "accepted", "returned", "progress", "done", "overdue", "withdrawn"),
    "objection": ("opened", "upheld", "rejected", "overdue"), "message": ("rejected",), "ledger": ("checked", "found"),
    "certificate": ("issued",), "answer": ("reused",), "party": ("key",), "bus": ("outage",),
}  # fmt: skip
ALL = sorted(f"{topic}.{name}" for topic, names in KINDS.items() for name in names)
SETTLING = {
    "receipt": {"task.received", "task.answered"}, "reply": {"task.answered"},
    "matter-start": {"matter.accepted", "matter.progress", "matter.returned", "matter.done", "matter.withdrawn"},
    "matter-report": {"matter.returned", "matter.done", "matter.withdrawn"}, "objection-review": {"objection.upheld", "objection.rejected"},
    "lead-check": {"lead.confirmed", "lead.unfounded", "lead.acted"},
    "hit": {"watch.handed-over", "watch.missed", "watch.withdrawn", "watch.expired"},
}  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> Entries:
    """A log of any entries about a few things, in the order of their times."""
    made = []
    at = BEGIN
    for kind in draw(st.lists(st.sampled_from(ALL), max_size=60)):
        at += timedelta(seconds=draw(st.integers(0, 200_000)))
        thing = draw(st.sampled_from("ab"))
        facts: dict[str, Any] = {
            "court": draw(st.sampled_from(["court-9901", "court-9902"])), "partner": draw(st.sampled_from(["bank", "police"])),
            "to": "court-9902", "awaited": draw(st.sampled_from(["receipt", "reply"])), "node": draw(st.sampled_from(["start", "report"])),
            "reply": draw(st.sampled_from(["result", "returned", "refused"])), "code": "other", "codes": "term-missing,approval-missing",
            "outcome": draw(st.sampled_from(["complete", "incomplete"])), "asset": "account", "action": "freeze", "ground": "exempt",
            **dict.fromkeys(("request", "measure", "watch", "lead", "matter", "objection"), thing),
        }  # fmt: skip
        if kind in ("task.answered", "matter.done") and draw(st.booleans()):
            facts["late"] = 1
        if kind in ("request.accepted", "request.dispatched"):
            facts["sent"] = ("bank", "police")
        made.append(said(at.replace(tzinfo=None).isoformat(), kind, **facts))
    return numbered(made)


def time_of(entry: dict[str, Any]) -> int:
    return micros(datetime.fromisoformat(entry["at"]))


def overdue(figure: Figure, log: Entries, as_of: int) -> int:
    """The seconds of the delays that a figure names, from their first entries alone: the first that settles each ends it."""
    total = 0
    for index in figure.of:
        begun = log[index][1]
        topic = begun["kind"].split(".")[0]
        node = {"task": begun["awaited"], "matter": f"matter-{begun['node']}", "objection": "objection-review",
                "lead": "lead-check", "watch": "hit"}[topic]  # fmt: skip
        same = ("court", "request", "partner") if topic == "task" else ("court", topic)
        ends = (time_of(entry) for _, entry in log[index + 1 :] if entry["kind"] in SETTLING[node]
                and all(entry[name] == begun[name] for name in same) and time_of(entry) <= as_of)  # fmt: skip
        total += (next(ends, as_of) - time_of(begun)) // 1_000_000
    return total


@settings(max_examples=150, deadline=None)
@given(entries(), st.sampled_from(Cadence), st.integers(0, 30), st.integers(0, 32 * 86_400))
def test_each_figure_is_what_its_entries_give(log: Entries, cadence: Cadence, day: int, after: int) -> None:
    period = Period.around(cadence, date(2026, 3, 1) + timedelta(days=day))
    bulletin = compose(log, period, period.start + after * 1_000_000, Bars(1000, 900))
    for section in bulletin.sections:
        for row in section.rows:
            for figure in row.figures:
                traced = [log[index][1] for index in figure.counted + figure.of]
                times = [time_of(entry) for entry in traced]
                assert all(at <= bulletin.as_of and at < period.end for at in times)
                assert figure.column.standing or all(at >= period.start for at in times)
                if figure.column.unit is Unit.HOURS:
                    assert (figure.numerator, figure.denominator) == (overdue(figure, log, bulletin.as_of), len(figure.of))
                else:
                    assert figure.numerator == len(figure.counted)
                    assert figure.denominator == (None if figure.column.unit is Unit.COUNT else len(figure.of))


@settings(max_examples=60, deadline=None)
@given(entries(), st.sampled_from(Cadence))
def test_rows_add_up_to_their_total(log: Entries, cadence: Cadence) -> None:
    period = Period.around(cadence, date(2026, 3, 4))
    for section in compose(log, period, period.end, Bars(1000, 900)).sections:
        totals = [row for row in section.rows if row.labels[0] == TOTAL]
        for total in totals:
            for place, figure in enumerate(total.figures):
                parts = [row.figures[place] for row in section.rows if row is not total]
                assert figure.numerator == sum(part.numerator for part in parts)
                assert Counter(figure.counted) == sum((Counter(part.counted) for part in parts), Counter[int]())


@settings(max_examples=60, deadline=None)
@given(entries(), st.data())
def test_what_comes_after_the_period_changes_nothing(log: Entries, data: st.DataObject) -> None:
    period = Period.around(data.draw(st.sampled_from(Cadence)), date(2026, 3, 4))
    before = [(index, entry) for index, entry in log if time_of(entry) < period.end]
    bars = Bars(1000, 900)
    assert compose(log, period, period.end, bars) == compose(before, period, period.end, bars)
