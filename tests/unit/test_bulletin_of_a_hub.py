"""Bulletins of a hub that has worked: its own entries are counted, and nothing of a case or a person comes out."""

from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from hub.bulletins.commands import app
from hub.bulletins.source import LogEntries
from hub.rules.bulletins import Bars, Bulletin, Cadence, Period, compose
from schemas.samples import COMPANIES, PEOPLE, case_number
from tests.evidence import LoggedHub


def figures(bulletin: Bulletin, section: str, row: str) -> dict[str, str]:
    return {figure.column.name: figure.value for each in bulletin.sections if each.name == section
            for line in each.rows if line.labels[0] == row for figure in line.figures}  # fmt: skip


def test_what_a_hub_did_is_counted_and_nothing_personal_comes_out(tmp_path: Path) -> None:
    hub = LoggedHub(tmp_path)
    began = hub.clock.date()
    hub.concluded()  # of two partners one answers at once, the other never; ten days later that is decided
    hub.logged()
    ended = hub.clock.date()
    hub.close()
    log = LogEntries.open(hub.log_directory, hub.log_key)
    until = log.last_at
    assert until is not None

    def made(cadence: Cadence, day: date) -> Bulletin:
        return compose(log, Period.around(cadence, day), until, Bars(1000, 900))

    first, last = (figures(made(Cadence.DAILY, day), "partners-today", "all") for day in (began, ended))
    wanted = ("received", "answered", "silent", "awaited", "reply-on-time")
    assert [first[name] for name in wanted] == ["2", "1", "0", "1", "100.0"]
    assert [last[name] for name in wanted] == ["0", "0", "1", "0", "0.0"]
    assert figures(made(Cadence.DAILY, began), "courts-today", "all")["accepted"] == "1"
    assert figures(made(Cadence.DAILY, ended), "courts-today", "all")["incomplete"] == "1"
    (criticism,) = (section for section in made(Cadence.MONTHLY, ended).sections if section.name == "criticism")
    assert [row.labels for row in criticism.rows] == [("vehicle", "reply-on-time")]

    for cadence in Cadence:
        result = CliRunner().invoke(app, [
            cadence.value, "--date", str(began), "--log", str(hub.log_directory), "--log-key", str(hub.log_directory / "log.vkey"),
            "--out", str(tmp_path / "out"),
        ])  # fmt: skip
        assert result.exit_code == 0, result.output
    written = "".join(file.read_text(encoding="utf-8") for file in sorted((tmp_path / "out").iterdir()))
    personal = [*(each for person in PEOPLE.values() for each in person),
                *(each for company in COMPANIES.values() for each in company), case_number()]  # fmt: skip
    assert len(written) > 5000
    assert not [each for each in personal if each in written]
