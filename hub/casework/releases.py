"""What must be released: drafted for signature at once, and reminded of until it has ended."""

from collections.abc import Sequence

from hub.casework.desk import Desk
from hub.casework.drafts import draft
from hub.casework.part import Part
from hub.engine.processor import Due
from hub.rules import lift
from hub.rules.aggregate import Aggregate
from hub.rules.cases import CaseState
from hub.rules.lift import Imposed, ReleaseDuty, Why
from hub.rules.measures import MeasureState
from hub.rules.notices import NoticeState
from hub.rules.terms import DAY
from hub.rules.watches import WatchState
from schemas.base import from_micros

OVERDUE = "release-overdue"


def imposed_in(desk: Desk, case_token: str) -> list[Imposed]:
    """All that a case has imposed, ended or not."""
    states = desk.states
    return [*states.of_case(MeasureState, case_token), *states.of_case(WatchState, case_token), *states.of_case(NoticeState, case_token)]


def require(
    desk: Desk, imposed: Sequence[Imposed], why: Why, *, stage: str, cause: str | None = None,
    **members: str,
) -> None:  # fmt: skip
    """Ask the court to release what one request has imposed (with several partners, if it asked several).

    Tells the handler with a draft that needs documents and approvals only, and starts the clock of the release. `members`
    go into the draft. The law says at once (立即); the clock is ours.
    """
    first = imposed[0]
    key = first.key.partition("/")[0]
    desk.load([key])
    request, case = desk.cases[key], desk.states.get(CaseState, first.case_token)
    due = desk.work.now + desk.linkage.terms.clocks["release"]
    action = lift.ENDS_WITH[type(first)]
    decision = desk.work.decide("release.due", key, None, {
        "request": request.request_id, "court": first.court, "partner": first.partner, "action": action, "why": why})  # fmt: skip
    desk.tell(
        decision, case, first.court, "release-drafted" if why == "objection" else "release-due", about=request.request_id,
        case_token=first.case_token, stage=stage, request_key=key, partner=first.partner, cause=cause, due=from_micros(due),
        measure=first.reference if isinstance(first, MeasureState) else None, addressee=case.handler if case is not None else None,
        draft=draft(desk, request, action, partners=[each.partner for each in imposed], **members),
    )  # fmt: skip
    for each in imposed:
        known = desk.states.get(ReleaseDuty, lift.duty_key(each))
        duty = lift.duty(known, each, why)
        desk.states.put(duty)
        if known is None or known.status != "due":
            desk.work.arm(OVERDUE, duty.key, due)


def drop(desk: Desk, case_token: str) -> None:
    """A closed case goes on: nothing need be released for its closing any more."""
    for duty in desk.states.of_case(ReleaseDuty, case_token):
        if duty.status == "due" and duty.why == "closing":
            desk.states.put(lift.settled(duty, "dropped"))
            desk.work.disarm(OVERDUE, duty.key)


class Releases(Part):
    """The clocks of releases."""

    timers = (OVERDUE,)

    def ended(self, what: Aggregate) -> None:
        """Released, or ended otherwise: the duty is met."""
        duty = self.desk.states.get(ReleaseDuty, f"{what.KIND}/{what.key}")
        if duty is not None and duty.status == "due":
            self.desk.states.put(lift.settled(duty, "met"))
            self.desk.work.disarm(OVERDUE, duty.key)

    def fire(self, timer: Due) -> None:
        """Still not released: the supervisor is told, a rung higher each day."""
        duty = self.desk.states.get(ReleaseDuty, timer.ref)
        if duty is None or duty.status != "due":
            return
        imposed = self._imposed(duty)
        duty = lift.overdue(duty)
        self.desk.states.put(duty)
        self.desk.work.arm(OVERDUE, duty.key, timer.due_at + DAY)
        case = self.desk.states.get(CaseState, duty.case_token)
        decision = self.desk.work.decide("release.overdue", imposed.key.partition("/")[0], None, {
            "request": imposed.request_id, "court": duty.court, "partner": imposed.partner, "level": duty.level})  # fmt: skip
        self.desk.tell(
            decision, case, duty.court, "release-overdue", about=imposed.request_id, case_token=duty.case_token,
            stage=f"{duty.key}/{timer.due_at}", request_key=decision.request_key, partner=imposed.partner, level=duty.level,
            measure=imposed.reference if isinstance(imposed, MeasureState) else None,
            addressee=case.supervisor if case is not None else None,
        )  # fmt: skip

    def _imposed(self, duty: ReleaseDuty) -> Imposed:
        states, key = self.desk.states, duty.imposed_key
        found = states.get(MeasureState, key) if duty.imposed == "measure" else (
            states.get(WatchState, key) if duty.imposed == "watch" else states.get(NoticeState, key)
        )  # fmt: skip
        if found is None:
            raise LookupError("a duty to release is of something that is there")
        return found
