"""From a request to the business registry's terms, and from its answers to the contract's. Pure."""

from collections.abc import Sequence
from typing import Any

from connectors import terms
from connectors.base import Answer, Job, Pending, ProtocolFault
from connectors.business_registry.protocol import (
    Accepted,
    Equity,
    Found,
    NotControlled,
    Page,
    Published,
    Registration,
    Released,
    Restricted,
    Standing,
)
from connectors.json_line import Said, expect
from schemas import asset
from schemas.findings import EquityFinding, ExistingMeasure, RegistrationFinding
from schemas.identifiers import same_name
from schemas.replies import MeasureOutcome, Reason, ReplyKind
from schemas.requests import ControlRequest, NoticeRequest
from schemas.subject import Subject, number_of

_AWAITED = {"freeze": "PENDING_PUBLICITY", "renew": "PENDING_RENEWAL", "release": "PENDING_RELEASE"}
"""In which state a freeze waits for the notice of each action."""
_RESTRICTIONS = {
    "consumption": "CONSUMPTION", "dishonest-list": "DISHONEST_LIST", "exit": "EXIT", "credit": "CREDIT",
    "investment": "INVESTMENT",
}  # fmt: skip
FREEZE_NO = "freeze_no"
"""In a job's state: the registry's number of the freeze whose notice is awaited."""


def found(job: Job, subject: Subject, pages: Sequence[Page], raw: bytes) -> Answer:
    """All pages under all forms of the number as one answer: shares, and a company's own registration."""
    searched = terms.number_forms(subject)
    equities = [equity for page in pages for equity in page.equities]
    registration = next((page.registration for page in pages if page.registration), None)
    for page in pages:
        expect(page.holder_id in searched.values() and same_name(page.holder_name, subject.name))
        expect((page.code == "OK") == bool(page.total or page.registration))
        expect(all(equity.holder_id == page.holder_id for equity in page.equities))
        expect(page.registration is None or page.registration.company_code == page.holder_id)
    names = [equity.holder_name for equity in equities] + ([registration.company_name] if registration else [])
    if not all(terms.is_named(subject.name, name) for name in names):
        return terms.identity_mismatch(raw, tuple(searched))
    kinds = {"equity", "registration"}
    # A request that names fields of other partners only asks this one for all: nothing asked must not read as nothing found.
    asked = {kind for kind in kinds if terms.asked_for(job, f"business-registry.{kind}")} or kinds
    with_measures = terms.asked_for(job, "business-registry.measures")
    findings: list[EquityFinding | RegistrationFinding] = []
    if "equity" in asked:
        findings += [_equity(equity, with_measures=with_measures) for equity in equities]
    if registration and "registration" in asked:
        findings.append(_registration(registration))
    if not findings:
        return Answer(ReplyKind.NO_RECORD, raw, searched=tuple(searched))
    return Answer(ReplyKind.RESULT, raw, tuple(findings), searched=tuple(searched))


def _equity(equity: Equity, *, with_measures: bool) -> EquityFinding:
    measures = tuple(
        ExistingMeasure(authority=freeze.case_number, document=freeze.ruling_no, until=freeze.to)
        for freeze in equity.freezes
    )
    return EquityFinding(
        kind="equity", company=equity.company_code, company_name=equity.company_name, subscribed=equity.subscribed,
        ratio=equity.ratio, measures=measures if with_measures else (),
    )  # fmt: skip


def _registration(registration: Registration) -> RegistrationFinding:
    return RegistrationFinding(
        kind="registration", company=registration.company_code, company_name=registration.company_name,
        capital=registration.capital, legal_representative=registration.legal_representative,
        status=registration.status,
    )  # fmt: skip


def freeze(job: Job, data: ControlRequest, equity: asset.Equity) -> dict[str, Any]:
    """Freeze the share up to an amount. Raises `ProtocolFault` for a freeze without amount or term."""
    if data.amount is None:
        raise ProtocolFault("amount-needed")
    if data.term_months is None:
        raise ProtocolFault("term-missing")
    return _cited(job, data) | {
        "holderName": data.subject.name, "holderId": number_of(data.subject), "companyCode": equity.company,
        "amount": data.amount, "months": data.term_months,
    }  # fmt: skip


def release(job: Job, data: ControlRequest) -> dict[str, Any]:
    """End the freeze."""
    return _cited(job, data)


def renewal(job: Job, data: ControlRequest) -> dict[str, Any]:
    """Give the freeze a new term (续行冻结). Raises `ProtocolFault` for one without a term."""
    if data.term_months is None:
        raise ProtocolFault("term-missing")
    return _cited(job, data) | {"months": data.term_months}


def restrict(job: Job, data: NoticeRequest) -> dict[str, Any]:
    """Note the restrictions against the subject, so that the registry refuses what they forbid."""
    return _cited(job, data) | {
        "subjectName": data.subject.name, "subjectId": number_of(data.subject),
        "restrictions": [_RESTRICTIONS[each] for each in data.restrictions],
    }  # fmt: skip


