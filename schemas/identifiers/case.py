"""Case numbers (案号): year, court designator, type, number; 法〔2015〕137号, for cases filed since 2016."""

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from schemas.identifiers.common import PROVINCES, IdentifierError, published, shaped

_PATTERN = (
    rf"（(20[0-9]{{2}})）(最高法|[{PROVINCES}兵军](?:[0-9]{{4}}|[0-9]{{2}})?)"
    r"([\u4e00-\u9fff]{1,3})([1-9][0-9]{0,7})号(之[一二三四五六七八九十百]+)?"
)
_SHAPE = re.compile(_PATTERN, re.ASCII)
_BRACKETS = str.maketrans("()〔〕[]", "（）（）（）")
ENFORCEMENT_TYPES = frozenset({"执", "执恢", "执保", "执异", "执复", "执监", "执他", "执协", "财保"})
"""Types of enforcement and preservation cases. The list may grow, so a type outside it only warns."""


class CaseParts(NamedTuple):
    """A case number taken apart: `court` is the designator (法院代字), `suffix` something like 之一, or empty."""

    year: int
    court: str
    case_type: str
    number: int
    suffix: str


def case_parts(value: str) -> CaseParts:
    """The parts of a case number in any bracket style (V11; 法〔2015〕137号).

    Raises:
        IdentifierError: `case-number-shape` or `case-number-year`.
    """
    text = "".join(value.split()).translate(_BRACKETS)
    message = "not a case number such as （2026）沪0115执123号: year, court, type of 1 to 3 characters, number"
    year, court, case_type, number, suffix = shaped(_SHAPE, text, "case-number-shape", message).groups(default="")
    if int(year) < 2016:
        raise IdentifierError("case-number-year", "this style of case number is used for cases filed since 2016")
    return CaseParts(int(year), court, case_type, int(number), suffix)


def case_number(value: str) -> str:
    """The canonical case number: full-width round brackets, no spaces (V11). Raises as `case_parts` does."""
    year, court, case_type, number, suffix = case_parts(value)
    return f"（{year}）{court}{case_type}{number}号{suffix}"


def case_number_warnings(value: str) -> list[str]:
    """`case-type` where the type is none of an enforcement or preservation case (V11)."""
    return [] if case_parts(value).case_type in ENFORCEMENT_TYPES else ["case-type"]


CaseNumber = Annotated[str, AfterValidator(case_number), published(_PATTERN, "案号 case number, 法〔2015〕137号")]
