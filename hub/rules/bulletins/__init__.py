"""Bulletins (日通报 · 周通报 · 月通报) from the audit log alone: every figure names the entries that it was counted from.

`compose` reads entries once, in the log's order, and gives the same bulletin for the same entries, period, time and bars.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.rules.bulletins import daily, monthly, weekly
from hub.rules.bulletins.account import Account
from hub.rules.bulletins.model import TOTAL, Bars, Bulletin, Column, Figure, Row, Section, Unit
from hub.rules.bulletins.period import Cadence, Period

__all__ = ["TOTAL", "Bars", "Bulletin", "Cadence", "Column", "Figure", "Period", "Row", "Section", "Unit", "compose"]


def compose(entries: Iterable[tuple[int, Mapping[str, Any]]], period: Period, as_of: int, bars: Bars) -> Bulletin:
    """The bulletin of `period` as of `as_of` (UTC µs; at most the period's end) from (log index, entry).

    Raises ValueError when `as_of` is before the period.
    """
    account = Account.read(entries, period, as_of)
    match period.cadence:
        case Cadence.DAILY:
            sections = daily.sections(account)
        case Cadence.WEEKLY:
            sections = weekly.sections(account)
        case Cadence.MONTHLY:
            sections = monthly.sections(account, bars)
    return Bulletin(period, account.as_of, bars, sections)
