"""One asset, as a control names it: always by the register's own number; `name` is `kind:number`, unique over all kinds."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Model
from schemas.identifiers import PlateNumber, RealEstateUnitCode, UnifiedSocialCreditCode, Vin

AccountNumber = Annotated[str, Field(pattern=r"\A[0-9A-Z-]{6,40}\z")]


class RealEstateUnit(Model):
    """A registered unit (不动产单元), GB/T 37346-2019."""

    kind: Literal["real-estate"]
    unit_code: RealEstateUnitCode

    @property
    def name(self) -> str:
        return f"real-estate:{self.unit_code}"


class Vehicle(Model):
    """A motor vehicle by plate (GA 36) and, where known, VIN (GB 16735)."""

    kind: Literal["vehicle"]
    plate: PlateNumber
    vin: Vin | None = None

    @property
    def name(self) -> str:
        return f"vehicle:{self.plate}"


class Equity(Model):
    """The debtor's share in the company with this unified social credit code."""

    kind: Literal["equity"]
    company: UnifiedSocialCreditCode

    @property
    def name(self) -> str:
        return f"equity:{self.company}"


class Account(Model):
    """A bank account. Passbook and company accounts are not card numbers, so no Luhn check rejects (V13)."""

    kind: Literal["account"]
    number: AccountNumber

    @property
    def name(self) -> str:
        return f"account:{self.number}"


Asset = Annotated[RealEstateUnit | Vehicle | Equity | Account, Field(discriminator="kind")]
