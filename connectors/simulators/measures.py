"""Measures that stand in a register, in the order in which they came (轮候查封、轮候冻结)."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from connectors.simulators.faults import CHINA
from connectors.simulators.forms import Form


class Standing(Form):
    """A measure that the sample data says stood already, made by another court."""

    case_number: str
    ruling_no: str
    months: int
    since: date


@dataclass
class Measure:
    """One seal or freeze. While it waits it has a length and no dates."""

    request_no: str | None
    case_number: str
    ruling_no: str
    months: int
    since: date | None = None

    @property
    def until(self) -> date | None:
        """The last day, clamped to the end of its month (29 February and 12 months give 28 February)."""
        if self.since is None:
            return None
        years, month = divmod(self.since.month - 1 + self.months, 12)
        year, month = self.since.year + years, month + 1
        return date(year, month, min(self.since.day, calendar.monthrange(year, month)[1]))


class MeasureQueue:
    """All measures on one asset. The first is in force; when it goes, the next takes effect by itself, its term counted
    from that day (法发〔2004〕5号 art. 20)."""

    def __init__(self, standing: tuple[Standing, ...] = ()) -> None:
        self._measures = [Measure(None, old.case_number, old.ruling_no, old.months, old.since) for old in standing]

    def __iter__(self) -> Iterator[Measure]:
        return iter(self._measures)

    def rank(self, measure: Measure) -> int:
        """1 for the measure in force."""
        return self._measures.index(measure) + 1

    def join(self, measure: Measure) -> None:
        """Take the last place."""
        self._measures.append(measure)
        self._start_first()

    def renewable(self, measure: Measure) -> bool:
        """Whether the measure is in force: one that waits or has ended cannot be renewed (民诉法解释 art. 485)."""
        return self._measures[0] is measure and measure.until is not None and measure.until >= datetime.now(CHINA).date()

    def renew(self, measure: Measure, months: int) -> None:
        """Give the measure `months` more from today."""
        measure.since, measure.months = datetime.now(CHINA).date(), months

    def leave(self, measure: Measure) -> None:
        """Give up the place."""
        self._measures.remove(measure)
        self._start_first()

    def _start_first(self) -> None:
        if self._measures and self._measures[0].since is None:
            self._measures[0].since = datetime.now(CHINA).date()


def dates(measure: Measure) -> dict[str, str | int | None]:
    """A measure's term as it stands in answers: `from` and `to` are null while it waits."""
    since, until = measure.since, measure.until
    return {
        "months": measure.months,
        "from": since.isoformat() if since else None,
        "to": until.isoformat() if until else None,
    }
