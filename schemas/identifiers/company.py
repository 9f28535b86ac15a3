"""Unified social credit codes (统一社会信用代码), GB 32100-2015, and the organisation code (GB 11714) inside."""

import re
from typing import Annotated

from pydantic import AfterValidator

from schemas.identifiers.common import IdentifierError, published, shaped, upper

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PATTERN = rf"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{10}}"
_SHAPE = re.compile(_PATTERN, re.ASCII)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def unified_social_credit_code(value: str) -> str:
    """The 18-character code in upper case (V4; GB 32100-2015: weights 3^i modulo 31).

    Raises:
        IdentifierError: `uscc-shape` or `uscc-check`.
    """
    code = upper(value)
    shaped(_SHAPE, code, "uscc-shape", "a unified social credit code has 18 characters, none of I O S V Z")
    total = sum(_ALPHABET.index(character) * pow(3, i, 31) for i, character in enumerate(code[:17]))
    # The outer modulo matters: a sum divisible by 31 would otherwise point behind the alphabet.
    if code[17] != _ALPHABET[(31 - total % 31) % 31]:
        raise IdentifierError("uscc-check", "the credit code's check character is wrong: check it for typos")
    return code


def uscc_warnings(value: str) -> list[str]:
    """`uscc-organisation-code` where characters 9 to 17 are no valid organisation code (V5; GB 11714)."""
    organisation = unified_social_credit_code(value)[8:17]
    total = sum(int(c, 36) * weight for c, weight in zip(organisation[:8], _ORGANISATION_WEIGHTS, strict=True))
    return [] if organisation[8] == "0123456789X0"[11 - total % 11] else ["uscc-organisation-code"]


UnifiedSocialCreditCode = Annotated[
    str,
    AfterValidator(unified_social_credit_code),
    published(_PATTERN, "统一社会信用代码 unified social credit code, GB 32100-2015"),
]
