"""Whether an order that was accepted earlier may be sent now: something is left to act on, and the law still allows it."""

from hub.casework.desk import Desk
from hub.rules import control, measures, objections
from hub.rules.cases import CaseState
from hub.rules.measures import MeasureState
from hub.rules.objections import ObjectionState, ProtectedAsset
from hub.rules.state import RequestState
from schemas.messages import ControlRequested


def is_gone(desk: Desk, request: RequestState, original: RequestState | None) -> bool:
    """Whether nothing is left of what `request` cites that it could act on (V22)."""
    measure = desk.states.get(MeasureState, request.original_key)
    gone = original is not None and not control.may_act_on(original)
    return gone or (measure is not None and (measure.status in measures.ENDED or not measures.covers(measure, request.key)))


def is_forbidden(desk: Desk, request: RequestState, message: object) -> bool:
    """Whether the order has come to be against the law since it was accepted (V20, V21)."""
    if not isinstance(message, ControlRequested) or request.asset_token is None:
        return False
    states = desk.states
    protection = states.get(ProtectedAsset, request.asset_token)
    others = [each for each in states.of_case(MeasureState, request.case_token) if each.key != request.key]
    return bool(control.forbidden_by_now(message, control.Subject(
        desk.linkage.terms, states.get(CaseState, request.case_token), None, measures.used(others),
        protection.flags if protection is not None else frozenset(),
        contested=objections.under_review(states.about(ObjectionState, request.asset_token)),
        overruled=protection is not None and request.case_token in protection.overruled,
    )))  # fmt: skip
