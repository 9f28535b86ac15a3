"""Lifting everything of a case that is performed, bankrupt or ended: drafted, watched, and certified with its proof."""

from typing import Any

from hub.casework.desk import Desk
from hub.casework.drafts import draft
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.rules import authority, lift, overdue
from hub.rules.cases import LIFTS, CaseState
from hub.rules.lift import Binding, LiftState, RestrictionState
from hub.rules.measures import MeasureState
from hub.rules.overdue import Addressee, Step
from hub.rules.state import RequestState, TaskState
from hub.rules.watches import WatchState
from schemas.base import derive_id, from_micros
from schemas.hub import LiftCertificate, LiftedMeasure, TaskOutcome
from schemas.messages import Replied, RequestMessage
from schemas.requests import Kind

RELEASE = "release-overdue"


def imposed(desk: Desk, key: str) -> list[Binding]:
    """What the request with this key has imposed: a measure, a watch, or a restriction at each of its partners."""
    desk.load([key])
    states, partners = desk.states, [task.partner for task in desk.cases[key].tasks]
    found = (states.get(MeasureState, key), states.get(WatchState, key),
             *(states.get(RestrictionState, f"{key}/{partner}") for partner in partners))  # fmt: skip
    return [each for each in found if each is not None]


def next_reminder(desk: Desk, deadline: int) -> Step:
    """The reminder, now, of what was to be released by `deadline` (µs)."""
    return overdue.reminder(desk.linkage.ladder, deadline, desk.work.now, desk.linkage.calendar)


def remind(desk: Desk, step: Step, each: Binding, key: str, about: str, stage: str) -> None:
    """What must be released still binds: told to the supervisor, and high enough on the ladder to the superior court too; in the
    bundle of the request `key`."""
    case = desk.states.get(CaseState, each.case_token)
    court = case.holder.court if case is not None else each.court
    decision = desk.work.decide("release.overdue", key, None, {
        "request": each.request_id, "court": each.court, "partner": each.partner, "level": step.level})  # fmt: skip
    told = {court: case.supervisor if case is not None else None}
    superior = desk.rulebook.superiors.get(court, "")
    if step.addressee is Addressee.SUPERIOR and superior in desk.rulebook.registers:
        told[superior] = authority.bureau_chief(desk.rulebook.registers[superior], desk.work.now)
    members: dict[str, Any] = {"partner": each.partner, "level": step.level, "request_key": key, "case_token": each.case_token}
    for recipient, addressee in told.items():
        desk.tell(decision, None, recipient, "release-overdue", about=about, stage=f"{each.partner}/{stage}/{desk.work.now}",
                  addressee=addressee, **members)  # fmt: skip


