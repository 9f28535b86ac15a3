"""The completeness certificate (穷尽措施): issued only with every required partner's explicit answer in hand."""

import hashlib
from dataclasses import replace
from datetime import date

from hub.casework.answers import kept_answer
from hub.casework.desk import coded
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.work import jcs
from hub.rules import completeness as rules
from hub.rules.cases import CaseState
from hub.rules.completeness import Answer, CertificateState
from hub.store import cases
from schemas import hub as said
from schemas.base import day_of, derive_id, from_micros, micros
from schemas.messages import CertificateRequested
from schemas.subject import Person, Subject


class Completeness(Part):
    """What a court asks for before it closes a round."""

    handles = (CertificateRequested,)

    def take(self, item: Inbound) -> None:
        """The certificate, or who has not answered explicitly yet."""
        message = item.message
        if not isinstance(message, CertificateRequested):
            raise TypeError("a request for a certificate is expected")
        token, court, linkage = self.desk.token_of_case(message.data.case_number), message.source, self.desk.linkage
        case = self.desk.states.get(CaseState, token)
        if case is None or case.holder.court != court:
            self.desk.refuse(item, "case", ["case-unknown" if case is None else "holder-other"], token)
            return
        subject = message.data.subject
        partners = rules.required(linkage, court, person=isinstance(subject, Person), at=self.desk.work.now)
        answers = rules.latest(self._answers(token, subject))
        missing = rules.missing(partners, answers)
        if missing:
            self._refuse(item, token, missing)
        else:
            self._issue(item, case, subject, [answers[partner] for partner in partners])

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """A resumed case (恢复执行) needs a certificate of its own before its round may be closed again."""
        if new.status == "resumed" and old is not None and old.status != "resumed":
            for each in self.desk.states.of_case(CertificateState, new.key):
                self.desk.states.put(replace(each, status="spent"))

    def _answers(self, case_token: str, subject: Subject) -> list[Answer]:
        self.desk.save()  # an answer of this very batch counts
        rows = cases.answers_in(self.desk.work.connection, case_token, self.desk.token_of_subject(subject))
        return [Answer(row.partner, row.request_id, row.message_id, said.TaskOutcome(row.outcome), row.settled_at) for row in rows]

    def _refuse(self, item: Inbound, case_token: str, missing: tuple[str, ...]) -> None:
        decision = self.desk.work.decide("certificate.refused", None, item, {"court": item.party.id, "missing": ",".join(missing)})
        self.desk.work.keep(item, None, case_token, decision)
        refusal = said.Refusal(reasons=(coded("certificate-missing-answers", missing),))
        self.desk.answer(decision, item, "case", "refusal", refusal, case_token)

    def _issue(self, item: Inbound, case: CaseState, subject: Subject, answers: list[Answer]) -> None:
        terms, filed, now = self.desk.linkage.terms.ledger, date.fromisoformat(case.filed_on), self.desk.work.now
        certified = tuple(self._certified(answer) for answer in answers)
        answered_at = min(micros(answer.answered_at) for answer in certified)
        good_until = rules.good_until(answered_at, terms)
        plain = subject.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        certificate = said.Certificate(
            subject_sha256=hashlib.sha256(jcs(plain)).hexdigest(),
            identifiers=tuple(sorted({name for answer in certified for name in answer.searched})[:20]), answers=certified,
            config_sha256=self.desk.linkage.sha256, restricted=case.restricted, three_months=rules.months_over(filed, now, terms),
            closing_possible=rules.may_close(filed, restricted=case.restricted, at=now, terms=terms) and day_of(now) <= good_until,
            good_until=good_until,
        )  # fmt: skip
        self.desk.states.put(CertificateState(
            key=derive_id("certificate", item.party.id, item.message.id), court=case.holder.court, case_token=case.key, ref=self.desk.token_of_subject(subject), status="issued",
            answered_at=answered_at,
        ))  # fmt: skip
        decision = self.desk.work.decide("certificate.issued", None, item, {"court": item.party.id, "answers": len(certified)})
        self.desk.work.keep(item, None, case.key, decision)
        self.desk.answer(decision, item, "case", "certificate", certificate, case.key)

    def _certified(self, answer: Answer) -> said.CertifiedAnswer:
        kept = kept_answer(self.desk, answer.partner, answer.message_id)
        if kept is None:
            raise LookupError("an answer that a task rests on is not kept")
        return said.CertifiedAnswer(
            partner=answer.partner, request=answer.request_id, message=answer.message_id, sha256=kept.digest,
            outcome=answer.outcome, answered_at=from_micros(kept.at), searched=kept.message.data.searched,
        )  # fmt: skip
