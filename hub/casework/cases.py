"""Cases as their courts state them: registered, moved, closed."""

from collections.abc import Sequence

from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.work import Facts
from hub.rules import cases, completeness, ledger
from hub.rules.cases import CaseState
from hub.rules.completeness import CertificateState
from hub.rules.ledger import LedgerState
from hub.store import cases as rows
from schemas import hub as said
from schemas.base import micros
from schemas.cases import CaseStatement
from schemas.identifiers import case_parts
from schemas.messages import CaseStated


class Cases(Part):
    """What courts state of their cases. What follows from it is the other parts' business (`case_changed`)."""

    handles = (CaseStated,)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        tokens = {
            self.desk.token_of_case(item.message.data.case_number) for item in batch if isinstance(item.message, CaseStated)
        }
        if tokens:
            self.desk.work.prepare_cases(tokens)
            self.desk.states.prepare(CaseState, tokens)

    def take(self, item: Inbound) -> None:
        """Register the statement, or say why not; the court is told either way."""
        message = item.message
        if not isinstance(message, CaseStated):
            raise TypeError("a statement of a case is expected")
        statement = message.data
        token = self.desk.token_of_case(statement.case_number)
        old = self.desk.states.get(CaseState, token)
        holder = old.holder.court if old is not None else statement.holder.court
        superior = self.desk.rulebook.superiors.get(holder, "")
        codes = self._court(item, statement.case_number, statement.holder.court) if old is None else []
        new = cases.state(old, statement, message.source, token, superior, micros(message.time))
        if isinstance(new, str):
            codes.append(new)
        codes += self._closing(old, item, statement)
        if statement.holder.court not in self.desk.rulebook.registers:
            codes.append("court-unknown")
        if codes or isinstance(new, str):
            self.desk.refuse(item, "case", list(dict.fromkeys(codes)), token)
            return
        self.desk.states.put(new)
        facts: Facts = {"court": new.court, "status": new.status, "priority": new.priority, "version": new.version}
        if old is None and new.status == "round-closed":
            facts["imported"] = 1
        decision = self.desk.work.decide("case.noted", token, item, facts)
        self.desk.work.keep(item, token, token, decision)
        self.desk.answer(decision, item, "case", "noted", said.Noted(about=message.id), token)
        for listener in self.desk.case_listeners:
            listener(old, new)

    def _closing(self, old: CaseState | None, item: Inbound, statement: CaseStatement) -> list[str]:
        """A round is closed only with a certificate about each debtor, and goes on with a standing inquiry about each (终本规定
        art. 1, 3 and 9). For one that was closed before the hub knew the case no certificate can be: its inquiries show ruling
        and approval."""
        token, terms, arrived = self.desk.token_of_case(statement.case_number), self.desk.linkage.terms.ledger, item.record.timestamp
        if statement.status != "round-closed" or (old is not None and old.status == "round-closed"):
            return []
        debtors, codes = self._debtors(token, statement), list[str]()
        going_on = [each for each in self.desk.states.of_case(LedgerState, token) if each.status in ledger.LIVE]
        if old is not None or not any(each.imported for each in going_on):
            codes += completeness.certified(debtors, self.desk.states.of_case(CertificateState, token), arrived, terms)
            if not completeness.may_close(statement.filed_on, restricted=statement.restricted, at=arrived, terms=terms):
                codes.append("certificate-needed")
        named = statement.standing is None or any(each.request_id == statement.standing for each in going_on)
        if not named or debtors - {each.ref for each in going_on}:
            codes.append("standing-needed")
        return codes

    def _debtors(self, token: str, statement: CaseStatement) -> set[str]:
        """The tokens of the case's debtors: those that the court names, or else whom it has inquired about in the case."""
        if statement.debtors:
            return {self.desk.token_of_subject(each) for each in statement.debtors}
        self.desk.save()  # an inquiry of this very batch counts
        return rows.subjects_inquired(self.desk.work.connection, token)

    def _court(self, item: Inbound, case_number: str, holder: str) -> list[str]:
        """V12: a court registers its own cases; its superior court may do it for the courts below it, of cases that are theirs."""
        designator, rulebook = case_parts(case_number).court, self.desk.rulebook
        if designator == item.party.designator and item.party.id == holder:
            return []
        below = {court for court, superior in rulebook.superiors.items() if superior == item.party.id}
        theirs = any(rulebook.designators[court] == designator for court in below)
        return [] if theirs and holder in below else ["court-mismatch"]