class Lift(Part):
    """Comes after measures and watches among the parts: it looks at what they made of an answer."""

    timers = (RELEASE,)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        desk.move_listeners.append(self._moved)

    def _moved(self, case_token: str) -> None:
        """A measure or a watch has changed: it may be the last of a case that is to be lifted."""
        state = self.desk.states.get(LiftState, case_token)
        case = self.desk.states.get(CaseState, case_token) if state is not None and state.status == "open" else None
        if case is not None and case.status in LIFTS:
            self._certify(case)

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """The case is to be lifted: everything in force gets its drafted release, and a clock."""
        if new.status not in LIFTS or (old is not None and old.status in LIFTS):
            return
        due = self.desk.work.now + self.desk.linkage.terms.clocks["release"]
        self.desk.states.put(LiftState(key=new.key, court=new.holder.court, case_token=new.key, status="open", release_due=due))
        binding = [each for each in self._every(new.key) if lift.binds(each)]
        for each in binding:
            self._ask(new, each)
        if binding:
            self.desk.work.arm(RELEASE, new.key, due)
        self._certify(new)

    def accepted(self, request: RequestState, message: RequestMessage) -> None:  # noqa: ARG002 - the state says it all
        """A restriction is registered."""
        if request.kind is Kind.NOTICE and request.action == "restrict":
            for task in request.tasks:
                self.desk.states.put(RestrictionState(
                    key=f"{request.key}/{task.partner}", court=request.court, case_token=request.case_token,
                    ref=request.subject_token, status="requested", request_id=request.request_id, partner=task.partner,
                ))  # fmt: skip

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - a restriction is what was asked for
        """A restriction in force or lifted; and perhaps the last of a case that is to be lifted."""
        if request.kind is not Kind.NOTICE:
            return
        outcome = message.data.measure
        key = request.key if request.action == "restrict" else request.original_key
        restriction = self.desk.states.get(RestrictionState, f"{key}/{task.partner}")
        if restriction is not None and outcome is None and restriction.status == "unknown" and request.action == "restrict":
            self.desk.states.put(lift.answered(restriction, "refused", None))  # after its silence: there is none
        elif restriction is not None and outcome is not None:
            self.desk.states.put(lift.answered(restriction, outcome.state, message.id))
            self.desk.work.decide(f"restriction.{outcome.state}", request.key, None, {
                "request": restriction.request_id, "court": request.court, "partner": task.partner})  # fmt: skip
        if late:
            self._after(request)  # it has its conclusion already

    def concluded(self, request: RequestState) -> None:
        """Something of the case has settled: refused it binds nobody, in force it is to be lifted too, ended it may be the last."""
        if request.kind is Kind.NOTICE and request.action == "restrict":
            for task in request.tasks:
                restriction = self.desk.states.get(RestrictionState, f"{request.key}/{task.partner}")
                if restriction is not None and restriction.status == "requested":
                    # Silence is no refusal: it may be in force, and binds until it is known to be lifted.
                    state = "unknown" if task.outcome is TaskOutcome.NO_RESPONSE else "refused"
                    self.desk.states.put(lift.answered(restriction, state, None))
        self._after(request)

    def _after(self, request: RequestState) -> None:
        """In a case that is to be lifted: the release of what is in force after all, or the certificate."""
        if request.kind is Kind.INQUIRY or self.desk.states.get(LiftState, request.case_token) is None:
            return
        case = self.desk.states.get(CaseState, request.case_token)
        if case is not None and case.status in LIFTS:
            for each in self._every(case.key):
                if each.request_id == request.request_id and lift.binds(each):
                    self._ask(case, each)
            self._certify(case)

    def fire(self, timer: Due) -> None:
        """What is to be released is still in force: that is said again and again, until it is settled."""
        token = timer.ref.partition("/")[0]  # a timer of an earlier version has the rung after it
        case, state = self.desk.states.get(CaseState, token), self.desk.states.get(LiftState, token)
        binding = [each for each in self._every(token) if lift.binds(each)]
        if case is None or state is None or case.status not in LIFTS or not binding:
            return
        step = next_reminder(self.desk, state.release_due or timer.due_at)
        for each in binding:
            remind(self.desk, step, each, each.key.partition("/")[0], each.request_id, f"{case.version}")
        self.desk.work.arm(RELEASE, token, step.due)

    def _every(self, token: str) -> list[Binding]:
        states = self.desk.states
        return [*states.of_case(MeasureState, token), *states.of_case(WatchState, token), *states.of_case(RestrictionState, token)]

    def _ask(self, case: CaseState, each: Binding) -> None:
        key = each.key.partition("/")[0]
        self.desk.load([key])
        drafted = draft(self.desk, self.desk.cases[key], lift.ENDINGS[type(each)], partners=[each.partner])
        due = self.desk.work.now + self.desk.linkage.terms.clocks["release"]
        decision = self.desk.work.decide("release.due", key, None, {
            "request": each.request_id, "court": each.court, "partner": each.partner})  # fmt: skip
        self.desk.tell(decision, case, each.court, "release-due", about=each.request_id, case_token=case.key, request_key=key,
                       stage=f"{each.partner}/{case.version}/{each.status}", partner=each.partner, addressee=case.handler, due=from_micros(due), draft=drafted)  # fmt: skip

    def _certify(self, case: CaseState) -> None:
        """Once nothing binds any more, and only then, and once: the certificate with the proof of each end."""
        state, every = self.desk.states.get(LiftState, case.key), self._every(case.key)
        if state is None or state.status != "open" or not lift.all_ended(every):
            return
        self.desk.states.put(LiftState(key=case.key, court=state.court, case_token=case.key, status="certified"))
        self.desk.work.disarm(RELEASE, case.key)
        lifted = tuple(
            LiftedMeasure(request=each.request_id, partner=each.partner, action=getattr(each, "action", "restrict"),
                          ended_as=each.status, proof=lift.proof_of_end(each))
            for each in every if lift.was_in_force(each)
        )  # fmt: skip
        decision = self.desk.work.decide("case.lifted", case.key, None, {"court": case.holder.court, "count": len(lifted)})
        self.desk.say(decision, case.holder.court, "liandong.case.lift-certificate.v1", f"lift/{case.key}/{case.version}",
                      LiftCertificate(lifted=lifted), correlation=derive_id("case", case.key), case_token=case.key)  # fmt: skip
