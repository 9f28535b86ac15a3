"""Bulletins as files: three formats that agree, two languages, and a check against the log that finds what was changed."""

import csv
import io
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.bulletins import words
from hub.bulletins.commands import app
from hub.bulletins.edition import Edition
from hub.bulletins.pages import to_html, to_markdown
from hub.bulletins.source import LogEntries, read_bars
from hub.rules.bulletins import Bars, Cadence, Period, compose
from hub.rules.bulletins.monthly import _GROUNDS
from hub.settings import ConfigError
from hub.trust.errors import LogError
from hub.trust.tiles import tile_path
from tests.logs import SIGNER, said, write_log

NAMES = {"court-9901": ("示例市第一人民法院", "First <sample> court"), "bank": ("示例银行", "Sample | bank")}
MARCH = Period.around(Cadence.MONTHLY, date(2026, 3, 31))


def month() -> list[dict[str, Any]]:
    """A month in which something of everything has happened."""
    one: dict[str, Any] = {"court": "court-9901"}
    task = {**one, "partner": "bank"}
    return [
        said("2026-02-27T09:00:00", "measure.effective", **task, action="freeze", asset="account", measure="m1", ends="2027-02-27"),
        said("2026-03-02T09:00:00", "request.accepted", **one, request="a", sent=("bank",)),
        said("2026-03-02T09:00:01", "request.refused", **one, request="z", codes="term-missing"),
        said("2026-03-02T10:00:00", "task.received", **task, request="a"),
        said("2026-03-03T10:00:00", "task.answered", **task, request="a", reply="result"),
        said("2026-03-04T10:00:00", "task.silent", **task, request="b", awaited="reply"),
        said("2026-03-05T10:00:00", "task.supervised", **task, level=1),
        said("2026-03-06T10:00:00", "matter.done", **one, to="court-9902", matter="m"),
        said("2026-03-07T10:00:00", "watch.armed", **one, partner="police", watch="w"),
        said("2026-03-08T10:00:00", "renewal.due", **one, measure="m1", days=30, ends="2027-02-27"),
        said("2026-03-31T10:00:00", "case.noted", **one, status="open", priority="wages"),
    ]


