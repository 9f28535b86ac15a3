"""Objections to measures, watches and restrictions: opened with a clock, decided by the court, followed by a release that is drafted at once."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.casework.drafts import draft
from hub.casework.lift import imposed, next_reminder, remind
from hub.casework.officers import officer_codes
from hub.casework.part import Part
from hub.engine.copies import copied
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import lift, objections
from hub.rules.cases import CaseState
from hub.rules.lift import Binding
from hub.rules.objections import Ground, ObjectionState, ProtectedAsset
from hub.rules.state import RequestState, TaskState
from hub.store.vault import NO_CASE
from hub.trust.parties import Role
from schemas.asset import Account
from schemas.base import derive_id, from_micros
from schemas.findings import AccountFinding
from schemas.hub import Forwarded, Noted
from schemas.messages import Objected, ObjectionDecided, Replied
from schemas.replies import ReplyKind

REVIEW, RELEASE = "objection-review", "objection-release"
PROTECTED = "account-protected"
"""A keeper's reason for not controlling an account (V21)."""


class Objections(Part):
    """Who contests what, until when it is decided; and which assets are known to be protected."""

    handles = (Objected, ObjectionDecided)
    timers = (REVIEW, RELEASE)

    def take(self, item: Inbound) -> None:
        """An objection, or the decision on one."""
        message = item.message
        if isinstance(message, Objected):
            self._objected(item, message)
        elif isinstance(message, ObjectionDecided):
            self._decided(item, message)

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - late or not, the keeper has said it
        """What the keeper of an account says of its protection; where it did not control it for that, it has objected."""
        for finding in message.data.findings:
            flags = frozenset(finding.flags) & self.desk.linkage.terms.exempt_flags if isinstance(finding, AccountFinding) else None
            if flags and isinstance(finding, AccountFinding):
                name = Account(kind="account", number=finding.number).name
                self._protect(request, self.desk.work.composer.token("asset", name), flags, message.id)
        reason = message.data.reason
        if message.data.kind is ReplyKind.NOT_CONTROLLED and reason is not None and reason.code == PROTECTED and request.asset_token:
            self._protect(request, request.asset_token, frozenset(), message.id)
            self._open(request, message.id, "exempt", task.partner, None)

    def fire(self, timer: Due) -> None:
        """The review's time is over; or what was found to be wrong is still in force."""
        objection = self.desk.states.get(ObjectionState, timer.ref.partition("/")[0])
        if timer.kind == RELEASE and objection is not None:
            self._unreleased(objection, timer)
        if timer.kind == RELEASE or objection is None or objection.status != "reviewing":
            return
        case = self.desk.states.get(CaseState, objection.case_token)
        decision = self.desk.work.decide("objection.overdue", objection.measure, None, _facts(objection))
        self._tell(decision, objection, "objection-overdue", addressee=case.supervisor if case else None, level=1)

    def _unreleased(self, objection: ObjectionState, timer: Due) -> None:
        """It still binds: that is said again and again, until it is settled."""
        self.desk.load([objection.measure])
        binding = self._binding(self.desk.cases[objection.measure])
        step = next_reminder(self.desk, objection.release_due or timer.due_at)
        for each in binding:
            remind(self.desk, step, each, objection.measure, objection.key, "objection")
        if binding:
            self.desk.work.arm(RELEASE, objection.key, step.due)

    # -- objections ----------------------------------------------------------------------------------------------------

    def _objected(self, item: Inbound, message: Objected) -> None:
        speaker = item.party.speaks_as
        request = self.desk.begun(speaker, message.data.original)
        if request is None:
            self.desk.refuse(item, "case", ["reference-unknown"], NO_CASE)
            return
        if speaker not in (self.desk.holder(request), *(task.partner for task in request.tasks)):
            self.desk.refuse(item, "case", ["reference-other"], request.case_token)
            return
        if not self._binding(request):
            self.desk.refuse(item, "case", ["measure-not-in-force"], request.case_token)
            return
        decision = self._open(request, message.id, message.data.ground, speaker, item)
        self.desk.work.keep(item, request.key, request.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), request.case_token)
        if item.party.role is not Role.COURT:
            due = self.desk.work.now + self.desk.linkage.terms.clocks["objection"]
            self._forward(decision, item, request.request_id, request.case_token, self.desk.holder(request), due=from_micros(due))

    def _binding(self, cited: RequestState) -> list[Binding]:
        """What still binds, or may, of that which is contested with this request."""
        key = objections.contested(cited)
        return [each for each in imposed(self.desk, key) if lift.binds(each)] if key is not None else []

    def _forward(
        self, decision: Decision, item: Inbound, about: str, case_token: str, to: str, *, due: datetime | None = None
    ) -> None:
        """The words of one side, as they were signed, to the other."""
        copy = copied(item.record.value, item.jws)
        self.desk.say(decision, to, "liandong.case.forward.v1", f"forward/{item.message.source}/{item.message.id}",
                      Forwarded(of=item.party.speaks_as, message=copy, due=due), correlation=about, case_token=case_token,
                      cause=item.message.id)  # fmt: skip

    def _open(self, request: RequestState, objection_id: str, ground: Ground, by: str, item: Inbound | None) -> Decision:
        due = self.desk.work.now + self.desk.linkage.terms.clocks["objection"]
        if self.desk.states.get(ObjectionState, objection_id) is not None:
            # Another sender's objection has this id, which its message made: it is not touched.
            objection_id = derive_id("objection", request.key, objection_id)
        objection = ObjectionState(
            key=objection_id, court=request.court, case_token=request.case_token, ref=request.asset_token, status="reviewing",
            measure=request.key, request_id=request.request_id, ground=ground, opened_by=by, due_at=due,
        )  # fmt: skip
        self.desk.states.put(objection)
        self.desk.work.arm(REVIEW, objection.key, due)
        decision = self.desk.work.decide("objection.opened", request.key, item, _facts(objection))
        case = self.desk.states.get(CaseState, request.case_token)
        self._tell(decision, objection, "objection-opened", addressee=case.handler if case else None, due=from_micros(due))
        return decision

    def _decided(self, item: Inbound, message: ObjectionDecided) -> None:
        objection = self.desk.states.get(ObjectionState, message.data.objection)
        if objection is None:
            self.desk.refuse(item, "case", ["reference-unknown"], NO_CASE)
            return
        self.desk.load([objection.measure])
        request = self.desk.cases[objection.measure]
        codes = [] if self.desk.holder(request) == message.source else ["reference-other"]
        codes += officer_codes(self.desk, item, message.data.officer)
        decided = objections.decided(objection, message.data)
        if codes or isinstance(decided, str):
            self.desk.refuse(item, "case", codes or [str(decided)], objection.case_token)
            return
        self.desk.states.put(decided)
        self.desk.work.disarm(REVIEW, objection.key)
        decision = self.desk.work.decide(f"objection.{decided.status}", objection.measure, item, _facts(decided))
        self.desk.work.keep(item, objection.measure, objection.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), objection.case_token)
        if decided.opened_by not in self.desk.rulebook.registers:
            self._forward(decision, item, decided.request_id, decided.case_token, decided.opened_by)
        protection = self.desk.states.get(ProtectedAsset, decided.ref) if decided.ground == "exempt" else None
        if decided.status == "rejected" and protection is not None:
            self.desk.states.put(replace(protection, overruled=protection.overruled | {decided.case_token}))
        if decided.status == "upheld":
            self._release(decision, decided, request, message)

    def _release(self, decision: Decision, objection: ObjectionState, request: RequestState, message: ObjectionDecided) -> None:
        """What still binds is to end, in one step; where nothing is left under control the court is told that too. A freeze
        without money stands all the same, so that its release is drafted even then."""
        binding = self._binding(request)
        event = "release-nothing-left" if objections.nothing_left(binding) else "release-drafted"
        members: dict[str, Any] = {"addressee": message.data.officer, "cause": message.id}
        if binding:
            due = self.desk.work.now + self.desk.linkage.terms.clocks["release"]
            imposing = self.desk.cases[binding[0].key.partition("/")[0]]
            drafted = draft(self.desk, imposing, lift.ENDINGS[type(binding[0])],
                            partners=[each.partner for each in binding], objection=objection.key)  # fmt: skip
            members |= {"due": from_micros(due), "draft": drafted}
            self.desk.states.put(replace(objection, release_due=due))
            self.desk.work.arm(RELEASE, objection.key, due)
        self._tell(decision, objection, event, **members)

    # -- protected assets ----------------------------------------------------------------------------------------------

    def _protect(self, request: RequestState, token: str, flags: frozenset[str], cause: str) -> None:
        old = self.desk.states.get(ProtectedAsset, token)
        flags = objections.protected_by(old.flags if old is not None else frozenset(), flags)
        if old is not None and old.flags == flags:
            return
        new = old or ProtectedAsset(key=token, court=request.court, case_token=request.case_token, ref=token, status="protected", flags=flags)
        self.desk.states.put(replace(new, flags=flags))
        decision = self.desk.work.decide("asset.protected", request.key, None, {
            "court": request.court, "request": request.request_id, "flags": ",".join(sorted(flags))})  # fmt: skip
        case = self.desk.states.get(CaseState, request.case_token)
        self.desk.tell(decision, case, request.court, "exempt-found", about=request.request_id, case_token=request.case_token,
                       stage=f"{token}/{cause}", request_key=request.key, cause=cause)  # fmt: skip

    def _tell(self, decision: Decision, objection: ObjectionState, event: str, **members: Any) -> None:
        case = self.desk.states.get(CaseState, objection.case_token)
        self.desk.tell(decision, case, objection.court, event, about=objection.key, case_token=objection.case_token,
                       request_key=objection.measure, **members)  # fmt: skip


def _facts(objection: ObjectionState) -> Facts:
    return {"request": objection.request_id, "court": objection.court, "objection": objection.key, "ground": objection.ground}
