"""The ledger of closed rounds (终本台账): the rounds of standing inquiries, what they find, and the court's look at it."""

from dataclasses import replace
from typing import Any

from hub.casework.conclude import conclude, finish
from hub.casework.desk import request_key
from hub.casework.officers import officer_codes
from hub.casework.part import Part
from hub.casework.tasks import dispatch, planned
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import cases as case_rules
from hub.rules import ledger as rules
from hub.rules.cases import CaseState
from hub.rules.ledger import LedgerState
from hub.rules.plan import still_bound
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.store import cases
from hub.store import tables as t
from hub.store.vault import NO_CASE
from schemas.base import from_micros, micros
from schemas.hub import Noted, TaskOutcome, round_id
from schemas.messages import FindingReviewed, InquiryRequested, Replied, RequestMessage, parse
from schemas.requests import Kind

ROUND, REVIEW = "ledger-round", "ledger-review"


class Ledger(Part):
    """One timer for each ledger, which is its next round's; one for each finding that awaits its review."""

    handles = (FindingReviewed,)
    timers = (ROUND, REVIEW)

    def accepted(self, request: RequestState, message: RequestMessage) -> None:
        """A standing inquiry opens its ledger; its first round is a step away, because the case has just been asked about. One that
        takes over a closed round goes on where that is."""
        standing = message.data.standing if isinstance(message, InquiryRequested) else None
        if standing is None:
            return
        now, imported = self.desk.work.now, standing.closed_on is not None
        passed = rules.passed(standing, self.desk.linkage.terms.ledger, now)
        ledger = LedgerState(
            key=request.key, court=request.court, case_token=request.case_token, ref=request.subject_token, status="open",
            request_id=request.request_id, opened_at=rules.begun_at(standing, now), every_months=standing.every_months,
            times=standing.times, round=passed, concluded=passed, complete=not passed, imported=imported,
        )  # fmt: skip
        self._note(ledger, "imported" if imported else "opened", None)

    # -- rounds --------------------------------------------------------------------------------------------------------

    def fire(self, timer: Due) -> None:
        """A round's night has come, or nobody has reviewed a finding in time."""
        key, _, number = timer.ref.partition("/")
        ledger = self.desk.states.get(LedgerState, key)
        if ledger is None or ledger.status not in rules.LIVE:
            return
        if timer.kind == ROUND:
            self._ask(ledger)
        elif int(number) in ledger.unreviewed:
            case = self.desk.states.get(CaseState, ledger.case_token)
            decision = self.desk.work.decide("ledger.overdue", key, None, _facts(ledger, int(number)))
            self._tell(decision, ledger, "review-overdue", int(number), addressee=case.supervisor if case else None, level=1)

    def _ask(self, ledger: LedgerState) -> None:
        """The next round: a request of its own, whose tasks carry the court's one signed inquiry. One whose night this hub has
        missed is asked in the coming night."""
        work, desk, terms = self.desk.work, self.desk, self.desk.linkage.terms.ledger
        if not rules.in_night(work.now, terms):
            work.arm(ROUND, ledger.key, rules.tonight(ledger, ledger.round + 1, work.now, terms))
            return
        desk.load([ledger.key])
        asked, standing = rules.asked(ledger), desk.cases[ledger.key]
        pk, jws = cases.request_message(work.connection, ledger.key)
        try:
            value = work.payload(pk)
        except KeyError:
            self._end(rules.ended(ledger, "ended"), "closed", None)  # the case has been erased: nothing can be asked any more
            return
        message = parse(value)
        if not isinstance(message, InquiryRequested):
            raise TypeError("a standing inquiry is an inquiry")
        until = min(standing.expires_at, micros(message.data.legal.valid_until))
        if until <= work.now:  # this hub stood still for so long that nobody may act on the inquiry any more
            self._close(rules.ended(ledger, "closed"))
            return
        number, round_name = asked.round, round_id(standing.request_id, asked.round)
        round_key = request_key(standing.court, round_name)
        self._save(asked)
        bound, unbound = still_bound(desk.linkage, message, work.now)
        precedence = case_rules.precedence(desk.states.get(CaseState, ledger.case_token), urgent=False)
        tasks = [planned(desk, round_key, partner, precedence) for partner in (*bound, *unbound) if partner in desk.linkage.agreements]
        request = replace(
            standing, key=round_key, request_id=round_name, original_key=standing.key, status=RequestStatus.OPEN,
            expires_at=min(until, work.now + rules.ANSWER_WITHIN),
            tasks=tuple(_unsent(task, work.now) if task.partner in unbound else task for task in tasks),
        )  # fmt: skip
        work.add(t.requests, cases.request_row(request, message_pk=pk, config_sha256=desk.linkage.sha256, signed_at=micros(message.time),
                                               received_at=work.now, decided_at=work.now))  # fmt: skip
        decision = work.decide("request.accepted", round_key, None, _facts(ledger, number) | {
            "request": round_name, "config": desk.linkage.sha256, "rkind": request.kind.value, "action": request.action,
            "partners": len(bound)})  # fmt: skip
        request = dispatch(desk, decision, request, value, jws, standing=standing.request_id, round=number)
        for task in request.tasks:
            work.add(t.tasks, cases.task_row(round_key, task))
            desk.key_of_task[task.task_id] = round_key
        desk.replace(request)
        conclude(desk, round_key)

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - late or not, the asset is there
        """A round has found something to enforce against: the handler is told at once, and the review's clock runs."""
        ledger = self._ledger_of(request)
        if ledger is None or not rules.enforceable(message.data.findings):
            return
        number, case = _number(ledger, request), self.desk.states.get(CaseState, ledger.case_token)
        found = rules.found(ledger, number)
        if found == ledger:
            return
        due = self.desk.work.now + self.desk.linkage.terms.clocks["review"]
        decision = self._note(found, "found", None, number, request.key)
        self.desk.work.arm(REVIEW, f"{ledger.key}/{number}", due)
        self._tell(decision, found, "recheck-found", number, addressee=case.handler if case else None, due=from_micros(due),
                   partner=task.partner, cause=message.id)  # fmt: skip

    def concluded(self, request: RequestState) -> None:
        """A round is over; with the last one the ledger closes."""
        ledger = self._ledger_of(request)
        if ledger is None or ledger.status not in rules.LIVE:
            return
        number = _number(ledger, request)
        after = rules.concluded(ledger, number, "complete" if request.outcome == "complete" else "incomplete")
        self._note(after, "checked", None, number, request.key)
        if after.status == "closed":
            self._close(after)

    def _ledger_of(self, request: RequestState) -> LedgerState | None:
        if request.kind is not Kind.INQUIRY or request.original_key is None:
            return None
        return self.desk.states.get(LedgerState, request.original_key)

    # -- reviews and ends ----------------------------------------------------------------------------------------------

    def take(self, item: Inbound) -> None:
        """The court has looked at a finding: the case is resumed (恢复执行), or the ledger goes on."""
        message = item.message
        if not isinstance(message, FindingReviewed):
            raise TypeError("a review is expected")
        ledger = self._of(message.source, message.data.standing)
        if ledger is None:
            self.desk.refuse(item, "case", ["reference-unknown"], NO_CASE)
            return
        case = self.desk.states.get(CaseState, ledger.case_token)
        holder = case.holder.court if case is not None else ledger.court
        codes = [] if holder == message.source else ["reference-other"]
        codes += officer_codes(self.desk, item, message.data.officer)
        after = rules.reviewed(ledger, message.data)
        if codes or isinstance(after, str):
            self.desk.refuse(item, "case", codes or [str(after)], ledger.case_token)
            return
        self.desk.work.disarm(REVIEW, f"{ledger.key}/{message.data.round}")
        decision = self._note(after, message.data.outcome, item, message.data.round)
        self.desk.work.keep(item, ledger.key, ledger.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), ledger.case_token)
        if after.status == "resumed":
            self._over(after)
        elif after.status == "closed":
            self._close(after)

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """A case that is resumed, performed or ended otherwise has no closed round any more."""
        if new.status in ("open", "round-closed") or (old is not None and old.status == new.status):
            return
        for ledger in self.desk.states.of_case(LedgerState, new.key):
            if ledger.status in rules.LIVE:
                resumed = new.status == "resumed"
                self._end(rules.ended(ledger, "resumed" if resumed else "ended"), "resumed" if resumed else "closed", None)

    def _of(self, court: str, standing: str) -> LedgerState | None:
        """The ledger of a standing inquiry, whichever court signed it: the case may have moved to `court` since."""
        request = self.desk.begun(court, standing)
        return self.desk.states.get(LedgerState, request.key) if request is not None else None

    def _close(self, ledger: LedgerState) -> None:
        decision = self._end(ledger, "closed", None)
        self._tell(decision, ledger, "ledger-closed", ledger.round)

    def _end(self, ledger: LedgerState, kind: str, item: Inbound | None) -> Decision:
        decision = self._note(ledger, kind, item)
        self._over(ledger)
        return decision

    def _over(self, ledger: LedgerState) -> None:
        """No round is asked and no review awaited any more; the standing inquiry gets its own conclusion."""
        self.desk.work.disarm(ROUND, ledger.key)
        for number in range(1, ledger.round + 1):
            self.desk.work.disarm(REVIEW, f"{ledger.key}/{number}")
        self.desk.load([ledger.key])
        standing = self.desk.cases[ledger.key]
        if standing.status is RequestStatus.STANDING:
            finish(self.desk, standing, "complete" if ledger.complete else "incomplete")

    # -- entries and events --------------------------------------------------------------------------------------------

    def _note(
        self, ledger: LedgerState, kind: str, item: Inbound | None, number: int | None = None, round_key: str | None = None
    ) -> Decision:
        """Keep this state, with its next round's timer, as one entry: of the round with this key, or of the ledger."""
        self._save(ledger)
        facts = _facts(ledger, ledger.round if number is None else number)
        return self.desk.work.decide(f"ledger.{kind}", round_key or ledger.key, item, facts)

    def _save(self, ledger: LedgerState) -> None:
        self.desk.states.put(ledger)
        coming = rules.next_round(ledger)
        if coming is not None:
            self.desk.work.arm(ROUND, ledger.key, rules.due_at(ledger, coming, self.desk.linkage.terms.ledger))

    def _tell(self, decision: Decision, ledger: LedgerState, event: str, number: int, **members: Any) -> None:
        case = self.desk.states.get(CaseState, ledger.case_token)
        self.desk.tell(decision, case, ledger.court, event, about=ledger.request_id, case_token=ledger.case_token,
                       stage=str(number), request_key=decision.request_key, **members)  # fmt: skip


def _number(ledger: LedgerState, request: RequestState) -> int:
    """Which of the rounds `request` is."""
    return next(number for number in range(1, ledger.times + 1) if round_id(ledger.request_id, number) == request.request_id)


def _unsent(task: TaskState, at: int) -> TaskState:
    """The part of a partner whose agreement has ended: nobody could ask it, and the round says so."""
    return replace(task, status=TaskStatus.SETTLED, outcome=TaskOutcome.NOT_SENT, settled_at=at)


def _facts(ledger: LedgerState, number: int) -> Facts:
    return {"request": ledger.request_id, "court": ledger.court, "standing": ledger.request_id, "round": number}
