"""Reads of answers (查阅留痕), their thresholds, and the register of inquiries about one subject for oversight."""

from dataclasses import replace

from hub.casework.officers import officer_codes
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.work import Decision, Facts
from hub.rules import reads
from hub.rules.reads import OfficerReads, RequestReads, Span
from hub.store import cases
from hub.store.vault import NO_CASE
from schemas import hub as said
from schemas.base import from_micros
from schemas.legal import Purpose
from schemas.messages import AnswersRead, RegisterRequested
from schemas.requests import Kind


class Reads(Part):
    """Who looked at what, and who asks who looked."""

    handles = (AnswersRead, RegisterRequested)

    def take(self, item: Inbound) -> None:
        message = item.message
        if isinstance(message, AnswersRead):
            self._read(item, message)
        elif isinstance(message, RegisterRequested):
            self._register(item, message)
        else:
            raise TypeError("a reading or a request for the register is expected")

    # -- reads ---------------------------------------------------------------------------------------------------------

    def _read(self, item: Inbound, message: AnswersRead) -> None:
        desk, court, data = self.desk, message.source, message.data
        ids = list(dict.fromkeys(data.messages))
        desk.work.flush_rows()
        sent = cases.sent_messages(desk.work.connection, ids)
        codes = officer_codes(desk, item, data.officer)
        codes += reads.references(ids, {message_id: row.recipient for message_id, row in sent.items()}, court)
        if codes:
            desk.refuse(item, "case", codes, NO_CASE)
            return
        token, officer = sent[ids[0]].case_token, self._token(message)
        counted = {span: self._counter(key, officer, court) for span, key in reads.counter_keys(officer, item.record.timestamp).items()}
        after = {span: reads.read(state, len(ids), desk.linkage.terms.read_thresholds) for span, state in counted.items()}
        keys = {row.request_key for row in sent.values()}
        key = keys.pop() if len(keys) == 1 else None  # one that is about several requests is in the course of none
        facts: Facts = {"court": court, "officer": officer, "count": len(ids)}
        decision = desk.work.decide("reading.noted", key, item, facts | {span: state.count for span, (state, _) in after.items()})
        desk.work.keep(item, key, token, decision)
        for state, _ in after.values():
            desk.states.put(state)
        for row in sent.values():
            if row.request_key is not None:
                none = RequestReads(key=row.request_key, court=court, case_token=row.case_token, status="counted")
                before = desk.states.get(RequestReads, row.request_key) or none
                desk.states.put(replace(before, count=before.count + 1))
        desk.answer(decision, item, "case", "noted", said.Noted(about=message.id), token)
        for span, level in reads.to_tell(after["month"][1], after["total"][1]):
            crossed = desk.work.decide("reading.threshold", None, item, {
                "court": court, "officer": officer, "span": span, "level": level, "alarm": 1})  # fmt: skip
            self._tell(crossed, message, span, level, token)

    def _token(self, message: AnswersRead) -> str:
        """What stands for the officer, whichever permit is given."""
        permit = self.desk.rulebook.registers[message.source].officers[message.data.officer].work_permit
        return self.desk.work.composer.token("officer", message.source, permit)

    def _counter(self, key: str, officer: str, court: str) -> OfficerReads:
        none = OfficerReads(key=key, court=court, case_token=NO_CASE, ref=officer, status="counted")
        return self.desk.states.get(OfficerReads, key) or none

    def _tell(self, decision: Decision, message: AnswersRead, span: Span, level: int, case_token: str) -> None:
        # A court without a superior here is told itself: somebody has to be.
        recipient = self.desk.rulebook.superiors.get(message.source) or message.source
        self.desk.tell(decision, None, recipient, "reads-many", about=message.id, case_token=case_token, stage=f"{span}/{level}",
                       level=level, cause=message.id)  # fmt: skip

    # -- oversight -----------------------------------------------------------------------------------------------------

    def _register(self, item: Inbound, message: RegisterRequested) -> None:
        """The superior court alone learns who asked about a subject, and that it did stands in the log."""
        desk, court = self.desk, message.source
        subject = desk.token_of_subject(message.data.subject)
        below = reads.courts_below(desk.rulebook.superiors, court)
        codes = [] if below else ["oversight-only"]
        codes += officer_codes(desk, item, message.data.officer)
        if codes:
            desk.refuse(item, "case", codes, subject)
            return
        desk.work.flush_rows()
        rows = cases.about_subject(desk.work.connection, subject, below, reads.NEWEST + 1)
        desk.load(row.key for row in rows)
        desk.states.prepare(RequestReads, [row.key for row in rows])
        lines = []
        for row in rows[: reads.NEWEST]:
            request, counted = desk.cases[row.key], desk.states.get(RequestReads, row.key)
            lines.append(said.RegisterLine(
                court=request.court, request=request.request_id, action=request.action,
                purpose=Purpose.LOCATE if request.kind is Kind.LOCATE else Purpose.ASSETS, at=from_micros(row.received_at),
                outcome=request.outcome or request.status, readings=counted.count if counted is not None else 0,
            ))  # fmt: skip
        decision = desk.work.decide("register.given", None, item, {"court": court, "count": len(lines)})
        desk.work.keep(item, None, subject, decision)
        register = said.Register(lines=tuple(lines), complete=len(rows) <= reads.NEWEST)
        desk.answer(decision, item, "case", "register", register, subject)
