"""Cases as their courts state them: registered, moved, closed."""

from collections.abc import Sequence

from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.rules import cases, completeness, ledger
from hub.rules.cases import CaseState
from hub.rules.completeness import CertificateState
from hub.rules.ledger import LedgerState
from schemas import hub as said
from schemas.base import micros
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
        codes += self._closing(old, message)
        if statement.holder.court not in self.desk.rulebook.registers:
            codes.append("court-unknown")
        if codes or isinstance(new, str):
            self.desk.refuse(item, "case", codes, token)
            return
        self.desk.states.put(new)
        decision = self.desk.work.decide("case.noted", token, item, {
            "court": new.court, "status": new.status, "priority": new.priority, "version": new.version,
        })  # fmt: skip
        self.desk.work.keep(item, token, token, decision)
        self.desk.answer(decision, item, "case", "noted", said.Noted(about=message.id), token)
        for listener in self.desk.case_listeners:
            listener(old, new)

    def _closing(self, old: CaseState | None, message: CaseStated) -> list[str]:
        """A round is closed only with a certificate, and goes on with a standing inquiry of this case (终本规定 art. 1 and 9)."""
        statement, token = message.data, self.desk.token_of_case(message.data.case_number)
        if statement.status != "round-closed" or (old is not None and old.status == "round-closed"):
            return []
        certified = completeness.may_close(statement.filed_on, restricted=statement.restricted, at=micros(message.time),
                                           terms=self.desk.linkage.terms.ledger)  # fmt: skip
        issued = any(each.status == "issued" for each in self.desk.states.of_case(CertificateState, token))
        codes = [] if certified and issued else ["certificate-needed"]
        if statement.standing is not None:
            going_on = any(each.request_id == statement.standing and each.status in ledger.LIVE
                           for each in self.desk.states.of_case(LedgerState, token))  # fmt: skip
            codes += [] if going_on else ["standing-needed"]
        return codes

    def _court(self, item: Inbound, case_number: str, holder: str) -> list[str]:
        """V12: a court registers its own cases; its superior court may do it for the courts below it, of cases that are theirs."""
        designator, rulebook = case_parts(case_number).court, self.desk.rulebook
        if designator == item.party.designator and item.party.id == holder:
            return []
        below = {court for court, superior in rulebook.superiors.items() if superior == item.party.id}
        theirs = any(rulebook.designators[court] == designator for court in below)
        return [] if theirs and holder in below else ["court-mismatch"]
