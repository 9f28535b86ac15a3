"""One bulletin in one language, with words in the place of keys: what the HTML page and the Markdown text both show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hub.bulletins import words
from hub.bulletins.source import LogEntries
from hub.rules.bulletins import TOTAL, Bulletin, Figure, Row, Section, Unit
from schemas.base import from_micros

_SHOWN = 6
"""How many indices a cell names; the trace file has them all."""


@dataclass(frozen=True)
class Edition:
    """A bulletin, the log it was made from, and the parties' names (Chinese, English) by id."""

    bulletin: Bulletin
    log: LogEntries
    language: str
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def say(self, key: str) -> str:
        return words.say(words.FRAME, key, self.language)

    @property
    def title(self) -> str:
        return words.say(words.TITLES, self.bulletin.period.cadence, self.language)

    @property
    def span(self) -> str:
        """The period's days."""
        period = self.bulletin.period
        return f"{period.first}" if period.first == period.last else f"{period.first} {self.say('to')} {period.last}"

    @property
    def as_of(self) -> str:
        """The time of the bulletin, to the second, +08:00."""
        return from_micros(self.bulletin.as_of).isoformat(" ", timespec="seconds")

    @property
    def notes(self) -> list[str]:
        """How to read it."""
        bars = self.bulletin.bars
        keys = ["trace-note", "standing-note", "delay-note", "no-personal-data"]
        said = [self.say(key) for key in keys]
        if any(section.name == "praise" for section in self.bulletin.sections):
            said.insert(0, self.say("bars-note").format(f"{bars.praise_from / 10:g}", f"{bars.criticise_below / 10:g}"))
        return said

    def heading(self, section: Section) -> str:
        return words.say(words.SECTIONS, section.name, self.language)

    def columns(self, section: Section) -> list[str]:
        """The heads of a section's table: labels, then figures."""
        heads = [words.say(words.LABELS, name, self.language) for name in section.labels]
        return heads + [self.figure_name(column.name) + ("*" if column.standing else "") for column in section.columns]

    def figure_name(self, name: str) -> str:
        return words.say(words.FIGURES, name, self.language)

    def labels(self, section: Section, row: Row) -> list[str]:
        """What a row is about."""
        names = dict(self.names)
        return [words.label(kind, value, self.language, names) for kind, value in zip(section.labels, row.labels, strict=True)]

    def shown(self, figure: Figure) -> str:
        """A figure as people read it; a dash where there is nothing to divide by."""
        if not figure.value:
            return "—"
        unit = words.say(words.UNITS, figure.column.unit, self.language)
        text = f"{figure.value} {unit}".rstrip()
        return f"{text} ({figure.numerator}/{figure.denominator})" if figure.column.unit is Unit.PERCENT else text

    @staticmethod
    def trace(figure: Figure) -> str:
        """The first indices that a figure was counted from: those that count, then those that they are taken out of."""
        parts = [_indices(figure.counted)] if figure.column.unit is Unit.COUNT else [
            _indices(figure.counted), _indices(figure.of)
        ]  # fmt: skip
        return "" if not (figure.counted or figure.of) else f"[{' / '.join(parts)}]"

    @staticmethod
    def is_total(row: Row) -> bool:
        return row.labels[0] == TOTAL

    def cells(self) -> Iterator[tuple[Section, Row, Figure]]:
        """Every figure, in order."""
        for section in self.bulletin.sections:
            for row in section.rows:
                for figure in row.figures:
                    yield section, row, figure


def _indices(indices: tuple[int, ...]) -> str:
    rest = len(indices) - _SHOWN
    shown = " ".join(map(str, indices[:_SHOWN])) or "–"
    return shown if rest <= 0 else f"{shown} … +{rest}"
