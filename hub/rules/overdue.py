"""Nudge (催办) and supervised follow-up (督办): when who is told that a partner has not answered. Pure.

Each rung of the ladder is reached once, in order, for as long as the answer is awaited; none changes that silence is on record.
What must be released and is not (应解除未解除) climbs the same ladder, and is reminded of until it is.
"""

from dataclasses import dataclass
from enum import StrEnum

from hub.rules.calendar import Calendar
from hub.rules.terms import DAY

TOP = 9
"""The highest level that the contract knows."""


class Addressee(StrEnum):
    """Who is told."""

    HANDLER = "handler"  # 承办人
    SUPERVISOR = "supervisor"  # 督办领导
    SUPERIOR = "superior"  # 上级


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: so many working days after the deadline, this one is told."""

    working_days: int
    addressee: Addressee


@dataclass(frozen=True, slots=True)
class Ladder:
    """When the partner is nudged, in percent of its time; the rungs after its deadline, later ones higher; and the shortest time
    to answer, in seconds, to which any of this applies."""

    nudge_at_percent: int
    rungs: tuple[Rung, ...]
    least_reply: int

    def __post_init__(self) -> None:
        days = [rung.working_days for rung in self.rungs]
        if not 1 <= self.nudge_at_percent <= 99:
            raise ValueError("nudge_at_percent lies between 1 and 99")
        if any(later <= earlier for earlier, later in zip([0, *days], days, strict=False)):
            raise ValueError("every rung is at least one working day after the deadline and after the rung before it")


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: `level` counts rungs from 1, `due` in µs."""

    level: int
    due: int
    addressee: Addressee


def supervised(ladder: Ladder, reply_within: int) -> bool:
    """Whether a partner that has `reply_within` seconds to answer is nudged and supervised."""
    return reply_within >= ladder.least_reply


def nudge_due(ladder: Ladder, start: int, deadline: int) -> int:
    """When the partner is reminded (µs), its time running from `start` to `deadline`."""
    return start + (deadline - start) * ladder.nudge_at_percent // 100


def next_rung(ladder: Ladder, deadline: int, level: int, calendar: Calendar) -> Step | None:
    """The rung after `level` (0: none was reached yet) for what was due at `deadline` (µs); None above the last."""
    if level >= len(ladder.rungs):
        return None
    rung = ladder.rungs[level]
    return Step(level + 1, calendar.add_working_days(deadline, rung.working_days), rung.addressee)


def reminder(ladder: Ladder, deadline: int, at: int, calendar: Calendar) -> Step:
    """The reminder at `at` (µs) of what was to be released by `deadline`: one level higher with each rung that has passed, to the
    superior from the rung on that names it, to the supervisor before. `due` is when the next one is: a day later, once the last
    rung has passed a week later, and so on without end."""
    passed = [rung for rung in ladder.rungs if calendar.add_working_days(deadline, rung.working_days) <= at]
    superior = any(rung.addressee is Addressee.SUPERIOR for rung in passed)
    pause = DAY if len(passed) < len(ladder.rungs) else 7 * DAY
    return Step(min(len(passed) + 1, TOP), at + pause, Addressee.SUPERIOR if superior else Addressee.SUPERVISOR)
