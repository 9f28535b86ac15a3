"""A connector's application for the engine: file a job and a receipt for each task, and turn answers into signed replies.

The partner need not trust the hub: the court's own signature and legal basis are checked here again.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from pydantic import ValidationError

from connectors.base import Answer, HitNote
from connectors.jobs import PRIORITIES, JobStatus, filed_before, hasten, jobs, measure_of
from connectors.lead_book import ABOUT_LEADS, LeadBook
from connectors.restored import may_be_done
from connectors.tasks import is_asked, name_of, objection, original_of
from connectors.terms import KEEP, fitting
from hub.bus.topics import Topics
from hub.engine.copies import open_copy
from hub.engine.gate import Admits
from hub.engine.records import Inbound, Record, Unfit, digest_of
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts, Work
from hub.store import tables as t
from hub.trust.errors import SignatureError
from hub.trust.parties import Directory, Party, Role
from schemas.base import Model, derive_near, from_micros, micros
from schemas.codes import CODES
from schemas.messages import (
    Forwarded,
    NotedDown,
    Nudged,
    ObjectionDecided,
    Refused,
    Rejected,
    RequestMessage,
    TaskSent,
    asset_of,
    kind_of,
)
from schemas.replies import Hit, Reason, Receipt, Reply, ReplyKind

DECISION = "liandong.case.forward.v1"
"""What a court decided on an objection, passed on by the hub."""

log = structlog.get_logger()


def admits() -> Admits:
    """A connector takes from the hub tasks, reminders of them (催办), rejections, what became of its leads and what a court
    decided on an objection (异议) of the partner's, and nothing else."""

    def admit(party: Party, message: Any, _record: Record) -> bool:
        taken = isinstance(message, TaskSent | Nudged | Rejected) or message.type in (*ABOUT_LEADS, DECISION)
        return party.role is Role.HUB and taken

    return admit


