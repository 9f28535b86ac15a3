"""What a court asks: inquiry, control, locate. One request is one subject or asset and one action.

It may ask several partners, so it holds nothing that one of them may not see.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.asset import Asset, Vehicle
from schemas.base import MessageId, Model, PartyId, Text, Timestamp
from schemas.identifiers import Money
from schemas.legal import LegalBasis
from schemas.subject import Subject

RequestNumber = Annotated[str, Field(pattern=r"\A[A-Z0-9][A-Z0-9-]{3,39}\z")]
FieldName = Annotated[str, Field(pattern=r"\A[a-z-]{2,30}\.[a-z-]{2,40}\z")]


class Kind(StrEnum):
    """The kinds of request."""

    INQUIRY = "inquiry"  # 查询
    CONTROL = "control"  # 控制
    LOCATE = "locate"  # 查人找物


class Request(Model):
    """Common to all requests. `number` and `version` are the court's own; a corrected request is a new version.

    `partners` names partners to ask; empty leaves the choice to the linkage plan. `fields` names what is asked for
    (`partner-kind.field`); empty asks for all that each partner's agreement grants.
    """

    number: RequestNumber
    version: Annotated[int, Field(ge=1, le=999)]
    legal: LegalBasis
    partners: Annotated[tuple[PartyId, ...], Field(max_length=20)] = ()
    fields: Annotated[tuple[FieldName, ...], Field(max_length=100)] = ()


class InquiryRequest(Request):
    """Which assets has this subject? (协助查询)"""

    action: Literal["inquire"]
    subject: Subject


class ControlRequest(Request):
    """Freeze, seal or release one asset (冻结、查封、解除). Terms are in months, from effect (V15).

    A release cites the `original` request; it waits until that one has settled and so never overtakes it.
    """

    action: Literal["freeze", "seal", "release"]
    subject: Subject
    asset: Asset
    amount: Money | None = None
    term_months: Annotated[int, Field(ge=1, le=36)] | None = None
    original: MessageId | None = None


class LocateRequest(Request):
    """Find a person or a vehicle: information (协查), watch (临控), road control of a vehicle (路面控车)."""

    action: Literal["info", "watch", "road-control"]
    subject: Subject
    vehicle: Vehicle | None = None
    until: Timestamp | None = None
    note: Text | None = None


AnyRequest = InquiryRequest | ControlRequest | LocateRequest
