"""Bulletins of a hub that has worked: its own entries are counted, and nothing of a case or a person comes out."""

from pathlib import Path

from typer.testing import CliRunner

from hub.bulletins.commands import app
from hub.bulletins.source import LogEntries
from hub.rules.bulletins import Bars, Bulletin, Cadence, Period, compose
from schemas.base import from_micros
from schemas.samples import COMPANIES, PEOPLE, case_number
from tests.evidence import LoggedHub


def figures(bulletin: Bulletin, section: str, row: str) -> dict[str, str]:
    return {figure.column.name: figure.value for each in bulletin.sections if each.name == section
            for line in each.rows if line.labels[0] == row for figure in line.figures}  # fmt: skip


def test_what_a_hub_did_is_counted_and_nothing_personal_comes_out(tmp_path: Path) -> None:
    hub = LoggedHub(tmp_path)
    hub.concluded()  # two partners: one answers, one is silent
    hub.sequence()
    day = from_micros(hub.now).date()
    hub.close()
    log = LogEntries.open(hub.log_directory, hub.log_key)
    until = log.last_at
    assert until is not None
    daily = compose(log, Period.around(Cadence.DAILY, day), until, Bars(1000, 900))
    totals = figures(daily, "partners-today", "all")
    assert {name: totals[name] for name in ("answered", "silent", "awaited", "reply-on-time")} == {
        "answered": "1", "silent": "1", "awaited": "0", "reply-on-time": "50.0",
    }  # fmt: skip
    assert figures(daily, "courts-today", "all")["incomplete"] == "1"
    monthly = compose(log, Period.around(Cadence.MONTHLY, day), until, Bars(1000, 900))
    (marked,) = (section for section in monthly.sections if section.name == "criticism")
    assert len(marked.rows) == 1

    for cadence in Cadence:
        result = CliRunner().invoke(app, [
            cadence.value, "--date", str(day), "--log", str(hub.log_directory), "--log-key", str(hub.log_directory / "log.vkey"),
            "--out", str(tmp_path / "out"),
        ])  # fmt: skip
        assert result.exit_code == 0, result.output
    written = "".join(file.read_text(encoding="utf-8") for file in sorted((tmp_path / "out").iterdir()))
    personal = [*(each for person in PEOPLE.values() for each in person),
                *(each for company in COMPANIES.values() for each in company), case_number()]  # fmt: skip
    assert len(written) > 5000
    assert not [each for each in personal if each in written]
