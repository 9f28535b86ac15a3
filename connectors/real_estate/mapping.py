"""From a court's request to the registry's fields, and from its answer to ours. Pure."""

from datetime import date
from typing import Literal

from connectors.base import Answer, Job, ProtocolFault
from connectors.real_estate import protocol
from connectors.real_estate.protocol import CONTROL, INQUIRY, Feedback, Form, Head, Right
from connectors.terms import (
    USE_PERMITTED,
    asked_for,
    identity_mismatch,
    is_named,
    notice_number,
    number_forms,
    ruling_number,
)
from schemas.asset import RealEstateUnit
from schemas.base import add_months
from schemas.findings import ExistingMeasure, RealEstateFinding
from schemas.replies import Contact, MeasureOutcome, Reason, ReplyKind
from schemas.requests import ControlRequest, InquiryRequest
from schemas.subject import Person, number_of

_MEASURES = {
    "seal": protocol.SEAL, "queue-seal": protocol.SEAL, "advance-seal": protocol.ADVANCE_SEAL, "renew": protocol.RENEW,
    "release": protocol.RELEASE, "transfer": protocol.TRANSFER,
}  # fmt: skip
_IN_FORCE = {"seal": "查封", "queue-seal": "查封", "advance-seal": "预查封", "renew": "续封"}
"""What the registry calls a measure in force (CFLX) after each of these actions; 轮候查封 is one that waits."""
_MORTGAGE = {"已抵押": True, "无抵押": False}
_RETURN_CODES = {"T02": "measure-not-supported", "T03": "field-missing"}


def form_of(job: Job) -> Form:
    """Which of the two forms the job takes. Raises `ProtocolFault` for what no registry of real estate does."""
    data = job.request.data
    if isinstance(data, InquiryRequest):
        return INQUIRY
    if isinstance(data, ControlRequest) and data.action in _MEASURES and isinstance(data.asset, RealEstateUnit):
        return CONTROL
    raise ProtocolFault("action-not-supported")


def head_of(job: Job) -> Head:
    """Number, name and identity number of the request."""
    subject = job.request.data.subject
    return Head(job.key, subject.name, number_of(subject))


def fields_of(job: Job, today: date) -> dict[str, str | None]:
    """What the form says besides its head. A seal, and what renews it, begins `today` and runs for its months (V15)."""
    data = job.request.data
    forms, person = number_forms(data.subject), isinstance(data.subject, Person)
    fields = {
        "ZJLX": protocol.RESIDENT if person else protocol.COMPANY, "FIFTEENZJH": forms.get("resident-id-15"),
        "FYMC": job.court, "AH": data.legal.case_number,
        "CKH": notice_number(data.legal),
    }  # fmt: skip
    if not isinstance(data, ControlRequest) or not isinstance(data.asset, RealEstateUnit):
        return fields
    ruling = ruling_number(data.legal, data.action)
    fields |= {"KZCS": _MEASURES[data.action], "BDCDYH": data.asset.unit_code, "CKWH": ruling}
    return fields | _order(job, data, today)


def _order(job: Job, data: ControlRequest, today: date) -> dict[str, str | None]:
    """What a control says of the measure: the seal that it acts on, its term, who gets the unit."""
    fields: dict[str, str | None] = {}
    if data.action in ("renew", "release", "transfer"):
        if job.original is None:
            raise ProtocolFault("original-unknown")
        fields |= {"YDJAH": data.legal.case_number, "YDJDH": job.original}
    if data.action == "transfer":
        if data.transferee is None:
            raise ProtocolFault("transferee-needed")
        person = isinstance(data.transferee, Person)
        # The sources name a list of transferees without its elements: these are ours.
        fields |= {"SRRXM": data.transferee.name, "SRRZJLX": protocol.RESIDENT if person else protocol.COMPANY,
                   "SRRZJH": number_of(data.transferee)}  # fmt: skip
    if data.action in _IN_FORCE:
        if data.term_months is None:
            raise ProtocolFault("term-missing")
        fields |= {"KSRQ": today.isoformat(), "JSRQ": add_months(today, data.term_months).isoformat(),
                   "BZ": USE_PERMITTED if data.use_permitted else None}  # fmt: skip
    return fields


