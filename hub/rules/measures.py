"""Measures in force (查封、扣押、冻结): terms, renewal, lapse, the queue behind a first seizure, and the ceiling.

民诉法解释 art. 485 (terms) and art. 486 f.; 法发〔2004〕5号 art. 20 (轮候: order by time of service; the first in line takes effect
when the one before it is released or lapses, moves to the rest after partial disposal, lapses after full disposal);
法发〔2019〕35号 (no obvious over-seizure); V14 to V16, V20 to V22.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from schemas.base import add_months, day_of, end_of_day
from schemas.replies import MeasureOutcome

TITLES = frozenset({"real-estate", "vehicle", "equity"})
"""Assets with one title, of which at most one seizure can be in effect; money in an account can be frozen part by part."""
ENDED = frozenset({"released", "lapsed", "disposed", "void", "refused"})
"""A measure that has ended never acts again."""
PENDING = frozenset({"requested", "unknown"})
"""Whether it took hold is not known: it counts against the ceiling with all that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureState(Aggregate):
    """One control of one asset, by the request that began it (`key`); `ref` is the asset's token.

    `status`: requested → effective | queued | refused | unknown; effective → released | lapsed | disposed; queued →
    effective | released | void. A renewal keeps it effective with a later end. `ends` is the last day in force; one that
    waits has a length (`term_months`) and no end. `served_at` is the time of service (µs), which gives the place in the queue.
    `renewals` are the keys of the renewals on their way (`unconfirmed`: one met silence, so that at its end nobody knows),
    `deducting` key and amount of each deduction on its way, in order.
    """

    KIND: ClassVar[str] = "measure"

    request_id: str
    partner: str
    asset: str
    action: str
    amount: str | None
    controlled: str | None = None
    term_months: int
    served_at: int | None = None
    starts: str | None = None
    ends: str | None = None
    reference: str | None = None
    use_permitted: bool = False
    renewals: tuple[str, ...] = ()
    unconfirmed: bool = False
    deducting: tuple[tuple[str, str], ...] = ()
    approved_over: bool = False
    proof: str | None = None

    @property
    def lapses_at(self) -> int | None:
        """When it lapses (µs): at the end of its last day."""
        return end_of_day(date.fromisoformat(self.ends)) if self.ends is not None else None

    @property
    def counts(self) -> Decimal:
        """How much it takes of the ceiling: what is actually controlled, or while that is unknown what was asked for."""
        if self.status != "effective" and self.status not in PENDING:
            return Decimal(0)
        return Decimal(self.controlled if self.controlled is not None else self.amount or "0")


Happened = Literal["effective", "queued", "refused", "unknown", "renewed", "released", "deducted", "transferred"]


def used(measures: Iterable[MeasureState]) -> Decimal:
    """What the measures of a case control in all, across partners and requests (V20)."""
    return sum((measure.counts for measure in measures), Decimal(0))


def may_renew(measure: MeasureState, at: int) -> str | None:
    """V16: only before the end, by the broker's time `at` (µs); the code of why not."""
    if measure.status != "effective":
        return "measure-expired" if measure.status == "lapsed" else "measure-not-in-force"
    return "measure-expired" if measure.lapses_at is not None and at >= measure.lapses_at else None


def answered(
    measure: MeasureState, outcome: MeasureOutcome, *, at: int, served_at: int, proof: str, max_months: int,
    others: Sequence[MeasureState],
) -> MeasureState:  # fmt: skip
    """The measure after the registry's answer to the request that began it. `others` are those on the same asset.

    A registry that calls a second seizure of one title effective is believed to hold it, but behind the first.
    """
    taken = measure.asset in TITLES and any(other.status == "effective" for other in others if other.key != measure.key)
    found = replace(measure, served_at=served_at, reference=outcome.reference, proof=proof, controlled=_unpaid(measure, outcome.controlled))
    if outcome.state == "queued" or taken:
        return replace(found, status="queued", controlled=None, starts=None, ends=None)
    starts = outcome.starts or day_of(at)
    return replace(found, status="effective", starts=starts.isoformat(), ends=_end(outcome.ends, starts, measure.term_months, max_months))


def _unpaid(measure: MeasureState, controlled: str | None) -> str | None:
    """What is left of the `controlled` that a late answer states, where a deduction has been paid before it came."""
    if measure.controlled is None or controlled is None:
        return controlled if measure.controlled is None else measure.controlled
    paid = Decimal(measure.amount or "0") - Decimal(measure.controlled)
    return f"{max(Decimal(controlled) - paid, Decimal(0)):.2f}"


