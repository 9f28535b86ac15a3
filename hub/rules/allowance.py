"""How many inquiries a day one court may put to one partner (`Agreement.daily_limit`): a court that floods uses up its own day only.
And how many rejections a day a party is sent, whoever answers them with what.

个人信息保护法 art. 6: no more than the purpose needs. Measures and searches for persons are not counted: none may be late for it.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from hub.rules.aggregate import Aggregate
from schemas.base import day_of

REJECTIONS = 1000
"""Most rejections that one party is sent on one day in China; the last one is an alarm, and of more there are entries and dead letters alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceState(Aggregate):
    """How many inquiries a court has put to a partner on one day in China, or rejections a party was sent; `key` is made of these three."""

    KIND: ClassVar[str] = "allowance"

    count: int = 0


def key_of(court: str, partner: str, at: int) -> str:
    """The counter's key for the day in which `at` (µs) lies."""
    return f"{court}/{partner}/{day_of(at).isoformat()}"


def one_more(state: AllowanceState, limit: int) -> AllowanceState | None:
    """The counter after one more inquiry; None where the day's limit is reached."""
    return replace(state, count=state.count + 1) if state.count < limit else None
