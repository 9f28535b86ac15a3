"""Cases as their courts state them: registered, moved, closed."""

from collections.abc import Sequence

from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.rules import cases
from hub.rules.cases import CaseState
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
        codes = self._court(item, statement.case_number, statement.holder.court, superior) if old is None else []
        new = cases.state(old, statement, message.source, token, superior, micros(message.time))
        if isinstance(new, str):
            codes.append(new)
        if statement.holder.court not in self.desk.rulebook.registers:
            codes.append("court-unknown")
        if codes or isinstance(new, str):
            self.desk.refuse(item, "case", codes, token)
            return
        self.desk.states.put(new)
        decision = self.desk.work.decide("case.noted", token, item, {
            "court": new.court, "status": new.status, "priority": new.priority, "version": new.version,
        })  # fmt: skip
        self.desk.work.keep(item, None, token, decision)
        self.desk.answer(decision, item, "case", "noted", said.Noted(about=message.id), token)
        for listener in self.desk.case_listeners:
            listener(old, new)

    @staticmethod
    def _court(item: Inbound, case_number: str, holder: str, superior: str) -> list[str]:
        """V12: a court registers its own cases; its superior court may do it for the court that is to hold one."""
        own = case_parts(case_number).court == item.party.designator and item.party.id == holder
        return [] if own or item.party.id == superior else ["court-mismatch"]
