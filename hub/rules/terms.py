"""The figures of law and practice as data (`config/terms.toml` gives each with its source)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from schemas.legal import Rank

DAY = 24 * 3600 * 1_000_000
"""A day in µs."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Closed rounds: what must precede the closing, in months; before which day one must have been closed to be taken over; the step of the re-inquiries, how often, and the night window in hours
    of the day in China."""

    every_months: int
    times: int
    min_months_since_filing: int
    certificate_months: int
    imported_before: date
    window_from: int
    window_until: int


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms in months by kind of asset; ranks by action; `clocks` in µs by name; the rest in days."""

    max_term_months: Mapping[str, int]
    remind_days: tuple[int, ...]
    escalate_days: tuple[int, ...]
    ranks: Mapping[str, Rank]
    exempt_flags: frozenset[str]
    wage_flags: frozenset[str]
    clocks: Mapping[str, int]
    ledger: Ledger
    read_thresholds: tuple[int, ...]
