"""What a partner found. Only fields that an agreement grants travel; a connector drops the rest before it signs (V30):
what may be dropped is optional here, and absent is "not asked", never "none"."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.asset import AccountNumber
from schemas.base import Day, Model, Text, Timestamp
from schemas.identifiers import Balance, PlateNumber, RealEstateUnitCode, UnifiedSocialCreditCode, Vin


class ExistingMeasure(Model):
    """A measure that stands already: who, by which document, until when, and for how much."""

    authority: Text
    document: Text
    until: Day | None = None
    amount: Balance | None = None


Measures = Annotated[tuple[ExistingMeasure, ...], Field(max_length=50)]


class RealEstateFinding(Model):
    """One right in one unit."""

    kind: Literal["real-estate"]
    unit_code: RealEstateUnitCode
    location: Text
    certificate: Text
    holder: Text
    mortgaged: bool | None = None
    measures: Measures = ()


class VehicleFinding(Model):
    """One vehicle file."""

    kind: Literal["vehicle"]
    plate: PlateNumber
    vin: Vin
    plate_class: Text
    brand: Text
    registrar: Text
    registered_on: Day | None = None
    mortgaged: bool | None = None
    measures: Measures = ()


class EquityFinding(Model):
    """A share in a company."""

    kind: Literal["equity"]
    company: UnifiedSocialCreditCode
    company_name: Text
    subscribed: Balance
    ratio: Annotated[str, Field(pattern=r"\A[0-9]{1,3}(\.[0-9]{1,4})?\z")]
    measures: Measures = ()


class RegistrationFinding(Model):
    """A company's own registration facts."""

    kind: Literal["registration"]
    company: UnifiedSocialCreditCode
    company_name: Text
    capital: Balance
    legal_representative: Text
    status: Text


class AccountFinding(Model):
    """One account; `flags` name protection, e.g. WAGE_SPECIAL (农民工工资专用账户)."""

    kind: Literal["account"]
    number: AccountNumber
    branch: Text
    currency: Literal["CNY"]
    balance: Balance | None = None
    available: Balance | None = None
    status: Text
    flags: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    measures: Measures = ()


class WhereaboutsFinding(Model):
    """What the police know of a person's whereabouts: residence, hotel stay (旅店住宿), entry or exit (出入境)."""

    kind: Literal["whereabouts"]
    fact: Literal["residence", "former-name", "hotel-stay", "entry-exit"]
    place: Text
    at: Timestamp | None = None


Finding = Annotated[
    RealEstateFinding | VehicleFinding | EquityFinding | RegistrationFinding | AccountFinding | WhereaboutsFinding,
    Field(discriminator="kind"),
]
