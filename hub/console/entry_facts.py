"""What a log entry says in plain words, beside its kind: codes, counts and dates. Entries hold no personal data."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from hub.console.views import Fact

_Form = Literal["text", "term", "party", "code"]
_MEMBERS: dict[str, tuple[str, _Form]] = {
    "partner": ("of", "party"), "to": ("to-court", "party"), "reply": ("answer", "term"), "outcome": ("conclusion", "term"),
    "awaited": ("awaited", "term"), "code": ("reasons", "code"), "codes": ("reasons", "code"), "count": ("count", "text"),
    "level": ("level", "text"), "round": ("round", "text"), "ends": ("ends", "text"), "span": ("span", "term"),
    "ground": ("ground", "term"), "flags": ("flags", "text"), "after": ("original", "text"), "letter": ("letter", "text"),
    "by": ("by", "party"), "operator": ("operator", "text"), "officer": ("officer", "text"),
}  # fmt: skip
"""Member of an entry → the label of what it says, and how that becomes words. An operator or officer stands there as a token."""
_NOTED = ("late", "alarm")
_LISTS = ("codes", "flags")


def entry_facts(entry: Mapping[str, Any], said: Collection[str]) -> tuple[Fact, ...]:
    """What `entry` tells beyond what its messages tell by these labels."""
    return tuple(fact for fact in _facts(entry) if fact.label not in said)


def _facts(entry: Mapping[str, Any]) -> Iterator[Fact]:
    for member, (label, form) in _MEMBERS.items():
        if member in entry:
            value = str(entry[member])
            yield Fact(label, tuple(filter(None, value.split(","))) if member in _LISTS else (value,), form)
    noted = tuple(name for name in _NOTED if entry.get(name))
    if noted:
        yield Fact("note", noted, "term")
