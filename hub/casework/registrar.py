"""Registering requests (立案登记): accept or refuse, once, and send the tasks."""

import base64
from collections.abc import Sequence

from hub.casework.desk import SILENCE, Desk, request_key, unfit
from hub.engine.records import Inbound
from hub.engine.work import Decision
from hub.rules import collect, intake
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.store import cases
from hub.store import tables as t
from hub.store.cases import Number
from schemas import hub as said
from schemas.base import derive_id, micros
from schemas.codes import CODES
from schemas.messages import ControlRequested, RequestMessage, asset_of, kind_of


def coded(code: str) -> said.CodedReason:
    """A code with its words."""
    return said.CodedReason(code=code, zh=CODES[code].zh, en=CODES[code].en)


class Registrar:
    """What a court sends."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._numbers: dict[Number, str] = {}

    def prepare(self, batch: Sequence[Inbound]) -> None:
        """Load which request numbers of `batch` are taken, in one query."""
        wanted = [self._number(item.message) for item in batch if isinstance(item.message, RequestMessage)]
        self._numbers |= cases.numbers_taken(self._desk.work.connection, wanted)

    def duplicate(self, item: Inbound) -> None:
        """Already done: nothing is decided again; a court gets the very answer it got before."""
        message = item.message
        key = request_key(message.source, message.id) if isinstance(message, RequestMessage) else None
        self._desk.work.decide("message.duplicate", key, item, {})
        if key is not None:
            self._desk.work.flush_rows()
            for pk in cases.first_answer(self._desk.work.connection, key):
                self._desk.work.send_again(pk)

    def take(self, item: Inbound, message: RequestMessage) -> None:
        """A request that is new: the rules decide, and the court is told either way."""
        work, court = self._desk.work, message.source
        key = request_key(court, message.id)
        if self._number_taken(self._number(message), key):
            self._desk.reject(unfit(item, "number-reused", "inbox"), key)
            return
        case_token = self._desk.case_token(message)
        asset = asset_of(message)
        asset_token = work.composer.token("asset", asset) if asset else None
        original = None
        if isinstance(message, ControlRequested) and message.data.original is not None:
            original = self._desk.cases.get(request_key(court, message.data.original))
        verdict = intake.decide(message, designator=item.party.designator, linkage=self._desk.linkage, original=original,
                                asset_token=asset_token, case_token=case_token, now=work.now)  # fmt: skip
        kind = kind_of(message.type)
        tasks: tuple[TaskState, ...] = ()
        if isinstance(verdict, intake.Refuse):
            status = RequestStatus.REFUSED
            decision = work.decide("request.refused", key, item, {"request": message.id, "codes": ",".join(verdict.codes)})
        else:
            status = RequestStatus.WAITING if verdict.waits else RequestStatus.OPEN
            decision = work.decide("request.accepted", key, item, {"request": message.id, "config": self._desk.linkage.sha256})
            tasks = tuple(self._planned(key, partner, urgent=bool(message.data.urgent)) for partner in verdict.partners)
        request = RequestState(
            key=key, court=court, request_id=message.id, kind=kind, action=message.data.action, case_token=case_token,
            asset_token=asset_token, status=status, expires_at=micros(message.expires), tasks=tasks,
            original_key=original.key if original is not None else None,
        )  # fmt: skip
        pk = work.keep(item, key, case_token, decision)
        work.add(t.requests, {
            "key": key, "court": court, "request_id": message.id, "kind": kind, "action": request.action,
            "case_token": case_token, "asset_token": asset_token, "original_key": request.original_key,
            "status": status, "message_pk": pk, "config_sha256": self._desk.linkage.sha256,
            "signed_at": micros(message.time), "received_at": item.record.timestamp, "decided_at": work.now,
            "expires_at": request.expires_at, "follow_ups": "",
        })  # fmt: skip
        if isinstance(verdict, intake.Refuse):
            refusal = said.Refusal(reasons=tuple(coded(code) for code in verdict.codes))
            self._desk.to_court(decision, request, "refusal", "refusal", refusal, message.id)
            self._desk.cases[key] = request
            return
        waits_for = original.request_id if verdict.waits and original is not None else None
        acceptance = said.Acceptance(partners=verdict.partners, config_sha256=self._desk.linkage.sha256, waits_for=waits_for)
        self._desk.to_court(decision, request, "acceptance", "acceptance", acceptance, message.id)
        if not verdict.waits:
            request = self.dispatch(decision, request, item.record.value, item.jws)
        for task in request.tasks:
            work.add(t.tasks, cases.task_row(key, task))
            self._desk.key_of_task[task.task_id] = key
        self._desk.cases[key] = request

    def _number_taken(self, number: Number, key: str) -> bool:
        """V8 of the model: (court, request number, version, action) is unique. Notes the number as taken."""
        if number not in self._numbers:
            self._numbers[number] = key
            self._desk.work.add(t.numbers, {"court": number[0], "number_token": number[1], "version": number[2],
                                            "action": number[3], "request_key": key})  # fmt: skip
        return self._numbers[number] != key

    def _number(self, message: RequestMessage) -> Number:
        token = self._desk.work.composer.token("number", message.source, message.data.number)
        return message.source, token, message.data.version, message.data.action

    def _planned(self, key: str, partner: str, *, urgent: bool) -> TaskState:
        agreement = self._desk.linkage.agreements[partner]
        seconds, working_days = agreement.reply_terms(urgent)
        return TaskState(
            task_id=derive_id(self._desk.work.composer.party, "task", key, partner), partner=partner,
            status=TaskStatus.PLANNED, receipt_within=agreement.receipt_within, reply_within=seconds,
            agreement=agreement.reference, reply_working_days=working_days, priority="urgent" if urgent else "ordinary",
        )  # fmt: skip

    def dispatch(self, decision: Decision, request: RequestState, value: bytes, jws: str) -> RequestState:
        """Send every task: the court's own request, unchanged, with its signature."""
        work = self._desk.work
        copy = said.SignedCopy(value=base64.b64encode(value).decode(), jws=jws)
        for task in request.tasks:
            work.send(
                decision, self._desk.topics.tasks(task.partner), id=task.task_id, type=f"liandong.{request.kind}.task.v1",
                recipient=task.partner, case_token=request.case_token, correlation=request.request_id,
                cause=request.request_id, expires=request.expires_at, request_key=request.key,
                data=said.Task(partner=task.partner, request=copy, receipt_within=task.receipt_within,
                               reply_within=task.reply_within, agreement=task.agreement,
                               reply_working_days=task.reply_working_days, priority=task.priority),
            )  # fmt: skip
            work.arm(SILENCE, task.task_id, work.now + task.receipt_within * collect.SECOND)
        return collect.dispatched(request)
