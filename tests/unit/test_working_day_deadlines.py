"""Agreements in working days: what is read, what is refused, and when silence is a fact."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.bus.topics import Topics
from hub.casework import Casework
from hub.config import Rulebook, load_linkage, load_registers, years_without_data
from hub.console.timeline import read_timeline
from hub.rules.calendar import Calendar
from hub.rules.overdue import Addressee, Ladder, Rung, next_rung, nudge_due
from hub.rules.plan import Linkage
from hub.settings import ConfigError
from hub.store import tables as t
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA, micros
from tests.factories import inquiry
from tests.rig import CONFIG, Rig, said, types

HOUR = 3600


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=CHINA))


def agreed(config: Path = CONFIG) -> Linkage:
    """The plan and the agreements in working days."""
    return load_linkage(config, config / "agreements", Directory.load(CONFIG / "parties"))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.casework = Casework(Rulebook(agreed(), load_registers(made.directory), {}, samples.DESIGNATORS, made.directory.parties), Topics())
    yield made
    made.close()


def asked(rig: Rig, partner: str = "bank", **data: Any) -> Any:
    """The task of one partner, received."""
    _, record = rig.request(inquiry(partners=[partner], **data))
    (task,) = [each for each in said(rig.feed([record])) if each.type.endswith(".task.v1")]
    rig.feed([rig.receipt(task)])
    return task


def until(rig: Rig, text: str) -> None:
    rig.now = at(text)


def test_a_working_day_granted_on_friday_ends_with_monday(rig: Rig) -> None:
    until(rig, "2026-11-27T15:00:00")
    task = asked(rig)
    assert (task.data.reply_working_days, task.data.reply_within) == (1, 24 * HOUR)
    until(rig, "2026-11-30T23:59:59.999998")
    assert types(rig.fire()) == ["inquiry.nudge"], "reminded, and not silent yet"
    until(rig, "2026-11-30T23:59:59.999999")
    silence, conclusion = said(rig.fire())
    assert micros(silence.data.deadline) == rig.now
    assert conclusion.data.outcome == "incomplete"


@pytest.mark.parametrize(("moment", "late"), [("2026-10-08T23:59:59.999", False), ("2026-10-09T00:00:00", True)])
def test_a_reply_after_national_day_is_judged_by_the_last_moment_of_its_day(rig: Rig, moment: str, late: bool) -> None:
    until(rig, "2026-09-30T16:00:00")
    task = asked(rig)
    until(rig, moment)
    out = [*rig.feed([rig.reply(task)]), *rig.fire()]
    assert ("inquiry.non-response" in types(out)) is late


def test_an_urgent_request_runs_by_the_clock_through_the_weekend(rig: Rig) -> None:
    until(rig, "2026-11-27T22:00:00")
    task = asked(rig, urgent=True)
    assert (task.data.priority, task.data.reply_working_days, task.data.reply_within) == ("urgent", None, 4 * HOUR)
    until(rig, "2026-11-28T02:00:00")
    assert types(rig.fire()) == ["inquiry.non-response", "inquiry.conclusion"]


def test_an_urgent_request_without_a_lane_goes_first_in_the_ordinary_time() -> None:
    agreement = replace(agreed().agreements["police"], urgent_within=None)
    assert agreement.reply_terms(urgent=True) == agreement.reply_terms(urgent=False) == (72 * HOUR, 3)


def test_the_page_tells_the_deadline_that_the_hub_keeps(rig: Rig) -> None:
    until(rig, "2026-11-27T15:00:00")
    asked(rig)
    with rig.store.read() as connection:
        key = connection.execute(select(t.tasks.c.request_key)).scalar_one()
        due = connection.scalar(select(t.timers.c.due_at).where(t.timers.c.kind == "silence"))
        view = read_timeline(connection, rig.vault, rig.directory, agreed().calendar, key, rig.now)
    assert view is not None
    (clock,) = [each for each in view.clocks if each.awaited == "reply"]
    assert clock.due_at == due == at("2026-11-30T23:59:59.999999")


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the configuration, to be spoiled."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def test_years_to_come_without_a_notice_are_told_and_do_not_stop_the_hub() -> None:
    assert years_without_data(agreed()) == (2027, 2028), "2027 is provisional, 2028 is not there"


def test_an_agreement_whose_first_year_has_no_notice_is_refused(config: Path) -> None:
    (config / "calendar" / "2026.toml").unlink()
    with pytest.raises(ConfigError, match=r"calendar-missing: .* from 2026 on"):
        agreed(config)
    samples = load_linkage(config, CONFIG / "samples" / "agreements", Directory.load(CONFIG / "parties"))
    assert years_without_data(samples) == (), "who counts seconds needs no calendar"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("agreements/bank.toml", "reply_working_days = 1", "", "reply_working_days or as reply_within_s"),
        ("agreements/bank.toml", "reply_working_days = 1", "reply_working_days = 1\nreply_within_s = 5", "not as both"),
        ("agreements/bank.toml", "reply_working_days = 1", "reply_working_days = 0", "between 1 and 60"),
        ("calendar/2026.toml", "year = 2026", "year = 2025", "the year is 2025"),
        ("calendar/2026.toml", "make_up = [2026-05-09]", "make_up = [2026-05-08]", "2026-05-08 is no day of a weekend"),
        ("calendar/2026.toml", "until = 2026-02-23", "until = 2026-02-13", "ends before it begins"),
        ("ladder.toml", "working_days = 3", "working_days = 1", "every rung"),
        ("ladder.toml", 'addressee = "superior"', 'addressee = "anyone"', "anyone"),
        ("ladder.toml", "nudge_at_percent = 75", "nudge_at_percent = 100", "between 1 and 99"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(config: Path, file: str, old: str, new: str, words: str) -> None:
    text = (config / file).read_text(encoding="utf-8")
    assert old in text
    (config / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"{Path(file).name}.*{words}"):
        agreed(config)


def test_the_calendar_counts_into_what_a_request_was_decided_under(config: Path) -> None:
    before = agreed(config).sha256
    file = config / "calendar" / "2027.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("provisional = true", "provisional = false"), encoding="utf-8")
    assert agreed(config).sha256 != before


# -- nudge and ladder --------------------------------------------------------------------------------------------------


def test_the_ladder_climbs_by_working_days_and_ends() -> None:
    linkage, deadline = agreed(), at("2026-09-30T23:59:59.999999")
    steps, level = [], 0
    while (step := next_rung(linkage.ladder, deadline, level, linkage.calendar)) is not None:
        steps.append((step.due, step.addressee))
        level = step.level
    assert steps == [
        (at("2026-10-08T23:59:59.999999"), Addressee.HANDLER),
        (at("2026-10-10T23:59:59.999999"), Addressee.SUPERVISOR),  # the make-up Saturday
        (at("2026-10-13T23:59:59.999999"), Addressee.SUPERIOR),
    ]


def test_a_partner_is_nudged_before_its_deadline() -> None:
    ladder = Ladder(75, (Rung(1, Addressee.HANDLER),), 3600)
    assert nudge_due(ladder, at("2026-11-23T00:00:00"), at("2026-11-24T00:00:00")) == at("2026-11-23T18:00:00")
    assert next_rung(ladder, at("2026-11-23T18:00:00"), 1, Calendar()) is None
