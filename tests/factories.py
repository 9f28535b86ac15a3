"""Builders of parties, messages and records for tests: complete and valid, each changed only in what a test is about."""

import base64
import hashlib
import json
import tomllib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from hub.engine.records import Record
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.parties import Officer, Party, PartyKey, Role
from schemas import samples
from schemas.approvals import content_sha256, statement
from schemas.base import CHINA, format_time, micros, new_id
from schemas.requests import ControlRequest, InquiryRequest, Kind, LocateRequest, NoticeRequest
from schemas.samples import Data, legal_basis, subject

__all__ = ["Agency", "Data", "agency", "control", "inquiry", "legal_basis", "locate", "message", "record", "subject"]

REQUESTS, REPLIES = "hub.requests.v1", "hub.replies.v1"
PARTIES = Path(__file__).parents[1] / "config" / "parties"
REQUESTS_BY_KIND: dict[Kind, type[InquiryRequest | ControlRequest | LocateRequest | NoticeRequest]] = {Kind.INQUIRY: InquiryRequest, Kind.CONTROL: ControlRequest, Kind.LOCATE: LocateRequest, Kind.NOTICE: NoticeRequest}
YEAR = timedelta(days=365)


def inquiry(who: str = "P01", **changes: Any) -> Data:
    """Data of an inquiry (`schemas.samples.inquiry`) under a request number of its own."""
    return samples.inquiry(who, **{"number": request_number(), **changes})


def control(action: str = "freeze", asset: Data = samples.ACCOUNT, who: str = "P03", **changes: Any) -> Data:
    """Data of a control (`schemas.samples.control`) under a request number of its own."""
    return samples.control(action, asset, who, **{"number": request_number(), **changes})


def locate(action: str = "watch", who: str = "P07", **changes: Any) -> Data:
    """Data of a locate request (`schemas.samples.locate`) under a request number of its own."""
    return samples.locate(action, who, **{"number": request_number(), **changes})


def request_number() -> str:
    """A court's request number that no other request has."""
    return f"R-{uuid.uuid4().hex[:12].upper()}"


def message(type: str, source: str, recipient: str, data: Data, **attributes: Any) -> bytes:  # noqa: A002 - CloudEvents' own attribute name
    """The value of a message: by default of now, valid for 30 days, with an id and a nonce of its own.

    `attributes` replace envelope attributes, datetimes among them; None leaves one out. `subject` is by default the same
    for all requests of one case.
    """
    given = attributes.get("time")
    at = given if isinstance(given, datetime) else datetime.now(CHINA)
    message_id = new_id(micros(at))
    head = {
        "specversion": "1.0", "id": message_id, "source": source, "recipient": recipient, "type": type,
        "subject": _case_token(source, data), "time": at,
        "expires": at + timedelta(days=30),
        "correlationid": attributes.get("id", message_id), "nonce": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22],
        "datacontenttype": "application/json",
    } | attributes  # fmt: skip
    members = {
        name: format_time(value) if isinstance(value, datetime) else value
        for name, value in head.items()
        if value is not None
    }
    return json.dumps(members | {"data": data}, ensure_ascii=False).encode()


def _case_token(source: str, data: Data) -> str:
    number = data["legal"]["case_number"] if "legal" in data else ""
    return hashlib.sha256(f"{source}/{number}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Agency:
    """A party of the directory together with the key that it signs with."""

    party: Party
    signer: Signer

    @property
    def id(self) -> str:
        return self.party.id


def agency(
    id: str, role: Role, kind: str = "", *, designator: str = "", acts_for: str = "",  # noqa: A002 - the directory's own name
    valid_from: datetime | None = None, valid_until: datetime | None = None, compromised_at: datetime | None = None,
    pair: keys.KeyPair | None = None,
) -> Agency:  # fmt: skip
    """A party with a fresh key, or with this one, valid by default for a year before and after now."""
    pair = pair or keys.generate(f"{id}#1")
    now = datetime.now(CHINA)
    key = PartyKey(
        kid=pair.kid, x=pair.public_jwk()["x"], valid_from=micros(valid_from or now - YEAR),
        valid_until=micros(valid_until or now + YEAR),
        compromised_at=None if compromised_at is None else micros(compromised_at),
    )  # fmt: skip
    court = samples.DESIGNATORS.get(id, "") if role is Role.COURT else ""
    party = Party(
        id=id,
        role=role,
        name_zh=id,
        name_en=id,
        kind=kind,
        designator=designator or court,
        acts_for=acts_for,
        superior="court-99" if court else "",
        batch_signatures=role in (Role.COURT, Role.PARTNER) and id != "bank-two",
        keys=(key,),
        officers=sample_officers(id) if role is Role.COURT else (),
    )
    return Agency(party, Signer(pair))


def officer_key(permit: str) -> keys.KeyPair:
    """The key that a sample officer signs approvals with; the same in every test."""
    seed = hashlib.sha256(f"officer {permit}".encode()).digest()
    return keys.KeyPair(f"{permit}#1", Ed25519PrivateKey.from_private_bytes(seed))


def sample_officers(court: str) -> tuple[Officer, ...]:
    """The officers of `config/parties/<court>.toml`, with keys of the tests' own; none for a court without such a file."""
    profile = PARTIES / f"{court}.toml"
    found = tomllib.loads(profile.read_text(encoding="utf-8")).get("officers", []) if profile.exists() else []
    officers = []
    for each in found:
        jwk = officer_key(each["work_permit"]).public_jwk()
        times = {name: micros(each[name]) for name in ("valid_from", "valid_until")}
        officers.append(Officer(**{**each, **times, "kid": jwk["kid"], "x": jwk["x"]}))
    return tuple(officers)


def approved(data: Data, at: datetime | None = None) -> Data:
    """Data of a request whose approvals the sample officers have signed, as far as the data fit the contract. Approvals that
    have only the samples' own time are given `at` that time, by default now."""
    now = format_time(at or datetime.now(CHINA))
    try:
        given_at = [each | {"at": now} if each["at"] == samples.APPROVED_AT else each for each in data["legal"]["approvals"]]
        data = {**data, "legal": {**data["legal"], "approvals": given_at}}
        request = REQUESTS_BY_KIND[samples.kind_of_action(data["action"])].model_validate_json(json.dumps(data))
    except (ValidationError, KeyError):
        return data
    content = content_sha256(request)
    signed = [
        {**given, "jws": Signer(officer_key(approval.officer)).sign(statement(approval, content))} if "jws" not in given else given
        for given, approval in zip(data["legal"]["approvals"], request.legal.approvals, strict=True)
    ]  # fmt: skip
    return {**data, "legal": {**data["legal"], "approvals": signed}} if signed else data


def record(
    signer: Signer, value: bytes, topic: str = REQUESTS, *, partition: int = 0, offset: int = 0, at: datetime | None = None,
    key: bytes | None = None,
) -> Record:  # fmt: skip
    """`value`, signed, as it stands in a topic; `at` is the broker's time, by default now."""
    jws = signer.sign(value).encode()
    return Record(topic, partition, offset, micros(at or datetime.now(CHINA)), key, value, (("jws", jws),))
