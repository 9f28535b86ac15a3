"""Resident identity numbers (公民身份号码), GB 11643-1999; check character by ISO 7064 MOD 11-2."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator

from schemas.identifiers.common import IdentifierError, published, shaped, upper

_PATTERN = r"[0-9]{17}[0-9X]"
_SHAPE = re.compile(_PATTERN, re.ASCII)
_LEGACY_SHAPE = re.compile(r"[0-9]{15}", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_EARLIEST = date(1880, 1, 1)


def resident_id(value: str, today: date | None = None) -> str:
    """The 18-character form (V1; GB 11643-1999), its `x` in upper case.

    The division is not checked: residence permits (81, 82, 83) and permanent residents' cards (9) share the format.
    The birth date must be real and not before 1880 and, when `today` is given, not after it.

    Raises:
        IdentifierError: `resident-id-shape`, `resident-id-date` or `resident-id-check`.
    """
    number = upper(value)
    shaped(_SHAPE, number, "resident-id-shape", "a resident identity number has 17 digits and a check character")
    born = _birth_date(number[6:14])
    if born < _EARLIEST or (today is not None and born > today):
        raise IdentifierError("resident-id-date", "the birth date in the identity number is out of range")
    if number[17] != _check(number[:17]):
        raise IdentifierError("resident-id-check", "the identity number's check character is wrong: check it for typos")
    return number


def resident_id_from_legacy(value: str) -> str:
    """The 18-character form of a 15-digit number (V2; GB 11643-1989): the year is 19yy, the check is appended.

    Raises:
        IdentifierError: `resident-id-shape` or `resident-id-date`.
    """
    number = value.strip()
    shaped(_LEGACY_SHAPE, number, "resident-id-shape", "a first-generation identity number has 15 digits")
    body = f"{number[:6]}19{number[6:]}"
    return resident_id(body + _check(body))


def resident_id_forms(value: str) -> tuple[str, ...]:
    """All forms under which old files may hold the person: 18 characters and, if born in 19yy, 15 digits (V2).

    For search only, never for display.
    """
    number = resident_id(value)
    return (number, number[:6] + number[8:17]) if number[6:8] == "19" else (number,)


def resident_id_warnings(value: str, sex: Literal["male", "female"] | None = None) -> list[str]:
    """`resident-id-legacy` for 15 digits (V2); `resident-id-sex` where the 17th digit (odd: male) says other (V3)."""
    number, warnings = upper(value), []
    if _LEGACY_SHAPE.fullmatch(number):
        warnings.append("resident-id-legacy")
        number = resident_id_from_legacy(number)
    if sex is not None and (int(resident_id(number)[16]) % 2 == 1) != (sex == "male"):
        warnings.append("resident-id-sex")
    return warnings


def _birth_date(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise IdentifierError("resident-id-date", "the birth date in the identity number is no real date") from None


def _check(body: str) -> str:
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


ResidentId = Annotated[
    str, AfterValidator(resident_id), published(_PATTERN, "公民身份号码 resident identity number, GB 11643-1999")
]
