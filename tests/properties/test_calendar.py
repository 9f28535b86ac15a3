"""The calendar's promises, whatever the days: deadlines come in order, on working days, after as many as were granted."""

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hub.config import load_calendar
from hub.rules import collect
from hub.rules.calendar import Calendar, last_moment
from hub.rules.overdue import Addressee, Ladder, Rung, next_rung, nudge_due, reminder
from hub.rules.state import TaskState, TaskStatus
from hub.rules.terms import DAY
from schemas.base import add_months, day_of

REAL = load_calendar(Path("config"))
FIRST, LAST = last_moment(date(2024, 12, 1)), last_moment(date(2028, 6, 30))
times = st.integers(FIRST, LAST)
counts = st.integers(1, 60)
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
invented = st.builds(
    lambda off, on: Calendar(frozenset(off), frozenset(on) - frozenset(off), frozenset()),
    st.sets(days, max_size=60), st.sets(days, max_size=20),
)  # fmt: skip
calendars = st.one_of(st.just(REAL), invented)


@given(calendars, times, counts)
def test_as_many_working_days_lie_after_the_start_as_were_granted(calendar: Calendar, start: int, count: int) -> None:
    first, last = day_of(start), day_of(calendar.add_working_days(start, count))
    between = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    assert sum(map(calendar.is_working, between)) == count
    assert calendar.is_working(last)


@given(calendars, times, times, counts)
def test_who_starts_later_is_never_due_earlier(calendar: Calendar, one: int, other: int, count: int) -> None:
    earlier, later = sorted((one, other))
    assert calendar.add_working_days(earlier, count) <= calendar.add_working_days(later, count)
    assert calendar.add_days(earlier, count) <= calendar.add_days(later, count)


@given(calendars, times, counts)
def test_working_days_add_up_and_are_never_less_than_as_many_days(calendar: Calendar, start: int, count: int) -> None:
    end = calendar.add_working_days(start, count)
    assert calendar.add_working_days(end, 1) == calendar.add_working_days(start, count + 1)
    assert end - start >= (count * 24 * 3600 - 1) * collect.SECOND


@given(calendars, times, st.integers(1, 400))
def test_a_period_of_days_ends_on_the_first_working_day_from_its_last(calendar: Calendar, start: int, count: int) -> None:
    end, last = day_of(calendar.add_days(start, count)), day_of(start) + timedelta(days=count)
    assert calendar.is_working(end)
    assert not any(calendar.is_working(last + timedelta(days=n)) for n in range((end - last).days))


lost = st.integers(0, 40 * 24 * 3600).map(lambda seconds: seconds * collect.SECOND)


@given(calendars, times, lost, lost)
def test_lost_time_is_given_back_in_full_and_on_working_days(calendar: Calendar, start: int, one: int, other: int) -> None:
    due = calendar.add_working_days(start, 1)
    later = calendar.give_back(due, one)
    assert later - due >= one
    assert calendar.is_working(day_of(later))
    assert calendar.give_back(later, other) == calendar.give_back(due, one + other)


@given(calendars, times, st.integers(1, 20), st.lists(lost, max_size=6), times)
def test_outages_only_ever_put_a_deadline_off(
    calendar: Calendar, start: int, count: int, lengths: list[int], at: int
) -> None:
    outages, begin = [], at
    for length in lengths:
        outages.append((begin, begin + length))
        begin += length + 3600 * collect.SECOND
    task = TaskState("t", "bank", TaskStatus.RECEIVED, 10, 60, "x", reply_working_days=count, received_at=start)
    due, plain = collect.deadline(task, None, calendar, outages), collect.deadline(task, None, calendar)
    assert due is not None
    assert plain == calendar.add_working_days(start, count)
    assert due >= plain
    assert calendar.is_working(day_of(due))


@given(days, st.integers(0, 240))
def test_months_keep_the_day_or_end_with_the_month(start: date, months: int) -> None:
    end = add_months(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


ladders = st.builds(
    lambda percent, steps: Ladder(percent, tuple(Rung(n, Addressee.HANDLER) for n in sorted(steps)), 3600),
    st.integers(1, 99), st.sets(st.integers(1, 30), max_size=6),
)  # fmt: skip


@given(calendars, ladders, times)
def test_a_ladder_climbs_once_through_every_rung_on_working_days(calendar: Calendar, ladder: Ladder, deadline: int) -> None:
    level, before = 0, deadline
    while (step := next_rung(ladder, deadline, level, calendar)) is not None:
        assert (step.level, step.due > before, calendar.is_working(day_of(step.due))) == (level + 1, True, True)
        level, before = step.level, step.due
    assert level == len(ladder.rungs)


@given(calendars, ladders, times)
def test_what_is_not_released_is_reminded_of_without_end_and_never_lower(calendar: Calendar, ladder: Ladder, deadline: int) -> None:
    at, level, heard = deadline, 1, []
    for _ in range(60):
        step = reminder(ladder, deadline, at, calendar)
        heard.append(step.level)
        assert level <= step.level <= 9
        assert step.due - at == (7 * DAY if step.level > len(ladder.rungs) else DAY), "each day, each week at the top"
        at, level = step.due, step.level
    assert heard[-1] == len(ladder.rungs) + 1 or at < calendar.add_working_days(deadline, 30), "every rung is reached"


@given(ladders, times, st.integers(2, 10**12))
def test_a_nudge_comes_while_there_is_still_time(ladder: Ladder, start: int, length: int) -> None:
    assert start <= nudge_due(ladder, start, start + length) < start + length
