"""V15 and V25: periods end by the State Council's calendar; no law in the code, so the data are tested with the rule."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from hub.config import load_calendar
from hub.rules.calendar import Calendar, last_moment
from schemas.base import CHINA, add_months, day_of, from_micros, micros

CALENDAR = load_calendar(Path("config"))
STATUTORY_DAYS = 13
"""全国年节及纪念日放假办法 art. 2 (2024): the days off that the notices spread and make up for."""
HOUR = 3600 * 1_000_000


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=CHINA))


def days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", [2025, 2026])
def test_a_years_notice_gives_the_statutory_days_and_not_one_more(year: int) -> None:
    weekdays = sum(day.weekday() < 5 for day in days_of(year))
    assert sum(CALENDAR.is_working(day) for day in days_of(year)) == weekdays - STATUTORY_DAYS


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-02-14", True),  # a make-up Saturday
        ("2026-02-28", True),
        ("2026-01-04", True),  # a make-up Sunday
        ("2026-02-16", False),  # a Monday, the eve of the Spring Festival
        ("2026-02-24", True),
        ("2026-09-20", True),
        ("2026-10-07", False),
        ("2026-10-10", True),
        ("2025-09-28", True),
        ("2026-11-28", False),  # a Saturday like any other
        ("2027-10-01", True),  # not announced: weekends alone count
        ("2031-01-04", False),
    ],
)
def test_which_days_are_worked(day: str, working: bool) -> None:
    assert CALENDAR.is_working(date.fromisoformat(day)) is working


@pytest.mark.parametrize(
    ("start", "count", "last"),
    [
        ("2026-11-23T00:00:00", 1, "2026-11-24"),  # the day on which a period begins does not count, from its first moment
        ("2026-11-23T23:59:59.999999", 1, "2026-11-24"),  # to its last
        ("2026-11-27T16:00:00", 1, "2026-11-30"),  # over a weekend
        ("2026-02-13T10:00:00", 1, "2026-02-14"),  # the make-up Saturday is the day
        ("2026-02-14T10:00:00", 1, "2026-02-24"),  # over the Spring Festival
        ("2026-09-30T17:30:00", 1, "2026-10-08"),  # over National Day
        ("2026-09-29T17:30:00", 3, "2026-10-09"),
        ("2026-10-08T09:00:00", 3, "2026-10-12"),  # Friday, make-up Saturday, Monday
        ("2026-10-03T12:00:00", 1, "2026-10-08"),  # received on a holiday
        ("2026-12-31T12:00:00", 1, "2027-01-01"),  # not announced: the hub goes on
    ],
)
def test_working_days_end_with_the_last_moment_of_the_last_one(start: str, count: int, last: str) -> None:
    end = CALENDAR.add_working_days(at(start), count)
    assert from_micros(end).isoformat() == f"{last}T23:59:59.999999+08:00"


@pytest.mark.parametrize(
    ("start", "count", "last"),
    [
        ("2026-09-20T08:00:00", 15, "2026-10-08"),  # the 15th day is 5 October: the first day after the holiday
        ("2026-11-02T08:00:00", 15, "2026-11-17"),
        ("2026-01-30T08:00:00", 15, "2026-02-14"),  # a make-up Saturday is no holiday
        ("2026-11-21T08:00:00", 7, "2026-11-30"),  # a Saturday
    ],
)
def test_a_period_of_days_that_ends_on_a_holiday_ends_after_it(start: str, count: int, last: str) -> None:
    """民事诉讼法 art. 85."""
    assert CALENDAR.add_days(at(start), count) == last_moment(date.fromisoformat(last))


def test_the_day_is_that_of_china() -> None:
    assert day_of(at("2026-11-24T00:00:00")) == date(2026, 11, 24)
    assert day_of(at("2026-11-24T00:00:00") - 1) == date(2026, 11, 23)
    assert last_moment(date(2026, 11, 23)) + 1 == at("2026-11-24T00:00:00")


def test_what_friday_night_lost_is_given_on_monday() -> None:
    friday = last_moment(date(2026, 11, 27))
    assert CALENDAR.give_back(friday, 2 * HOUR) == at("2026-11-30T02:00:00") - 1
    assert CALENDAR.give_back(friday - HOUR, HOUR) == friday
    assert CALENDAR.give_back(friday, 48 * HOUR) == last_moment(date(2026, 12, 1))


def test_a_term_from_a_leap_day_ends_in_february() -> None:
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2024, 2, 29), 48) == date(2028, 2, 29)
    assert add_months(date(2026, 8, 31), 6) == date(2027, 2, 28)


def test_years_without_a_notice_are_named() -> None:
    assert CALENDAR.without_data(range(2025, 2030)) == (2027, 2028, 2029), "2027 is provisional"
    assert Calendar().is_working(date(2026, 10, 1)), "without data weekends alone count"
