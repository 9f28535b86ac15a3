"""From a request to the police gateway's terms, and from its events to the contract's. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from connectors import terms
from connectors.base import Answer, HitNote, Job, ProtocolFault
from connectors.json_line import expect
from connectors.police.protocol import (
    Answered,
    Armed,
    Crossing,
    Head,
    Hit,
    InfoAnswer,
    Kind,
    Officer,
    Returned,
)
from schemas.base import CHINA
from schemas.findings import WhereaboutsFinding
from schemas.identifiers import IdentifierError, resident_id
from schemas.replies import Contact, MeasureOutcome, Reason, ReplyKind
from schemas.requests import InquiryRequest, LocateRequest
from schemas.subject import number_of

_DIRECTIONS = {"ENTRY": "入境", "EXIT": "出境"}


class Asked(NamedTuple):
    """What the gateway is asked for: a person by name and number, or a vehicle by its owner's name and its plate."""

    kind: Kind
    name: str
    number: str
    until: datetime | None = None


def asked(job: Job) -> Asked:
    """The job in the gateway's terms. Raises `ProtocolFault` for what the police are not asked."""
    data = job.request.data
    if isinstance(data, InquiryRequest) or (isinstance(data, LocateRequest) and data.action == "info"):
        return Asked("info", data.subject.name, number_of(data.subject))
    if not isinstance(data, LocateRequest):
        raise ProtocolFault("action-not-supported")
    if data.until is None:
        raise ProtocolFault("until-needed")
    if data.action == "watch":
        return Asked("watch", data.subject.name, number_of(data.subject), data.until)
    if data.vehicle is None:
        raise ProtocolFault("vehicle-needed")
    return Asked("vehicle-control", data.subject.name, data.vehicle.plate, data.until)


def submission(job: Job, what: Asked, callback: str) -> dict[str, str]:
    """The request as the gateway takes it."""
    number = {"plate": what.number} if what.kind == "vehicle-control" else {"idNumber": what.number}
    until = {"until": what.until.isoformat()} if what.until else {}
    case = job.request.data.legal.case_number
    return {
        "requestNo": job.key, "kind": what.kind, "name": what.name, "caseNumber": case, "callback": callback,
    } | number | until  # fmt: skip


def answer(event: Answered, raw: bytes) -> Answer:
    """The reply that an event comes to. It must be one of its kind: information for info, arming for the others."""
    searched = _searched(event.number) if event.kind == "info" else ()
    if isinstance(event, Returned):
        contact = _contact(event.contact)
        if event.reason.code == "IDENTITY_MISMATCH":
            return terms.identity_mismatch(raw, searched, contact)
        reason = event.reason.as_reason()
        return Answer(ReplyKind.RETURNED, raw, reason=reason, contact=contact, searched=searched)
    expect((event.kind == "info") == isinstance(event, InfoAnswer))
    if isinstance(event, Armed):
        measure = MeasureOutcome(state="armed", reference=event.accept_no, ends=event.until.astimezone(CHINA).date())
        return Answer(ReplyKind.RESULT, raw, measure=measure)
    findings = tuple(_whereabouts(event))
    expect((event.code == "OK") == bool(findings))
    if not findings:
        return Answer(ReplyKind.NO_RECORD, raw, searched=searched)
    return Answer(ReplyKind.RESULT, raw, findings, searched=searched)


def withdrawn(job: Job, data: LocateRequest, head: Head, raw: bytes) -> Answer:
    """The watch of this subject, or the control of this vehicle, is over."""
    expect(head.request_no == job.original and head.kind != "info" and head.name == data.subject.name)
    if head.kind == "watch":
        expect(head.number == number_of(data.subject))
    elif data.vehicle is not None:
        expect(head.number == data.vehicle.plate)
    return Answer(ReplyKind.RESULT, raw, measure=MeasureOutcome(state="withdrawn", reference=head.accept_no))


def not_withdrawn(code: str, raw: bytes) -> Answer:
    """There is no watch in force to withdraw."""
    text = "公安机关无此布控或已失效 / the police have no such watch in force"
    return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=Reason(code=code, text=text))


def hit(event: Hit) -> HitNote:
    """A hit, with the duty officer whom the court may ring."""
    expect(event.kind != "info")
    return HitNote(event.event_id, event.at.astimezone(CHINA), event.place, _contact(event.duty_officer))


def _whereabouts(event: InfoAnswer) -> Iterator[WhereaboutsFinding]:
    if event.residence:
        yield _fact("residence", f"{event.residence.address}（{event.residence.status}）")
    for name in event.former_names or ():
        yield _fact("former-name", name)
    for stay in event.hotel_stays or ():
        yield _fact("hotel-stay", f"{stay.place} {stay.hotel}", stay.arrived_at)
    for crossing in event.entry_exit or ():
        yield _fact("entry-exit", _crossed(crossing), crossing.at)


def _fact(fact: Literal["residence", "former-name", "hotel-stay", "entry-exit"], place: str,
          at: datetime | None = None) -> WhereaboutsFinding:  # fmt: skip
    return WhereaboutsFinding(kind="whereabouts", fact=fact, place=place, at=at and at.astimezone(CHINA))


def _crossed(crossing: Crossing) -> str:
    return f"{crossing.port}（{_DIRECTIONS[crossing.direction]}）"


def _contact(officer: Officer) -> Contact:
    return Contact(name=officer.name, phone=officer.phone)


def _searched(number: str) -> tuple[str, ...]:
    """The gateway takes one number, and searches by that one only."""
    try:
        resident_id(number)
    except IdentifierError:
        return ("uscc",)
    return ("resident-id-18",)
