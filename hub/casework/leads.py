"""Leads (执行线索): to the court that has the case, verified in time, and answered to whoever sent them."""

from collections.abc import Sequence

from hub.casework.desk import Desk, unfit
from hub.casework.numbers import Numbers
from hub.casework.officers import officer_codes
from hub.casework.part import Part
from hub.engine.copies import copied
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import authority, leads
from hub.rules.cases import CaseState
from hub.rules.leads import LeadState
from hub.rules.measures import MeasureState
from hub.store import cases
from hub.store.vault import NO_CASE
from hub.trust.parties import Role
from schemas.base import from_micros
from schemas.hub import Forwarded, Noted
from schemas.messages import LeadJudged, LeadSubmitted, RequestMessage

OVERDUE = "lead-overdue"


class Leads(Part):
    """What somebody knows, what the court found, and what measures came of it."""

    handles = (LeadSubmitted, LeadJudged)
    timers = (OVERDUE,)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._numbers = Numbers(desk.work)
        desk.effect_listeners.append(self._took_effect)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        messages = [item.message for item in batch]
        submitted = [message for message in messages if isinstance(message, LeadSubmitted)]
        if submitted:
            tokens = {self._case_token(message) for message in submitted}
            self.desk.work.prepare_cases(tokens)
            self.desk.states.prepare(CaseState, tokens)
            self._numbers.load([self._numbers.of(each.source, each.data.number, 1, "lead") for each in submitted])
        ids = {message.data.lead for message in messages if isinstance(message, LeadJudged)}
        ids |= {message.id for message in submitted}
        ids |= {message.data.lead for message in messages if isinstance(message, RequestMessage) and message.data.lead}
        self.desk.states.prepare(LeadState, ids)

    def _case_token(self, lead: LeadSubmitted) -> str:
        """The case's token; a lead without a case has one of its own, so that it too can be erased by itself."""
        number = lead.data.case_number
        return self.desk.token_of_case(number) if number is not None else self.desk.work.composer.token("lead", lead.source, lead.id)

    def take(self, item: Inbound) -> None:
        """A lead, or what the court found of one; who sent it is told either way."""
        if isinstance(item.message, LeadSubmitted):
            self._submit(item, item.message)
        elif isinstance(item.message, LeadJudged):
            self._judge(item, item.message)

    def _submit(self, item: Inbound, message: LeadSubmitted) -> None:
        desk, data, key = self.desk, message.data, message.id
        if desk.states.get(LeadState, key) is not None:
            desk.reject(unfit(item, "id-reused", "inbox"))  # another sender's lead has this id: a verdict could not tell them apart
            return
        if self._numbers.taken(self._numbers.of(message.source, data.number, 1, "lead"), key):
            desk.reject(unfit(item, "number-reused", "inbox"))
            return
        case_token, sender = self._case_token(message), item.party.speaks_as
        case = desk.states.get(CaseState, case_token)
        court = case.holder.court if case is not None else data.court
        codes = [] if court in desk.rulebook.registers else ["court-unknown"]
        if item.party.role is not Role.COURT:
            codes += leads.may_submit(desk.linkage.agreements.get(sender), court, desk.work.now)
        if codes:
            desk.refuse(item, "lead", codes, case_token)
            return
        lead = LeadState(
            key=key, court=court, case_token=case_token, ref=desk.token_of_subject(data.subject), status="received", sender=sender,
            due_at=leads.due(item.record.timestamp, desk.linkage.terms, urgent=data.urgent),
        )  # fmt: skip
        decision = self._set(lead, "received", item, {"by": data.by, "urgent": int(data.urgent)})
        desk.work.arm(OVERDUE, key, lead.due_at)
        desk.forward(decision, item, court, "liandong.lead.forward.v1", correlation=key, case_token=case_token, due=lead.due_at)
        desk.answer(decision, item, "lead", "noted", Noted(about=key), case_token)

    def _judge(self, item: Inbound, message: LeadJudged) -> None:
        """The court's own words go to the sender, whatever it found."""
        desk, verdict = self.desk, message.data
        lead = desk.states.get(LeadState, verdict.lead)
        if lead is None:
            desk.refuse(item, "lead", ["reference-unknown"], NO_CASE)
            return
        case = desk.states.get(CaseState, lead.case_token)
        codes = [] if message.source == (case.holder.court if case is not None else lead.court) else ["reference-other"]
        codes += officer_codes(desk, item, verdict.officer)
        known = [desk.request_of(message.source, each, case) for each in verdict.requests]
        codes += ["reference-unknown"] if None in known else []
        new = leads.judged(lead, verdict.outcome)
        if isinstance(new, str) or codes:
            desk.refuse(item, "lead", [*codes, new] if isinstance(new, str) else codes, lead.case_token)
            return
        late = leads.late(lead, item.record.timestamp)
        decision = self._set(new, verdict.outcome, item, {"late": int(late)})
        desk.work.disarm(OVERDUE, lead.key)
        desk.forward(decision, item, lead.sender, "liandong.lead.answer.v1", correlation=lead.key, case_token=lead.case_token)
        desk.answer(decision, item, "lead", "noted", Noted(about=message.id), lead.case_token)

    def fire(self, timer: Due) -> None:
        """Nobody has said what became of it in time: told to the case's supervisor and to the superior court."""
        lead = self.desk.states.get(LeadState, timer.ref)
        if lead is None or lead.answered:
            return
        case, now, rulebook = self.desk.states.get(CaseState, lead.case_token), self.desk.work.now, self.desk.rulebook
        court = case.holder.court if case is not None else lead.court
        decision = self._set(lead, "overdue", None, {})
        superior = rulebook.superiors.get(court, "")
        for each in (court, superior) if superior in rulebook.registers else (court,):
            chief = authority.bureau_chief(rulebook.registers[each], now)
            self.desk.tell(decision, None, each, "lead-overdue", about=lead.key, case_token=lead.case_token,
                           addressee=case.supervisor if case is not None and each == court else chief,
                           due=from_micros(lead.due_at))  # fmt: skip

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """Another court has the case: its open leads go there, as they were signed."""
        if old is not None and old.holder.court == new.holder.court:
            return
        for lead in self.desk.states.of_case(LeadState, new.key):
            if leads.is_open(lead) and new.holder.court != (old.holder.court if old is not None else lead.court):
                self._pass_on(lead, new)

    def _pass_on(self, lead: LeadState, case: CaseState) -> None:
        work, to = self.desk.work, case.holder.court
        work.flush_rows()  # it may be of this very batch
        pk, jws = cases.lead_message(work.connection, lead.key, lead.case_token)
        try:
            value = work.payload(pk)
        except KeyError:
            return  # the case has been erased: nothing can be passed on any more
        body = Forwarded(of=lead.sender, message=copied(value, jws),
                         due=None if lead.answered else from_micros(lead.due_at))  # fmt: skip
        decision = work.decide("lead.moved", lead.key, None, self._facts(lead) | {"to": to})
        self.desk.say(decision, to, "liandong.lead.forward.v1", f"lead/{lead.key}/{case.version}", body,
                      correlation=lead.key, case_token=lead.case_token, cause=lead.key)  # fmt: skip

    def _took_effect(self, measure: MeasureState) -> None:
        """A measure that follows a lead has taken effect: the lead has become a measure (线索转化)."""
        self.desk.load([measure.key])
        lead = self.desk.states.get(LeadState, self.desk.cases[measure.key].lead)
        new = leads.converted(lead, measure.request_id) if lead is not None else None
        if new is not None:
            self.desk.states.put(new)
            self.desk.work.decide("lead.converted", measure.key, None, self._facts(new) | {"measure": measure.request_id})

    def _set(self, lead: LeadState, happened: str, item: Inbound | None, facts: Facts) -> Decision:
        """Save the lead as it is now and say so in the log."""
        self.desk.states.put(lead)
        decision = self.desk.work.decide(f"lead.{happened}", lead.key, item, self._facts(lead) | facts)
        if item is not None:
            self.desk.work.keep(item, None, lead.case_token, decision)
        return decision

    @staticmethod
    def _facts(lead: LeadState) -> Facts:
        return {"court": lead.court, "lead": lead.key, "request": lead.key}
