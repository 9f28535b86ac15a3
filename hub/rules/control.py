"""What a control may do to an asset: amount, term, ceiling, protection, and the measure that it cites.

Civil Procedure Law (2023) art. 253 (not beyond the obligation); 民诉法解释 art. 485; 法发〔2019〕35号; V14 to V16, V20 to V22.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from hub.rules import measures
from hub.rules.cases import CaseState
from hub.rules.measures import MeasureState
from hub.rules.state import RequestState, RequestStatus
from hub.rules.terms import Terms
from schemas.hub import TaskOutcome
from schemas.messages import ControlRequested, RequestMessage
from schemas.requests import CONTROLS, FIRST_CONTROLS

ACTIONS = frozenset(CONTROLS)
BEGINS = {
    "renew": FIRST_CONTROLS, "release": FIRST_CONTROLS, "deduct": frozenset({"freeze"}), "transfer": FIRST_CONTROLS,
    "withdraw": frozenset({"watch", "road-control"}), "lift": frozenset({"restrict"}),
}  # fmt: skip
"""What each citing action may cite."""

NO_CONTROL = frozenset({TaskOutcome.NOT_CONTROLLED, TaskOutcome.REFUSED, TaskOutcome.RETURNED, TaskOutcome.NO_RECORD,
                        TaskOutcome.NOT_SENT})  # fmt: skip
"""Outcomes that leave nothing to release. Silence is not among them: it means that the outcome is unknown."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the asset and the case: see `intake.Context`."""

    terms: Terms
    case: CaseState | None
    measure: MeasureState | None
    controlled: Decimal
    flags: frozenset[str]
    contested: bool
    overruled: bool = False


def check(request: ControlRequested, known: Subject, at: int) -> list[str]:
    """The codes of what stands against this control, at the broker's time `at` (µs)."""
    data, codes = request.data, []
    if data.action in FIRST_CONTROLS:
        codes += ["amount-needed"] if data.amount is None else _ceiling(request, known)
    if data.action in FIRST_CONTROLS or data.action == "renew":
        codes += _term(data.term_months, known.terms.max_term_months[data.asset.kind])
    codes += _untouchable(request, known)
    if data.action == "deduct":
        codes += ["amount-needed"] if data.amount is None else []
        codes += ["account-needed"] if data.court_account is None else []
    if data.action == "transfer" and data.transferee is None:
        codes.append("transferee-needed")
    return codes + (_acts_on(request, known.measure, at) if known.measure is not None else [])


def _term(months: int | None, most: int) -> list[str]:
    """V15."""
    if months is None:
        return ["term-missing"]
    return ["term-too-long"] if months > most else []


def _ceiling(request: ControlRequested, known: Subject) -> list[str]:
    """V20: with this, all that the case's measures control is at most claim + costs − recovered; else a reason is given,
    for which an approval of its own is needed."""
    if known.case is None or request.data.amount is None or request.data.over_ceiling is not None:
        return []
    return ["over-seizure"] if known.controlled + Decimal(request.data.amount) > known.case.ceiling else []


def forbidden_by_now(request: ControlRequested, known: Subject) -> list[str]:
    """What has come to stand against a control that was accepted and not sent yet. `known.controlled` leaves this one out."""
    ceiling = _ceiling(request, known) if request.data.action in FIRST_CONTROLS else []
    return ceiling + _untouchable(request, known)


def _untouchable(request: ControlRequested, known: Subject) -> list[str]:
    """The codes of what forbids to touch the asset: V21, and that an objection is under review."""
    action = request.data.action
    codes = _protected(request, known) if action in ("freeze", "deduct") else []
    return codes + (["objection-open"] if known.contested and action in ("freeze", "deduct", "transfer") else [])


def _protected(request: ControlRequested, known: Subject) -> list[str]:
    """V21: a protected account is not touched, but a wage account for those very wages, or one that the case's court has found
    not to be exempt; either with reason and approval."""
    flags = known.flags & known.terms.exempt_flags
    wages = known.case is not None and known.case.priority == "wages" and flags <= known.terms.wage_flags
    return ["asset-exempt"] if flags and not ((wages or known.overruled) and request.data.exempt_reason is not None) else []


def _acts_on(request: ControlRequested, measure: MeasureState, at: int) -> list[str]:
    """V16 and V22: only a measure that is still in force can be renewed, deducted from, transferred or released."""
    action = request.data.action
    if action == "renew" and measure.status not in measures.PENDING:
        code = measures.may_renew(measure, at)
        return [code] if code is not None else []
    if measure.status in measures.ENDED:
        return ["original-not-controlled" if measure.status == "refused" else "measure-not-in-force"]
    if action in ("deduct", "transfer") and not measure.renewals and measure.lapses_at is not None and at >= measure.lapses_at:
        return ["measure-expired"]
    if action == "deduct" and request.data.amount is not None:
        return [] if measures.may_deduct(measure, request.data.amount) else ["amount-over-controlled"]
    return []


def cites(
    request: RequestMessage, original: RequestState | None, asset_token: str | None, case_token: str, courts: Collection[str]
) -> list[str]:
    """V22: what acts on a measure cites it, on the same asset, in the same case, of one of the `courts` that had the case."""
    if getattr(request.data, "original", None) is None:
        return ["original-needed"]
    if original is None:
        return ["original-unknown"]
    same = original.case_token == case_token and original.court in courts
    if not same or asset_token not in (None, original.asset_token) or original.action not in BEGINS[request.data.action]:
        return ["original-other"]
    if original.status is RequestStatus.REFUSED or not may_act_on(original):
        return ["original-not-controlled"]
    return []


def may_act_on(original: RequestState) -> bool:
    """Whether there can be something to act on: the original has not settled, took hold, or met silence."""
    return original.status is not RequestStatus.CONCLUDED or any(
        task.outcome not in NO_CONTROL for task in original.tasks
    )
