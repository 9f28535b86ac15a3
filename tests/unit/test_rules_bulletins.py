"""Bulletins: each expected figure is worked out by hand beside its entries."""

from datetime import date, datetime

import pytest

from hub.rules.bulletins import Bars, Bulletin, Cadence, Figure, Period, compose
from schemas.base import CHINA, micros
from tests.logs import Entries, numbered, said

BARS = Bars(praise_from=1000, criticise_below=900)
ONE, TWO = "court-9901", "court-9902"


def bulletin(entries: Entries, cadence: Cadence, day: str, as_of: str | None = None) -> Bulletin:
    period = Period.around(cadence, date.fromisoformat(day))
    until = period.end if as_of is None else micros(datetime.fromisoformat(as_of).replace(tzinfo=CHINA))
    return compose(entries, period, until, BARS)


def figure(made: Bulletin, section: str, row: str, name: str) -> Figure:
    (table,) = (each for each in made.sections if each.name == section)
    (line,) = (each for each in table.rows if "/".join(filter(None, each.labels)) == row)
    (found,) = (each for each in line.figures if each.column.name == name)
    return found


def rows(made: Bulletin, section: str) -> list[tuple[str, ...]]:
    return [row.labels for each in made.sections if each.name == section for row in each.rows]


def task(at: str, kind: str, request: str, partner: str = "bank", **facts: object) -> dict[str, object]:
    return said(at, f"task.{kind}", court=ONE, request=request, partner=partner, **facts)


@pytest.mark.parametrize(
    ("cadence", "day", "first", "last", "name"),
    [
        (Cadence.DAILY, "2024-02-29", "2024-02-29", "2024-02-29", "daily-2024-02-29"),
        (Cadence.WEEKLY, "2026-01-01", "2025-12-29", "2026-01-04", "weekly-2026-W01"),
        (Cadence.MONTHLY, "2024-02-29", "2024-02-01", "2024-02-29", "monthly-2024-02"),
        (Cadence.MONTHLY, "2026-12-31", "2026-12-01", "2026-12-31", "monthly-2026-12"),
    ],
)
def test_a_period_is_a_day_a_week_from_monday_or_a_calendar_month(
    cadence: Cadence, day: str, first: str, last: str, name: str
) -> None:
    period = Period.around(cadence, date.fromisoformat(day))
    assert (str(period.first), str(period.last), period.name) == (first, last, name)


def test_a_period_begins_and_ends_at_midnight_in_china() -> None:
    entries = numbered([
        said("2026-03-30T23:59:59.999999", "request.accepted", court=ONE, request="a"),
        said("2026-03-31T00:00:00.000000", "request.accepted", court=ONE, request="b"),
        said("2026-03-31T23:59:59.999999", "request.accepted", court=ONE, request="c"),
        said("2026-04-01T00:00:00.000000", "request.accepted", court=ONE, request="d"),
    ])  # fmt: skip
    assert figure(bulletin(entries, Cadence.DAILY, "2026-03-31"), "courts-today", ONE, "accepted").counted == (1, 2)


def test_what_came_after_the_time_of_the_bulletin_is_not_counted() -> None:
    entries = numbered([
        said("2026-03-31T09:00:00", "request.accepted", court=ONE, request="a"),
        said("2026-03-31T10:00:00", "request.accepted", court=ONE, request="b"),
    ])  # fmt: skip
    made = bulletin(entries, Cadence.DAILY, "2026-03-31", "2026-03-31T09:30:00")
    assert figure(made, "courts-today", ONE, "accepted").counted == (0,)
    with pytest.raises(ValueError, match="before the period"):
        bulletin(entries, Cadence.DAILY, "2026-03-31", "2026-03-30T09:30:00")


def test_the_reply_rate_counts_each_task_once_when_it_was_due() -> None:
    made = bulletin(numbered([
        task("2026-02-27T09:00:00", "silent", "a", awaited="reply"),       # due in February: not of March
        task("2026-03-02T09:00:00", "answered", "a", reply="result", late=1),
        task("2026-03-03T09:00:00", "answered", "b", reply="no-record"),
        task("2026-03-04T09:00:00", "answered", "c", reply="returned"),
        task("2026-03-05T09:00:00", "silent", "d", awaited="reply"),
        task("2026-03-06T09:00:00", "answered", "d", reply="result", late=1),
    ]), Cadence.MONTHLY, "2026-03-31")  # fmt: skip
    rate = figure(made, "partners", "bank", "reply-on-time")
    assert (rate.numerator, rate.denominator, rate.value) == (2, 3, "66.6")  # rounded down
    assert (rate.counted, rate.of) == ((2, 3), (2, 3, 4))
    assert figure(made, "partners", "bank", "late").counted == (1, 5)
    assert figure(made, "partners", "bank", "returned").counted == (3,)


