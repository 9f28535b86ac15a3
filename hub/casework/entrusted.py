"""Entrusted matters (委托事项): one court's letter to another, the steps that it takes, and the clocks on both."""

from collections.abc import Sequence
from dataclasses import replace

from hub.casework.desk import Desk, unfit
from hub.casework.numbers import Numbers
from hub.casework.officers import arrival, officer_codes
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import authority, entrusted
from hub.rules.cases import LIFTS, CaseState
from hub.rules.entrusted import MatterState
from hub.store.vault import NO_CASE
from schemas.base import from_micros, micros
from schemas.hub import Noted
from schemas.messages import Entrusted, EntrustStepped, RequestMessage

OVERDUE, NEWS = "matter-overdue", "matter-news"


class Matters(Part):
    """Letters and steps, passed on as they came; delays, told higher and higher up; and news, whether or not there is any."""

    handles = (Entrusted, EntrustStepped)
    timers = (OVERDUE, NEWS)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._numbers = Numbers(desk.work)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        messages = [item.message for item in batch]
        letters = [message for message in messages if isinstance(message, Entrusted)]
        if letters:
            tokens = {self.desk.token_of_case(message.data.case_number) for message in letters}
            self.desk.work.prepare_cases(tokens)
            self.desk.states.prepare(CaseState, tokens)
            self._numbers.load([self._numbers.of(each.source, each.data.number, each.data.version, "entrust") for each in letters])
        ids = {message.data.matter for message in messages if isinstance(message, EntrustStepped)}
        ids |= {message.id for message in letters}
        ids |= {message.data.entrusted for message in messages if isinstance(message, RequestMessage) and message.data.entrusted}
        self.desk.states.prepare(MatterState, ids)

    def take(self, item: Inbound) -> None:
        """A letter, or a step that the entrusted court takes; who sent it is told either way."""
        if isinstance(item.message, Entrusted):
            self._entrust(item, item.message)
        elif isinstance(item.message, EntrustStepped):
            self._step(item, item.message)

    def _entrust(self, item: Inbound, message: Entrusted) -> None:
        desk, data, key = self.desk, message.data, message.id
        number = self._numbers.of(message.source, data.number, data.version, "entrust")
        if desk.states.get(MatterState, key) is not None:
            desk.reject(unfit(item, "id-reused", "inbox"))  # another court's letter has this id: a step could not tell them apart
            return
        if self._numbers.taken(number, key):
            desk.reject(unfit(item, "number-reused", "inbox"))
            return
        case_token = desk.token_of_case(data.case_number)
        earlier = tuple(each for each in desk.states.of_case(MatterState, case_token)
                        if (each.court, each.number) == (message.source, number[1]))  # fmt: skip
        codes = entrusted.check(data, desk.linkage.matters, entrusted.Known(
            desk.states.get(CaseState, case_token), message.source, micros(message.time), arrival(desk, item), desk.rulebook.registers, earlier,
        ))  # fmt: skip
        if codes:
            desk.refuse(item, "entrust", codes, case_token)
            return
        clocks, now = desk.linkage.terms.clocks, desk.work.now
        matter = MatterState(
            key=key, court=message.source, case_token=case_token, status="sent", to=data.to, matter=data.matter, number=number[1],
            ref=desk.token_of_subject(data.subject) if data.subject is not None else None, sent_at=now,
            start_due=now + clocks["entrust_start"], report_due=now + clocks["entrust_report"], term=now + clocks["entrust_report"],
        )  # fmt: skip
        decision = self._set(matter, "sent", item)
        desk.forward(decision, item, matter.to, "liandong.entrust.matter.v1", correlation=key, case_token=case_token, due=matter.start_due)
        desk.answer(decision, item, "entrust", "noted", Noted(about=key), case_token)
        self._arm_news(matter)

    def _step(self, item: Inbound, message: EntrustStepped) -> None:
        desk, step, at = self.desk, message.data, item.record.timestamp
        matter = desk.states.get(MatterState, step.matter)
        if matter is None or matter.to != message.source:
            code, token = ("reference-unknown", NO_CASE) if matter is None else ("reference-other", matter.case_token)
            desk.refuse(item, "entrust", [code], token)
            return
        codes = officer_codes(desk, item, step.officer)
        new = entrusted.stepped(matter, step, at, desk.linkage.terms.clocks["entrust_report"], message.id)
        if isinstance(new, str) or codes:
            desk.refuse(item, "entrust", [*codes, new] if isinstance(new, str) else codes, matter.case_token)
            return
        facts: Facts = {"late": int(entrusted.late(matter, step, at))}
        decision = self._set(new, step.step, item, facts | ({"code": step.reason_code} if step.reason_code is not None else {}))
        desk.forward(decision, item, self._entrusting(new), "liandong.entrust.progress.v1", correlation=new.key,
                     case_token=new.case_token, due=new.due)  # fmt: skip
        desk.answer(decision, item, "entrust", "noted", Noted(about=message.id), new.case_token)
        if new.status in entrusted.ENDED:
            desk.work.disarm(NEWS, new.key)

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """Nothing is left to enforce: what the other court still works on ends, both courts are told, and nobody is late with it."""
        if new.status not in LIFTS or (old is not None and old.status in LIFTS):
            return
        for matter in self.desk.states.of_case(MatterState, new.key):
            if entrusted.ends_with_case(matter, self.desk.linkage.matters):
                ended = replace(matter, status="withdrawn", withdrawn_for=new.status)
                decision = self._set(ended, "withdrawn", None, {"code": new.status})
                self.desk.work.disarm(NEWS, ended.key)
                for court in dict.fromkeys((ended.to, self._entrusting(ended))):
                    self._tell(decision, ended, "matter-withdrawn", court, new.status)

    # -- time ----------------------------------------------------------------------------------------------------------

    def fire(self, timer: Due) -> None:
        """A rung of an overdue matter's escalation, or the time to tell how a matter stands."""
        matter = self.desk.states.get(MatterState, timer.ref)
        if matter is None or matter.node is None or matter.due is None:
            return
        if timer.kind == OVERDUE:
            self._overdue(matter, matter.node, matter.due)
        else:
            self.desk.states.put(matter := entrusted.told(matter))
            self._tell(self._decide(matter, "news", None, {}), matter, "matter-news", self._entrusting(matter), f"{matter.news}")
            self._arm_news(matter)

    def _overdue(self, matter: MatterState, node: str, due: int) -> None:
        """Told to the entrusting court, to who answers for the entrusted one, and to the superior that both share."""
        matter = entrusted.climbed(matter, self.desk.linkage.matters, self.desk.work.now)
        decision = self._set(matter, "overdue", None, {"node": node, "level": matter.level})
        rulebook, entrusting = self.desk.rulebook, self._entrusting(matter)
        superior = entrusted.common_superior(entrusting, matter.to, rulebook.superiors)
        courts = [entrusting, matter.to, superior] if superior in rulebook.registers else [entrusting, matter.to]
        for court in dict.fromkeys(each for each in courts if each is not None):
            self._tell(decision, matter, "matter-overdue", court, f"{due}/{matter.level}", level=matter.level)

    def _tell(self, decision: Decision, matter: MatterState, event: str, court: str, stage: str, *, level: int | None = None) -> None:
        """To the case's supervisor where the court has the case, to the head of the enforcement bureau elsewhere."""
        case, register = self.desk.states.get(CaseState, matter.case_token), self.desk.rulebook.registers[court]
        chief = authority.bureau_chief(register, self.desk.work.now)
        own = case is not None and case.holder.court == court
        self.desk.tell(decision, None, court, event, about=matter.key, case_token=matter.case_token, stage=stage, level=level,
                       addressee=case.supervisor if case is not None and own else chief, cause=matter.last,
                       due=from_micros(matter.due) if matter.due is not None else None)  # fmt: skip

    # -- changes -------------------------------------------------------------------------------------------------------

    def _set(self, matter: MatterState, happened: str, item: Inbound | None, facts: Facts | None = None) -> Decision:
        """Save the matter as it is now, say so in the log, and set the clock on its next step."""
        self.desk.states.put(matter)
        decision = self._decide(matter, happened, item, facts or {})
        if item is not None:
            self.desk.work.keep(item, None, matter.case_token, decision)
        self._arm_overdue(matter)
        return decision

    def _decide(self, matter: MatterState, happened: str, item: Inbound | None, facts: Facts) -> Decision:
        about: Facts = {"court": matter.court, "to": matter.to, "matter": matter.key, "request": matter.key}
        return self.desk.work.decide(f"matter.{happened}", matter.key, item, about | facts)

    def _arm_overdue(self, matter: MatterState) -> None:
        rung = entrusted.rung(matter, self.desk.linkage.matters)
        if rung is None:
            self.desk.work.disarm(OVERDUE, matter.key)
        else:
            self.desk.work.arm(OVERDUE, matter.key, rung)

    def _arm_news(self, matter: MatterState) -> None:
        clocks = self.desk.linkage.terms.clocks
        at = entrusted.news_at(matter, clocks["entrust_start"], clocks["entrust_report"])
        if at is not None:
            self.desk.work.arm(NEWS, matter.key, at)

    def _entrusting(self, matter: MatterState) -> str:
        """The court that is answered: who has the case now (交叉执行)."""
        case = self.desk.states.get(CaseState, matter.case_token)
        return case.holder.court if case is not None else matter.court
