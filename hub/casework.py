"""The hub's application: it loads states, asks the rules, and turns what they decide into messages, timers and entries.

It runs on the store's thread inside the engine's one transaction; the rules themselves know none of that.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from hub.bus.topics import Topics
from hub.engine.compose import derive_id
from hub.engine.gate import Admits
from hub.engine.processor import Due
from hub.engine.records import Inbound, Record, Unfit, digest_of
from hub.engine.work import Decision, Facts, Work
from hub.rules import collect, intake
from hub.rules.plan import Linkage, follow_ups
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.store import cases
from hub.store import tables as t
from hub.store.vault import NO_CASE
from hub.trust.parties import Directory, Party, Role
from schemas import hub as said
from schemas.base import Model, from_micros, micros
from schemas.codes import CODES
from schemas.messages import (
    ControlRequested,
    HitReported,
    PartnerMessage,
    Received,
    Replied,
    RequestMessage,
    asset_of,
    kind_of,
)
from schemas.requests import Kind

SILENCE = "silence"
"""The timer of one task: its receipt, then its reply, is due."""
KEEP = 180 * 24 * 3600 * 1_000_000
"""How long the hub's own messages stay valid, in µs: a court reads its results when it can."""


def coded(code: str) -> said.CodedReason:
    """A code with its words."""
    return said.CodedReason(code=code, zh=CODES[code].zh, en=CODES[code].en)


