"""The business registry's messages: JSON in camelCase. A freeze and its release take effect with a publicity notice (公示),
so each is accepted first and looked up later (法释〔2021〕20号 art. 6)."""

from collections.abc import Sized
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from connectors.json_line import Form, PartnerReason, Reference, Words
from connectors.paging import PageForm
from schemas.identifiers import Balance, UnifiedSocialCreditCode


class StandingFreeze(Form):
    """A freeze on file. While it waits it has no end."""

    case_number: Words
    ruling_no: Words
    to: date | None


class Equity(Form):
    """One holder's share in a company; `subscribed` in CNY, `ratio` in per cent."""

    company_code: UnifiedSocialCreditCode
    company_name: Words
    holder_name: str
    holder_id: str
    subscribed: Balance
    ratio: str = Field(pattern=r"\A[0-9]{1,3}(\.[0-9]{1,4})?\z")
    freezes: tuple[StandingFreeze, ...]


class Registration(Form):
    """A company's own facts (登记信息); `capital` in CNY."""

    company_code: UnifiedSocialCreditCode
    company_name: Words
    capital: Balance
    legal_representative: Words
    status: Words


class Page(PageForm):
    """One page of what a holder has; NO_RECORD is the registry's explicit "nothing found" (查无)."""

    code: Literal["OK", "NO_RECORD"]
    holder_name: str
    holder_id: str
    equities: tuple[Equity, ...]
    registration: Registration | None

    @property
    def rows(self) -> Sized:
        return self.equities


class Accepted(Form):
    """The freeze, renewal or release is filed; its notice comes later."""

    request_no: str
    freeze_no: Reference
    state: Literal["PENDING_PUBLICITY", "PENDING_RENEWAL", "PENDING_RELEASE"]


class NotControlled(Form):
    """Nothing was done (未能控制), and why."""

    request_no: str
    state: Literal["NOT_CONTROLLED"]
    reason: PartnerReason


class _Standing(Form):
    request_no: str
    freeze_no: Reference
    company_code: str
    holder_name: str
    holder_id: str


class Unpublished(_Standing):
    """The notice of the freeze, of its renewal or of its release, has not been published yet."""

    state: Literal["PENDING_PUBLICITY", "PENDING_RENEWAL", "PENDING_RELEASE"]


class Published(_Standing):
    """In force; or published after another freeze, so that it waits and has no dates. Once renewed, it names the request
    and the notice (续行冻结公示) of the last renewal."""

    state: Literal["EFFECTIVE", "QUEUED"]
    renewal_request_no: str | None = None
    renewal_publicity_no: Words | None = None
    publicity_no: Words
    rank: int = Field(ge=1)
    frozen_amount: Balance
    starts: date | None = Field(alias="from")
    ends: date | None = Field(alias="to")


class Released(_Standing):
    """No longer in force."""

    state: Literal["RELEASED"]
    release_publicity_no: Words


Standing = Unpublished | Published | Released
_OneStanding = Annotated[Standing, Field(discriminator="state")]


class Found(Form):
    """What a request number asked for."""

    request_no: str
    code: Literal["OK", "NO_RECORD"]
    freezes: tuple[_OneStanding, ...]


class Restricted(Form):
    """A restriction on the subject is on file, or lifted."""

    request_no: str
    state: Literal["RESTRICTED", "LIFTED"]
    restriction_no: Reference
    subject_id: str


Ordered = Accepted | NotControlled
Noticed = Restricted | NotControlled
PAGE = TypeAdapter(Page)
ORDERED: TypeAdapter[Ordered] = TypeAdapter(Annotated[Ordered, Field(discriminator="state")])
STANDING: TypeAdapter[Standing] = TypeAdapter(_OneStanding)
FOUND = TypeAdapter(Found)
NOTICED: TypeAdapter[Noticed] = TypeAdapter(Annotated[Noticed, Field(discriminator="state")])
