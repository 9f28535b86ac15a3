"""Making a bulletin again from the log, and saying where a file differs from what the log gives."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path

from hub.bulletins.edition import Edition
from hub.bulletins.source import LogEntries
from hub.bulletins.tables import COLUMNS, ENCODING, META, to_csv, trace_to_csv
from hub.bulletins.words import LANGUAGES
from hub.rules.bulletins import Bars, Cadence, Period, compose
from hub.trust.errors import TrustError
from hub.trust.notes import NoteVerifier
from schemas.base import micros


class BulletinError(TrustError):
    """A file is no bulletin of this hub, or not of this log."""


@dataclass(frozen=True)
class Made:
    """What a bulletin's first rows say that it was made from."""

    period: Period
    as_of: int
    bars: Bars
    size: int
    language: str

    @classmethod
    def of(cls, rows: list[list[str]]) -> "Made":
        """Raises `BulletinError`: bulletin-malformed."""
        facts = {row[2]: row[3] for row in rows[1:] if len(row) == len(COLUMNS) and row[0] == META}
        try:
            period = Period(Cadence(facts["cadence"]), date.fromisoformat(facts["first"]), date.fromisoformat(facts["last"]))
            as_of = period.cut(micros(datetime.fromisoformat(facts["as-of"])))
            bars = Bars(int(facts["praise-from"]), int(facts["criticise-below"]))
            size, language = int(facts["size"]), facts["language"]
        except (KeyError, ValueError, TypeError) as error:
            raise BulletinError("bulletin-malformed", "the file does not say what it was made from; give a bulletin's CSV") from error
        if language not in LANGUAGES or size < 0 or Period.around(period.cadence, period.first) != period:
            raise BulletinError("bulletin-malformed", "the file's first rows hold what no bulletin holds")
        return cls(period, as_of, bars, size, language)


def differences(
    file: Path, directory: Path, verifier: NoteVerifier, names: Mapping[str, tuple[str, str]]
) -> tuple[int, list[str]]:
    """How many rows the log gives for this bulletin, and a line for each that differs; also in the trace beside it.

    Raises `BulletinError`, and what `LogEntries.open` raises.
    """
    rows = _rows(file)
    made = Made.of(rows)
    log = LogEntries.open(directory, verifier, made.size)
    bulletin = compose(log, made.period, made.as_of, made.bars)
    expected = _parse(to_csv(Edition(bulletin, log, made.language, names)))
    found = [f"{file.name}:{line}" for line in _compare(rows, expected)]
    trace = trace_file(file)
    if trace.exists():
        found += [f"{trace.name}:{line}" for line in _compare(_rows(trace), _parse(trace_to_csv(bulletin)))]
    return len(expected) - 1, found


def trace_file(file: Path) -> Path:
    """The trace beside a bulletin: `monthly-2026-03.zh.csv` → `monthly-2026-03.trace.csv`."""
    return file.with_name(f"{file.name.split('.')[0]}.trace.csv")


def traced(file: Path, section: str, row: str, figure: str) -> list[tuple[str, int]]:
    """(role, log index) of one figure, from a trace file. Raises `BulletinError`: figure-unknown, or as `_rows` does."""
    found = [(line[3], int(line[4])) for line in _rows(file)[1:] if line[:3] == [section, row, figure] and line[4].isdecimal()]
    if not found:
        raise BulletinError("figure-unknown", f"{file.name} has no entries for {section} {row} {figure}; a figure of 0 has none")
    return found


def _rows(file: Path) -> list[list[str]]:
    try:
        return _parse(file.read_bytes().decode(ENCODING))
    except (OSError, ValueError, csv.Error) as error:
        raise BulletinError("bulletin-unreadable", f"{file} cannot be read as CSV in UTF-8") from error


def _parse(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def _compare(rows: list[list[str]], expected: list[list[str]]) -> list[str]:
    """By line, because a bulletin has one spelling; a row too many or too few makes those after it differ too."""
    return [
        f"{number}: {_short(row)} ≠ {_short(right)}"
        for number, (row, right) in enumerate(zip_longest(rows, expected), 1) if row != right
    ]  # fmt: skip


def _short(row: list[str] | None) -> str:
    return "(–)" if row is None else ",".join(row)[:160]
