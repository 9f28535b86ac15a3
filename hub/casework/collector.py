"""Collecting what partners say, or do not say, into progress and one conclusion."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from hub.casework.conclude import conclude
from hub.casework.desk import HOLD, SILENCE, Desk, unfit
from hub.casework.held import hold
from hub.casework.part import Part
from hub.casework.sendable import is_forbidden, is_gone
from hub.casework.tasks import about, dispatch
from hub.engine.copies import copied
from hub.engine.records import Inbound
from hub.engine.work import Decision, Facts
from hub.rules import collect, intake, proposals
from hub.rules.cases import LIFTS, CaseState
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.store import cases, contact
from schemas import hub as said
from schemas.base import from_micros
from schemas.messages import HitReported, PartnerMessage, Received, Replied, kind_of, parse
from schemas.replies import KNOWN_REASONS
from schemas.requests import Kind


class Collector:
    """What partners send, and what becomes of it."""

    def __init__(self, desk: Desk, parts: Sequence[Part]) -> None:
        self._desk = desk
        self._parts = parts
        desk.case_listeners.insert(0, self._case_changed)  # before the parts: what is cancelled needs no release
        desk.conclusion_listeners.append(self._release_waiting)  # after them: what waits sees what they made of it

    @cached_property
    def _outages(self) -> collect.Outages:
        return contact.outages(self._desk.work.connection)

    def _unheard(self, task: TaskState) -> collect.Outages:
        return self._desk.linkage.unheard(task.partner, self._outages)

    def take(self, item: Inbound, message: PartnerMessage) -> None:
        """A receipt, a reply or a hit, if it belongs to a task of this partner."""
        key = self._desk.key_of_task.get(message.data.task_id)
        request = self._desk.cases.get(key) if key is not None else None
        task = None if request is None else next(
            (task for task in request.tasks if task.task_id == message.data.task_id), None
        )  # fmt: skip
        if request is not None and message.correlationid != request.request_id:
            request = None  # it speaks of another request than its task belongs to
        if request is None or task is None or task.partner != item.party.speaks_as or (
            task.status is TaskStatus.PLANNED or kind_of(message.type) is not request.kind
        ):
            self._desk.reject(unfit(item, "task-unknown", "task"))
            return
        if isinstance(message, Received):
            self._receipt(item, request, task)
        elif isinstance(message, HitReported):
            decision = self._desk.work.decide("watch.hit", request.key, item, about(request, task.partner))
            self._desk.work.keep(item, request.key, request.case_token, decision)
            self._pass_on(decision, request, task, item)
            self._desk.put(request, collect.on_hit(task))
            for part in self._parts:
                part.hit(request, task, item)
        else:
            self._reply(item, message, request, task)

    def _receipt(self, item: Inbound, request: RequestState, task: TaskState) -> None:
        received = collect.on_receipt(task, item.record.timestamp)
        decision = self._desk.work.decide("task.received", request.key, item, about(request, task.partner))
        self._desk.work.keep(item, request.key, request.case_token, decision)
        due = collect.deadline(received, None, self._desk.linkage.calendar, self._unheard(task))
        if received.status is TaskStatus.RECEIVED and due is not None:
            self._desk.work.arm(SILENCE, task.task_id, due)
        request = self._desk.put(request, received)
        if task.received_at is None and received.status is TaskStatus.RECEIVED:
            for part in self._parts:
                part.received(request, received)

    def _reply(self, item: Inbound, message: Replied, request: RequestState, task: TaskState) -> None:
        if not collect.fits(request.action, message.data):
            self._desk.reject(unfit(item, "reply-mismatch", "task"), request.key)
            return
        sent = self._desk.sent_at(task) if task.received_at is None else None
        verdict = collect.on_reply(task, message.data.kind, item.record.timestamp, message.id, sent,
                                   self._desk.linkage.calendar, self._unheard(task))  # fmt: skip
        if verdict.effect == "conflicts":
            self._desk.reject(unfit(item, "reply-conflicting", "task"), request.key)
            return
        if verdict.silent_first and not item.record.held and self._desk.replay is None:
            hold(self._desk, item, request.case_token, about(request, task.partner))
            return
        if verdict.silent_first:
            self._be_silent(request, task, verdict.task.settled_at or self._desk.work.now)
            conclude(self._desk, request.key)
            request = self._desk.cases[request.key]
        facts = about(request, task.partner) | {"reply": message.data.kind.value}
        if verdict.effect == "late":
            facts["late"] = 1
        if message.data.reason is not None and message.data.reason.code in KNOWN_REASONS:
            facts["code"] = message.data.reason.code
        decision = self._desk.work.decide("task.answered", request.key, item, facts)
        self._desk.work.keep(item, request.key, request.case_token, decision)
        self._pass_on(decision, request, task, item, late=verdict.effect == "late")
        self._desk.work.disarm(SILENCE, task.task_id)
        if verdict.effect == "settles":
            found = proposals.marks(task.partner, message.data.findings, self._desk.linkage.terms.exempt_flags)
            if found:
                request = replace(request, follow_ups=request.follow_ups | found)
        request = self._desk.put(request, verdict.task)
        for part in self._parts:
            part.answered(request, verdict.task, item, message, late=verdict.effect == "late")
        conclude(self._desk, request.key)

    def _pass_on(
        self, decision: Decision, request: RequestState, task: TaskState, item: Inbound, *, late: bool = False
    ) -> None:
        copy = copied(item.record.value, item.jws)
        result = said.Result(partner=task.partner, task_id=task.task_id, message=copy, late=late,
                             conclusion=request.conclusion_id)  # fmt: skip
        self._desk.to_court(decision, request, "result", f"result/{item.message.id}", result, item.message.id)

    # -- silence and conclusion ----------------------------------------------------------------------------------------

    def silence(self, task_id: str) -> None:
        """A task's deadline has passed, and nothing that was sent in time is unread."""
        key = self._desk.key_of_task.get(task_id)
        if key is None:
            return  # a timer without its task must not stop the others
        request = self._desk.cases[key]
        task = next(task for task in request.tasks if task.task_id == task_id)
        if task.status not in (TaskStatus.SENT, TaskStatus.RECEIVED):
            return
        due = collect.deadline(task, self._desk.sent_at(task), self._desk.linkage.calendar, self._unheard(task))
        if due is None or due > self._desk.work.now:
            # Not with the broker yet, or later than planned: the partner has its full time from then on.
            self._desk.work.arm(SILENCE, task_id, due or self._desk.work.now + task.receipt_within * collect.SECOND)
            return
        request = self._be_silent(request, task, due)
        conclude(self._desk, request.key)

    def _be_silent(self, request: RequestState, task: TaskState, due: int) -> RequestState:
        unknown = request.kind is Kind.CONTROL
        awaited: Literal["receipt", "reply"] = "reply" if task.received_at is not None else "receipt"
        facts = about(request, task.partner) | {"awaited": awaited} | ({"alarm": 1} if unknown else {})
        decision = self._desk.work.decide("task.silent", request.key, None, facts)
        silence = said.NonResponse(partner=task.partner, task_id=task.task_id, awaited=awaited,
                                   deadline=from_micros(due), outcome_unknown=unknown)  # fmt: skip
        self._desk.to_court(decision, request, "non-response", f"non-response/{task.task_id}", silence, task.task_id)
        settled = collect.on_silence(task, due)
        request = self._desk.put(request, settled)
        for part in self._parts:
            part.silent(request, settled)
        return request

    def _release_waiting(self, original: RequestState) -> None:
        """What waited for this request is sent now, or concluded unsent where it no longer can act (V22)."""
        if original.kind is Kind.INQUIRY:
            return  # nothing waits for an inquiry
        self._desk.work.flush_rows()
        keys = cases.waiting_for(self._desk.work.connection, original.key)
        self._desk.load(keys)
        for key in keys:
            request = self._desk.cases[key]
            if request.status is not RequestStatus.WAITING:
                continue
            self._send_or_end(request, original)

    def release_held(self, key: str) -> None:
        """The time of a held order has come: it is sent, or waits for its original, or can no longer act."""
        self._desk.load([key])
        request = self._desk.cases[key]
        if request.status is not RequestStatus.HELD:
            return
        original = None
        if request.original_key is not None:
            self._desk.load([request.original_key])
            original = self._desk.cases[request.original_key]
        if original is not None and original.status in (RequestStatus.OPEN, RequestStatus.WAITING):
            self._desk.put_request(replace(request, status=RequestStatus.WAITING))
        else:
            self._send_or_end(request, original)

    def _case_changed(self, _old: CaseState | None, case: CaseState) -> None:
        """What was not sent yet in a case that is to be lifted is cancelled (履行宽限期: performance in time ends it), but what ends
        a measure."""
        if case.status not in LIFTS:
            return
        self._desk.save()  # so that what this batch has sent is not among them
        keys = cases.unsent_in(self._desk.work.connection, case.key)
        self._desk.load(keys)
        for key in keys:
            request = self._desk.cases[key]
            if request.status in (RequestStatus.HELD, RequestStatus.WAITING) and request.action not in intake.ENDINGS:
                self._desk.work.disarm(HOLD, key)
                self._cancel(request, case)

    def _cancel(self, request: RequestState, case: CaseState) -> None:
        """An order that was accepted and kept is not sent any more, because its case is closed."""
        self._end_unsent(request)
        decision = self._desk.work.decide("order.cancelled", request.key, None, {"request": request.request_id, "court": request.court})
        self._desk.tell(decision, case, request.court, "order-cancelled", about=request.request_id,
                        case_token=case.key, request_key=request.key)  # fmt: skip

    def _send_or_end(self, request: RequestState, original: RequestState | None) -> None:
        """Send a request whose turn has come, unless nothing is left that it could act on, or it came too late."""
        work = self._desk.work
        case = self._desk.states.get(CaseState, request.case_token)
        if case is not None and not intake.may_still_go(request.action, case):
            self._cancel(request, case)
            return
        if work.now >= request.expires_at or is_gone(self._desk, request, original):
            self._end_unsent(request)
            return
        pk, jws = cases.request_message(work.connection, request.key)
        try:
            value = work.payload(pk)
        except KeyError:
            self._end_unsent(request)  # the case has been erased: nothing can be asked any more
            return
        if is_forbidden(self._desk, request, parse(value)):
            self._end_unsent(request)
            return
        facts: Facts = {"request": request.request_id, "court": request.court}
        if original is not None:
            facts["after"] = original.request_id
        decision = work.decide("request.dispatched", request.key, None, facts)
        self._desk.replace(dispatch(self._desk, decision, request, value, jws))

    def _end_unsent(self, request: RequestState) -> None:
        self._desk.replace(collect.without_sending(request, self._desk.work.now))
        conclude(self._desk, request.key)
