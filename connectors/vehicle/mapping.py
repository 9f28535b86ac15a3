"""From a request to the vehicle registry's terms, and from its answers to the contract's. Pure."""

from collections.abc import Sequence
from typing import Any

from connectors.asked import document_number, identity_mismatch, is_named, numbers, wants
from connectors.base import Answer, Job, ProtocolFault, TransientFault
from connectors.json_line import Said, expect
from connectors.vehicle.protocol import PAGE_SIZE, NotControlled, Page, Released, Sealed, VehicleFile
from schemas.asset import Vehicle
from schemas.findings import ExistingMeasure, VehicleFinding
from schemas.legal import DocumentKind
from schemas.messages import ControlRequested, InquiryRequested
from schemas.replies import MeasureOutcome, Reason, ReplyKind
from schemas.subject import Person, number_of

MOST_FINDINGS = 500
"""Most findings that one reply may hold; the search ends there."""


def search(key: str, request: InquiryRequested, page: int) -> dict[str, Any]:
    """One page of the vehicles under every form of the subject's number."""
    subject = request.data.subject
    return {
        "requestNo": key, "ownerName": subject.name,
        "idType": "RESIDENT_ID" if isinstance(subject, Person) else "USCC",
        "idNumbers": list(numbers(subject).values()), "page": page, "pageSize": PAGE_SIZE,
    }  # fmt: skip


def check(key: str, before: Sequence[Page], page: Page) -> None:
    """That `page` is the one asked for and goes on from those `before`. Raises `ProtocolFault`, or `TransientFault` when
    files came or went meanwhile: the search then begins anew."""
    expect(page.request_no == key and page.page == len(before) + 1)
    if (page.code == "OK") != bool(page.total) or len(page.vehicles) > page.total:
        raise ProtocolFault("answer-contradicts-itself")
    if (before and page.total != before[0].total) or (page.total and not page.vehicles):
        raise TransientFault("files-changed")


def found(request: InquiryRequested, pages: Sequence[Page], raw: bytes) -> Answer:
    """All pages as one answer."""
    subject = request.data.subject
    searched = numbers(subject)
    files = [file for page in pages for file in page.vehicles]
    expect(all(file.registered_id_number in searched.values() for file in files))
    if not files:
        return Answer(ReplyKind.NO_RECORD, raw, searched=tuple(searched))
    if not all(is_named(subject, file.registered_owner) for file in files):
        return identity_mismatch(raw, tuple(searched))
    findings = tuple(_finding(request, file) for file in files[:MOST_FINDINGS])
    if pages[0].total <= MOST_FINDINGS:
        return Answer(ReplyKind.RESULT, raw, findings, searched=tuple(searched))
    reason = Reason(
        code="too-many", text=f"共 {pages[0].total} 条,仅列前 {MOST_FINDINGS} 条 / only the first are listed"
    )
    return Answer(ReplyKind.PARTIAL, raw, findings, reason=reason, searched=tuple(searched))


def _finding(request: InquiryRequested, file: VehicleFile) -> VehicleFinding:
    measures = tuple(
        ExistingMeasure(authority=seal.case_number, document=seal.ruling_no, until=seal.to) for seal in file.seals
    )
    return VehicleFinding(
        kind="vehicle", plate=file.plate, vin=file.vin, plate_class=file.plate_class, brand=file.brand,
        registrar=file.registrar, registered_on=file.registered_on, mortgaged=file.mortgaged,
        measures=measures if wants(request, "vehicle.measures") else (),
    )  # fmt: skip


def seal(key: str, request: ControlRequested, vehicle: Vehicle, months: int) -> dict[str, Any]:
    """Seal the vehicle file (查封车籍)."""
    data = request.data
    vin = {"vin": vehicle.vin} if vehicle.vin else {}
    return {
        "requestNo": key, "ownerName": data.subject.name, "idNumber": number_of(data.subject),
        "plate": vehicle.plate, "caseNumber": data.legal.case_number,
        "rulingNo": document_number(request, DocumentKind.ENFORCEMENT_RULING), "months": months,
    } | vin  # fmt: skip


def sealed(job: Job, vehicle: Vehicle, said: Said[Sealed | NotControlled]) -> Answer:
    """What became of a seal."""
    form = said.form
    expect(form.request_no == job.key)
    if isinstance(form, NotControlled):
        return _not_controlled(form, said.raw)
    expect(form.plate == vehicle.plate and vehicle.vin in (None, form.vin))
    measure = MeasureOutcome(
        state="effective" if form.result == "SEALED" else "queued", reference=form.seal_no,
        starts=form.starts, ends=form.ends, rank=form.position,
    )  # fmt: skip
    return Answer(ReplyKind.RESULT, said.raw, measure=measure)


def release(job: Job, original: str) -> dict[str, Any]:
    """End the seal that `original` asked for."""
    return {
        "requestNo": job.key, "originalRequestNo": original, "caseNumber": job.request.data.legal.case_number,
        "rulingNo": document_number(job.request, DocumentKind.RELEASE_RULING),
    }  # fmt: skip


def released(job: Job, vehicle: Vehicle, original: str, said: Said[Released | NotControlled]) -> Answer:
    """What became of a release; its reference is the seal's own request number, the only one that the registry gives."""
    form = said.form
    expect(form.request_no == job.key)
    if isinstance(form, NotControlled):
        return _not_controlled(form, said.raw)
    expect(vehicle.vin in (None, form.vin))
    return Answer(ReplyKind.RESULT, said.raw, measure=MeasureOutcome(state="released", reference=original))


def _not_controlled(form: NotControlled, raw: bytes) -> Answer:
    if form.reason.code == "OWNER_MISMATCH":
        return identity_mismatch(raw)
    return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=form.reason.as_reason())
