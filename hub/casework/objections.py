"""Objections to measures: reviewed by the court against a clock; and accounts that turn out to be protected."""

import base64
from dataclasses import replace
from typing import Any, Literal

from hub.casework import releases
from hub.casework.part import Part
from hub.engine.processor import Due
from hub.engine.records import Inbound
from hub.engine.work import Decision
from hub.rules import authority, objections
from hub.rules.cases import CaseState
from hub.rules.lift import has_ended
from hub.rules.measures import MeasureState
from hub.rules.objections import ObjectionState, ProtectedAsset
from hub.rules.state import RequestState, TaskState, TaskStatus
from hub.trust.parties import Role
from schemas.base import derive_id, from_micros, micros
from schemas.hub import Forwarded, Noted, SignedCopy
from schemas.messages import Objected, ObjectionDecided, Replied

REVIEW = "objection-review"


class Objections(Part):
    """From an objection to the court's decision; the release that follows is drafted at once."""

    handles = (Objected, ObjectionDecided)
    timers = (REVIEW,)

    def take(self, item: Inbound) -> None:
        """An objection, or the decision on one."""
        if isinstance(item.message, Objected):
            self._objected(item, item.message)
        elif isinstance(item.message, ObjectionDecided):
            self._decided(item, item.message)

    # -- protected accounts --------------------------------------------------------------------------------------------

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - late or not, it is a fact
        """Flagged accounts are remembered. A bank that declines a control of one has objected to it (V21)."""
        found = objections.flagged(message.data.findings, self.desk.linkage.terms.exempt_flags)
        for name, flags in found.items():
            self._protect(self.desk.work.composer.token("asset", name), flags, request)
        declined = request.asset_token is not None and objections.declined_as_protected(message.data)
        if declined and request.asset_token is not None:
            self._protect(request.asset_token, frozenset(), request)
        if not found and not declined:
            return
        decision = self.desk.work.decide("exempt.found", request.key, item, {
            "request": request.request_id, "court": request.court, "partner": task.partner, "count": len(found) or 1})  # fmt: skip
        case = self.desk.states.get(CaseState, request.case_token)
        self.desk.tell(decision, case, request.court, "exempt-found", about=request.request_id, case_token=request.case_token,
                       stage=message.id, request_key=request.key, partner=task.partner, cause=message.id,
                       addressee=case.handler if case is not None else None)  # fmt: skip
        objection_id = derive_id(self.desk.work.composer.party, "objection", task.task_id)
        if declined and self.desk.states.get(ObjectionState, objection_id) is None:
            self._open(objection_id, request, "exempt", task.partner, item)

    def _protect(self, token: str, reported: frozenset[str], request: RequestState) -> None:
        known = self.desk.states.get(ProtectedAsset, token)
        known = known or ProtectedAsset(key=token, ref=token, court=request.court, case_token=request.case_token,
                                        status="protected", flags=frozenset())  # fmt: skip
        self.desk.states.put(replace(known, flags=objections.protected_by(known.flags, reported)))

    # -- objections ----------------------------------------------------------------------------------------------------

    def _objected(self, item: Inbound, message: Objected) -> None:
        """A partner may object to a measure that it was itself asked for, on anybody's behalf; the court in any of its cases."""
        named = self._named(message.data.original)
        own = [request for request in named if self._concerns(item, request)]
        if not own:
            self.desk.refuse(item, "case", ["reference-other" if named else "reference-unknown"], message.subject)
            return
        request = own[0]
        measure = self.desk.states.get(MeasureState, request.key)
        codes = [] if measure is not None and not has_ended(measure) else ["measure-not-in-force"]
        codes += ["state-other"] if self.desk.states.get(ObjectionState, message.id) is not None else []
        if codes:
            self.desk.refuse(item, "case", codes, request.case_token)
            return
        objection, decision = self._open(message.id, request, message.data.ground, item.party.speaks_as, item)
        self.desk.work.keep(item, request.key, request.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), request.case_token)
        if item.party.role is not Role.COURT:
            self._forward(decision, item, objection, self.desk.holder(request))

    def _named(self, original: str) -> list[RequestState]:
        """The requests that are called so: a request's id is its court's own, and a partner does not say whose."""
        found = (self.desk.request_of(court, original) for court in self.desk.rulebook.registers)
        return [request for request in found if request is not None]

    def _concerns(self, item: Inbound, request: RequestState) -> bool:
        if item.party.role is Role.COURT:
            return self.desk.holder(request) == item.party.id
        return any(task.partner == item.party.speaks_as and task.status is not TaskStatus.PLANNED for task in request.tasks)

    def _open(
        self, objection_id: str, request: RequestState, ground: Literal["exempt", "wrong-person", "ownership", "over-seizure"],
        by: str, item: Inbound,
    ) -> tuple[ObjectionState, Decision]:  # fmt: skip
        objection = ObjectionState(
            key=objection_id, court=request.court, case_token=request.case_token, ref=request.asset_token, status="reviewing",
            measure=request.key, request_id=request.request_id, ground=ground, opened_by=by,
            due_at=item.record.timestamp + self.desk.linkage.terms.clocks["objection"],
        )  # fmt: skip
        self.desk.states.put(objection)
        self.desk.work.arm(REVIEW, objection_id, objection.due_at)
        decision = self._decide("opened", objection, item)
        case = self.desk.states.get(CaseState, request.case_token)
        self._tell(decision, objection, "objection-opened", cause=item.message.id, addressee=case.handler if case is not None else None)
        return objection, decision

    def _forward(self, decision: Decision, item: Inbound, objection: ObjectionState, to: str) -> None:
        """The words of one side, as they were signed, to the other."""
        copy = SignedCopy(value=base64.b64encode(item.record.value).decode(), jws=item.jws)
        due = from_micros(objection.due_at) if objection.status == "reviewing" else None
        self.desk.say(decision, to, "liandong.case.forward.v1", f"forward/{item.message.source}/{item.message.id}",
                      Forwarded(of=item.party.speaks_as, message=copy, due=due), correlation=objection.request_id,
                      case_token=objection.case_token, cause=item.message.id, request_key=objection.measure)  # fmt: skip

    def _decided(self, item: Inbound, message: ObjectionDecided) -> None:
        """The court's decision: an upheld objection is followed by a release in one step, a rejected one is noted."""
        data = message.data
        objection = self.desk.states.get(ObjectionState, data.objection)
        if objection is None:
            self.desk.refuse(item, "case", ["reference-unknown"], message.subject)
            return
        case = self.desk.states.get(CaseState, objection.case_token)
        codes = [] if (case.holder.court if case is not None else objection.court) == message.source else ["reference-other"]
        codes += authority.officer(data.officer, self.desk.rulebook.registers[message.source], micros(message.time))
        new = objections.decided(objection, data)
        if codes or isinstance(new, str):
            self.desk.refuse(item, "case", [*codes, *([new] if isinstance(new, str) else [])], objection.case_token)
            return
        self.desk.states.put(new)
        self.desk.work.disarm(REVIEW, new.key)
        decision = self._decide(data.outcome, new, item)
        self.desk.work.keep(item, new.measure, new.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), new.case_token)
        if new.opened_by not in self.desk.rulebook.registers:
            self._forward(decision, item, new, new.opened_by)
        protection = self.desk.states.get(ProtectedAsset, new.ref) if new.ground == "exempt" else None
        if data.outcome == "rejected" and protection is not None:
            self.desk.states.put(replace(protection, overruled=protection.overruled | {new.case_token}))
        measure = self.desk.states.get(MeasureState, new.measure)
        if data.outcome == "upheld" and measure is not None and not has_ended(measure):
            releases.require(self.desk, [measure], "objection", stage=new.key, cause=message.id, objection=new.key)

    def fire(self, timer: Due) -> None:
        """The review's time is over and nothing is decided: the supervisor is told. The asset stays as it is."""
        objection = self.desk.states.get(ObjectionState, timer.ref)
        if objection is not None and objection.status == "reviewing":
            case = self.desk.states.get(CaseState, objection.case_token)
            self._tell(self._decide("overdue", objection), objection, "objection-overdue",
                       addressee=case.supervisor if case is not None else None)  # fmt: skip

    def _decide(self, kind: str, objection: ObjectionState, item: Inbound | None = None) -> Decision:
        return self.desk.work.decide(f"objection.{kind}", objection.measure, item, {
            "request": objection.request_id, "court": objection.court, "objection": objection.key, "ground": objection.ground})  # fmt: skip

    def _tell(self, decision: Decision, objection: ObjectionState, event: str, **members: Any) -> None:
        measure = self.desk.states.get(MeasureState, objection.measure)
        self.desk.tell(
            decision, self.desk.states.get(CaseState, objection.case_token), objection.court, event, about=objection.key,
            case_token=objection.case_token, request_key=objection.measure, due=from_micros(objection.due_at),
            partner=measure.partner if measure is not None else None, measure=measure.reference if measure is not None else None,
            **members,
        )  # fmt: skip
