"""From a request to the vehicle registry's terms, and from its answers to the contract's. Pure."""

from collections.abc import Sequence
from typing import Any

from connectors import terms
from connectors.base import Answer, Job, ProtocolFault
from connectors.json_line import Said, expect
from connectors.vehicle.protocol import PAGE_SIZE, NotControlled, Page, Released, Renewed, Sealed, VehicleFile
from schemas.asset import Vehicle
from schemas.findings import ExistingMeasure, VehicleFinding
from schemas.replies import MeasureOutcome, ReplyKind
from schemas.requests import ControlRequest
from schemas.subject import Person, Subject, number_of


def search(job: Job, subject: Subject, page: int) -> dict[str, Any]:
    """One page of the vehicles under every form of the subject's number."""
    return {
        "requestNo": job.key,
        "ownerName": subject.name,
        "idType": "RESIDENT_ID" if isinstance(subject, Person) else "USCC",
        "idNumbers": list(terms.number_forms(subject).values()),
        "page": page,
        "pageSize": PAGE_SIZE,
    }


def found(job: Job, subject: Subject, pages: Sequence[Page], raw: bytes) -> Answer:
    """All pages as one answer."""
    searched = terms.number_forms(subject)
    expect(all(page.request_no == job.key and (page.code == "OK") == bool(page.total) for page in pages))
    files = [file for page in pages for file in page.vehicles]
    expect(all(file.registered_id_number in searched.values() for file in files))
    if not files:
        return Answer(ReplyKind.NO_RECORD, raw, searched=tuple(searched))
    if not all(terms.is_named(subject.name, file.registered_owner) for file in files):
        return terms.identity_mismatch(raw, tuple(searched))
    return Answer(ReplyKind.RESULT, raw, tuple(_finding(job, file) for file in files), searched=tuple(searched))


def _finding(job: Job, file: VehicleFile) -> VehicleFinding:
    measures = tuple(
        ExistingMeasure(authority=seal.case_number, document=seal.ruling_no, until=seal.to) for seal in file.seals
    )
    return VehicleFinding(
        kind="vehicle",
        plate=file.plate,
        vin=file.vin,
        plate_class=file.plate_class,
        brand=file.brand,
        registrar=file.registrar,
        registered_on=file.registered_on,
        mortgaged=file.mortgaged if terms.asked_for(job, "vehicle.mortgage") else None,
        measures=measures if terms.asked_for(job, "vehicle.measures") else (),
    )


def seal(job: Job, data: ControlRequest, vehicle: Vehicle) -> dict[str, Any]:
    """Seal the vehicle file (查封车籍). Raises `ProtocolFault` for a seal without a term."""
    if data.term_months is None:
        raise ProtocolFault("term-missing")
    more = {"vin": vehicle.vin} if vehicle.vin else {}
    if data.use_permitted:
        more["note"] = terms.USE_PERMITTED
    return {
        "requestNo": job.key, "ownerName": data.subject.name, "idNumber": number_of(data.subject),
        "plate": vehicle.plate, "caseNumber": data.legal.case_number,
        "rulingNo": terms.ruling_number(data.legal, data.action), "months": data.term_months,
    } | more  # fmt: skip


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


def release(job: Job, data: ControlRequest) -> dict[str, Any]:
    """End the seal that the original asked for. Raises `ProtocolFault` when this connector never had it."""
    return _cited(job, data)


def renewal(job: Job, data: ControlRequest) -> dict[str, Any]:
    """Give the seal that the original asked for a new term. Raises `ProtocolFault` as a release, and without a term."""
    if data.term_months is None:
        raise ProtocolFault("term-missing")
    return _cited(job, data) | {"months": data.term_months}


def renewed(job: Job, vehicle: Vehicle, said: Said[Renewed | NotControlled]) -> Answer:
    """What became of a renewal."""
    form = said.form
    expect(form.request_no == job.key)
    if isinstance(form, NotControlled):
        return _not_controlled(form, said.raw)
    expect(vehicle.vin in (None, form.vin))
    measure = MeasureOutcome(state="renewed", reference=form.seal_no, starts=form.starts, ends=form.ends)
    return Answer(ReplyKind.RESULT, said.raw, measure=measure)


def _cited(job: Job, data: ControlRequest) -> dict[str, Any]:
    if job.original is None:
        raise ProtocolFault("original-unknown")
    return {
        "requestNo": job.key, "originalRequestNo": job.original, "caseNumber": data.legal.case_number,
        "rulingNo": terms.ruling_number(data.legal, data.action),
    }  # fmt: skip


def released(job: Job, vehicle: Vehicle, said: Said[Released | NotControlled]) -> Answer:
    """What became of a release; the registry gives it no number, so its reference is our own."""
    form = said.form
    expect(form.request_no == job.key)
    if isinstance(form, NotControlled):
        return _not_controlled(form, said.raw)
    expect(vehicle.vin in (None, form.vin))
    return Answer(ReplyKind.RESULT, said.raw, measure=MeasureOutcome(state="released", reference=job.key))


def _not_controlled(form: NotControlled, raw: bytes) -> Answer:
    if form.reason.code == "OWNER_MISMATCH":
        return terms.identity_mismatch(raw, ())
    return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=form.reason.as_reason())