class Casework:
    """The `Application` of the hub."""

    def __init__(self, directory: Directory, linkage: Linkage, topics: Topics) -> None:
        self._directory = directory
        self._linkage = linkage
        self._topics = topics

    def handle(self, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        """Requests of courts and messages of partners, in order; the unfit become dead letters."""
        desk = _Desk(work, self._directory, self._linkage, self._topics)
        fit = [item for item in batch if isinstance(item, Inbound)]
        desk.prepare(fit)
        for item in batch:
            if isinstance(item, Unfit):
                desk.reject(item)
            else:
                desk.take(item)
        desk.save()

    def fire(self, work: Work, due: Sequence[Due]) -> None:
        """Silence: deadlines that have passed, after everything sent before them has been read."""
        desk = _Desk(work, self._directory, self._linkage, self._topics)
        ids = [timer.ref for timer in due if timer.kind == SILENCE]
        desk.load_tasks(ids)
        for task_id in ids:
            desk.silence(task_id)
        desk.save()

    def poison(self, work: Work, record: Record, error: BaseException) -> None:
        """A record that deciding failed on goes to a person, with the kind of the error and never its words."""
        desk = _Desk(work, self._directory, self._linkage, self._topics)
        desk.reject(Unfit(record, "internal-error", "decide", digest_of(record.value), error=type(error).__name__))


class _Desk:
    """One batch's view of the cases: loaded once, changed in memory, saved once."""

    def __init__(self, work: Work, directory: Directory, linkage: Linkage, topics: Topics) -> None:
        self._work = work
        self._directory = directory
        self._linkage = linkage
        self._topics = topics
        self._seen: dict[tuple[str, str], str] = {}
        self._numbers: dict[tuple[str, str, int, str], str] = {}
        self._cases: dict[str, RequestState] = {}
        self._key_of_task: dict[str, str] = {}
        self._fresh: set[str] = set()
        self._changed: dict[str, RequestState] = {}
        self._changed_tasks: dict[str, TaskState] = {}

    # -- loading -------------------------------------------------------------------------------------------------------

    def prepare(self, batch: Sequence[Inbound]) -> None:
        """Load everything that deciding on `batch` may need, in a few queries."""
        if not batch:
            return
        self._seen = self._work.seen(batch)
        self.load_tasks([item.message.data.task_id for item in batch if isinstance(item.message, PartnerMessage)])
        originals = [
            self._key(item.message.source, item.message.data.original) for item in batch
            if isinstance(item.message, ControlRequested) and item.message.data.original is not None
        ]  # fmt: skip
        self._load(originals)

    def load_tasks(self, task_ids: Sequence[str]) -> None:
        """Load the cases that these tasks belong to."""
        if task_ids:
            self._key_of_task |= cases.keys_of_tasks(self._work.connection, task_ids)
            self._load(set(self._key_of_task.values()))

    def _load(self, keys: Iterable[str]) -> None:
        self._cases |= cases.load(self._work.connection, [key for key in keys if key not in self._cases])

    def save(self) -> None:
        """Write the changed states back. What was made in this batch is written whole, with its last state."""
        # A row made in this batch may have changed since: insert first, then update.
        self._work.flush_rows()
        cases.save(self._work.connection, self._changed.values(), self._changed_tasks.values(), self._work.now)

    @staticmethod
    def _key(court: str, request_id: str) -> str:
        return derive_id("request", court, request_id)

    # -- what cannot be taken in ---------------------------------------------------------------------------------------

    def reject(self, item: Unfit, request_key: str | None = None) -> None:
        """A dead letter, an entry, and an answer to the sender where its signature makes it known."""
        facts: Facts = {"code": item.code, "stage": item.stage}
        if item.error:
            facts["error"] = item.error
        if item.code in ("id-reused", "number-reused", "reply-conflicting"):
            facts["alarm"] = 1
        decision = self._work.decide("message.rejected", request_key, item, facts)
        self._work.dead_letter(item, self._topics.dead_letters, decision)
        party = item.party
        if party is None or party.role is Role.HUB:
            return
        record, words = item.record, CODES[item.code]
        topic = self._topics.results(party.id) if party.role is Role.COURT else self._topics.tasks(party.speaks_as)
        place = (record.topic, str(record.partition), str(record.offset))
        self._work.send(
            decision, topic, id=derive_id(self._work.composer.party, "rejection", *place),
            type="liandong.party.rejection.v1", recipient=party.id, case_token=NO_CASE, request_key=request_key,
            correlation=item.message.correlationid if item.message else derive_id("unread", item.digest),
            cause=item.message.id if item.message else None, expires=self._work.now + KEEP,
            data=said.Rejection(code=item.code, zh=words.zh, en=words.en, topic=record.topic,
                                partition=record.partition, offset=record.offset, sha256=item.digest),
        )  # fmt: skip

    def take(self, item: Inbound) -> None:
        """One message that is what it claims to be: a duplicate, a conflict, or new."""
        message = item.message
        known = self._seen.get((message.source, message.id))
        if known == item.digest:
            self._duplicate(item)
        elif known is not None:
            self.reject(_unfit(item, "id-reused", "inbox"))
        elif isinstance(message, RequestMessage):
            self._request(item, message)
        elif isinstance(message, PartnerMessage):
            self._from_partner(item, message)
        self._seen.setdefault((message.source, message.id), item.digest)

    def _duplicate(self, item: Inbound) -> None:
        """Already done: nothing is decided again; a court gets the very answer it got before."""
        message = item.message
        key = self._key(message.source, message.id) if isinstance(message, RequestMessage) else None
        self._work.decide("message.duplicate", key, item, {})
        if key is not None:
            self._work.flush_rows()
            for pk in cases.first_answer(self._work.connection, key):
                self._work.send_again(pk)

    # -- requests ------------------------------------------------------------------------------------------------------

    def _request(self, item: Inbound, message: RequestMessage) -> None:
        work, court = self._work, message.source
        key = self._key(court, message.id)
        number = (court, work.composer.token("number", court, message.data.number), message.data.version,
                  message.data.action)  # fmt: skip
        if self._number_taken(number, key):
            self.reject(_unfit(item, "number-reused", "inbox"), key)
            return
        case_token = work.composer.token("case", court, message.data.legal.case_number)
        asset = asset_of(message)
        asset_token = work.composer.token("asset", asset) if asset else None
        original = None
        if isinstance(message, ControlRequested) and message.data.original is not None:
            original = self._cases.get(self._key(court, message.data.original))
        verdict = intake.decide(message, designator=item.party.designator, linkage=self._linkage, original=original,
                                asset_token=asset_token, case_token=case_token, now=work.now)  # fmt: skip
        kind = kind_of(message.type)
        tasks: tuple[TaskState, ...] = ()
        if isinstance(verdict, intake.Refuse):
            status = RequestStatus.REFUSED
            decision = work.decide("request.refused", key, item, {"codes": ",".join(verdict.codes)})
        else:
            status = RequestStatus.WAITING if verdict.waits else RequestStatus.OPEN
            decision = work.decide("request.accepted", key, item, {"config": self._linkage.sha256})
            tasks = tuple(self._planned(key, partner) for partner in verdict.partners)
        request = RequestState(
            key=key, court=court, request_id=message.id, kind=kind, action=message.data.action, case_token=case_token,
            asset_token=asset_token, status=status, expires_at=micros(message.expires), tasks=tasks,
            original_key=original.key if original is not None else None,
        )  # fmt: skip
        pk = work.keep(item, key, case_token, decision)
        work.add(t.requests, {
            "key": key, "court": court, "request_id": message.id, "kind": kind, "action": request.action,
            "case_token": case_token, "asset_token": asset_token, "original_key": request.original_key,
            "status": status, "message_pk": pk, "config_sha256": self._linkage.sha256,
            "signed_at": micros(message.time), "received_at": item.record.timestamp, "decided_at": work.now,
            "expires_at": request.expires_at, "follow_ups": "",
        })  # fmt: skip
        if isinstance(verdict, intake.Refuse):
            refusal = said.Refusal(reasons=tuple(coded(code) for code in verdict.codes))
            self._to_court(decision, request, "refusal", "refusal", refusal, message.id)
            self._cases[key] = request
            return
        waits_for = original.request_id if verdict.waits and original is not None else None
        acceptance = said.Acceptance(partners=verdict.partners, config_sha256=self._linkage.sha256, waits_for=waits_for)
        self._to_court(decision, request, "acceptance", "acceptance", acceptance, message.id)
        if not verdict.waits:
            request = self._dispatch(decision, request, item.record.value, item.jws)
        for task in request.tasks:
            work.add(t.tasks, cases.task_row(key, task))
            self._key_of_task[task.task_id] = key
        self._cases[key] = request

    def _number_taken(self, number: tuple[str, str, int, str], key: str) -> bool:
        """V8 of the model: (court, request number, version, action) is unique. Notes the number as taken."""
        if number not in self._numbers:
            c = t.numbers.c
            found = self._work.connection.execute(t.numbers.select().with_only_columns(c.request_key).where(
                c.court == number[0], c.number_token == number[1], c.version == number[2], c.action == number[3]
            )).scalar()  # fmt: skip
            if found is None:
                self._numbers[number] = key
                self._work.add(t.numbers, {"court": number[0], "number_token": number[1], "version": number[2],
                                           "action": number[3], "request_key": key})  # fmt: skip
                return False
            self._numbers[number] = found
        return self._numbers[number] != key

    def _planned(self, key: str, partner: str) -> TaskState:
        agreement = self._linkage.agreements[partner]
        return TaskState(
            task_id=derive_id(self._work.composer.party, "task", key, partner), partner=partner,
            status=TaskStatus.PLANNED, receipt_within=agreement.receipt_within, reply_within=agreement.reply_within,
            agreement=agreement.reference,
        )  # fmt: skip

    def _dispatch(self, decision: Decision, request: RequestState, value: bytes, jws: str) -> RequestState:
        """Send every task: the court's own request, unchanged, with its signature."""
        work = self._work
        copy = said.SignedCopy(value=base64.b64encode(value).decode(), jws=jws)
        for task in request.tasks:
            work.send(
                decision, self._topics.tasks(task.partner), id=task.task_id, type=f"liandong.{request.kind}.task.v1",
                recipient=task.partner, case_token=request.case_token, correlation=request.request_id,
                cause=request.request_id, expires=request.expires_at, request_key=request.key,
                data=said.Task(partner=task.partner, request=copy, receipt_within=task.receipt_within,
                               reply_within=task.reply_within, agreement=task.agreement),
            )  # fmt: skip
            work.arm(SILENCE, task.task_id, work.now + task.receipt_within * collect.SECOND)
        return collect.dispatched(request)

    # -- what partners say ---------------------------------------------------------------------------------------------

    def _from_partner(self, item: Inbound, message: PartnerMessage) -> None:
        key = self._key_of_task.get(message.data.task_id)
        request = self._cases.get(key) if key is not None else None
        task = None if request is None else next(
            (task for task in request.tasks if task.task_id == message.data.task_id), None
        )  # fmt: skip
        if request is None or task is None or task.partner != item.party.speaks_as or (
            task.status is TaskStatus.PLANNED or kind_of(message.type) is not request.kind
        ):
            self.reject(_unfit(item, "task-unknown", "task"))
            return
        if isinstance(message, Received):
            self._receipt(item, request, task)
        elif isinstance(message, HitReported):
            decision = self._work.decide("watch.hit", request.key, item, {"partner": task.partner})
            self._work.keep(item, request.key, request.case_token, decision)
            self._pass_on(decision, request, task, item)
            self._put(request, collect.on_hit(task))
        else:
            self._reply(item, message, request, task)

    def _receipt(self, item: Inbound, request: RequestState, task: TaskState) -> None:
        received = collect.on_receipt(task, item.record.timestamp)
        decision = self._work.decide("task.received", request.key, item, {"partner": task.partner})
        self._work.keep(item, request.key, request.case_token, decision)
        due = collect.deadline(received, None)
        if received.status is TaskStatus.RECEIVED and due is not None:
            self._work.arm(SILENCE, task.task_id, due)
        self._put(request, received)

    def _reply(self, item: Inbound, message: Replied, request: RequestState, task: TaskState) -> None:
        sent = self._sent_at(task) if task.received_at is None else None
        verdict = collect.on_reply(task, message.data.kind, item.record.timestamp, message.id, sent)
        if verdict.effect == "conflicts":
            self.reject(_unfit(item, "reply-conflicting", "task"), request.key)
            return
        if verdict.silent_first:
            due = verdict.task.settled_at or self._work.now
            request = self._be_silent(request, task, due)
        facts: Facts = {"partner": task.partner, "reply": message.data.kind.value}
        if verdict.effect == "late":
            facts["late"] = 1
        decision = self._work.decide("task.answered", request.key, item, facts)
        self._work.keep(item, request.key, request.case_token, decision)
        self._pass_on(decision, request, task, item, late=verdict.effect == "late")
        found = frozenset(finding.kind for finding in message.data.findings)
        if verdict.effect == "settles":
            self._work.disarm(SILENCE, task.task_id)
            request = replace(request, follow_ups=request.follow_ups | found)
        self._put(request, verdict.task)
        self._conclude(request.key, decision)

    def _pass_on(
        self, decision: Decision, request: RequestState, task: TaskState, item: Inbound, *, late: bool = False
    ) -> None:
        copy = said.SignedCopy(value=base64.b64encode(item.record.value).decode(), jws=item.jws)
        result = said.Result(partner=task.partner, task_id=task.task_id, message=copy, late=late,
                             conclusion=request.conclusion_id)  # fmt: skip
        self._to_court(decision, request, "result", f"result/{item.message.id}", result, item.message.id)

    # -- silence and conclusion ----------------------------------------------------------------------------------------

    def silence(self, task_id: str) -> None:
        """A task's deadline has passed, and nothing that was sent in time is unread."""
        request = self._cases[self._key_of_task[task_id]]
        task = next(task for task in request.tasks if task.task_id == task_id)
        if task.status not in (TaskStatus.SENT, TaskStatus.RECEIVED):
            return
        due = collect.deadline(task, self._sent_at(task))
        if due is None or due > self._work.now:
            # Not with the broker yet, or later than planned: the partner has its full time from then on.
            self._work.arm(SILENCE, task_id, due or self._work.now + task.receipt_within * collect.SECOND)
            return
        request = self._be_silent(request, task, due)
        self._conclude(request.key, None)

    def _be_silent(self, request: RequestState, task: TaskState, due: int) -> RequestState:
        unknown = request.kind is Kind.CONTROL
        awaited: Literal["receipt", "reply"] = "reply" if task.received_at is not None else "receipt"
        facts: Facts = {"partner": task.partner, "awaited": awaited} | ({"alarm": 1} if unknown else {})
        decision = self._work.decide("task.silent", request.key, None, facts)
        silence = said.NonResponse(partner=task.partner, task_id=task.task_id, awaited=awaited,
                                   deadline=from_micros(due), outcome_unknown=unknown)  # fmt: skip
        self._to_court(decision, request, "non-response", f"non-response/{task.task_id}", silence, task.task_id)
        return self._put(request, collect.on_silence(task, due))

    def _conclude(self, key: str, decision: Decision | None) -> None:
        request = self._cases[key]
        outcome = collect.conclusion(request)
        if outcome is None:
            return
        conclusion_id = derive_id(self._work.composer.party, "conclusion", key)
        closing = self._work.decide("request.concluded", key, None, {"outcome": outcome})
        lines = tuple(
            said.PartnerOutcome(partner=task.partner, task_id=task.task_id, outcome=task.outcome or said.TaskOutcome.NO_RESPONSE,
                                message=task.message_id, at=from_micros(task.settled_at or self._work.now))
            for task in request.tasks
        )  # fmt: skip
        proposals = tuple(
            said.FollowUp(finding=rule.finding, action=rule.action, partner_kind=rule.partner_kind,
                          needs_approval=rule.needs_approval)
            for rule in follow_ups(self._linkage, request.follow_ups)
        )  # fmt: skip
        body = said.Conclusion(outcome=outcome, partners=lines, follow_ups=proposals)
        self._to_court(closing, request, "conclusion", "conclusion", body, request.request_id, conclusion_id)
        concluded = replace(request, status=RequestStatus.CONCLUDED, outcome=outcome, conclusion_id=conclusion_id)
        self._cases[key] = self._changed[key] = concluded
        self._release_waiting(concluded)

    def _release_waiting(self, original: RequestState) -> None:
        """What waited for this request is sent now, or concluded unsent where it no longer can act."""
        self._work.flush_rows()
        keys = cases.waiting_for(self._work.connection, original.key)
        self._load(keys)
        for key in keys:
            request = self._cases[key]
            if request.status is not RequestStatus.WAITING:
                continue
            if self._work.now >= request.expires_at or not intake.may_release(original):
                self._replace(collect.without_sending(request, self._work.now))
                self._conclude(key, None)
            else:
                decision = self._work.decide("request.dispatched", key, None, {"after": original.request_id})
                pk, jws = cases.request_message(self._work.connection, key)
                self._replace(self._dispatch(decision, request, self._work.payload(pk), jws))

    # -- small things --------------------------------------------------------------------------------------------------

    def _sent_at(self, task: TaskState) -> int | None:
        return cases.sent_at(self._work.connection, [task.task_id]).get(task.task_id)

    def _put(self, request: RequestState, task: TaskState) -> RequestState:
        self._changed_tasks[task.task_id] = task
        updated = self._cases[request.key] = self._changed[request.key] = collect.with_task(request, task)
        return updated

    def _replace(self, request: RequestState) -> None:
        self._cases[request.key] = self._changed[request.key] = request
        self._changed_tasks |= {task.task_id: task for task in request.tasks}

    def _to_court(
        self, decision: Decision, request: RequestState, event: str, stage: str, data: Model, cause: str,
        message_id: str | None = None,
    ) -> None:  # fmt: skip
        self._work.send(
            decision, self._topics.results(request.court),
            id=message_id or derive_id(self._work.composer.party, stage, request.key),
            type=f"liandong.{request.kind}.{event}.v1", recipient=request.court, case_token=request.case_token,
            correlation=request.request_id, cause=cause, expires=self._work.now + KEEP, data=data,
            request_key=request.key,
        )  # fmt: skip


def _unfit(item: Inbound, code: str, stage: str) -> Unfit:
    return Unfit(item.record, code, stage, item.digest, item.party, item.message)


def admits(requests_topic: str, replies_topic: str) -> Admits:
    """Courts write requests to their topic, partners and connectors answers to theirs; nobody else writes here."""
    courts, partners = frozenset({Role.COURT}), frozenset({Role.PARTNER, Role.CONNECTOR_FOR})

    def admit(party: Party, message: object, record: Record) -> bool:
        if record.topic == requests_topic:
            return party.role in courts and isinstance(message, RequestMessage)
        return record.topic == replies_topic and party.role in partners and isinstance(message, PartnerMessage)

    return admit
