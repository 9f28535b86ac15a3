"""Watches: armed, hit, attended to, ended."""

from dataclasses import replace
from typing import Any

from hub.casework.officers import officer_codes
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import watches
from hub.rules.cases import CaseState
from hub.rules.state import RequestState, TaskState
from hub.rules.watches import WatchState
from hub.store import cases
from hub.store.vault import NO_CASE
from schemas.base import from_micros, micros
from schemas.hub import Noted, TaskOutcome
from schemas.messages import HandedOver, LocateRequested, Replied, RequestMessage

END, UNATTENDED = "watch-end", "hit-unattended"
ARMING = frozenset({"watch", "road-control"})


class Watches(Part):
    """From the police's answer to the hit that somebody attends to."""

    handles = (HandedOver,)
    timers = (END, UNATTENDED)

    def accepted(self, request: RequestState, message: RequestMessage) -> None:
        """A watch is registered with its end."""
        if isinstance(message, LocateRequested) and request.action in ARMING and message.data.until is not None:
            self.desk.states.put(WatchState(
                key=request.key, court=request.court, case_token=request.case_token, ref=request.subject_token,
                status="requested", request_id=request.request_id, partner=request.tasks[0].partner, action=request.action,
                until=micros(message.data.until),
            ))  # fmt: skip

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - late or not, it is a fact
        """Armed, or withdrawn."""
        outcome = message.data.measure
        if outcome is None:
            watch = self.desk.states.get(WatchState, request.key) if request.action in ARMING else None
            if watch is not None and watch.status == "unknown":
                self.desk.work.disarm(END, watch.key)
                self.desk.states.put(watches.ended(watch, "refused"))  # after their silence the police say that there is none
                self.desk.moved(watch.case_token)
            return
        if request.action in ARMING and outcome.state == "armed":
            watch = self.desk.states.get(WatchState, request.key)
            if watch is not None and watch.status not in watches.ENDED:
                self._set(watches.armed(watch), "armed")
                self.desk.work.arm(END, watch.key, watch.until)
        elif request.action == "withdraw" and outcome.state == "withdrawn":
            watch = self.desk.states.get(WatchState, request.original_key)
            if watch is not None and watch.status not in watches.ENDED:
                self.desk.work.disarm(END, watch.key)
                self._set(watches.ended(watch, "withdrawn", message.id), "withdrawn")

    def concluded(self, request: RequestState) -> None:
        """A watch that the police did not arm."""
        watch = self.desk.states.get(WatchState, request.key) if request.action in ARMING else None
        if watch is not None and watch.status == "requested":
            unknown = request.tasks[0].outcome is TaskOutcome.NO_RESPONSE
            self.desk.states.put(replace(watch, status="unknown") if unknown else watches.ended(watch, "refused"))
        if watch is not None and request.tasks[0].outcome is TaskOutcome.NO_RESPONSE and watch.status not in watches.ENDED:
            self.desk.work.arm(END, watch.key, watch.until)  # armed or not, nothing acts after its end

    def hit(self, request: RequestState, task: TaskState, item: Inbound) -> None:  # noqa: ARG002 - the watch knows its partner
        """The duty officer is told at once, and has so long to attend to it. Of one that comes after the end the handler is told,
        and no handover is asked for."""
        watch, at = self.desk.states.get(WatchState, request.key), item.record.timestamp
        if watch is None:
            return
        self.desk.states.put(watches.hit(watch, item.message.id, at))
        case = self.desk.states.get(CaseState, watch.case_token)
        if watches.over(watch, at):
            decision = self.desk.work.decide("watch.hit-after-end", watch.key, None, _facts(watch))
            self._tell(decision, watch, "watch-hit-after-end", stage=item.message.id, addressee=case.handler if case else None,
                       cause=item.message.id)  # fmt: skip
            return
        due = self.desk.work.now + self.desk.linkage.terms.clocks["hit"]
        self.desk.work.arm(UNATTENDED, f"{watch.key}/{item.message.id}", due)
        decision = self.desk.work.decide("watch.alerted", watch.key, None, _facts(watch))
        self._tell(decision, watch, "watch-hit", stage=item.message.id, addressee=case.duty if case else None, due=from_micros(due),
                   cause=item.message.id)  # fmt: skip

    def take(self, item: Inbound) -> None:
        """What became of a hit."""
        message = item.message
        if not isinstance(message, HandedOver):
            raise TypeError("a handover is expected")
        self.desk.work.flush_rows()
        key = cases.request_of_hit(self.desk.work.connection, message.data.hit)
        watch = self.desk.states.get(WatchState, key)
        if watch is None:
            self.desk.refuse(item, "case", ["reference-unknown"], NO_CASE)
            return
        case = self.desk.states.get(CaseState, watch.case_token)
        codes = [] if message.source == (case.holder.court if case else watch.court) else ["reference-other"]
        codes += officer_codes(self.desk, item, message.data.officer)
        found = watches.attended(watch, message.data.hit, message.data.outcome)
        if codes or isinstance(found, str):
            self.desk.refuse(item, "case", codes or [str(found)], watch.case_token)
            return
        self.desk.states.put(found)
        self.desk.work.disarm(UNATTENDED, f"{watch.key}/{message.data.hit}")
        decision = self.desk.work.decide(f"watch.{message.data.outcome}", watch.key, item, _facts(watch))
        self.desk.work.keep(item, watch.key, watch.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), watch.case_token)

    def fire(self, timer: Due) -> None:
        """A watch is over, or nobody has attended to a hit."""
        key, _, hit_id = timer.ref.partition("/")
        watch = self.desk.states.get(WatchState, key)
        if watch is None:
            return
        if timer.kind == END:
            if watch.status not in watches.ENDED:
                self._tell(self._set(watches.ended(watch, "expired"), "expired"), watch, "watch-expired")
        elif hit_id in watch.open_hits:
            case = self.desk.states.get(CaseState, watch.case_token)
            decision = self.desk.work.decide("watch.unattended", key, None, _facts(watch))
            self._tell(decision, watch, "hit-unattended", stage=hit_id, addressee=case.supervisor if case else None, cause=hit_id)

    def _set(self, watch: WatchState, happened: str) -> Decision:
        self.desk.states.put(watch)
        decision = self.desk.work.decide(f"watch.{happened}", watch.key, None, _facts(watch))
        self.desk.moved(watch.case_token)
        return decision

    def _tell(self, decision: Decision, watch: WatchState, event: str, **members: Any) -> None:
        case = self.desk.states.get(CaseState, watch.case_token)
        self.desk.tell(decision, case, watch.court, event, about=watch.request_id, case_token=watch.case_token,
                       request_key=watch.key, partner=watch.partner, **members)  # fmt: skip


def _facts(watch: WatchState) -> Facts:
    return {"request": watch.request_id, "court": watch.court, "partner": watch.partner, "watch": watch.request_id}