def test_the_mean_overdue_takes_every_delay_that_touches_the_month() -> None:
    made = bulletin(numbered([
        task("2026-01-05T00:00:00", "silent", "x", awaited="reply"),
        task("2026-02-01T00:00:00", "answered", "x", reply="result", late=1),  # over before March
        task("2026-02-28T12:00:00", "silent", "a", awaited="reply"),
        task("2026-03-01T12:00:00", "answered", "a", reply="result", late=1),  # 24 h
        task("2026-03-10T00:00:00", "silent", "b", awaited="reply"),
        task("2026-03-10T06:30:00", "answered", "b", reply="result", late=1),  # 6.5 h
        task("2026-03-31T00:00:00", "silent", "c", awaited="reply"),           # 24 h so far
        said("2026-03-02T00:00:00", "matter.overdue", court=ONE, to=TWO, matter="m", node="start", level=1),
        said("2026-03-03T00:00:00", "matter.overdue", court=ONE, to=TWO, matter="m", node="start", level=2),
        said("2026-03-04T00:00:00", "matter.accepted", court=ONE, to=TWO, matter="m"),  # 48 h, of one node
    ]), Cadence.MONTHLY, "2026-03-31")  # fmt: skip
    replies = figure(made, "key-nodes", "reply", "mean-overdue")
    assert (replies.numerator, replies.denominator, replies.value) == (54 * 3600 + 1800, 3, "18.2")  # 54.5 h / 3 = 18.1667
    assert (replies.of, replies.counted) == ((2, 4, 6), (3, 5))
    assert figure(made, "key-nodes", "reply", "still-open").counted == (6,)
    start = figure(made, "key-nodes", "matter-start", "mean-overdue")
    assert (start.value, start.of, start.counted) == ("48.0", (7,), (9,))


def test_the_entrusted_rate_is_that_of_the_entrusted_court() -> None:
    def matter(at: str, kind: str, name: str, **facts: object) -> dict[str, object]:
        return said(at, f"matter.{kind}", court=ONE, to=TWO, matter=name, **facts)

    made = bulletin(numbered([
        matter("2026-02-20T09:00:00", "overdue", "old", node="report", level=1),  # counted in February
        matter("2026-03-01T09:00:00", "done", "old", late=1),
        matter("2026-03-02T09:00:00", "done", "good"),
        matter("2026-03-03T09:00:00", "overdue", "slow", node="report", level=1),
        matter("2026-03-09T09:00:00", "done", "slow", late=1),
        matter("2026-03-10T09:00:00", "overdue", "open", node="report", level=1),
        matter("2026-03-11T09:00:00", "overdue", "open", node="report", level=2),
        matter("2026-03-12T09:00:00", "overdue", "begun", node="start", level=1),  # no report is due yet
    ]), Cadence.MONTHLY, "2026-03-01")  # fmt: skip
    rate = figure(made, "courts", TWO, "entrusted-on-time")
    assert (rate.value, rate.counted, rate.of) == ("33.3", (2,), (2, 4, 5))
    assert (TWO, "entrusted-on-time") in rows(made, "criticism")


def test_leads_of_the_month_that_became_measures() -> None:
    def lead(at: str, kind: str, name: str, **facts: object) -> dict[str, object]:
        return said(at, f"lead.{kind}", court=ONE, lead=name, **facts)

    made = bulletin(numbered([
        lead("2026-02-27T09:00:00", "received", "before"),
        lead("2026-03-02T09:00:00", "converted", "before", measure="m0"),  # a lead of February
        lead("2026-03-03T09:00:00", "received", "a"),
        lead("2026-03-04T09:00:00", "received", "b"),
        lead("2026-03-05T09:00:00", "received", "c"),
        lead("2026-03-06T09:00:00", "received", "d"),
        lead("2026-03-07T09:00:00", "converted", "b", measure="m1"),
        lead("2026-03-08T09:00:00", "converted", "b", measure="m2"),  # two measures, one lead
    ]), Cadence.MONTHLY, "2026-03-01")  # fmt: skip
    rate = figure(made, "courts", ONE, "lead-conversion")
    assert (rate.value, rate.counted, rate.of) == ("25.0", (6,), (2, 3, 4, 5))


