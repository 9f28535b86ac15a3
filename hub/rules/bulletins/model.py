"""What a bulletin is made of: sections, rows, and figures that name the log entries they were counted from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hub.rules.bulletins.period import Period

TOTAL = "all"
"""The label of a row that sums up the others."""


class Unit(StrEnum):
    """How a figure is to be read."""

    COUNT = "count"
    PERCENT = "percent"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure's name in a section. `standing`: it tells what stands at the end, so that its entries may be older
    than the period; any other figure is counted from entries of the period alone."""

    name: str
    unit: Unit = Unit.COUNT
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and where it comes from; `counted` and `of` are log indices in ascending order. An entry that counts
    twice (one that sent two tasks, both awaited) stands twice.

    count: the number of `counted`. percent: `counted` out of `of`. hours: `numerator` seconds over `denominator` delays,
    whose first entries are `of` and whose last, as far as they have ended, are `counted`.
    """

    column: Column
    numerator: int
    denominator: int | None
    counted: tuple[int, ...]
    of: tuple[int, ...] = ()

    @property
    def value(self) -> str:
        """The figure as it is printed, to one decimal; empty where there is nothing to divide by.

        Hours are rounded half up; a rate is rounded down, so that only a whole 100 % reads as one.
        """
        if self.denominator is None:
            return str(self.numerator)
        if self.denominator == 0:
            return ""
        if self.column.unit is Unit.PERCENT:
            tenths = self.numerator * 1000 // self.denominator
        else:
            tenths = (self.numerator * 20 + self.denominator * 3600) // (self.denominator * 7200)
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a section: whom or what it is about, and a figure per column."""

    labels: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One table. `labels` name what the labels of its rows are: court, partner, code …"""

    name: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """From which on-time rate (per mille) a party is praised, and below which it is criticised."""

    praise_from: int
    criticise_below: int


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One bulletin: what the log's entries up to `as_of` (UTC µs, included) say of the period."""

    period: Period
    as_of: int
    bars: Bars
    sections: tuple[Section, ...]


@dataclass(slots=True)
class _Cell:
    seconds: int = 0
    counted: list[int] = field(default_factory=list)
    of: list[int] = field(default_factory=list)


class Grid:
    """A section in the making. With `total`, every figure is also counted into a last row."""

    def __init__(self, name: str, labels: Sequence[str], columns: Sequence[Column], *, total: bool = True) -> None:
        self._name = name
        self._labels = tuple(labels)
        self._columns = tuple(columns)
        self._total = (TOTAL, *[""] * (len(labels) - 1)) if total else None
        self._cells: dict[tuple[str, ...], dict[str, _Cell]] = {}

    def _at(self, labels: tuple[str, ...], column: str) -> Iterable[_Cell]:
        for row in (labels,) if self._total is None else (labels, self._total):
            cells = self._cells.setdefault(row, {each.name: _Cell() for each in self._columns})
            yield cells[column]

    def count(self, labels: tuple[str, ...], column: str, *indices: int) -> None:
        """These entries count."""
        for cell in self._at(labels, column):
            cell.counted += indices

    def of(self, labels: tuple[str, ...], column: str, index: int, *counted: int) -> None:
        """This entry is one of those that a rate is taken of; `counted` are what speaks for it, if anything does."""
        for cell in self._at(labels, column):
            cell.of.append(index)
            cell.counted += counted

    def delay(self, labels: tuple[str, ...], column: str, seconds: int, began: int, ended: int | None) -> None:
        """A delay of so many seconds."""
        for cell in self._at(labels, column):
            cell.seconds += seconds
            cell.of.append(began)
            cell.counted += () if ended is None else (ended,)

    def section(self) -> Section:
        """The finished section, rows in the order of their labels, the total last."""
        rows = sorted(self._cells.items(), key=lambda item: (item[0] == self._total, item[0]))
        return Section(self._name, self._labels, self._columns, tuple(
            Row(labels, tuple(_figure(column, cells[column.name]) for column in self._columns)) for labels, cells in rows
        ))  # fmt: skip


def _figure(column: Column, cell: _Cell) -> Figure:
    counted, of = tuple(sorted(cell.counted)), tuple(sorted(cell.of))
    if column.unit is Unit.COUNT:
        return Figure(column, len(counted), None, counted)
    return Figure(column, len(counted) if column.unit is Unit.PERCENT else cell.seconds, len(of), counted, of)
