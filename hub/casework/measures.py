"""The register of measures: from what registries answer to terms, lapse, and who is next in line."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hub.casework.part import Part
from hub.casework.renewals import LAPSE, arm, disarm, facts_of, tell
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision
from hub.rules import cases, measures
from hub.rules.cases import CaseState
from hub.rules.measures import MeasureState
from hub.rules.state import RequestState, TaskState
from hub.store.vault import NO_CASE
from schemas.hub import Noted, TaskOutcome
from schemas.messages import AssetDisposed, ControlRequested, Replied, RequestMessage
from schemas.replies import MeasureOutcome
from schemas.requests import FIRST_CONTROLS, Kind


class Measures(Part):
    """What controls come to, and what becomes of them with time."""

    handles = (AssetDisposed,)
    timers = (LAPSE,)

    # -- requests and answers ------------------------------------------------------------------------------------------

    def accepted(self, request: RequestState, message: RequestMessage) -> None:
        """A control that begins a measure is registered with it; a renewal is noted as on its way."""
        if not isinstance(message, ControlRequested):
            return
        data, states = message.data, self.desk.states
        if data.action in FIRST_CONTROLS:
            states.put(MeasureState(
                key=request.key, court=request.court, case_token=request.case_token, ref=request.asset_token,
                status="requested", request_id=request.request_id, partner=request.tasks[0].partner, asset=data.asset.kind,
                action=data.action, amount=data.amount, term_months=data.term_months or 0,
                use_permitted=bool(data.use_permitted), approved_over=data.over_ceiling is not None,
            ))  # fmt: skip
            return
        measure = states.get(MeasureState, request.original_key)
        if measure is not None and data.action == "renew":
            states.put(replace(measure, renewals=(*measure.renewals, request.key)))
        elif measure is not None and data.action == "deduct" and data.amount is not None:
            states.put(measures.deducting(measure, request.key, data.amount))

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:
        """What the registry made of a control."""
        outcome = message.data.measure
        if request.kind is not Kind.CONTROL:
            return
        asked = self._known(request)
        if outcome is None:
            if late:
                self._nothing_after_all(request)
            return
        if request.action in FIRST_CONTROLS:
            self._began(request, task, outcome, item.record.timestamp, message.id)
            return
        measure = self.desk.states.get(MeasureState, request.original_key)
        if measure is not None and outcome.state == "deducted":
            self._paid(measure, outcome.controlled or asked, message.id)
        if measure is None or measure.status in measures.ENDED:
            if measure is not None and outcome.state == "renewed":
                self._renewed_too_late(measure, message)
            return
        match outcome.state:
            case "renewed":
                months = self._most(measure)
                self._set(measures.renewed(measure, outcome, key=request.key, months=months, max_months=months, proof=message.id), "renewed")
            case "released":
                gone = measures.ended(measure, "released", message.id)
                if measure.status == "queued":
                    self._set(gone, "released")  # whoever is before it in the line still is: nobody moves up
                else:
                    self._end(gone, item.record.timestamp)
            case "transferred":
                self._set(replace(measure, proof=message.id), "transferred")

    def concluded(self, request: RequestState) -> None:
        """A control without a measure to show for it: refused, or unknown after silence; a renewal that did not come."""
        if request.kind is not Kind.CONTROL:
            return
        states = self.desk.states
        if request.action in FIRST_CONTROLS:
            measure = states.get(MeasureState, request.key)
            if measure is not None and measure.status == "requested":
                if request.tasks[0].outcome is TaskOutcome.NO_RESPONSE:
                    self._set(replace(measure, status="unknown"), "unknown")
                else:
                    self._set(measures.ended(measure, "refused"), "refused")
        elif request.action == "deduct" and request.tasks[0].outcome is TaskOutcome.NOT_SENT:
            self._known(request)
        elif request.action == "renew":
            measure = states.get(MeasureState, request.original_key)
            if measure is not None and request.key in measure.renewals:
                silent = request.tasks[0].outcome is TaskOutcome.NO_RESPONSE
                known = measures.not_renewing(measure, request.key)
                states.put(replace(known, unconfirmed=known.unconfirmed or silent))
                self._lapse_if_over(measure.key)

    def _began(self, request: RequestState, task: TaskState, outcome: MeasureOutcome, at: int, proof: str) -> None:
        measure = self.desk.states.get(MeasureState, request.key)
        if measure is None or measure.status not in measures.PENDING:
            return
        others = self.desk.states.about(MeasureState, measure.ref) if measure.ref else []
        most = self._most(measure)
        found = measures.answered(measure, outcome, at=at, served_at=task.received_at or at, proof=proof, max_months=most, others=others)
        decision = self._set(found, found.status)
        if found.starts is not None and measures.beyond_law(outcome, date.fromisoformat(found.starts), most):
            self._tell(decision, found, "term-beyond-law", ends=date.fromisoformat(found.ends or found.starts))

    def _paid(self, measure: MeasureState, amount: str, proof: str) -> None:
        """What was paid is owed no longer, whatever became of the freeze meanwhile."""
        case = self.desk.states.get(CaseState, measure.case_token)
        if case is not None:
            self.desk.states.put(cases.deducted(case, amount))
        paid = measures.deducted(measure, amount, proof) if measure.status not in measures.ENDED else measure
        decision = self._set(paid, "deducted")
        if Decimal(amount) > measure.counts:
            self._warn(decision, paid, proof)

    def _renewed_too_late(self, measure: MeasureState, message: Replied) -> None:
        """The keeper says that it has renewed what had ended: it stays ended (V16), and a person must look at once, because the
        keeper may treat the asset as controlled."""
        case, outcome = self.desk.states.get(CaseState, measure.case_token), message.data.measure
        decision = self.desk.work.decide("measure.renewed-after-end", measure.key, None, facts_of(measure) | {"alarm": 1})
        self._tell(decision, measure, "renewed-after-end", stage=message.id, addressee=case.supervisor if case else None,
                   ends=outcome.ends if outcome is not None else None)  # fmt: skip

    def _known(self, request: RequestState) -> str:
        """It is known what became of a deduction: it is no longer on its way. How much it was for, which is what was paid where
        the keeper does not say."""
        measure = self.desk.states.get(MeasureState, request.original_key) if request.action == "deduct" else None
        if measure is None:
            return "0.00"
        if measure.status not in measures.ENDED:
            self.desk.states.put(measures.not_deducting(measure, request.key))
        return dict(measure.deducting).get(request.key, "0.00")

    def _nothing_after_all(self, request: RequestState) -> None:
        """After its silence the registry says that there is no measure, or no renewal of it: what was unknown is known."""
        renewal = request.action == "renew"
        measure = self.desk.states.get(MeasureState, request.original_key if renewal else request.key)
        if measure is None or (renewal and not measure.unconfirmed):
            return
        if renewal and measure.status == "unknown" and measure.lapses_at is not None:
            self._end(measures.ended(measure, "lapsed"), measure.lapses_at)
        elif renewal and measure.status in ("effective", "unknown"):  # without an end: what became of the measure itself is unknown still
            self.desk.states.put(replace(measure, unconfirmed=False))
        elif measure.status == "unknown":
            self._set(measures.ended(measure, "refused"), "refused")

    # -- disposal ------------------------------------------------------------------------------------------------------

    def take(self, item: Inbound) -> None:
        """The asset has been disposed of: what waited behind lapses, or moves to the rest."""
        message = item.message
        if not isinstance(message, AssetDisposed):
            raise TypeError("a disposal is expected")
        original = self.desk.begun(message.source, message.data.original)
        measure = self.desk.states.get(MeasureState, original.key) if original is not None else None
        if original is None or measure is None:
            self.desk.refuse(item, "case", ["reference-unknown"], NO_CASE)
            return
        codes = [] if self.desk.holder(original) == message.source else ["reference-other"]
        codes += [] if measure.status == "effective" else ["measure-not-in-force"]
        if codes:
            self.desk.refuse(item, "case", codes, original.case_token)
            return
        full = message.data.extent == "full"
        gone = measures.ended(measure, "disposed", message.id)
        self.desk.states.put(gone)
        decision = self.desk.work.decide("measure.disposed", original.key, item, facts_of(gone) | {"full": int(full)})
        self.desk.work.keep(item, original.key, original.case_token, decision)
        disarm(self.desk, gone)
        if full and gone.ref:
            for waiting in measures.in_line(self.desk.states.about(MeasureState, gone.ref)):
                self._tell(self._set(measures.ended(waiting, "void", message.id), "void"), waiting, "measure-void")
        else:
            self._promote(gone, item.record.timestamp)
        self.desk.answer(decision, item, "case", "noted", Noted(about=message.id), original.case_token)

    # -- time ----------------------------------------------------------------------------------------------------------

    def fire(self, timer: Due) -> None:
        """The end of a term."""
        self._lapse_if_over(timer.ref)

    def _lapse_if_over(self, key: str) -> None:
        """Not renewed before its end, a measure has no effect any more; one whose renewal is on its way waits for that, and of
        one whose renewal met silence nobody knows (silence is never "nothing done")."""
        measure = self.desk.states.get(MeasureState, key)
        now = self.desk.work.now
        if measure is None or measure.status != "effective" or measure.lapses_at is None or now < measure.lapses_at:
            return
        if measure.renewals:
            return
        if measure.unconfirmed:
            decision = self._set(replace(measure, status="unknown"), "unknown")
            self._tell(decision, measure, "measure-uncertain", ends=date.fromisoformat(measure.ends or ""))
        else:
            self._end(measures.ended(measure, "lapsed"), measure.lapses_at)

    # -- changes -------------------------------------------------------------------------------------------------------

    def _set(self, measure: MeasureState, happened: str) -> Decision:
        """Save the measure as it is now, say so in the log, and set its clocks."""
        self.desk.states.put(measure)
        decision = self.desk.work.decide(f"measure.{happened}", measure.key, None, facts_of(measure))
        if happened in ("effective", "promoted"):
            for listener in self.desk.effect_listeners:
                listener(measure)
        if measure.status == "effective" and measure.ends is not None:
            arm(self.desk, measure)
        elif measure.status != "effective":
            disarm(self.desk, measure)
        self.desk.moved(measure.case_token)
        return decision

    def _end(self, measure: MeasureState, at: int) -> None:
        decision = self._set(measure, measure.status)
        if measure.status == "lapsed":
            self._tell(decision, measure, "measure-lapsed", ends=date.fromisoformat(measure.ends or ""))
        self._promote(measure, at)

    def _promote(self, gone: MeasureState, at: int) -> None:
        """The first in line takes effect; its term may be over already, and then the next one's turn comes."""
        if gone.ref is None:
            return
        policy = self.desk.linkage.agreements[gone.partner].queue_start
        found = measures.next_in_line(self.desk.states.about(MeasureState, gone.ref), at, policy)
        if found is None:
            return
        decision = self._set(found, "promoted")
        self._tell(decision, found, "measure-promoted", ends=date.fromisoformat(found.ends or ""))
        if not found.approved_over:
            self._warn(decision, found, "promoted")
        self._lapse_if_over(found.key)

    def _warn(self, decision: Decision, measure: MeasureState, stage: str) -> None:
        """Tell the court where what is controlled has come to be over the claim by itself."""
        case = self.desk.states.get(CaseState, measure.case_token)
        total = measures.used(self.desk.states.of_case(MeasureState, measure.case_token))
        if case is not None and total > case.ceiling:
            self._tell(decision, measure, "over-seizure-risk", stage=stage, amount=f"{total - case.ceiling:.2f}")

    def _most(self, measure: MeasureState) -> int:
        return self.desk.linkage.terms.max_term_months[measure.asset]

    def _tell(self, decision: Decision, measure: MeasureState, event: str, **members: Any) -> None:
        tell(self.desk, decision, measure, event, **members)
