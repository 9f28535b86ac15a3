"""Reads are audited (查阅留痕): who looked at how many answers, and when somebody above is told. Pure.

个人信息保护法 art. 51 and 54: access is limited, recorded and audited. The thresholds are the bands of 法释〔2017〕10号 art. 5 (50, 500
and 5,000 items), which `config/terms.toml` gives. Each officer has two counters against them, of the calendar month in China and of
all time: the first finds a burst, the second what is drawn out over months.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from schemas.base import day_of

NEWEST = 500
"""Most lines of one register of inquiries: what the contract holds in one message."""


Span = Literal["month", "total"]
"""What a counter counts over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerReads(Aggregate):
    """How many answers one officer has looked at in one month, or in all; `ref` is the officer's token, `key` that and which."""

    KIND: ClassVar[str] = "officer-reads"

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReads(Aggregate):
    """How often answers to one request were looked at, by whomever; `key` is the request's."""

    KIND: ClassVar[str] = "request-reads"

    count: int = 0


def references(wanted: Iterable[str], recipients: Mapping[str, str], court: str) -> list[str]:
    """What is read was sent, and to this court. `recipients` gives for each message that the hub has sent who it went to."""
    found = [recipients.get(message_id) for message_id in wanted]
    codes = ["reference-unknown"] if None in found else []
    return codes + (["reference-other"] if any(recipient not in (None, court) for recipient in found) else [])


def counter_keys(officer_token: str, at: int) -> dict[Span, str]:
    """The keys of an officer's counters: of the month in China in which `at` (µs) lies, and of all time."""
    return {"month": f"{officer_token}/{day_of(at).isoformat()[:7]}", "total": f"{officer_token}/total"}


def read(state: OfficerReads, count: int, thresholds: tuple[int, ...]) -> tuple[OfficerReads, tuple[int, ...]]:
    """The counter after `count` more reads, and the levels (from 1) of the thresholds that these have reached."""
    after = state.count + count
    reached = tuple(level for level, bar in enumerate(thresholds, 1) if state.count < bar <= after)
    return replace(state, count=after), reached


def to_tell(month: Iterable[int], total: Iterable[int]) -> list[tuple[Span, int]]:
    """Which of the levels that both counters have reached at once are told: the same level by both is one thing, the month's."""
    told: list[tuple[Span, int]] = [("month", level) for level in month]
    return told + [("total", level) for level in total if ("month", level) not in told]


def courts_below(superiors: Mapping[str, str], court: str) -> frozenset[str]:
    """The courts that `court` is over, directly or through another; none for a court without oversight."""
    below: set[str] = set()
    rest = {court}
    while rest:
        rest = {lower for lower, superior in superiors.items() if superior in rest} - below
        below |= rest
    return frozenset(below)
