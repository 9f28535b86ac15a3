"""Agreed maintenance of a partner (维护时段): it is not called, its time does not run, and nobody else waits for it."""

import asyncio
import itertools
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from connectors.bootstrap import ConnectorSettings
from hub.bus.topics import Topics
from hub.cli import app as cli
from hub.config import load_linkage
from hub.console.app import build_app
from hub.console.metrics import build_registry
from hub.console.reader import Reader
from hub.engine.records import Outgoing, Record
from hub.rules import collect
from hub.settings import MOST_WINDOWS, ConfigError, maintenance_windows
from hub.trust.parties import Directory
from schemas.base import micros
from tests.factories import REPLIES, REQUESTS, inquiry
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.processes import until
from tests.rig import CONFIG, MASTER, Rig, agree, entries, said, sample_linkage, tasks_in
from tests.unit.test_store_that_takes_nothing import bank_at_work, replies

SECOND = 1_000_000
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair) + 1)), max_size=5)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=())
    yield made
    made.close()


def rests(rig: Rig, begin: float, until_: float) -> tuple[int, int]:
    """Every partner rests from so many seconds after now."""
    span = rig.now + round(begin * SECOND), rig.now + round(until_ * SECOND)
    agree(rig, rig.clock + timedelta(days=900), maintenance=(span,))
    return span


# -- the rule ----------------------------------------------------------------------------------------------------------


@given(spans, spans)
def test_no_moment_is_counted_twice(outages: list[tuple[int, int]], maintenance: list[tuple[int, int]]) -> None:
    joined = collect.together(outages, maintenance)
    covered = {at for begin, end in (*outages, *maintenance) for at in range(begin, end)}
    assert sum(end - begin for begin, end in joined) == len(covered)
    assert all(first[1] < second[0] for first, second in itertools.pairwise(joined))


# -- the hub -----------------------------------------------------------------------------------------------------------


def test_the_time_of_maintenance_does_not_count_against_the_partner(rig: Rig) -> None:
    """Of two that are asked at once and say nothing, one rests for an hour in between."""
    plain = sample_linkage().agreements["bank"]
    rests(rig, 1, 3601)
    (task,) = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))
    rig.feed([rig.receipt(task)])
    rig.advance(plain.reply_within + 2)
    rig.fire()
    assert entries(rig, "task.silent") == []
    rig.advance(3600)
    rig.fire()
    assert len(entries(rig, "task.silent")) == 1


def test_an_answer_after_maintenance_is_in_time(rig: Rig) -> None:
    plain = sample_linkage().agreements["bank"]
    rests(rig, 1, 3601)
    (task,) = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))
    rig.advance(3600 + plain.receipt_within - 1)
    rig.feed([rig.reply(task)])
    (answered,) = entries(rig, "task.answered")
    assert "late" not in answered


def test_windows_are_dated_and_in_order(tmp_path: Path) -> None:
    bank = (CONFIG / "samples/agreements/bank.toml").read_text(encoding="utf-8")
    directory = Directory.load(CONFIG / "parties")

    def load(*windows: tuple[str, str]) -> Any:
        tables = "".join(f"\n[[maintenance]]\nfrom = {begin}\nuntil = {end}\n" for begin, end in windows)
        (tmp_path / "bank.toml").write_text(bank + tables, encoding="utf-8")
        return load_linkage(CONFIG, tmp_path, directory).agreements["bank"].maintenance

    first, second = "2026-12-05T22:00:00+08:00", "2026-12-06T06:00:00+08:00"
    assert load((first, second)) == ((micros(datetime(2026, 12, 5, 14, tzinfo=UTC)), micros(datetime(2026, 12, 5, 22, tzinfo=UTC))),)
    for wrong in ([(second, first)], [(first, first)], [(first, second), (first, second)], [("2026-12-05T22:00:00", second)]):
        with pytest.raises(ConfigError, match=r"bank.toml"):
            load(*wrong)


async def test_the_status_page_names_the_window(rig: Rig, tmp_path: Path) -> None:
    reader = Reader(rig.store, rig.directory, sample_linkage().calendar, MASTER, tmp_path / "checkpoint", lambda: rig.now,
                    {"bank": (rests(rig, 10, 20),)})  # fmt: skip
    app = build_app(reader, metrics=build_registry(reader, dict), ready=dict)
    async with TestClient(TestServer(app)) as client:
        for seconds, words in ((0, "maintenance planned"), (15, "under maintenance"), (10, None)):
            rig.advance(seconds)
            page = await (await client.get("/?lang=en")).text()
            assert [each for each in ("maintenance planned", "under maintenance") if each in page] == ([words] if words else [])


# -- a connector -------------------------------------------------------------------------------------------------------


async def test_a_partner_under_maintenance_is_not_called_and_its_tasks_are_confirmed(rig: Rig, tmp_path: Path) -> None:
    bus = bank_bus(rig, 3)
    window = (rig.now, rig.now + 3600 * SECOND)
    async with bank_at_work(rig, tmp_path, bus, [window]) as (partner, _, _):
        partner.go.set()
        await until(lambda: len(bus.published) == 3, "receipts are sent")
        await asyncio.sleep(0.1)
        assert partner.called == []
        rig.advance(3600)
        await until(lambda: len(replies(bus.published)) == 3, "then it is called")


def bank_bus(rig: Rig, number: int) -> Lanes:
    """The bank's topic, with the tasks of so many inquiries."""
    topic = Topics().tasks("bank")
    bus = Lanes(topic)
    asked = [out for _ in range(number) for out in rig.feed([rig.request(inquiry(partners=["bank"]))[1]]) if out.topic == topic]
    bus.put(*[Record(topic, 0, 0, rig.now, out.key, out.value, out.headers) for out in asked])
    return bus