def test_measures_in_force_and_renewals_at_risk() -> None:
    def measure(at: str, kind: str, name: str, **facts: object) -> dict[str, object]:
        return said(at, kind, court=ONE, measure=name, **{"asset": "account", **facts})

    made = bulletin(numbered([
        measure("2025-04-01T09:00:00", "measure.effective", "a"),
        measure("2025-04-02T09:00:00", "measure.effective", "b"),
        measure("2025-04-03T09:00:00", "measure.effective", "c"),
        measure("2025-04-04T09:00:00", "measure.queued", "d"),
        measure("2026-03-02T09:00:00", "renewal.due", "a", days=30),
        measure("2026-03-02T10:00:00", "renewal.due", "b", days=30),
        measure("2026-03-17T09:00:00", "renewal.due", "a", days=15),
        measure("2026-03-18T09:00:00", "renewal.escalated", "a", level=1),
        measure("2026-03-19T09:00:00", "measure.renewed", "b"),   # no longer at risk
        measure("2026-03-20T09:00:00", "measure.lapsed", "c"),
        measure("2026-03-20T09:00:01", "measure.promoted", "d"),
        measure("2026-04-02T09:00:00", "measure.released", "a"),  # after the month
    ]), Cadence.MONTHLY, "2026-03-31")  # fmt: skip
    assert figure(made, "measures-in-force", f"{ONE}/account", "in-force").counted == (0, 8, 10)
    assert figure(made, "measures-in-force", f"{ONE}/account", "queued").counted == ()
    assert figure(made, "renewals", ONE, "at-risk").counted == (6,)
    assert figure(made, "renewals", ONE, "renewals-escalated").counted == (7,)
    assert (ONE, "lapsed") in rows(made, "criticism")


def test_a_watch_stays_armed_until_it_ends_and_a_hit_open_until_somebody_attends() -> None:
    def watch(at: str, kind: str, name: str) -> dict[str, object]:
        return said(at, f"watch.{kind}", court=ONE, partner="police", watch=name)

    entries = numbered([
        watch("2026-03-01T09:00:00", "armed", "w1"), watch("2026-03-01T09:00:01", "armed", "w2"),
        watch("2026-03-01T09:00:02", "armed", "w3"), watch("2026-03-30T03:00:00", "alerted", "w1"),
        watch("2026-03-30T03:10:00", "alerted", "w2"), watch("2026-03-30T04:00:00", "handed-over", "w1"),
        watch("2026-03-30T05:00:00", "missed", "w2"), watch("2026-03-30T06:00:00", "alerted", "w2"),
        watch("2026-03-30T07:00:00", "unattended", "w2"),
    ])  # fmt: skip
    assert figure(bulletin(entries, Cadence.MONTHLY, "2026-03-31"), "watches", ONE, "armed").counted == (1, 2)
    day = bulletin(entries, Cadence.DAILY, "2026-03-30")
    assert figure(day, "act-now", ONE, "open-hits").counted == (7,)
    assert figure(day, "act-now", ONE, "unattended").counted == (8,)


def test_a_hit_that_nobody_has_to_attend_to_is_counted_and_is_not_open() -> None:
    hit = said("2026-03-30T03:00:00", "watch.hit", court=ONE, partner="police", request="road-control")
    made = bulletin(numbered([hit]), Cadence.DAILY, "2026-03-30")
    assert figure(made, "partners-today", "police", "hits").counted == (0,)
    assert rows(made, "act-now") == []


def test_the_day_awaits_every_task_that_was_sent_and_not_settled() -> None:
    made = bulletin(numbered([
        said("2026-03-30T09:00:00", "request.accepted", court=ONE, request="a", sent=("bank", "vehicle")),
        said("2026-03-31T09:00:00", "request.accepted", court=ONE, request="b"),
        said("2026-03-31T09:10:00", "request.dispatched", court=ONE, request="b", sent=("bank",)),
        task("2026-03-31T10:00:00", "answered", "a", "vehicle", reply="result"),
    ]), Cadence.DAILY, "2026-03-31")  # fmt: skip
    assert figure(made, "partners-today", "bank", "awaited").counted == (0, 2)
    assert figure(made, "partners-today", "vehicle", "awaited").counted == ()
    assert figure(made, "partners-today", "all", "awaited").value == "2"


