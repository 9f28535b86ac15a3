"""Plates (GA 36) and vehicle identification numbers (GB 16735)."""

import re
from typing import Annotated

from pydantic import AfterValidator

from schemas.identifiers.common import PROVINCES, published, shaped, upper

_LETTER = "A-HJ-NP-Z"  # never I or O
_ORDINARY = rf"[{PROVINCES}][{_LETTER}][{_LETTER}0-9]{{4}}[{_LETTER}0-9挂学警港澳]"
_NEW_ENERGY_SMALL = rf"[{PROVINCES}][{_LETTER}][A-HJK][{_LETTER}0-9][0-9]{{4}}"
_NEW_ENERGY_LARGE = rf"[{PROVINCES}][{_LETTER}][0-9]{{5}}[A-HJK]"
_PLATE = f"({_ORDINARY}|{_NEW_ENERGY_SMALL}|{_NEW_ENERGY_LARGE})"
_PLATE_SHAPE = re.compile(_PLATE, re.ASCII)
_SEPARATORS = re.compile(r"[\s·•‧・-]")  # printed between the office's letter and the number
_CLASS_SHAPES = {
    "01": re.compile(rf"{_ORDINARY}(?<![挂学警港澳])", re.ASCII),  # large
    "02": re.compile(rf"{_ORDINARY}(?<![挂学警港澳])", re.ASCII),  # small
    "15": re.compile(rf"{_ORDINARY}(?<=挂)", re.ASCII),  # trailer
    "16": re.compile(rf"{_ORDINARY}(?<=学)", re.ASCII),  # trainer
    "23": re.compile(rf"{_ORDINARY}(?<=警)", re.ASCII),  # police
    "51": re.compile(_NEW_ENERGY_LARGE, re.ASCII),
    "52": re.compile(_NEW_ENERGY_SMALL, re.ASCII),
}

_VIN = "[A-HJ-NPR-Z0-9]{17}"
_VIN_SHAPE = re.compile(_VIN, re.ASCII)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = {
    **{digit: int(digit) for digit in "0123456789"},
    **{letter: i % 9 + 1 for i, letter in enumerate("ABCDEFGHI") if letter != "I"},
    **{letter: i % 9 + 1 for i, letter in enumerate("JKLMNOPQR") if letter not in "OQ"},
    **{letter: i + 2 for i, letter in enumerate("STUVWXYZ")},
}


def plate_number(value: str) -> str:
    """An ordinary (V6; GA 36) or new-energy plate (V7), in upper case, without separators.

    Raises:
        IdentifierError: `plate-shape`.
    """
    plate = upper(_SEPARATORS.sub("", value))
    shaped(_PLATE_SHAPE, plate, "plate-shape", "not a plate of GA 36: province, letter, then 5 or 6 without I and O")
    return plate


def plate_warnings(value: str, plate_class: str) -> list[str]:
    """`plate-class` where the class (GA/T 16.7) is known and the plate's shape disagrees with it (V8)."""
    shape = _CLASS_SHAPES.get(plate_class)
    return ["plate-class"] if shape and not shape.fullmatch(plate_number(value)) else []


def vin(value: str) -> str:
    """The 17 characters in upper case (V9; GB 16735).

    Raises:
        IdentifierError: `vin-shape`.
    """
    number = upper(value)
    shaped(_VIN_SHAPE, number, "vin-shape", "a vehicle identification number has 17 characters, none of I O Q")
    return number


def vin_warnings(value: str) -> list[str]:
    """`vin-check` where the 9th character is not the check digit (V9): a warning only, old imports carry none."""
    number = vin(value)
    total = sum(_VIN_VALUES[character] * weight for character, weight in zip(number, _VIN_WEIGHTS, strict=True))
    return [] if number[8] == "0123456789X"[total % 11] else ["vin-check"]


PlateNumber = Annotated[str, AfterValidator(plate_number), published(_PLATE, "机动车号牌 plate number, GA 36")]
Vin = Annotated[str, AfterValidator(vin), published(_VIN, "车辆识别代号 vehicle identification number, GB 16735")]
