"""Objections (异议) to measures, and assets that are protected from them.

民事诉讼法 (2023) art. 236 and 238: reviewed within 15 days. Joint notice of 2020-12-30 on migrant-worker wage accounts: no freeze while
the objection is reviewed; V21.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from schemas.cases import ObjectionDecision
from schemas.findings import AccountFinding, Finding
from schemas.replies import Reply, ReplyKind

UNNAMED = "PROTECTED"
"""The flag of an account that its bank calls protected without saying as what."""
ACCOUNT_PROTECTED = "account-protected"
"""The reason code by which a bank declines to freeze or deduct from such an account."""
STAYED = frozenset({"freeze", "deduct", "transfer"})
"""What is not done to an asset while an objection about it is under review."""


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
    """One objection; `ref` is the asset's token, `measure` the measure's key.

    `key` is the id of its message, or one that the hub made where a bank's answer is the objection. `status`: reviewing →
    upheld | rejected. `due_at` (µs) is the end of the review's time.
    """

    KIND: ClassVar[str] = "objection"

    measure: str
    request_id: str
    ground: Literal["exempt", "wrong-person", "ownership", "over-seizure"]
    opened_by: str
    due_at: int


def decided(objection: ObjectionState, decision: ObjectionDecision) -> ObjectionState | str:
    """The objection after the court's decision, or the code of why there is nothing to decide."""
    if objection.status != "reviewing":
        return "state-other"
    return replace(objection, status=decision.outcome)


def flagged(findings: Iterable[Finding], exempt: frozenset[str]) -> dict[str, frozenset[str]]:
    """Account (by its asset name) → which of the `exempt` flags the bank reports on it, for those with any."""
    accounts = (finding for finding in findings if isinstance(finding, AccountFinding))
    found = ((f"account:{account.number}", exempt & frozenset(account.flags)) for account in accounts)
    return {name: flags for name, flags in found if flags}


def declined_as_protected(reply: Reply) -> bool:
    """Whether the bank declines a control because the account is protected: that is its objection (V21)."""
    return reply.kind is ReplyKind.NOT_CONTROLLED and reply.reason is not None and reply.reason.code == ACCOUNT_PROTECTED


def protected_by(known: frozenset[str], reported: frozenset[str]) -> frozenset[str]:
    """The flags after a report. One that names them replaces one that did not; no report takes a protection away, because
    absent flags may only not have been asked for (V30)."""
    return (known - {UNNAMED}) | reported if reported else known or frozenset({UNNAMED})


def under_review(about_asset: Iterable[ObjectionState]) -> bool:
    """Whether any of the objections about an asset is still under review."""
    return any(objection.status == "reviewing" for objection in about_asset)
