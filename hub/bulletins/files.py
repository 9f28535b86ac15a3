"""The files of one bulletin: in each language a page, a table and a text; and one trace for all of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from hub.bulletins.edition import Edition
from hub.bulletins.pages import to_html, to_markdown
from hub.bulletins.source import LogEntries, read_bars
from hub.bulletins.tables import ENCODING, to_csv, trace_to_csv
from hub.rules.bulletins import Cadence, Period, compose
from hub.trust.notes import NoteVerifier


def write(
    cadence: Cadence, day: date, directory: Path, verifier: NoteVerifier, out: Path, languages: Sequence[str],
    names: Mapping[str, tuple[str, str]], bars: Path, as_of: int | None = None,
) -> list[Path]:  # fmt: skip
    """Make the bulletin of the period around `day` from the log, and write it into `out`. Returns the files.

    `as_of` in UTC µs, else the log's last entry: what is not in the log yet, the bulletin does not speak of. The same
    log gives the same bytes. Raises ValueError when `as_of` is before the period, and what `LogEntries.open` and
    `read_bars` raise.
    """
    period = Period.around(cadence, day)
    log = LogEntries.open(directory, verifier)
    until = max(log.last_at or 0, period.start) if as_of is None else as_of
    bulletin = compose(log, period, until, read_bars(bars))
    texts = {f"{period.name}.trace.csv": trace_to_csv(bulletin)}
    for language in languages:
        edition = Edition(bulletin, log, language, names)
        texts |= {f"{period.name}.{language}.html": to_html(edition), f"{period.name}.{language}.md": to_markdown(edition),
                  f"{period.name}.{language}.csv": to_csv(edition)}  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_bytes(text.encode(ENCODING if name.endswith(".csv") else "utf-8"))
    return [out / name for name in texts]
