"""The end of a measure's term, and findings as a reply. Pure."""

import calendar
from collections.abc import Sequence
from datetime import date

from connectors.base import Answer
from schemas.findings import Finding
from schemas.replies import Reason, ReplyKind

MOST_FINDINGS = 500
"""As many as one reply may hold."""


def found(raw: bytes, findings: Sequence[Finding], searched: Sequence[str]) -> Answer:
    """What was found; more than a reply may hold makes it a partial one that says so."""
    if len(findings) <= MOST_FINDINGS:
        return Answer(ReplyKind.RESULT, raw, tuple(findings), searched=tuple(searched))
    reason = Reason(
        code="too-many-findings",
        text=f"共 {len(findings)} 条,仅载前 {MOST_FINDINGS} 条;请缩小范围"
        f" / {len(findings)} found, the first {MOST_FINDINGS} are given; ask for less",
    )
    return Answer(ReplyKind.PARTIAL, raw, tuple(findings[:MOST_FINDINGS]), reason=reason, searched=tuple(searched))


def end_of_term(start: date, months: int) -> date:
    """V15: the day `months` later, clamped to the end of its month (29 February and 12 months give 28 February)."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
