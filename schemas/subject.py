"""Whom a request is about: one person or one company, by number and name together (V23: a name alone never)."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Day, Model, Text
from schemas.identifiers import ResidentId, UnifiedSocialCreditCode


class Person(Model):
    """A natural person by resident identity number and name."""

    kind: Literal["person"]
    name: Text
    id_number: ResidentId
    birth_date: Day | None = None
    sex: Literal["male", "female"] | None = None
    former_names: Annotated[tuple[Text, ...], Field(max_length=8)] = ()


class Company(Model):
    """A market entity by unified social credit code and name."""

    kind: Literal["company"]
    name: Text
    uscc: UnifiedSocialCreditCode
    former_names: Annotated[tuple[Text, ...], Field(max_length=8)] = ()


Subject = Annotated[Person | Company, Field(discriminator="kind")]


def number_of(subject: Person | Company) -> str:
    """The number that identifies `subject` in every register."""
    return subject.id_number if isinstance(subject, Person) else subject.uscc
