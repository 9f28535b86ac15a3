"""What the hub keeps of a thing that lives longer than one request: a case, a measure, an objection, a lead, a ledger entry.

Each is a frozen dataclass of its own in the rule that decides on it; the store keeps them all alike (`hub/store/aggregates.py`),
so a new one needs no table. They hold tokens, ids, codes, dates and amounts, never a name or a number of a person.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Common to all. `key` is unique within KIND; `ref` is the token of the asset or subject that it is about."""

    KIND: ClassVar[str]

    key: str
    court: str
    case_token: str
    ref: str | None = None
    status: str
