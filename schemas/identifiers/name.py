"""Names: comparison, which decides whether a person is the one meant, and masking for display."""

import re
import unicodedata

_DOTS = re.compile("[·•‧・∙⋅]")
_DIGIT = re.compile("[0-9]")


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name (V23): NFKC, one kind of middle dot, no outer space.

    Never enough alone: a person is the one meant when name and number both agree. No name equals no name.
    """
    return (name := _comparable(one)) != "" and name == _comparable(other)


def mask(value: str) -> str:
    """For display (个人信息保护法 art. 6, minimum necessary): of a number its ends, of a name its first character.

    Long numbers keep 3 characters before and 2 behind, short ones (plates) 2 and 1. A name's length is hidden too.
    """
    text = value.strip()
    if not _DIGIT.search(text):
        return f"{text[:1]}**"
    head, tail = (3, 2) if len(text) >= 12 else (2, 1)
    return f"{text[:head]}{'*' * (len(text) - head - tail)}{text[-tail:]}" if len(text) > head + tail else "***"


def _comparable(name: str) -> str:
    return _DOTS.sub("·", unicodedata.normalize("NFKC", name)).strip()
