"""Objections (异议) to measures, and assets that are protected from them.

民事诉讼法 (2023) art. 236 and 238: reviewed within 15 days. Joint notice of 2020-12-30 on migrant-worker wage accounts: no freeze while
the objection is reviewed; V21.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from schemas.cases import ObjectionDecision

Ground = Literal["exempt", "wrong-person", "ownership", "over-seizure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedAsset(Aggregate):
    """What is known to protect an asset (`key`, `ref`: its token): the flags that its keeper reported."""

    KIND: ClassVar[str] = "asset"

    flags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionState(Aggregate):
    """One objection, by its message's id; `ref` is the asset's token, `measure` the measure's key.

    `status`: reviewing → upheld | rejected. `due_at` (µs) is the end of the review's time.
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


RELEASABLE = frozenset({"requested", "unknown", "effective", "queued"})
"""States of a measure that an upheld objection leads to the release of."""
