"""Objections (异议) to measures, and assets that are protected from them.

民事诉讼法 (2023) art. 236 and 238: reviewed within 15 days. Joint notice of 2020-12-30 on migrant-worker wage accounts: no freeze while
the objection is reviewed; V21.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from schemas.cases import ObjectionDecision

Ground = Literal["exempt", "wrong-person", "ownership", "over-seizure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedAsset(Aggregate):
    """What is known to protect an asset (`key`, `ref`: its token): the flags that its keeper reported.

    `overruled` are the cases (tokens) whose court has rejected the objection that it is exempt.
    """

    KIND: ClassVar[str] = "asset"

    flags: frozenset[str]
    overruled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionState(Aggregate):
    """One objection, by its message's id; `ref` is the asset's token, `measure` the measure's key.

    `status`: reviewing → upheld | rejected. `opened_by` is the party that objected, `due_at` (µs) the end of the review's time.
    """

    KIND: ClassVar[str] = "objection"

    measure: str
    request_id: str
    ground: Ground
    opened_by: str
    due_at: int


def decided(objection: ObjectionState, decision: ObjectionDecision) -> ObjectionState | str:
    """The objection after the court's decision, or the code of why there is nothing to decide."""
    if objection.status != "reviewing":
        return "state-other"
    return replace(objection, status=decision.outcome)


def under_review(about_asset: Iterable[ObjectionState]) -> bool:
    """Whether any of the objections about an asset is still under review."""
    return any(objection.status == "reviewing" for objection in about_asset)


def protected_by(known: frozenset[str], reported: frozenset[str]) -> frozenset[str]:
    """The flags after a report. One that names them replaces one that did not; no report takes a protection away, because
    absent flags may only not have been asked for (V30)."""
    return (known - {UNNAMED}) | reported if reported else known or frozenset({UNNAMED})


STAYED = frozenset({"freeze", "deduct", "transfer"})
"""What is not done to an asset while an objection about it is under review."""
UNNAMED = "PROTECTED"
"""The flag of an account that its bank calls protected without saying as what."""
RELEASABLE = frozenset({"requested", "unknown", "effective", "queued"})
"""States of a measure that an upheld objection leads to the release of."""