def lift(job: Job, data: NoticeRequest) -> dict[str, Any]:
    """End the restrictions that the original asked for. Raises `ProtocolFault` when this connector never had it."""
    if job.original is None:
        raise ProtocolFault("original-unknown")
    return _cited(job, data) | {"originalRequestNo": job.original}


def noticed(job: Job, data: NoticeRequest, said: Said[Restricted | NotControlled]) -> Answer:
    """What became of a restriction or its lift."""
    form = said.form
    expect(form.request_no == job.key)
    if isinstance(form, NotControlled):
        return _not_controlled(form, said.raw)
    expect(form.subject_id == number_of(data.subject))
    if form.state != ("LIFTED" if data.action == "lift" else "RESTRICTED"):
        raise ProtocolFault("state-unexpected")
    measure = MeasureOutcome(state="lifted" if data.action == "lift" else "restricted", reference=form.restriction_no)
    return Answer(ReplyKind.RESULT, said.raw, measure=measure)


def _cited(job: Job, data: ControlRequest | NoticeRequest) -> dict[str, Any]:
    return {
        "requestNo": job.key, "caseNumber": data.legal.case_number,
        "rulingNo": terms.ruling_number(data.legal, data.action), "noticeNo": terms.notice_number(data.legal),
    }  # fmt: skip


def ordered(job: Job, said: Said[Accepted | NotControlled], poll_s: float) -> Answer | Pending:
    """What was asked for a freeze, a renewal or a release: its notice is awaited, or nothing was done."""
    form = said.form
    expect(form.request_no == job.key)
    if isinstance(form, Accepted):
        return Pending({FREEZE_NO: form.freeze_no}, poll_s)
    return _not_controlled(form, said.raw)


def _not_controlled(form: NotControlled, raw: bytes) -> Answer:
    if form.reason.code == "HOLDER_MISMATCH":
        return terms.identity_mismatch(raw, ())
    return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=form.reason.as_reason())


def original(job: Job, data: ControlRequest, equity: asset.Equity, said: Said[Found]) -> Standing | None:
    """The freeze that the original asked for, if the registry has it."""
    expect(said.form.request_no == job.original and (said.form.code == "OK") == (len(said.form.freezes) == 1))
    for standing in said.form.freezes:
        _check(standing, job.original, data, equity)
        return standing
    return None


def unchangeable(code: str, raw: bytes) -> Answer:
    """There is no freeze to renew or release."""
    text = "登记机关无此冻结或已解除 / the registry has no such freeze in force"
    return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=Reason(code=code, text=text))


def standing(
    job: Job, data: ControlRequest, equity: asset.Equity, said: Said[Standing], poll_s: float
) -> Answer | Pending:
    """Where a freeze, its renewal or its release stands. It is done when its notice is published, and not before
    (法释〔2021〕20号 art. 6)."""
    form = said.form
    expect(form.freeze_no == job.state[FREEZE_NO])
    _check(form, job.key if data.action == "freeze" else job.original, data, equity)
    if form.state == _AWAITED[data.action]:
        return Pending(job.state, poll_s)
    if isinstance(form, Published) and data.action == "renew" and form.renewal_request_no == job.key:
        return Answer(ReplyKind.RESULT, said.raw, measure=_renewed(form))
    if isinstance(form, Published) and data.action == "freeze":
        return Answer(ReplyKind.RESULT, said.raw, measure=_frozen(form))
    if isinstance(form, Released) and data.action == "release":
        measure = MeasureOutcome(state="released", reference=form.freeze_no, publicity=form.release_publicity_no)
        return Answer(ReplyKind.RESULT, said.raw, measure=measure)
    raise ProtocolFault("state-unexpected")


def _frozen(form: Published) -> MeasureOutcome:
    """First published ranks first; a freeze that waits controls nothing yet."""
    effective = form.state == "EFFECTIVE"
    return MeasureOutcome(
        state="effective" if effective else "queued", reference=form.freeze_no, starts=form.starts, ends=form.ends,
        controlled=form.frozen_amount if effective else None, publicity=form.publicity_no, rank=form.rank,
    )  # fmt: skip


def _renewed(form: Published) -> MeasureOutcome:
    """The new term, with the renewal's own notice."""
    expect(form.renewal_publicity_no is not None)
    return MeasureOutcome(
        state="renewed", reference=form.freeze_no, starts=form.starts, ends=form.ends, controlled=form.frozen_amount,
        publicity=form.renewal_publicity_no, rank=form.rank,
    )  # fmt: skip


def _check(form: Standing, number: str | None, data: ControlRequest, equity: asset.Equity) -> None:
    expect(form.request_no == number and form.company_code == equity.company)
    expect(form.holder_id in terms.number_forms(data.subject).values())
    expect(terms.is_named(data.subject.name, form.holder_name))
