"""Watches and road control: armed, hit, attended to, withdrawn, over."""

from dataclasses import replace

from hub.casework.part import Part
from hub.engine.processor import Due
from hub.engine.records import Inbound
from hub.engine.work import Decision
from hub.rules import authority, watches
from hub.rules.cases import CaseState
from hub.rules.state import RequestState, TaskState
from hub.rules.watches import HitState, WatchState
from schemas.base import from_micros, micros
from schemas.hub import Noted, TaskOutcome
from schemas.messages import HandedOver, LocateRequested, Replied, RequestMessage
from schemas.replies import ReplyKind

UNATTENDED, EXPIRY = "hit-unattended", "watch-expiry"


class Watches(Part):
    """What watches come to, and who must act on their hits."""

    handles = (HandedOver,)
    timers = (UNATTENDED, EXPIRY)

    # -- requests and answers ------------------------------------------------------------------------------------------

    def accepted(self, request: RequestState, message: RequestMessage) -> None:
        """A watch is registered with its end."""
        if not isinstance(message, LocateRequested) or request.action not in watches.WATCHES or message.data.until is None:
            return
        until = micros(message.data.until)
        self.desk.states.put(WatchState(
            key=request.key, court=request.court, case_token=request.case_token, ref=request.asset_token or request.subject_token,
            status="requested", request_id=request.request_id, partner=request.tasks[0].partner, action=request.action, until=until,
        ))  # fmt: skip
        self.desk.work.arm(EXPIRY, request.key, until)

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - late or not, it is a fact
        """Armed, or not; withdrawn, or not."""
        outcome = message.data.measure
        if request.action in watches.WATCHES:
            watch = self.desk.states.get(WatchState, request.key)
            if watch is not None:
                self._set(watch, watches.answered(watch, outcome, message.id))
        elif request.action == "withdraw" and (outcome is not None or message.data.kind is ReplyKind.NO_RECORD):
            watch = self.desk.states.get(WatchState, request.original_key)
            if watch is not None:
                self._set(watch, watches.withdrawn(watch, outcome, message.id))

    def concluded(self, request: RequestState) -> None:
        """A watch that was never sent is none."""
        if request.action in watches.WATCHES and request.tasks[0].outcome is TaskOutcome.NOT_SENT:
            watch = self.desk.states.get(WatchState, request.key)
            if watch is not None:
                self._set(watch, watches.never_sent(watch))

    # -- hits ----------------------------------------------------------------------------------------------------------

    def hit(self, request: RequestState, task: TaskState, item: Inbound) -> None:  # noqa: ARG002 - the watch is the request's
        """The duty officer is told at once. What comes of a watch that is over is passed on, and nobody acts on it."""
        watch, hit_id = self.desk.states.get(WatchState, request.key), item.message.id
        if watch is None or self.desk.states.get(HitState, hit_id) is not None:
            return
        found = watches.hit(watch, item.record.timestamp)
        if found.status != "hit":
            return
        self.desk.states.put(found)
        due = item.record.timestamp + self.desk.linkage.terms.clocks["hit"]
        self.desk.states.put(HitState(key=hit_id, court=watch.court, case_token=watch.case_token, ref=watch.key, status="open", due_at=due))
        self.desk.work.arm(UNATTENDED, hit_id, due)
        case = self.desk.states.get(CaseState, watch.case_token)
        self._tell(self._decide("watch.told", watch), watch, "watch-hit", stage=hit_id, cause=hit_id, due=from_micros(due),
                   addressee=case.duty if case is not None else None)  # fmt: skip

    def take(self, item: Inbound) -> None:
        """What became of a hit, as the court that holds the case says."""
        message = item.message
        if not isinstance(message, HandedOver):
            raise TypeError("a handover is expected")
        data, states = message.data, self.desk.states
        hit = states.get(HitState, data.hit)
        watch = states.get(WatchState, hit.ref) if hit is not None else None
        if hit is None or watch is None:
            self.desk.refuse(item, "case", ["reference-unknown"], message.subject)
            return
        case = states.get(CaseState, watch.case_token)
        codes = [] if (case.holder.court if case is not None else watch.court) == message.source else ["reference-other"]
        codes += authority.officer(data.officer, self.desk.rulebook.registers[message.source], micros(message.time))
        codes += [] if hit.status == "open" else ["state-other"]
        if codes:
            self.desk.refuse(item, "case", codes, watch.case_token)
            return
        decision = self._decide(f"watch.{data.outcome}", watch, item)
        self.desk.work.keep(item, watch.key, watch.case_token, decision)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), watch.case_token)
        open_hits = [each for each in states.about(HitState, watch.key) if each.status == "open"]
        # With the person or vehicle handed over, nobody need attend to the other hits.
        for each in open_hits if data.outcome == "handed-over" else [hit]:
            states.put(replace(each, status=data.outcome))
            self.desk.work.disarm(UNATTENDED, each.key)
        settled = watches.attended(watch, data.outcome, message.id, others_open=len(open_hits) > 1)
        states.put(settled)
        if settled.status == "handed-over":
            self._over(settled)

    # -- time ----------------------------------------------------------------------------------------------------------

    def fire(self, timer: Due) -> None:
        """Nobody has attended to a hit, or a watch is over."""
        states = self.desk.states
        if timer.kind == EXPIRY:
            watch = states.get(WatchState, timer.ref)
            if watch is not None:
                self._set(watch, watches.expired(watch, self.desk.work.now))
            return
        hit = states.get(HitState, timer.ref)
        watch = states.get(WatchState, hit.ref) if hit is not None and hit.status == "open" else None
        if hit is not None and watch is not None:
            case = states.get(CaseState, watch.case_token)
            self._tell(self._decide("watch.unattended", watch), watch, "hit-unattended", stage=hit.key, cause=hit.key,
                       addressee=case.supervisor if case is not None else None)  # fmt: skip

    # -- changes -------------------------------------------------------------------------------------------------------

    def _set(self, old: WatchState, new: WatchState) -> None:
        if new == old:
            return
        self.desk.states.put(new)
        decision = self._decide(f"watch.{new.status}", new)
        if new.status == "expired":
            self._tell(decision, new, "watch-expired")
        if new.status in watches.ENDED:
            self._over(new)

    def _over(self, watch: WatchState) -> None:
        self.desk.work.disarm(EXPIRY, watch.key)
        self.desk.ended(watch)

    def _decide(self, kind: str, watch: WatchState, item: Inbound | None = None) -> Decision:
        return self.desk.work.decide(kind, watch.key, item, {
            "request": watch.request_id, "court": watch.court, "partner": watch.partner, "watch": watch.request_id})  # fmt: skip

    def _tell(self, decision: Decision, watch: WatchState, event: str, *, stage: str = "", **members: object) -> None:
        self.desk.tell(decision, self.desk.states.get(CaseState, watch.case_token), watch.court, event, about=watch.request_id,
                       case_token=watch.case_token, stage=stage, request_key=watch.key, partner=watch.partner, **members)  # fmt: skip
