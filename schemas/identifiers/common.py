"""What all identifiers share: the coded error, upper case, the shape check, how a model publishes a pattern."""

import re
import string

from pydantic import WithJsonSchema

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""The provinces' one-character names, as plates (GA 36) and court designators (法〔2015〕137号) use them."""

_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


class IdentifierError(ValueError):
    """An identifier that cannot be right. `code` is stable; neither code nor message holds the value itself."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def upper(value: str) -> str:
    """Without outer space, and ASCII letters in upper case: `str.upper` would also turn look-alikes into letters."""
    return value.strip().translate(_UPPER)


def shaped(pattern: re.Pattern[str], value: str, code: str, message: str) -> re.Match[str]:
    """The match of all of `value`, or an error. Patterns are ASCII ones, so that no full-width digit slips through."""
    match = pattern.fullmatch(value)
    if match is None:
        raise IdentifierError(code, message)
    return match


def published(pattern: str, description: str) -> WithJsonSchema:
    """The canonical form as a JSON Schema, for those who validate without this code."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "description": description})