def test_a_connectors_windows_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "connector.toml"
    file.write_text(
        'party = "bank"\nprotocol = "connectors.bank"\ndata_dir = "."\nparties_dir = "."\nsigning_key = "k"\nsecret_file = "s"\n'
        "[kafka]\n[[maintenance]]\nfrom = 2026-12-06T06:00:00+08:00\nuntil = 2026-12-05T06:00:00+08:00\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="ends after it begins"):
        ConnectorSettings.read(file)


# -- both files agree --------------------------------------------------------------------------------------------------

YEAR = datetime.now(UTC).year + 1
ONE, TWO = ((f"{YEAR}-03-0{day}T22:00:00+08:00", f"{YEAR}-03-0{day + 1}T06:00:00+08:00") for day in (1, 5))
OVER = ("2026-01-03T22:00:00+08:00", "2026-01-04T06:00:00+08:00")


def tables(windows: Sequence[tuple[str, str]]) -> str:
    return "".join(f"\n[[maintenance]]\nfrom = {begin}\nuntil = {end}\n" for begin, end in windows)


def compared(folder: Path, agreed: Sequence[tuple[str, str]], told: Sequence[tuple[str, str]], party: str = "bank") -> Result:
    """What `liandong config check` says of a connector's file with these windows."""
    shutil.copytree(CONFIG / "samples" / "agreements", folder / "agreements")
    with (folder / "agreements" / "bank.toml").open("a", encoding="utf-8") as file:
        file.write(tables(agreed))
    (folder / "connector.toml").write_text(f'party = "{party}"\n{tables(told)}', encoding="utf-8")
    (folder / "hub.toml").write_text(
        f"parties_dir = '{CONFIG / 'parties'}'\nconfig_dir = '{CONFIG}'\nagreements_dir = '{folder / 'agreements'}'\n", encoding="utf-8")
    arguments = ["config", "check", "--config", str(folder / "hub.toml"), "--connector", str(folder / "connector.toml")]
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize(("agreed", "told"), [([], []), ([ONE, TWO], [TWO, ONE]), ([OVER, ONE], [ONE]), ([ONE], [OVER, ONE])])
def test_the_same_windows_in_both_files_are_fine_and_those_that_are_over_do_not_matter(tmp_path: Path, agreed: Any, told: Any) -> None:
    result = compared(tmp_path, agreed, told)
    assert (result.exit_code, "connector.toml" in result.output) == (0, False)


def test_where_the_two_files_differ_is_told_with_what_comes_of_it(tmp_path: Path) -> None:
    result = compared(tmp_path, [ONE], [TWO])
    assert result.exit_code == 1
    first, second = [line for line in result.output.splitlines() if "connector.toml" in line]
    assert "its time stands still then, but it is called" in first
    assert f"{YEAR}-03-01 22:00:00+08:00 – {YEAR}-03-02 06:00:00+08:00" in first
    assert "其间不调用但仍计时" in second
    assert f"{YEAR}-03-05 22:00:00+08:00 – {YEAR}-03-06 06:00:00+08:00" in second


def test_a_file_of_no_partner_or_without_an_agreement(tmp_path: Path) -> None:
    wrong = compared(tmp_path / "unknown", [], [], party="nobody")
    assert isinstance(wrong.exception, ConfigError)
    assert "nobody" in str(wrong.exception)
    without = compared(tmp_path / "court", [], [ONE], party="court-9901")
    assert without.exit_code == 1
    assert "missing in court-9901's agreement" in without.output


def test_an_agreement_has_no_more_windows_than_one_entry_can_tell() -> None:
    days = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(MOST_WINDOWS + 1)]
    found = [{"from": day, "until": day + timedelta(hours=1)} for day in days]
    assert len(maintenance_windows(found[1:])) == MOST_WINDOWS
    with pytest.raises(ValueError, match="at most 500"):
        maintenance_windows(found)


# -- the others --------------------------------------------------------------------------------------------------------


async def test_a_partner_whose_connector_is_stuck_delays_nobody_else(tmp_path: Path) -> None:
    """What the court gets of the one comes at once and in the same order, whether the other answers or takes nothing at all."""

    async def heard(folder: Path, *, answers: bool) -> list[int]:
        """By the place of its request, what came of the vehicle registry, in order."""
        rig, bus = Rig(folder, courts=()), Lanes(REQUESTS, REPLIES)
        asked = [rig.request(inquiry(partners=["bank", "vehicle"])) for _ in range(12)]
        async with working(rig, bus):
            bus.put(*[record for _, record in asked])
            await until(lambda: len(tasks_in(bus.published)) == 24, "both are asked")
            for task in tasks_in(bus.published):
                if answers or task.recipient == "vehicle":
                    bus.put(rig.receipt(task), rig.reply(task))
            await until(lambda: len(results(bus.published)) == (24 if answers else 12), "whoever answers is heard")
        rig.close()
        places = {request_id: at for at, (request_id, _) in enumerate(asked)}
        return [places[each.correlationid] for each in results(bus.published) if each.data.partner == "vehicle"]

    assert await heard(tmp_path / "stuck", answers=False) == await heard(tmp_path / "alive", answers=True) == list(range(12))


def results(published: Sequence[Outgoing]) -> list[Any]:
    return [each for each in said(published) if each.type.endswith(".result.v1")]