class Cells(HTMLParser):
    """The text of each figure's cell, without its trace."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser names it
        if tag == "td":
            self.cells.append("")
        self._depth += tag in ("td", "span")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in ("td", "span")

    def handle_data(self, data: str) -> None:
        if self._depth == 1:
            self.cells[-1] += data


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


def make(tmp_path: Path, cadence: str = "monthly", *more: object) -> tuple[Path, Path]:
    """A bulletin's folder, and the log's."""
    key = write_log(tmp_path / "log", month())
    code, output = run(cadence, "--date", "2026-03-31", "--log", key.parent, "--log-key", key, "--out", tmp_path / "out", *more)
    assert code == 0, output
    return tmp_path / "out", key.parent


def check(file: Path, log: Path) -> tuple[int, str]:
    return run("check", file, "--log", log, "--log-key", log / "log.vkey")


def table(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("cadence", ["daily", "weekly", "monthly"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_table_and_text_agree_on_every_figure(tmp_path: Path, cadence: str, language: str) -> None:
    out, _ = make(tmp_path, cadence)
    (sheet,) = out.glob(f"*.{language}.csv")
    expected = [
        "—" if not value else value + {"count": "", "percent": f" % ({over}/{under})", "hours": " 小时" if language == "zh" else " h"}[unit]
        for section, _, _, value, unit, over, under, *_ in table(sheet)[1:] if section != "bulletin"
    ]  # fmt: skip
    assert expected
    page = Cells()
    page.feed(sheet.with_suffix(".html").read_text(encoding="utf-8"))
    assert page.cells == expected
    text = sheet.with_suffix(".md").read_text(encoding="utf-8")
    lines = [re.split(r" \| ", line.strip("| ")) for line in text.splitlines() if line.startswith("| ")]
    shown = [cell.split(" \\[")[0] for line in lines for cell in line if re.match(r"(\d|—)", cell)]
    assert shown == expected


def test_the_trace_holds_the_entries_of_every_figure(tmp_path: Path) -> None:
    out, _ = make(tmp_path)
    lines = table(out / "monthly-2026-03.trace.csv")[1:]
    for section, row, figure, _, unit, over, under, *_ in table(out / "monthly-2026-03.zh.csv")[1:]:
        roles = [line[3] for line in lines if line[:3] == [section, row, figure]]
        if unit in ("count", "percent"):
            assert roles.count("counted") == int(over)
        if unit in ("percent", "hours"):
            assert roles.count("of") == int(under)


def test_one_figure_is_followed_to_its_entries(tmp_path: Path) -> None:
    out, log = make(tmp_path)
    place = (out / "monthly-2026-03.trace.csv", "partners", "bank")
    key = ("--log", log, "--log-key", log / "log.vkey")
    code, output = run("trace", *place, "silent", *key)
    assert (code, output.count("\n")) == (0, 1)
    assert '"index": 5, "role": "counted"' in output
    assert '"kind": "task.silent"' in output
    code, output = run("trace", *place, "nudged", *key)
    assert code == 1
    assert "figure-unknown" in output


def test_the_same_log_gives_the_same_bytes_and_a_longer_one_still_agrees(tmp_path: Path) -> None:
    out, log = make(tmp_path / "one")
    again, _ = make(tmp_path / "two")
    files = sorted(out.iterdir())
    assert len(files) == 7
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in sorted(again.iterdir())]
    longer = tmp_path / "longer"
    write_log(longer, month(), then=[said("2026-03-31T11:00:00", "case.noted", court="court-9901")] * 300)
    code, output = check(out / "monthly-2026-03.en.csv", longer)
    assert (code, "✓" in output) == (0, True), output
    assert log != longer


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("partners,bank,reply-on-time,50.0,percent,1,2", "partners,bank,reply-on-time,100.0,percent,2,2"),
        ("partners,bank,supervised,1,count,1", "partners,bank,supervised,0,count,0"),
        ("bulletin,,root,", "bulletin,,root,00"),
        ("bulletin,,praise-from,1000", "bulletin,,praise-from,400"),
        ("答复及时率", "办结率"),
    ],
)
def test_a_changed_figure_is_found(tmp_path: Path, old: str, new: str) -> None:
    out, log = make(tmp_path)
    file = out / "monthly-2026-03.zh.csv"
    assert check(file, log)[0] == 0
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_bytes(text.replace(old, new).encode())
    code, output = check(file, log)
    assert (code, "✕" in output) == (1, True)


def test_a_row_left_out_and_a_changed_trace_are_found(tmp_path: Path) -> None:
    out, log = make(tmp_path)
    file, trace = out / "monthly-2026-03.zh.csv", out / "monthly-2026-03.trace.csv"
    trace.write_bytes(trace.read_bytes().replace(b"partners,bank,silent,counted,5", b"partners,bank,silent,counted,4"))
    code, output = check(file, log)
    assert code == 1
    assert "monthly-2026-03.trace.csv" in output
    trace.unlink()
    assert check(file, log)[0] == 0
    file.write_bytes(b"\r\n".join(line for line in file.read_bytes().split(b"\r\n") if b",supervised," not in line))
    assert check(file, log)[0] == 1


def test_nothing_is_counted_from_a_log_that_does_not_hold(tmp_path: Path) -> None:
    key = write_log(tmp_path / "log", month())
    bundle = key.parent / tile_path("entries", 0, len(month()))
    bundle.write_bytes(bundle.read_bytes().replace(b"task.silent", b"task.nudged"))
    with pytest.raises(LogError, match="log-damaged"):
        LogEntries.open(key.parent, SIGNER.verifier)
    with pytest.raises(LogError, match="log-range"):
        LogEntries.open(key.parent, SIGNER.verifier, 1000)
    with pytest.raises(LogError, match="log-unreadable"):
        LogEntries.open(tmp_path, SIGNER.verifier)


def test_names_are_escaped_and_the_page_fetches_nothing(tmp_path: Path) -> None:
    key = write_log(tmp_path / "log", month())
    log = LogEntries.open(key.parent, SIGNER.verifier)
    edition = Edition(compose(log, MARCH, MARCH.end, Bars(1000, 900)), log, "en", NAMES)
    page, text = to_html(edition), to_markdown(edition)
    assert "First &lt;sample&gt; court" in page
    assert "Sample \\| bank" in text
    assert not re.search(r"<script|<link|<img|src=|https?:|<sample>", page)
    assert "✕ Criticism" in page


def test_every_word_is_there_in_both_languages(tmp_path: Path) -> None:
    log = LogEntries.open(write_log(tmp_path / "log", []).parent, SIGNER.verifier)
    for cadence in Cadence:
        assert cadence in words.TITLES
        for section in compose(log, Period.around(cadence, MARCH.last), MARCH.end, Bars(1000, 900)).sections:
            assert section.name in words.SECTIONS
            assert set(section.labels) <= words.LABELS.keys()
            assert {column.name for column in section.columns} <= words.FIGURES.keys()
    assert set(_GROUNDS) <= words.FIGURES.keys()
    for told in (words.TITLES, words.FRAME, words.SECTIONS, words.LABELS, words.FIGURES, words.VALUES):
        assert all(zh and en for zh, en in told.values())


@pytest.mark.parametrize(
    "wrong", [("--date", "31.3.2026"), ("--lang", "fr"), ("--as-of", "2026-03-31T10:00:00"), ("--as-of", "2026-02-01T00:00:00+08:00")]
)
def test_wrong_usage_ends_with_two(tmp_path: Path, wrong: tuple[str, str]) -> None:
    key = write_log(tmp_path / "log", month())
    usual = {"--date": "2026-03-31", "--log": key.parent, "--log-key": key, "--out": tmp_path / "out"}
    assert run("monthly", *(each for pair in (usual | dict([wrong])).items() for each in pair))[0] == 2
    assert not (tmp_path / "out").exists()


def test_the_bars_of_the_configuration(tmp_path: Path) -> None:
    assert read_bars(Path("config/bulletins.toml")) == Bars(praise_from=1000, criticise_below=900)
    (tmp_path / "bulletins.toml").write_text("[on_time]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="praise_from"):
        read_bars(tmp_path / "bulletins.toml")
