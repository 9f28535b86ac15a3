"""The police gateway's messages: JSON in camelCase; a request is accepted at once, its events come by webhook."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from connectors.json_line import Form, PartnerReason, Reference, Words

Kind = Literal["info", "watch", "vehicle-control"]


class Accepted(Form):
    """The gateway has the request."""

    request_no: str
    accept_no: Reference


class Head(Form):
    """Which request, and about whom: `id_number` or, for the control of a vehicle, `plate`."""

    request_no: str
    accept_no: Reference
    kind: Kind
    name: str
    id_number: str | None = None
    plate: str | None = None

    @property
    def number(self) -> str:
        """The number that identifies what the request is about."""
        return (self.plate if self.kind == "vehicle-control" else self.id_number) or ""


class Event(Head):
    """Something that has happened. `event_id` is the same however often it is told."""

    event_id: Reference
    at: AwareDatetime


class Officer(Form):
    """Whom the court may ring."""

    name: Words
    phone: Words


class Residence(Form):
    """Where a person lives, and what a visit found."""

    address: Words
    status: Words


class HotelStay(Form):
    """旅店住宿."""

    hotel: Words
    place: Words
    arrived_at: AwareDatetime


class Crossing(Form):
    """出入境."""

    port: Words
    direction: Literal["ENTRY", "EXIT"]
    at: AwareDatetime


class InfoAnswer(Event):
    """What the police know of a person; NO_RECORD is their explicit "nothing" (查无)."""

    type: Literal["info-answer"]
    code: Literal["OK", "NO_RECORD"]
    residence: Residence | None
    former_names: tuple[Words, ...] | None
    hotel_stays: tuple[HotelStay, ...] | None
    entry_exit: tuple[Crossing, ...] | None


class Armed(Event):
    """A watch or the control of a vehicle is in force."""

    type: Literal["armed"]
    until: AwareDatetime


class Returned(Event):
    """Not taken up (退回), and why."""

    type: Literal["returned"]
    reason: PartnerReason
    contact: Officer


class Hit(Event):
    """Whom or what was watched for has been found (命中)."""

    type: Literal["hit"]
    place: Words
    duty_officer: Officer


Answered = InfoAnswer | Armed | Returned


class Withdrawn(Head):
    """A watch or the control of a vehicle is over, because the court withdrew it (撤控)."""

    state: Literal["WITHDRAWN"]


class Standing(Head):
    """Where a request stands; `answer` is the event that answered it, null until then."""

    state: Literal["ACCEPTED", "ANSWERED", "RETURNED", "ARMED", "HIT", "WITHDRAWN", "EXPIRED"]
    answer: Annotated[Answered, Field(discriminator="type")] | None


ACCEPTED = TypeAdapter(Accepted)
EVENT: TypeAdapter[Answered | Hit] = TypeAdapter(Annotated[Answered | Hit, Field(discriminator="type")])
STANDING = TypeAdapter(Standing)
WITHDRAWN = TypeAdapter(Withdrawn)
