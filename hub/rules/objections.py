"""Objections (异议) to measures, watches and restrictions, and assets that are protected from measures.

民事诉讼法 (2023) art. 236 and 238: reviewed within 15 days, whatever act of enforcement is contested. 法释〔2017〕7号 art. 12, which
法发〔2019〕35号 applies to 限制消费 too: who is restricted wrongly applies for correction, reviewed within 15 days and corrected at once
where it is well founded. Joint notice of 2020-12-30 on migrant-worker wage accounts: no freeze while the objection is reviewed; V21.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from hub.rules.lift import Binding
from hub.rules.measures import MeasureState
from hub.rules.state import RequestState
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
    """One objection, by its message's id; `ref` is the asset's token, `measure` the key of the request that it cites, which imposed
    what is contested or acts on it (see `contested`), `request_id` that request's id.

    `status`: reviewing → upheld | rejected. `opened_by` is the party that objected, `due_at` (µs) the end of the review's time,
    `release_due` (µs) until when what was contested is to be released.
    """

    KIND: ClassVar[str] = "objection"

    measure: str
    request_id: str
    ground: Ground
    opened_by: str
    due_at: int
    release_due: int | None = None


def decided(objection: ObjectionState, decision: ObjectionDecision) -> ObjectionState | str:
    """The objection after the court's decision, or the code of why there is nothing to decide."""
    if objection.status != "reviewing":
        return "state-other"
    return replace(objection, status=decision.outcome)


def contested(request: RequestState) -> str | None:
    """Key of the request that imposed what is contested: what acts on a measure is contested with the measure itself."""
    return request.original_key if request.action in ACTS_ON else request.key


def nothing_left(binding: Iterable[Binding]) -> bool:
    """Whether nothing of what was contested is under control: it has ended, or all the money was deducted or never came in."""
    return all(isinstance(each, MeasureState) and each.action == "freeze" and each.status == "effective" and not each.counts
               for each in binding)  # fmt: skip


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
ACTS_ON = frozenset({"renew", "deduct", "transfer"})
"""What acts on a measure that another request began."""
