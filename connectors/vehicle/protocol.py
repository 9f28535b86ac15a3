"""The vehicle registry's messages: JSON in camelCase, answered at once, searches by page."""

from collections.abc import Sized
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from connectors.json_line import Form, PartnerReason, Words
from connectors.paging import PageForm
from schemas.identifiers import PlateNumber, Vin

PAGE_SIZE = 10
"""Most files that the registry puts on one page."""


class StandingSeal(Form):
    """A seal on file. While it waits (轮候) it has no end."""

    case_number: Words
    ruling_no: Words
    to: date | None


class VehicleFile(Form):
    """One vehicle file (机动车档案); `plate_class` by GA/T 16.7."""

    plate: PlateNumber
    plate_class: Words
    brand: Words
    vin: Vin
    registered_owner: str
    registered_id_number: str
    registrar: Words
    registered_on: date
    mortgaged: bool
    seals: tuple[StandingSeal, ...]


class Page(PageForm):
    """One page of a search; NO_RECORD is the registry's explicit "nothing found" (查无)."""

    request_no: str
    code: Literal["OK", "NO_RECORD"]
    vehicles: tuple[VehicleFile, ...]

    @property
    def rows(self) -> Sized:
        return self.vehicles


class Sealed(Form):
    """The seal stands, or waits behind earlier ones; then it has no dates."""

    request_no: str
    result: Literal["SEALED", "QUEUED"]
    position: int = Field(ge=1)
    seal_no: Words
    plate: PlateNumber
    vin: Vin
    starts: date | None = Field(alias="from")
    ends: date | None = Field(alias="to")


class Renewed(Form):
    """The seal stands for a new term."""

    request_no: str
    result: Literal["RENEWED"]
    seal_no: Words
    vin: Vin
    starts: date = Field(alias="from")
    ends: date = Field(alias="to")


class Released(Form):
    """The seal is gone."""

    request_no: str
    result: Literal["RELEASED"]
    vin: Vin


class NotControlled(Form):
    """Nothing was done (未能控制), and why."""

    request_no: str
    result: Literal["NOT_CONTROLLED"]
    reason: PartnerReason


PAGE = TypeAdapter(Page)
SEAL: TypeAdapter[Sealed | NotControlled] = TypeAdapter(
    Annotated[Sealed | NotControlled, Field(discriminator="result")]
)
RENEW: TypeAdapter[Renewed | NotControlled] = TypeAdapter(
    Annotated[Renewed | NotControlled, Field(discriminator="result")]
)
RELEASE: TypeAdapter[Released | NotControlled] = TypeAdapter(
    Annotated[Released | NotControlled, Field(discriminator="result")]
)