def test_a_matter_that_was_withdrawn_is_overdue_no_longer_and_one_that_was_not_late_counts_for_nobody() -> None:
    entries = numbered([
        said("2026-03-20T00:00:00", "matter.overdue", court=ONE, to=TWO, matter="late", node="report", level=1),
        said("2026-03-31T00:00:00", "matter.withdrawn", court=ONE, to=TWO, matter="late", code="performed"),
        said("2026-03-31T01:00:00", "matter.withdrawn", court=ONE, to=TWO, matter="running", code="performed"),
    ])  # fmt: skip
    assert rows(bulletin(entries, Cadence.WEEKLY, "2026-03-31"), "courts-overdue") == []
    assert rows(bulletin(entries[2:], Cadence.MONTHLY, "2026-03-31"), "courts") == []


def test_the_week_names_who_has_not_answered_and_why_things_came_back() -> None:
    made = bulletin(numbered([
        task("2026-03-20T00:00:00", "silent", "a", awaited="receipt"),
        task("2026-03-30T00:00:00", "silent", "b", awaited="reply"),
        task("2026-03-30T01:00:00", "nudged", "b", level=1),
        task("2026-03-30T02:00:00", "answered", "c", "vehicle", reply="returned", code="documents-missing"),
        said("2026-03-31T00:00:00", "request.refused", court=TWO, request="r", codes="approval-missing,term-missing"),
        said("2026-03-31T01:00:00", "matter.returned", court=ONE, to=TWO, matter="m", code="address-unclear"),
        said("2026-03-31T02:00:00", "message.rejected", code="jws-missing", stage="signature"),
        said("2026-03-31T03:00:00", "case.refused", court=TWO, codes="term-missing"),
        said("2026-03-31T04:00:00", "measure.refused", court=TWO, partner="bank", action="freeze", measure="r"),
    ]), Cadence.WEEKLY, "2026-03-31", "2026-04-01T00:00:00")  # fmt: skip
    row = f"bank/{ONE}"
    assert figure(made, "unanswered", row, "no-receipt").counted == (0,)
    assert figure(made, "unanswered", row, "no-reply").counted == (1,)
    assert figure(made, "unanswered", row, "mean-overdue").value == "168.0"  # (288 h + 48 h) / 2
    assert figure(made, "unanswered", row, "nudged").counted == (2,)
    assert figure(made, "replies-without-success", "vehicle/returned/documents-missing", "replies").counted == (3,)
    assert rows(made, "refusals") == [(TWO, "approval-missing"), (TWO, "term-missing"), ("all", "")]
    assert figure(made, "refusals", f"{TWO}/term-missing", "reasons").counted == (4, 7)
    assert figure(made, "measures-not-taken", "bank/freeze", "refused").counted == (8,)
    assert figure(made, "returned-matters", f"{TWO}/{ONE}/address-unclear", "matters").counted == (5,)
    assert figure(made, "rejected-messages", "jws-missing", "messages").counted == (6,)


@pytest.mark.parametrize(
    ("in_time", "silent", "mark"), [(10, 0, "praise"), (9, 1, None), (8, 1, "criticism"), (1999, 1, None)]
)
def test_praise_from_the_whole_and_criticism_below_nine_tenths(in_time: int, silent: int, mark: str | None) -> None:
    answers = [task("2026-03-03T09:00:00", "answered", f"a{n}", reply="result") for n in range(in_time)]
    silences = [task("2026-03-05T09:00:00", "silent", f"s{n}", awaited="reply") for n in range(silent)]
    made = bulletin(numbered(answers + silences), Cadence.MONTHLY, "2026-03-31")
    found = [name for name in ("praise", "criticism") if ("bank", "reply-on-time") in rows(made, name)]
    assert found == ([] if mark is None else [mark])
    assert (figure(made, "partners", "bank", "reply-on-time").value == "100.0") is (mark == "praise")


def test_the_three_cadences_say_different_things() -> None:
    names = [{section.name for section in bulletin([], cadence, "2026-03-31").sections} for cadence in Cadence]
    assert all(names)
    assert not names[0] & names[1]
    assert not names[1] & names[2]
    assert not names[0] & names[2]
