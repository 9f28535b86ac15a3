"""`liandong bulletin`: make a bulletin from the audit log, follow a figure to its entries, check one against the log.

Exit codes: 0 done, or every figure is the log's · 1 a figure differs, or the log does not hold · 2 wrong usage.
"""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.rules.bulletins.period import Cadence

if TYPE_CHECKING:
    from hub.trust.notes import NoteVerifier

app = typer.Typer(no_args_is_help=True, help="Bulletins from the audit log / 日通报、周通报、月通报")

Log = Annotated[Path, typer.Option(help="The audit log's directory.")]
LogKey = Annotated[Path, typer.Option(help="File with the log's verifier key, from a source you trust.")]
Parties = Annotated[Path | None, typer.Option(help="The party directory, for names; without it, ids are shown.")]
Day = Annotated[str, typer.Option("--date", help="A day of the period, YYYY-MM-DD.")]
Out = Annotated[Path, typer.Option(help="Folder for the files.")]
Lang = Annotated[str, typer.Option(help="zh, en or both.")]
AsOf = Annotated[str | None, typer.Option(help="Count up to this time (ISO 8601, +08:00); else up to the log's last entry.")]
Config = Annotated[Path, typer.Option(help="The bars of praise and criticism.")]
_BARS = Path("config/bulletins.toml")


@app.command()
def daily(
    day: Day, log: Log, log_key: LogKey, out: Out, lang: Lang = "both", parties: Parties = None, as_of: AsOf = None,
    bars: Config = _BARS,
) -> None:  # fmt: skip
    """日通报 (progress): what moved on that day, what is awaited, what must be acted on at once.

    Example: liandong bulletin daily --date 2026-03-31 --log .local/hub/log --log-key log.vkey --out bulletins
    """
    _write(Cadence.DAILY, day, log, log_key, out, lang, parties, as_of, bars)


@app.command()
def weekly(
    day: Day, log: Log, log_key: LogKey, out: Out, lang: Lang = "both", parties: Parties = None, as_of: AsOf = None,
    bars: Config = _BARS,
) -> None:  # fmt: skip
    """周通报 (causes): who has not answered, why requests, replies and matters came back. From Monday to Sunday.

    Example: liandong bulletin weekly --date 2026-03-31 --log .local/hub/log --log-key log.vkey --out bulletins
    """
    _write(Cadence.WEEKLY, day, log, log_key, out, lang, parties, as_of, bars)


@app.command()
def monthly(
    day: Day, log: Log, log_key: LogKey, out: Out, lang: Lang = "both", parties: Parties = None, as_of: AsOf = None,
    bars: Config = _BARS,
) -> None:  # fmt: skip
    """月通报 (praise and criticism): rates by court and partner, mean overdue, measures and watches in force.

    Example: liandong bulletin monthly --date 2026-03-31 --log .local/hub/log --log-key log.vkey --out bulletins
    """
    _write(Cadence.MONTHLY, day, log, log_key, out, lang, parties, as_of, bars)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Bulletins as CSV; a trace beside one is checked with it.")],
    log: Log, log_key: LogKey, parties: Parties = None,
) -> None:  # fmt: skip
    """Make each bulletin again from the log as it was then, and say whether every figure is the same.

    Example: liandong bulletin check bulletins/monthly-2026-03.zh.csv --log .local/hub/log --log-key log.vkey
    """
    from hub.bulletins.checking import differences

    names, verifier, wrong = _names(parties), _verifier(log_key), 0
    for file in files:
        rows, found = differences(file, log, verifier, names)
        wrong += len(found)
        typer.echo("\n".join([f"✓ {file}: {rows} 行与日志一致 / rows, all as the log gives them"] if not found else
                             [f"✕ {file}: {len(found)} 处与日志不符(文件 ≠ 日志) / differ (file ≠ log)", *found[:50]]))  # fmt: skip
    raise typer.Exit(1 if wrong else 0)


@app.command()
def trace(
    file: Annotated[Path, typer.Argument(help="A bulletin's trace (.trace.csv).")],
    section: Annotated[str, typer.Argument(help="The figure's section, as in the CSV.")],
    row: Annotated[str, typer.Argument(help="Its row.")],
    figure: Annotated[str, typer.Argument(help="Its column.")],
    log: Log, log_key: LogKey,
) -> None:  # fmt: skip
    """Print the log entries that one figure was counted from, one JSON line each with its index and role.

    Example: liandong bulletin trace bulletins/monthly-2026-03.trace.csv partners bank silent --log .local/hub/log --log-key log.vkey
    """
    import json

    from hub.bulletins.checking import traced
    from hub.bulletins.source import LogEntries

    entries = LogEntries.open(log, _verifier(log_key))
    for role, index in traced(file, section, row, figure):
        typer.echo(json.dumps({"index": index, "role": role, "entry": entries.entry(index)}, ensure_ascii=False))


def _write(
    cadence: Cadence, day: str, log: Path, log_key: Path, out: Path, lang: str, parties: Path | None, as_of: str | None,
    bars: Path,
) -> None:  # fmt: skip
    """Make the bulletin and write its files. Usage errors end with 2, a log that does not hold with 1."""
    from hub.bulletins.files import write
    from hub.bulletins.words import LANGUAGES
    from schemas.base import micros

    languages = LANGUAGES if lang == "both" else (lang,)
    if not set(languages) <= set(LANGUAGES):
        raise typer.BadParameter("zh, en or both", param_hint="--lang")
    try:
        chosen, until = date.fromisoformat(day), None if as_of is None else datetime.fromisoformat(as_of)
        if until is not None and until.tzinfo is None:
            raise ValueError("the time carries no zone; add +08:00")
        written = write(cadence, chosen, log, _verifier(log_key), out, languages, _names(parties), bars,
                        None if until is None else micros(until))  # fmt: skip
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo("\n".join(map(str, written)))


def _verifier(file: Path) -> "NoteVerifier":
    from hub.trust.notes import NoteVerifier

    return NoteVerifier.parse(file.read_text(encoding="utf-8").strip())


def _names(parties: Path | None) -> Mapping[str, tuple[str, str]]:
    from hub.trust.parties import Directory

    if parties is None:
        return {}
    return {party.id: (party.name_zh, party.name_en) for party in Directory.load(parties).parties.values()}
