"""Registering requests (立案登记): accept or refuse, once, and send the tasks."""

from collections.abc import Sequence
from decimal import Decimal

from hub.casework.allowances import spend
from hub.casework.conclude import conclude
from hub.casework.desk import HOLD, Desk, coded, request_key, unfit
from hub.casework.numbers import Numbers
from hub.casework.part import Part
from hub.casework.reuse import reuse
from hub.casework.tasks import dispatch, planned
from hub.engine.records import Inbound
from hub.engine.work import Facts
from hub.rules import cases as case_rules
from hub.rules import entrusted, intake, measures, objections
from hub.rules.cases import CaseState
from hub.rules.entrusted import MatterState
from hub.rules.leads import LeadState
from hub.rules.measures import MeasureState
from hub.rules.objections import ObjectionState, ProtectedAsset
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.store import cases
from hub.store import tables as t
from hub.store.cases import Number
from schemas import hub as said
from schemas.base import from_micros, micros
from schemas.messages import ControlRequested, RequestMessage, asset_of, kind_of
from schemas.requests import FIRST_CONTROLS, InquiryRequest, Kind


class Registrar:
    """What a court sends."""

    def __init__(self, desk: Desk, parts: Sequence[Part]) -> None:
        self._desk = desk
        self._parts = parts
        self._numbers = Numbers(desk.work)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        """Load which request numbers of `batch` are taken, in one query."""
        self._numbers.load([self._number(item.message) for item in batch if isinstance(item.message, RequestMessage)])

    def duplicate(self, item: Inbound) -> None:
        """Already done: nothing is decided again; a court gets the very answer it got before."""
        message = item.message
        request = self._desk.request_of(message.source, message.id) if isinstance(message, RequestMessage) else None
        self._desk.work.decide("message.duplicate", request.key if request else None, item, {})
        if request is not None:
            self._desk.work.flush_rows()
            for pk in cases.first_answer(self._desk.work.connection, request.key):
                self._desk.work.send_again(pk)

    def take(self, item: Inbound, message: RequestMessage) -> None:
        """A request that is new: the rules decide, and the court is told either way."""
        work, court = self._desk.work, message.source
        key = request_key(court, message.id)
        if self._numbers.taken(self._number(message), key):
            self._desk.reject(unfit(item, "number-reused", "inbox"), key)
            return
        context, original = self._context(item, message)
        verdict = intake.decide(message, context)
        kind, action = kind_of(message.type), message.data.action
        spent: tuple[str, ...] = ()
        if kind is Kind.INQUIRY and isinstance(verdict, intake.Accept):
            spent = spend(self._desk, court, verdict.partners, item.record.timestamp)
            verdict = intake.Refuse(("allowance-spent",)) if spent else verdict
        tasks: tuple[TaskState, ...] = ()
        facts: Facts = {"request": message.id, "court": court}
        if isinstance(verdict, intake.Refuse):
            status = RequestStatus.REFUSED
            decision = work.decide("request.refused", key, item, facts | {"codes": ",".join(verdict.codes)})
        else:
            status = verdict.status
            decision = work.decide("request.accepted", key, item, facts | {
                "config": self._desk.linkage.sha256, "rkind": kind.value, "action": action, "partners": len(verdict.partners)})  # fmt: skip
            partners = () if status is RequestStatus.STANDING else verdict.partners
            precedence = case_rules.precedence(context.case, urgent=bool(message.data.urgent))
            tasks = tuple(planned(self._desk, key, partner, precedence) for partner in partners)
        request = RequestState(
            key=key, court=court, request_id=message.id, kind=kind, action=action, case_token=context.case_token,
            asset_token=context.asset_token, status=status, expires_at=micros(message.expires), tasks=tasks,
            original_key=original.key if original is not None else None,
            subject_token=self._desk.token_of_subject(message.data.subject), entrusted=message.data.entrusted,
            lead=message.data.lead,
        )  # fmt: skip
        pk = work.keep(item, key, context.case_token, decision)
        work.add(t.requests, cases.request_row(
            request, message_pk=pk, config_sha256=self._desk.linkage.sha256, signed_at=micros(message.time),
            received_at=item.record.timestamp, decided_at=work.now,
        ))  # fmt: skip
        if isinstance(verdict, intake.Refuse):
            refusal = said.Refusal(reasons=tuple(coded(code, spent or None) for code in verdict.codes))
            self._desk.to_court(decision, request, "refusal", "refusal", refusal, message.id)
            self._desk.cases[key] = request
            return
        waits_for = original.request_id if verdict.waits and original is not None else None
        acceptance = said.Acceptance(partners=verdict.partners, config_sha256=self._desk.linkage.sha256, waits_for=waits_for)
        self._desk.to_court(decision, request, "acceptance", "acceptance", acceptance, message.id)
        if status is RequestStatus.HELD and verdict.held_until is not None:
            work.arm(HOLD, key, verdict.held_until)
            self._desk.tell(decision, context.case, court, "order-held", about=message.id, case_token=context.case_token,
                            request_key=key, due=from_micros(verdict.held_until))  # fmt: skip
        elif status is RequestStatus.OPEN:
            request = dispatch(self._desk, decision, reuse(self._desk, request, message), item.record.value, item.jws)
        for task in request.tasks:
            work.add(t.tasks, cases.task_row(key, task))
            self._desk.key_of_task[task.task_id] = key
        self._desk.cases[key] = request
        for part in self._parts:
            part.accepted(request, message)
        if any(task.status is TaskStatus.SETTLED for task in request.tasks):  # by a recent answer
            self._desk.replace(request)
            conclude(self._desk, key)

    def _context(self, item: Inbound, message: RequestMessage) -> tuple[intake.Context, RequestState | None]:
        """All that the hub knows that bears on this request, and the request that it cites."""
        desk, data, court = self._desk, message.data, message.source
        case_token, asset = desk.case_token(message), asset_of(message)
        asset_token = desk.work.composer.token("asset", asset) if asset else None
        case = desk.states.get(CaseState, case_token)
        cited = None if isinstance(data, InquiryRequest) else data.original
        original = desk.request_of(court, cited, case) if cited is not None else None
        controlled, protection, contested = Decimal(0), None, False
        if asset_token is not None and isinstance(message, ControlRequested):
            if data.action in FIRST_CONTROLS:
                controlled = measures.used(desk.states.of_case(MeasureState, case_token))
            protection = desk.states.get(ProtectedAsset, asset_token)
            contested = objections.under_review(desk.states.about(ObjectionState, asset_token))
        context = intake.Context(
            linkage=desk.linkage, designator=item.party.designator, register=desk.rulebook.registers[court], now=desk.work.now,
            at=item.record.timestamp, case_token=case_token, asset_token=asset_token, case=case, original=original,
            measure=desk.states.get(MeasureState, original.key) if original is not None else None, controlled=controlled,
            flags=protection.flags if protection is not None else frozenset(), contested=contested,
            overruled=protection is not None and case_token in protection.overruled,
            signed=dict(enumerate(item.approvals)), lead=desk.states.get(LeadState, data.lead),
            entrusted=entrusted.covers(desk.states.get(MatterState, data.entrusted), desk.linkage.matters, court, case_token, data.action),
        )  # fmt: skip
        return context, original

    def _number(self, message: RequestMessage) -> Number:
        return self._numbers.of(message.source, message.data.number, message.data.version, message.data.action)
