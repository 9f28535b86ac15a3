"""The ledger of closed rounds (终本台账): the standing inquiry that a closed round goes on with.

终本规定 (法〔2016〕373号) art. 9: within five years of the closing the court asks again every six months, and takes up enforcement
again when it finds something to enforce against. Figures stand in `config/terms.toml`.

A round that was closed before this hub kept the ledger is taken over: five years from its real closing, less what has passed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from hub.rules.terms import DAY, Ledger
from schemas.base import CHINA, add_months, day_of, end_of_day, micros
from schemas.cases import Review
from schemas.findings import AccountFinding, EquityFinding, Finding, RealEstateFinding, VehicleFinding
from schemas.requests import Standing

LIVE = frozenset({"open", "found"})
"""The ledger goes on; in any other state no round is ever asked again."""
ANSWER_WITHIN = 30 * DAY
"""How long a round may be carried out (µs)."""
_HOUR = 3600 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState(Aggregate):
    """One closed round's standing inquiry about one debtor; `key` is that of the court's request, `ref` the debtor's token.

    `status`: open ⇄ found (something awaits review) → resumed (恢复执行) | closed (all rounds are over) | ended (the case has).
    `opened_at` in µs; `round` is the last one asked, 0 before the first, `concluded` the last one that is over; `unreviewed` are
    the rounds whose finding nobody has looked at yet; `complete` tells whether every partner has answered in every round so far.
    One that is `imported` began at a closing that this hub did not see; it cannot vouch for the rounds that had passed by then.
    """

    KIND: ClassVar[str] = "ledger"

    request_id: str
    opened_at: int
    every_months: int
    times: int
    round: int = 0
    concluded: int = 0
    unreviewed: tuple[int, ...] = ()
    complete: bool = True
    imported: bool = False


def next_round(ledger: LedgerState) -> int | None:
    """The number of the round that comes next; None once there is none."""
    return ledger.round + 1 if ledger.status in LIVE and ledger.round < ledger.times else None


def due_at(ledger: LedgerState, number: int, terms: Ledger) -> int:
    """When round `number` is due (µs): its step after the opening, in the night that begins on that day in China.

    Within the night the rounds lie evenly, each at a place that a hash of its ledger and number gives: so no partner gets them
    all at once, and the same ledger has the same times in every run.
    """
    return _night(ledger.opened_at, ledger.every_months * number, terms) + _offset(f"{ledger.key}/{number}", terms)


def in_night(at: int, terms: Ledger) -> bool:
    """Whether `at` (µs) lies in the night window, when registries have time for what is not urgent."""
    return (at - _night(at, 0, terms)) % DAY < _length(terms)


def tonight(ledger: LedgerState, number: int, now: int, terms: Ledger) -> int:
    """When round `number` is due (µs) that is asked in the night that begins on the day of `now`: at its own place."""
    return _night(now, 0, terms) + _offset(f"{ledger.key}/{number}", terms)


def sufficient(standing: Standing, terms: Ledger, at: int, until: int) -> bool:
    """Whether a standing inquiry made at `at` is as often and as long as the law asks, and its basis, which ends at `until`
    (µs), lasts over every round's night."""
    months = standing.every_months * standing.times
    often = standing.every_months <= terms.every_months and months >= terms.every_months * terms.times
    return often and until > _night(begun_at(standing, at), months, terms) + _length(terms)


def begun_at(standing: Standing, at: int) -> int:
    """From when (µs) the rounds of a standing inquiry made at `at` count: from then, or from the day of the closing (art. 9)."""
    return at if standing.closed_on is None else end_of_day(standing.closed_on - timedelta(days=1))


def passed(standing: Standing, terms: Ledger, at: int) -> int:
    """How many of its rounds had their night before `at` (µs)."""
    start = begun_at(standing, at)
    return sum(_night(start, standing.every_months * number, terms) <= at for number in range(1, standing.times + 1))


def may_import(standing: Standing, terms: Ledger, at: int, *, known: bool) -> list[str]:
    """Whether a round may be taken over at `at` (µs) that was closed before this hub kept the ledger: of a case that is not `known`
    here, since in any other it is closed with a certificate, and while rounds remain; the codes of why not."""
    if standing.closed_on is None:
        return []
    codes = ["import-known"] if known else []
    codes += ["import-late"] if standing.closed_on >= terms.imported_before else []
    return codes + (["import-over"] if passed(standing, terms, at) == standing.times else [])


def asked(ledger: LedgerState) -> LedgerState:
    """The ledger with its next round asked; unchanged where there is none."""
    number = next_round(ledger)
    return ledger if number is None else replace(ledger, round=number)


def enforceable(findings: Iterable[Finding]) -> bool:
    """Whether something can be enforced against (可供执行财产): a title, a share, or an account that is not stated to be empty."""
    return any(_worth(finding) for finding in findings)


def found(ledger: LedgerState, number: int) -> LedgerState:
    """Round `number` has found something: it awaits the court's review."""
    if ledger.status not in LIVE or number in ledger.unreviewed or not 1 <= number <= ledger.round:
        return ledger
    return replace(ledger, status="found", unreviewed=(*ledger.unreviewed, number))


def concluded(ledger: LedgerState, number: int, outcome: Literal["complete", "incomplete"]) -> LedgerState:
    """Round `number` is over; with the last one the ledger closes, unless a finding still awaits its review."""
    complete = ledger.complete and outcome == "complete"
    return _closed_if_over(replace(ledger, complete=complete, concluded=max(ledger.concluded, number)))


def reviewed(ledger: LedgerState, review: Review) -> LedgerState | str:
    """The ledger after the court's review of a finding, or the code of why there is none to review."""
    if ledger.status != "found" or review.round not in ledger.unreviewed:
        return "state-other"
    if review.outcome == "resumed":
        return ended(ledger, "resumed")
    left = tuple(number for number in ledger.unreviewed if number != review.round)
    return _closed_if_over(replace(ledger, unreviewed=left, status="found" if left else "open"))


def ended(ledger: LedgerState, status: Literal["resumed", "closed", "ended"]) -> LedgerState:
    """The ledger after its end, which never changes."""
    return replace(ledger, status=status, unreviewed=()) if ledger.status in LIVE else ledger


def _closed_if_over(ledger: LedgerState) -> LedgerState:
    return ended(ledger, "closed") if ledger.status == "open" and ledger.concluded >= ledger.times else ledger


def _worth(finding: Finding) -> bool:
    if isinstance(finding, AccountFinding):
        stated = finding.available if finding.available is not None else finding.balance
        return stated is None or Decimal(stated) > 0
    return isinstance(finding, RealEstateFinding | VehicleFinding | EquityFinding)


def _night(start: int, months: int, terms: Ledger) -> int:
    day = add_months(day_of(start), months)
    return micros(datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(hours=terms.window_from))


def _length(terms: Ledger) -> int:
    return (terms.window_until - terms.window_from) % 24 * _HOUR


def _offset(name: str, terms: Ledger) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) * _length(terms) >> 64
