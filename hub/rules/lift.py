"""Lifting (信用修复): once the debt is performed, or the case ends otherwise, everything that still binds the debtor is to end.

终本规定 and 民事诉讼法 (2023) art. 266 in their reverse; 企业破产法 art. 19: on acceptance of bankruptcy preservation is lifted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from hub.rules import measures, watches
from hub.rules.aggregate import Aggregate
from hub.rules.measures import MeasureState
from hub.rules.watches import WatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionState(Aggregate):
    """A restriction (限制措施) by its request (`key`): requested → restricted → lifted; or refused; unknown after silence."""

    KIND: ClassVar[str] = "restriction"

    request_id: str
    partner: str
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftState(Aggregate):
    """The lifting of one case (`key`: its token): open → certified. `release_due` (µs) is until when all was to be released."""

    KIND: ClassVar[str] = "lift"

    release_due: int | None = None


Binding = MeasureState | WatchState | RestrictionState
ENDINGS = {MeasureState: "release", WatchState: "withdraw", RestrictionState: "lift"}
"""The action that ends each."""


def binds(each: Binding) -> bool:
    """Whether it still binds the debtor, or may: one whose outcome is unknown does."""
    if isinstance(each, MeasureState):
        return each.status not in measures.ENDED
    return each.status not in (watches.ENDED if isinstance(each, WatchState) else {"lifted", "refused"})


def all_ended(every: Iterable[Binding]) -> bool:
    """Whether nothing binds any more; a certificate says so, never earlier."""
    return not any(binds(each) for each in every)


def was_in_force(each: Binding) -> bool:
    """Whether it ever took hold: what was refused needs no proof of its end."""
    return each.status != "refused"


def proof_of_end(each: Binding) -> str | None:
    """The message that shows its end. A lapse, an expiry and the loss of the object come with time or with another's end, and
    what was said of its beginning proves neither."""
    return None if each.status in ("lapsed", "void", "expired") else each.proof


def answered(restriction: RestrictionState, state: str, proof: str | None) -> RestrictionState:
    """The restriction after the partner's answer; what is lifted or refused stays so."""
    if restriction.status in ("lifted", "refused"):
        return restriction
    return replace(restriction, status=state, proof=proof)