class Desk:
    """The `Application` of a connector."""

    def __init__(self, directory: Directory, topics: Topics) -> None:
        self._directory = directory
        self._topics = topics
        self.leads = LeadBook(directory, topics)

    def handle(self, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        """File each task once; what is unfit is journalled."""
        seen = work.seen([item for item in batch if isinstance(item, Inbound)])
        filed: dict[str, str | None] = {}
        for item in batch:
            if isinstance(item, Unfit):
                self._set_aside(work, item)
                continue
            known = seen.setdefault((item.message.source, item.message.id), "")
            if known == item.digest:
                continue  # the hub repeats what it is not sure to have published
            if known:
                self._set_aside(work, Unfit(item.record, "id-reused", "inbox", item.digest, item.party, item.message))
            elif isinstance(item.message, TaskSent):
                self._file(work, item, item.message, filed)
            elif isinstance(item.message, Nudged):
                self._nudge(work, item, item.message)
            elif isinstance(item.message, Forwarded) and item.message.type == DECISION:
                self._objection_decided(work, item, item.message)
            elif isinstance(item.message, NotedDown | Refused | Forwarded):
                unbelieved = self.leads.take(work, item, item.message)
                if unbelieved is not None:
                    self._set_aside(work, unbelieved)
            elif isinstance(item.message, Rejected):
                decision = work.decide("rejection.received", None, item, {"code": item.message.data.code})
                work.keep(item, None, item.message.subject, decision)
                log.error("connector.rejected-by-hub", code=item.message.data.code,
                          correlation_id=item.message.correlationid)  # fmt: skip
            seen[item.message.source, item.message.id] = item.digest

    def fire(self, work: Work, due: Sequence[Due]) -> None:
        """A connector's waiting is in its job table; the engine's timers are not used."""

    def poison(self, work: Work, item: Inbound | Unfit, error: BaseException) -> None:
        unfit = Unfit(item.record, "internal-error", "decide", item.digest, item.party, item.message, type(error).__name__)
        self._set_aside(work, unfit)

    def _file(self, work: Work, item: Inbound, task: TaskSent, filed: dict[str, str | None]) -> None:
        """File a task with its receipt. `filed` are the requests of this batch, which no query finds yet, and what a renewal
        among them renews."""
        request, reason = self._check(task, item.record.timestamp)
        original = original_of(request)
        if original is not None:
            original = filed.get(original) or measure_of(work.connection, original)
        name = name_of(request, task) if request is not None and reason is None else None
        if name is not None:
            if name in filed or filed_before(work.connection, name):
                # Carried out under another task id it would be done twice, on the hub's word alone.
                self._set_aside(work, Unfit(item.record, "id-reused", "request", item.digest, item.party, task))
                return
            filed[name] = original if request is not None and request.data.action == "renew" else None
        decision = work.decide("task.filed", task.id, item, {"request": task.correlationid})
        pk = work.keep(item, task.id, task.subject, decision)
        self._send(work, decision, task, "receipt", "receipt", Receipt(task_id=task.id, handling="automatic"))
        asset = asset_of(request) if request is not None else None
        again = may_be_done(work.connection, item.record)
        status = JobStatus.UNKNOWN if again else JobStatus.QUEUED
        work.add(jobs, {
            "task_id": task.id, "message_pk": pk, "action": request.data.action if request else "",
            "request": name, "original": original,
            "asset_token": work.composer.token("asset", asset) if asset else None,
            "priority": PRIORITIES[task.data.priority or "ordinary"],
            "status": status if reason is None else JobStatus.DONE, "attempt": int(again), "due_at": work.now,
            "expires_at": micros(task.expires),
        })  # fmt: skip
        if reason is not None:
            self.reply(work, task, Answer(ReplyKind.REFUSED, b"", reason=reason))

    def _nudge(self, work: Work, item: Inbound, nudge: Nudged) -> None:
        """The hub reminds of a task (催办): whatever its job waits for, it is tried now."""
        forward = hasten(work.connection, nudge.data.task_id, work.now)
        decision = work.decide("task.nudged", nudge.data.task_id, item, {"level": nudge.data.level})
        work.keep(item, nudge.data.task_id, nudge.subject, decision)
        log.warning("connector.nudged", task_id=nudge.data.task_id, level=nudge.data.level, brought_forward=forward,
                    correlation_id=nudge.correlationid)  # fmt: skip

    def _objection_decided(self, work: Work, item: Inbound, message: Forwarded) -> None:
        """A court's decision, in its own signed words, is journalled for whoever looks after objections here. What follows from
        it comes as a task."""
        try:
            decided, court = open_copy(message.data.message, self._directory)
        except (SignatureError, ValidationError):
            self._set_aside(work, Unfit(item.record, "jws-bad-signature", "decision", item.digest, item.party, message))
            return
        if court.role is not Role.COURT or not isinstance(decided, ObjectionDecided):
            self._set_aside(work, Unfit(item.record, "reference-unknown", "decision", item.digest, item.party, message))
            return
        decision = work.decide("objection.decided", None, item, {
            "objection": decided.data.objection, "outcome": decided.data.outcome, "court": court.id})  # fmt: skip
        work.keep(item, None, message.subject, decision)
        log.warning("connector.objection-decided", outcome=decided.data.outcome, correlation_id=message.correlationid)

    def _check(self, task: TaskSent, at: int) -> tuple[RequestMessage | None, Reason | None]:
        """The court's own request, and why this partner refuses it, if it does. `at` is the broker's time of the task."""
        try:
            request, court = open_copy(task.data.request, self._directory)
        except (SignatureError, ValidationError):
            return None, Reason(code="court-signature", text="法院签名无效 / the court's signature does not verify")
        if (
            court.role is not Role.COURT
            or not isinstance(request, RequestMessage)
            or kind_of(request.type) != kind_of(task.type)
            or not is_asked(request, task)
        ):
            return None, Reason(code="not-a-request", text="所附不是法院请求 / what is enclosed is no court's request")
        code = objection(request, task, at)
        return request, None if code is None else Reason(code=code, text=f"{CODES[code].zh} / {CODES[code].en}")

    def request_of(self, task: TaskSent) -> RequestMessage:
        """The request in a task that was filed, and so checked."""
        request, _ = open_copy(task.data.request, self._directory)
        if not isinstance(request, RequestMessage):
            raise TypeError("a filed task holds a request")
        return request

    def court_of(self, request: RequestMessage) -> str:
        """The name of the court that signed `request`."""
        return self._directory.parties[request.source].name_zh

    def reply(self, work: Work, task: TaskSent, answer: Answer) -> None:
        """Sign and enqueue the partner's answer to `task`, cut to what one reply may hold."""
        answer = fitting(answer)
        facts: Facts = {"request": task.correlationid, "reply": answer.kind.value}
        decision = work.decide("task.answered", task.id, None, facts)
        body = Reply(
            task_id=task.id, kind=answer.kind, answered_at=from_micros(work.now), findings=answer.findings,
            measure=answer.measure, reason=answer.reason, contact=answer.contact, searched=answer.searched,
            raw_sha256=digest_of(answer.raw),
        )  # fmt: skip
        self._send(work, decision, task, "reply", "reply", body)

    def hit(self, work: Work, task: TaskSent, note: HitNote) -> None:
        """Sign and enqueue a hit of the watch that `task` armed."""
        decision = work.decide("watch.hit", task.id, None, {"request": task.correlationid})
        body = Hit(task_id=task.id, event=note.event, at=note.at, place=note.place, contact=note.contact)
        self._send(work, decision, task, "hit", f"hit/{note.event}", body)

    def _send(self, work: Work, decision: Decision, task: TaskSent, event: str, stage: str, body: Model) -> None:
        work.send(
            decision, self._topics.replies, id=derive_near(task.id, work.composer.party, stage),
            type=f"liandong.{kind_of(task.type)}.{event}.v1", recipient=task.source, case_token=task.subject,
            correlation=task.correlationid, cause=task.id, expires=work.now + KEEP, data=body, request_key=task.id,
        )  # fmt: skip

    def _set_aside(self, work: Work, item: Unfit) -> None:
        """This party may write to no dead-letter topic: the record is journalled here and stays in its own topic."""
        record = item.record
        work.decide("message.rejected", None, item, {"code": item.code, "stage": item.stage})
        work.add(t.dead_letters, {
            "topic": record.topic, "partition": record.partition, "offset": record.offset, "code": item.code,
            "stage": item.stage, "error_class": CODES[item.code].error_class,
            "sender": item.party.id if item.party else None, "digest": item.digest, "size": len(record.value),
            "at": work.now,
        })  # fmt: skip
        log.error("connector.record-set-aside", code=item.code, topic=record.topic, offset=record.offset)
