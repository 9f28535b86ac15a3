"""Lifting what a case has imposed once it is performed, bankrupt or ended, up to the certificate that all of it has ended."""

from itertools import groupby

from hub.casework import releases
from hub.casework.part import Part
from hub.rules import lift
from hub.rules.aggregate import Aggregate
from hub.rules.cases import LIFTS, CaseState
from hub.rules.lift import LiftState
from schemas.base import derive_id
from schemas.hub import LiftCertificate


class Lift(Part):
    """From the statement that closes a case to the certificate (信用修复)."""

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """A case is closed for good, or goes on after all."""
        was = old is not None and old.status in LIFTS
        if new.status in LIFTS and not was:
            self._begin(new)
        elif was and new.status not in LIFTS:
            known = self.desk.states.get(LiftState, new.key)
            if known is not None:
                self.desk.states.put(lift.stopped(known))
            releases.drop(self.desk, new.key)

    def ended(self, what: Aggregate) -> None:
        """It may have been the last."""
        known = self.desk.states.get(LiftState, what.case_token)
        if known is not None and known.status == "lifting":
            self._certify(known)

    def _begin(self, case: CaseState) -> None:
        imposed = releases.imposed_in(self.desk, case.key)
        known = LiftState(key=case.key, court=case.court, case_token=case.key, status="lifting", version=case.version)
        self.desk.states.put(known)
        standing = [each for each in imposed if not lift.has_ended(each)]
        for _, of_request in groupby(standing, key=lambda each: each.key.partition("/")[0]):
            releases.require(self.desk, list(of_request), "closing", stage=str(case.version))
        self._certify(known)

    def _certify(self, known: LiftState) -> None:
        """Once per closing: all that the case imposed has ended. A case that imposed nothing has nothing to certify."""
        lifted = lift.certificate(releases.imposed_in(self.desk, known.case_token))
        if lifted is None:
            return
        self.desk.states.put(lift.certified(known))
        if not lifted:
            return
        case = self.desk.states.get(CaseState, known.case_token)
        court = case.holder.court if case is not None else known.court
        decision = self.desk.work.decide("lift.certified", None, None, {"court": court, "count": len(lifted)})
        closing = derive_id(self.desk.work.composer.party, "lift", known.key, str(known.version))
        self.desk.say(decision, court, "liandong.case.lift-certificate.v1", f"lift-certificate/{closing}",
                      LiftCertificate(lifted=lifted), correlation=closing, case_token=known.case_token)  # fmt: skip
