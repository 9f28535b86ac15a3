"""The bulletin as CSV (UTF-8 with a byte order mark, so that office programs read the Chinese), and its trace.

The first rows of a bulletin, section `bulletin`, say what it was made from: enough to make it again and compare.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from hub.bulletins import words
from hub.bulletins.edition import Edition
from hub.rules.bulletins import Bulletin
from schemas.base import format_time, from_micros

ENCODING = "utf-8-sig"
COLUMNS = ("section", "row", "figure", "value", "unit", "numerator", "denominator", "section_name", "row_name", "figure_name")
TRACE_COLUMNS = ("section", "row", "figure", "role", "entry")
META = "bulletin"


def to_csv(edition: Edition) -> str:
    """One row per figure."""
    bulletin, log = edition.bulletin, edition.log
    facts = {
        "cadence": bulletin.period.cadence, "first": bulletin.period.first, "last": bulletin.period.last,
        "as-of": format_time(from_micros(bulletin.as_of)), "log": log.origin, "size": log.size, "root": log.root,
        "praise-from": bulletin.bars.praise_from, "criticise-below": bulletin.bars.criticise_below,
        "language": edition.language,
    }  # fmt: skip
    rows: list[Sequence[Any]] = [(META, "", name, value, "", "", "", "", "", "") for name, value in facts.items()]
    rows += [
        (section.name, row_code(row.labels), figure.column.name, figure.value, figure.column.unit, figure.numerator,
         "" if figure.denominator is None else figure.denominator, words.say(words.SECTIONS, section.name, edition.language),
         _inert(" · ".join(filter(None, edition.labels(section, row)))), edition.figure_name(figure.column.name))
        for section, row, figure in edition.cells()
    ]  # fmt: skip
    return _write(COLUMNS, rows)


def trace_to_csv(bulletin: Bulletin) -> str:
    """One row per figure and log entry: `counted`, or `of` for what a rate or mean is taken of."""
    return _write(TRACE_COLUMNS, (
        (section.name, row_code(row.labels), figure.column.name, role, index)
        for section in bulletin.sections for row in section.rows for figure in row.figures
        for role, indices in (("counted", figure.counted), ("of", figure.of)) for index in indices
    ))  # fmt: skip


def row_code(labels: Iterable[str]) -> str:
    """A row's labels in one: `court-9901/account`."""
    return _inert("/".join(filter(None, labels)))


def _inert(text: str) -> str:
    """Text that no office program takes for a formula: a party's name may be what the party chose."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _write(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
