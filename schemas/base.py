"""Building blocks of every message: strict frozen models, times with their zone, digests, in-line bytes."""

import base64
import binascii
import calendar
import hashlib
import re
import secrets
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

CHINA = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).astimezone(CHINA)
MOST_VALUES, MOST_OBJECTS = 60_000, 20_000
"""Most values and objects in one piece of JSON. What a schema does not fit is told value by value, a kilobyte for each: a megabyte
of `{}` where documents should stand would cost minutes and gigabytes. A full message has about half as many."""
MOST_FAULTS = 100
"""Most errors that are told one by one."""
DOCUMENT_LIMIT = 200 * 1024
"""Greatest size of one in-line document in bytes, give or take what base64 pads."""


class Model(BaseModel):
    """A value of the contract. Unknown members are refused: version 1 only ever gains optional ones.

    Validation errors never print what they were given, because it may be an identity number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def is_crowded(value: bytes) -> bool:
    """Whether this JSON may hold more than `MOST_VALUES` or `MOST_OBJECTS`. A comma or brace in a string counts as well."""
    return value.count(b",") > MOST_VALUES or value.count(b"{") > MOST_OBJECTS


def fault(kind: str, words: str) -> ValidationError:
    """The one error of a whole message."""
    line: InitErrorDetails = {"type": PydanticCustomError(kind, words), "loc": (), "input": None}
    return ValidationError.from_exception_data("Message", [line], hide_input=True)


def without_input(error: ValidationError) -> ValidationError:
    """`error` again, with nothing of what was given: no value, no unknown tag, no name of an unknown member."""
    if error.error_count() > MOST_FAULTS:
        return fault("too_many_faults", "This does not fit in more than a hundred places")
    lines: list[InitErrorDetails] = []
    for line in error.errors(include_url=False, include_context=False, include_input=False):
        kind, where, words = line["type"], line["loc"], line["msg"]
        if kind == "union_tag_invalid":
            words = "Input tag is none of the expected ones"
        elif kind == "extra_forbidden":
            where = (*where[:-1], "(unknown member)")
        lines.append({"type": PydanticCustomError(kind, words), "loc": where, "input": None})
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)


def format_time(at: datetime) -> str:
    """ISO 8601 with microseconds and the zone +08:00, the only form on the wire (V25)."""
    return at.astimezone(CHINA).isoformat(timespec="microseconds")


def micros(at: datetime) -> int:
    """UTC integer microseconds since 1970, the only form in a store."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds  # four times as fast as a division


def from_micros(value: int) -> datetime:
    """The time `value` microseconds after 1970, in the zone +08:00."""
    return _EPOCH + timedelta(microseconds=value)


def new_id(at: int) -> str:
    """A new UUID of version 7 (RFC 9562) for what is made at `at` (µs): milliseconds, then 74 random bits.

    What is made about the same time lies together in an index of ids.
    """
    digits = secrets.token_hex(10)
    milliseconds = f"{at // 1000:012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7{digits[:3]}-{_variant(digits[3])}{digits[4:7]}-{digits[7:19]}"


def derive_id(*parts: str) -> str:
    """A UUID of version 8 (RFC 9562) from the SHA-256 of `parts`."""
    digits = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{_variant(digits[16])}{digits[17:20]}-{digits[20:32]}"


def derive_near(neighbour: str, *parts: str) -> str:
    """`derive_id` of `parts` and of the id `neighbour`, but with the first 48 bits of `neighbour` itself.

    So all that is said of one request lies together in an index of ids, however many there are.
    """
    return neighbour[:14] + derive_id(*parts, neighbour)[14:]


def _variant(digit: str) -> str:
    return "89ab"[int(digit, 16) & 3]


def day_of(at: int) -> date:
    """The day in China on which `at` (µs) falls."""
    return from_micros(at).date()


def end_of_day(day: date) -> int:
    """The moment (µs) after the last of this day in China: until then, what ends on that day is in force."""
    return micros(datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1))


def add_months(start: date, months: int) -> date:
    """V15: the day `months` later, clamped to the end of its month (29 February and 12 months give 28 February)."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def _in_china(at: datetime) -> datetime:
    if at.utcoffset() != timedelta(hours=8):
        raise ValueError("a time must carry the zone +08:00")
    return at


def _written_out(day: object) -> object:
    """Only a date itself, or its ten characters: a number, even in a string, would be read as seconds since 1970."""
    if isinstance(day, date) or (isinstance(day, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day, re.ASCII)):
        return day
    raise ValueError("a date is written YYYY-MM-DD")


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not standard base64") from error
    return text


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(_in_china),
    PlainSerializer(format_time, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+08:00$",
        }
    ),
]
Day = Annotated[date, Strict(False), BeforeValidator(_written_out)]
MessageId = Annotated[
    str,
    Field(pattern=r"\A[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z"),
]
"""A UUID (RFC 9562) in lower case: an id has no room for a person's data."""
PartyId = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9-]{1,39}\z")]
Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
Base64 = Annotated[str, AfterValidator(_base64), Field(json_schema_extra={"contentEncoding": "base64"})]
Text = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        pattern=r"\A[^\x00-\x1F\x7F-\x9F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]+\z",
    ),
]
"""One line of words. Control characters, which XML cannot carry, and those that turn the direction of writing, which show
a reader another order than was signed, are refused."""
Permit = Annotated[str, Field(pattern=r"\A[A-Z0-9-]{4,32}\z")]
"""The number of a work permit (工作证) or an enforcement permit (执行公务证)."""