def answer_to(job: Job, ticket: str, feedback: Feedback, raw: bytes) -> Answer:
    """The reply that the registry's answer comes to.

    Raises `ProtocolFault`: wrong-answer (about another person, request or unit), answer-unknown (a word of the registry's
    that this connector does not know), answer-invalid (a value that cannot be right).
    """
    head, asked = feedback.head, head_of(job)
    if (head.number, head.id_number) != (asked.number, asked.id_number) or not is_named(asked.name, head.name):
        raise ProtocolFault("wrong-answer")
    try:
        if feedback.returned is not None:
            return _returned(job, feedback.returned, raw)
        if feedback.control is not None:
            return _controlled(job, ticket, feedback, raw)
        return _searched(job, feedback, raw)
    except ValueError:
        raise ProtocolFault("answer-invalid") from None


def _returned(job: Job, returned: protocol.Return, raw: bytes) -> Answer:
    contact = Contact(name=returned.contact, phone=returned.phone)
    searched = _words(job)
    if returned.code == "T01":
        return identity_mismatch(raw, searched, contact)
    reason = Reason(code=_RETURN_CODES.get(returned.code, "returned-by-partner"), text=returned.remark or returned.code)
    return Answer(ReplyKind.RETURNED, raw, reason=reason, contact=contact, searched=searched)


def _searched(job: Job, feedback: Feedback, raw: bytes) -> Answer:
    searched = _words(job)
    if feedback.result == protocol.NOTHING and not feedback.rights:
        if isinstance(job.request.data, InquiryRequest):
            return Answer(ReplyKind.NO_RECORD, raw, searched=searched)
        return _not_controlled("not-on-file", "该证件号码名下无登记信息 / nothing is on file under this number", raw)
    if form_of(job) is not INQUIRY or feedback.result != protocol.FOUND or not feedback.rights:
        raise ProtocolFault("answer-unknown")
    subject = job.request.data.subject
    if any(right.holder_number not in number_forms(subject).values() for right in feedback.rights):
        raise ProtocolFault("wrong-answer")
    if not all(is_named(subject.name, right.holder) for right in feedback.rights):
        return identity_mismatch(raw, searched)
    return Answer(ReplyKind.RESULT, raw, tuple(_finding(job, right) for right in feedback.rights), searched=searched)


def _finding(job: Job, right: Right) -> RealEstateFinding:
    if right.mortgage not in _MORTGAGE:
        raise ProtocolFault("answer-unknown")
    measures = tuple(
        ExistingMeasure(authority=seizure.authority, document=seizure.document,
                        until=date.fromisoformat(seizure.until) if seizure.until else None)
        for seizure in right.seizures
    ) if asked_for(job, "real-estate.measures") else ()  # fmt: skip
    return RealEstateFinding(
        kind="real-estate", unit_code=right.unit_code, location=right.location, certificate=right.certificate,
        holder=right.holder, measures=measures,
        mortgaged=_MORTGAGE[right.mortgage] if asked_for(job, "real-estate.mortgage") else None,
    )  # fmt: skip


def _controlled(job: Job, ticket: str, feedback: Feedback, raw: bytes) -> Answer:
    data = job.request.data
    if not isinstance(data, ControlRequest) or not isinstance(data.asset, RealEstateUnit):
        raise ProtocolFault("answer-unknown")
    if feedback.unit_code != data.asset.unit_code:
        raise ProtocolFault("wrong-answer")
    if feedback.control == "2" and feedback.not_controlled:
        return _not_controlled("not-controlled", feedback.not_controlled, raw)
    if feedback.control != "1":
        raise ProtocolFault("answer-unknown")
    if data.action == "release":
        measure = MeasureOutcome(state="released", reference=ticket)
    elif data.action == "transfer":
        measure = MeasureOutcome(state="transferred", reference=ticket)
    elif feedback.measure == "轮候查封" and feedback.rank and data.action != "renew":
        measure = MeasureOutcome(state="queued", reference=ticket, rank=int(feedback.rank))
    elif feedback.measure == _IN_FORCE.get(data.action) and feedback.starts and feedback.ends:
        starts, ends = date.fromisoformat(feedback.starts), date.fromisoformat(feedback.ends)
        state: Literal["renewed", "effective"] = "renewed" if data.action == "renew" else "effective"
        measure = MeasureOutcome(state=state, reference=ticket, starts=starts, ends=ends)
    else:
        raise ProtocolFault("answer-unknown")
    return Answer(ReplyKind.RESULT, raw, measure=measure)


def _not_controlled(code: str, words: str, raw: bytes) -> Answer:
    return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=Reason(code=code, text=words[:500]))


def _words(job: Job) -> tuple[str, ...]:
    return tuple(number_forms(job.request.data.subject))
