"""Working days (工作日) and the ends of periods by the calendar, in the zone +08:00. Pure: holidays are data (V25).

民事诉讼法 art. 85: a period by days does not count the day on which it begins, and one whose last day is a statutory holiday
ends with the first day after it that is none. A deadline is the last microsecond of its day: what comes in it is in time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from hub.rules.terms import DAY
from schemas.base import day_of, end_of_day

ONE_DAY = timedelta(days=1)
SATURDAY = 5


def last_moment(day: date) -> int:
    """The last microsecond of `day`: what comes in it is in time, what comes after it is late."""
    return end_of_day(day) - 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """Public holidays, and the weekend days that are worked in their place (调休上班).

    `years` are those whose notice of the State Council is in the data. Of other years weekends alone count, so that a hub
    whose data have run out goes on; what loads the data says which years are missing.
    """

    holidays: frozenset[date] = frozenset()
    make_up: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day: a make-up Saturday is one, a Monday in a festival is none."""
        return day in self.make_up or (day.weekday() < SATURDAY and day not in self.holidays)

    def working_day_from(self, day: date) -> date:
        """`day`, or the first working day after it."""
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def add_working_days(self, start: int, count: int) -> int:
        """The end of the `count`-th working day after the day of `start` (µs), for `count` ≥ 1."""
        day = day_of(start)
        for _ in range(count):
            day = self.working_day_from(day + ONE_DAY)
        return last_moment(day)

    def add_days(self, start: int, count: int) -> int:
        """The end of a period of `count` calendar days from `start` (µs); it never ends on a day that is not worked."""
        return last_moment(self.working_day_from(day_of(start) + count * ONE_DAY))

    def give_back(self, end: int, lost: int) -> int:
        """`end` (µs) put off by `lost` (µs), which only working days make up for: two hours that Friday night lost are
        given on Monday."""
        day = day_of(end)
        left = last_moment(day) - end
        while lost > left:
            lost -= left
            day = self.working_day_from(day + ONE_DAY)
            end, left = last_moment(day - ONE_DAY), DAY
        return end + lost

    def without_data(self, years: Iterable[int]) -> tuple[int, ...]:
        """Those of `years` whose holidays are not in the data, in order."""
        return tuple(sorted(set(years) - self.years))
