"""What the business registry has on file, and the calls that change it: its forms, and a freeze as it was filed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from connectors.simulators.faults import Later
from connectors.simulators.forms import Form
from connectors.simulators.measures import Measure, Standing


class Company(Form):
    """A company's registration facts (登记信息); `capital` in CNY."""

    company_code: str
    company_name: str
    capital: Decimal
    legal_representative: str
    status: str
    established: date


class Equity(Form):
    """One holder's share in a company; `subscribed` in CNY, `ratio` in per cent."""

    company_code: str
    holder_name: str
    holder_id: str
    subscribed: Decimal
    ratio: str
    freezes: tuple[Standing, ...] = ()


class Register(Form):
    """The data file."""

    companies: tuple[Company, ...]
    equities: tuple[Equity, ...]


class Freeze(Form):
    """Freeze a holder's share in a company up to `amount` CNY."""

    request_no: str = Field(min_length=1)
    holder_name: str = Field(min_length=1)
    holder_id: str = Field(min_length=1)
    company_code: str = Field(min_length=1)
    amount: Decimal = Field(gt=0, decimal_places=2)
    case_number: str = Field(min_length=1)
    ruling_no: str = Field(min_length=1)
    notice_no: str = Field(min_length=1)
    months: int = Field(ge=1)


class Release(Form):
    """End a freeze; only for the same case."""

    request_no: str = Field(min_length=1)
    case_number: str = Field(min_length=1)
    ruling_no: str = Field(min_length=1)
    notice_no: str = Field(min_length=1)


class Renewal(Release):
    """Give a freeze `months` more (续行冻结)."""

    months: int = Field(ge=1)


class State(StrEnum):
    """Where a freeze stands. EFFECTIVE becomes QUEUED in answers while another was published first."""

    PENDING_PUBLICITY = "PENDING_PUBLICITY"
    EFFECTIVE = "EFFECTIVE"
    PENDING_RENEWAL = "PENDING_RENEWAL"
    PENDING_RELEASE = "PENDING_RELEASE"
    RELEASED = "RELEASED"


@dataclass
class Filing:
    """A freeze as filed: its measure joins the queue when its notice is published."""

    freeze_no: str
    asked: Freeze
    equity: Equity
    measure: Measure
    later: Later
    state: State = State.PENDING_PUBLICITY
    notice: dict[str, str] | None = None
    renewal: Renewal | None = None
    renewal_notice: dict[str, str] | None = None
    release_notice: dict[str, str] | None = None