def renewed(measure: MeasureState, outcome: MeasureOutcome, *, key: str, months: int, max_months: int, proof: str) -> MeasureState:
    """The measure after the renewal `key` with its new end: what the registry states, at most the legal term from the old end, never before it."""
    old = date.fromisoformat(measure.ends) if measure.ends is not None else outcome.starts
    if old is None:
        return replace(not_renewing(measure, key), unconfirmed=False, proof=proof)
    ends = max(old.isoformat(), _end(outcome.ends, old, months, max_months))
    status = "effective" if measure.status == "unknown" else measure.status
    return replace(not_renewing(measure, key), status=status, unconfirmed=False, proof=proof, ends=ends)


def not_renewing(measure: MeasureState, key: str) -> MeasureState:
    """The measure once it is known what became of the renewal `key`; others may still be on their way."""
    return replace(measure, renewals=tuple(each for each in measure.renewals if each != key))


def beyond_law(outcome: MeasureOutcome, starts: date, max_months: int) -> bool:
    """Whether the registry states an end later than the law allows."""
    return outcome.ends is not None and outcome.ends > add_months(outcome.starts or starts, max_months)


def _end(stated: date | None, starts: date, months: int, max_months: int) -> str:
    """The last day in force: what the registry states, but never beyond the legal maximum."""
    latest = add_months(starts, max_months)
    return min(stated or add_months(starts, months), latest).isoformat()


def ended(measure: MeasureState, status: Literal["released", "lapsed", "disposed", "void", "refused"], proof: str | None = None) -> MeasureState:
    """The measure after its end. What has ended never acts again."""
    if measure.status in ENDED:
        return measure
    return replace(measure, status=status, renewals=(), proof=proof or measure.proof)


def deducting(measure: MeasureState, key: str, amount: str) -> MeasureState:
    """The freeze with the deduction `key` on its way."""
    return replace(measure, deducting=(*measure.deducting, (key, amount)))


def not_deducting(measure: MeasureState, key: str) -> MeasureState:
    """The freeze once it is known what became of the deduction `key`."""
    return replace(measure, deducting=tuple(each for each in measure.deducting if each[0] != key))


def may_deduct(measure: MeasureState, amount: str) -> bool:
    """Whether the freeze covers a deduction of `amount` beside those on their way."""
    return Decimal(amount) + sum(Decimal(each) for _, each in measure.deducting) <= measure.counts


def covers(measure: MeasureState, key: str) -> bool:
    """Whether the freeze, as it is now, covers the deduction `key` beside those before it; True where it is none."""
    keys = [each for each, _ in measure.deducting]
    upto = measure.deducting[: keys.index(key) + 1] if key in keys else ()
    return sum(Decimal(each) for _, each in upto) <= measure.counts


def deducted(measure: MeasureState, amount: str, proof: str) -> MeasureState:
    """A freeze after a deduction of `amount`: what was paid is controlled no longer."""
    left = max(measure.counts - Decimal(amount), Decimal(0))
    return replace(measure, controlled=f"{left:.2f}", proof=proof)


def in_line(measures: Iterable[MeasureState]) -> list[MeasureState]:
    """Those that wait on one asset, first in line first: by time of service."""
    return sorted((m for m in measures if m.status == "queued"), key=lambda m: (m.served_at or 0, m.key))


def promoted(measure: MeasureState, at: int, policy: Literal["conversion", "document"]) -> MeasureState:
    """The first in line, in effect from `at` (µs). Registries differ in where its term begins; it may be over already."""
    starts = day_of(at if policy == "conversion" or measure.served_at is None else measure.served_at)
    return replace(measure, status="effective", starts=starts.isoformat(), ends=add_months(starts, measure.term_months).isoformat())


def next_in_line(measures: Iterable[MeasureState], at: int, policy: Literal["conversion", "document"]) -> MeasureState | None:
    """Who takes effect once nothing else on the title is in effect, if somebody waits."""
    every = list(measures)
    if any(measure.status == "effective" for measure in every):
        return None
    waiting = in_line(every)
    return promoted(waiting[0], at, policy) if waiting else None


def reminder_at(ends: str, days: int) -> int:
    """When the reminder `days` before the last day is due (µs): at nine in the morning in China."""
    return end_of_day(date.fromisoformat(ends) - timedelta(days=days + 1)) + 9 * 3600 * 1_000_000
