"""The three cadences (日通报、周通报、月通报) and the time that each speaks of, in the zone +08:00."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from schemas.base import CHINA, from_micros, micros


class Cadence(StrEnum):
    """Daily reports progress, weekly looks for causes, monthly praises and criticises: three contents, not one."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included."""

    cadence: Cadence
    first: date
    last: date

    @classmethod
    def around(cls, cadence: Cadence, day: date) -> "Period":
        """The day, the week from Monday, or the calendar month in which `day` lies."""
        if cadence is Cadence.DAILY:
            return cls(cadence, day, day)
        if cadence is Cadence.WEEKLY:
            monday = day - timedelta(days=day.weekday())
            return cls(cadence, monday, monday + timedelta(days=6))
        first = day.replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        return cls(cadence, first, following - timedelta(days=1))

    @property
    def start(self) -> int:
        """The first microsecond (UTC since 1970)."""
        return _midnight(self.first)

    @property
    def end(self) -> int:
        """The first microsecond that is no longer in it."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def name(self) -> str:
        """A file's name: `daily-2026-03-31`, `weekly-2026-W14`, `monthly-2026-03`."""
        if self.cadence is Cadence.DAILY:
            return f"daily-{self.first}"
        if self.cadence is Cadence.WEEKLY:
            year, week, _ = self.first.isocalendar()
            return f"weekly-{year}-W{week:02d}"
        return f"monthly-{self.first:%Y-%m}"

    def cut(self, at: int) -> int:
        """`at`, or the period's end if that is earlier. Raises ValueError before the period has begun."""
        if at < self.start:
            raise ValueError(f"{from_micros(at).isoformat()} is before the period begins")
        return min(at, self.end)


def _midnight(day: date) -> int:
    return micros(datetime.combine(day, time(), CHINA))
