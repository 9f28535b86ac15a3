"""Real-estate unit codes (不动产单元代码), GB/T 37346-2019."""

import re
from typing import Annotated

from pydantic import AfterValidator

from schemas.identifiers.common import IdentifierError, published, shaped, upper

_PATTERN = r"[0-9]{12}[GJZ][ABSXCDEFGHWY][0-9]{5}[FLQW][0-9]{8}"
_SHAPE = re.compile(_PATTERN, re.ASCII)


def real_estate_unit_code(value: str) -> str:
    """The 28 characters, in upper case and without spaces (V10; GB/T 37346-2019).

    County 6, cadastral zone 3, sub-zone 3, parcel feature 2, parcel number 5, fixture feature 1, unit number 8. Without
    fixture (`W`) the unit number is all zeros, and only then; parcel feature `A` stands only with collective land `J`.

    Raises:
        IdentifierError: `unit-code-shape`, `unit-code-fixture` or `unit-code-parcel`.
    """
    code = upper("".join(value.split()))
    shaped(_SHAPE, code, "unit-code-shape", "not a real-estate unit code of 28 characters (GB/T 37346-2019)")
    if (code[19] == "W") != (code[20:] == "00000000"):
        raise IdentifierError("unit-code-fixture", "fixture feature W and unit number 00000000 go together")
    if code[13] == "A" and code[12] != "J":
        raise IdentifierError("unit-code-parcel", "parcel feature A stands only with ownership J")
    return code


RealEstateUnitCode = Annotated[
    str,
    AfterValidator(real_estate_unit_code),
    published(_PATTERN, "不动产单元代码 real-estate unit code, GB/T 37346-2019"),
]
