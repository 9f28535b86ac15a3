"""What the police hold on persons and vehicles: the data file of the police gateway."""

from typing import Any, Literal

from pydantic import AwareDatetime

from connectors.simulators.forms import Form


class Officer(Form):
    """Whom a court may ring."""

    name: str
    phone: str


class Residence(Form):
    """Where a person lives, and what a visit found."""

    address: str
    status: str


class HotelStay(Form):
    """旅店住宿."""

    hotel: str
    place: str
    arrived_at: AwareDatetime


class Crossing(Form):
    """出入境."""

    port: str
    direction: Literal["ENTRY", "EXIT"]
    at: AwareDatetime


class Person(Form):
    """What the police know; `seen_at` is where a watch will find the person before long."""

    name: str
    id_number: str
    residence: Residence | None = None
    former_names: tuple[str, ...] = ()
    hotel_stays: tuple[HotelStay, ...] = ()
    entry_exit: tuple[Crossing, ...] = ()
    seen_at: str | None = None


class Vehicle(Form):
    """A plate and the owner's name."""

    plate: str
    owner: str


class Register(Form):
    """The data file; `patrol` is where a hit on demand happens."""

    persons: tuple[Person, ...]
    vehicles: tuple[Vehicle, ...]
    patrol: str
    duty_officer: Officer


def known(person: Person | None) -> dict[str, Any]:
    """What may be told of a person, with code OK, or an explicit NO_RECORD."""
    facts = person.fields() if person else {}
    facts = {name: facts.get(name) for name in ("residence", "formerNames", "hotelStays", "entryExit")}
    return {"code": "OK" if any(facts.values()) else "NO_RECORD"} | facts
