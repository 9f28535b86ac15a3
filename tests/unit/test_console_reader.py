"""What the pages are told: counts that agree with the tables, bounded lists, verdicts made anew."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, update

from hub.console import lists, tally
from hub.console.lists import RequestFilter
from hub.console.reader import Reader
from hub.console.views import Timeline
from hub.rules.calendar import Calendar
from hub.rules.letters import LetterState
from hub.store import letters
from hub.store import tables as t
from hub.trust.parties import Directory, PartyKey
from tests import factories
from tests.browser.sample_hub import PARTNERS, SampleHub, fill


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[SampleHub]:
    hub = SampleHub(tmp_path)
    hub.keys = fill(hub)
    yield hub
    hub.close()


def timeline(hub: SampleHub, name: str, reader: Reader | None = None) -> Timeline:
    found = (reader or hub.reader()).request(hub.keys[name])
    assert found is not None
    return found


def counted(hub: SampleHub, *columns: Any, where: Any = True) -> dict[Any, int]:
    with hub.store.read() as connection:
        rows = connection.execute(select(*columns, func.count()).where(where).group_by(*columns))
        return {tuple(row)[:-1] if len(columns) > 1 else row[0]: tuple(row)[-1] for row in rows}


# -- counts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 7, 20_000])
def test_counting_as_it_goes_equals_counting_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(tally, "PAGE", page)
    hub = SampleHub(tmp_path)
    along = hub.reader()
    publish = hub.publish

    def look_after_each_step() -> None:
        publish()
        along.overview()

    monkeypatch.setattr(hub, "publish", look_after_each_step)
    fill(hub)
    assert along.overview() == hub.reader().overview()
    hub.close()


@pytest.mark.usefixtures("each_store")
def test_kinds_agree_with_the_requests(hub: SampleHub) -> None:
    by_status = counted(hub, t.requests.c.kind, t.requests.c.status)
    by_outcome = counted(hub, t.requests.c.kind, t.requests.c.outcome)
    for line in hub.reader().overview().kinds:
        assert line.waiting == by_status.get((line.kind, "waiting"), 0)
        assert line.open == by_status.get((line.kind, "open"), 0)
        assert line.refused == by_status.get((line.kind, "refused"), 0)
        assert line.complete == by_outcome.get((line.kind, "complete"), 0)
        assert line.incomplete == by_outcome.get((line.kind, "incomplete"), 0)
    assert sum(line.waiting for line in hub.reader().overview().kinds) == 1


def test_the_board_agrees_with_the_tasks(hub: SampleHub) -> None:
    states = counted(hub, t.tasks.c.partner, t.tasks.c.status)
    outcomes = counted(hub, t.tasks.c.partner, t.tasks.c.outcome, where=t.tasks.c.outcome.is_not(None))
    lines = {line.party.id: line for line in hub.reader().overview().partners}
    assert lines.keys() == PARTNERS.keys()
    for partner, line in lines.items():
        assert line.waiting == states.get((partner, "sent"), 0) + states.get((partner, "received"), 0)
        assert line.silent == outcomes.pop((partner, "no-response"), 0)
        assert line.outcomes == {outcome: number for (of, outcome), number in outcomes.items() if of == partner}
        assert line.asked == line.waiting + line.silent + line.answered
        assert (line.oldest_due is None) == (line.waiting == 0)
    assert (lines["bank-two"].silent, lines["bank-two"].late, lines["police"].hits) == (1, 1, 1)


def test_the_board_names_the_deadline_that_passes_first(hub: SampleHub) -> None:
    bank = next(line for line in hub.reader().overview().partners if line.party.id == "bank")
    with hub.store.read() as connection:
        awaited = select(t.tasks.c.task_id).where(t.tasks.c.partner == "bank")
        due = connection.scalar(select(func.min(t.timers.c.due_at)).where(t.timers.c.ref.in_(awaited)))
    assert bank.oldest_due == due


def test_answers_of_a_connector_count_for_its_partner(hub: SampleHub) -> None:
    parties = hub.directory.parties
    connector = replace(parties["police"], id="bank", acts_for="vehicle")
    acting = Directory({**parties, "bank": connector, "police": replace(parties["police"], keys=())})
    reader = Reader(hub.store, acting, Calendar(), bytes(32), hub.checkpoint)
    said = {line.party.id: line.received for line in reader.overview().partners}
    plain = {line.party.id: line.received for line in hub.reader().overview().partners}
    assert said["vehicle"] == plain["vehicle"] + plain["bank"]


def test_topics_count_what_was_read_and_made(hub: SampleHub) -> None:
    lines = {line.topic: line for line in hub.reader().overview().topics}
    assert lines["hub.requests.v1"].records == hub.offsets["hub.requests.v1"] + 1
    made = counted(hub, t.messages.c.topic, where=t.messages.c.direction == "out")
    assert {topic: line.records for topic, line in lines.items() if line.direction == "out"} == made
    assert all(line.pending == 0 for line in lines.values())


def test_unpublished_messages_show(hub: SampleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hub.reader().version()
    monkeypatch.setattr(hub, "publish", lambda: None)
    hub.ask(factories.inquiry("P02"))
    pending = {line.topic: line.pending for line in hub.reader().overview().topics}
    assert pending["hub.tasks.police.v1"] == 1
    assert pending["hub.results.court-9901.v1"] == 1
    unpublished = hub.reader().version()
    monkeypatch.undo()
    hub.publish()
    assert len({before, unpublished, hub.reader().version()}) == 3


def test_dead_letters_are_counted_by_code(hub: SampleHub) -> None:
    assert {line.code: line.count for line in hub.reader().codes()} == counted(hub, t.letters.c.code)


# -- lists -------------------------------------------------------------------------------------------------------------


def walk(read: Callable[[str | None], Any], between: Callable[[], object] = lambda: None) -> list[Any]:
    cursor, lines = None, []
    while True:
        page = read(cursor)
        lines += page.lines
        if page.more is None:
            return lines
        assert page.lines or page.searched_to is not None
        cursor = page.more
        between()


@pytest.mark.usefixtures("each_store")
def test_pages_hold_every_request_once_while_new_ones_come(hub: SampleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE", 2)
    reader = hub.reader()
    with hub.store.read() as connection:
        newest = (t.requests.c.received_at.desc(), t.requests.c.key.desc())
        all_keys = list(connection.scalars(select(t.requests.c.key).order_by(*newest)))
    came = [line.key for line in walk(
        lambda cursor: reader.requests(RequestFilter(), cursor), lambda: hub.ask(factories.inquiry("P02"))
    )]  # fmt: skip
    assert came == all_keys


@pytest.mark.parametrize("budget", [1, 2, 5_000])
def test_a_filter_finds_everything_within_any_budget(
    hub: SampleHub, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    monkeypatch.setattr(lists, "BUDGET", budget)
    reader = hub.reader()
    for wanted in (RequestFilter(kind="control"), RequestFilter(court="court-9902"), RequestFilter(status="refused")):
        found = {line.key for line in walk(lambda cursor, wanted=wanted: reader.requests(wanted, cursor))}  # type: ignore[misc]  # mypy does not infer a default's type
        with hub.store.read() as connection:
            c = t.requests.c
            fits = [
                getattr(c, name) == value for name in ("kind", "court", "status") if (value := getattr(wanted, name))
            ]
            assert found == set(connection.scalars(select(c.key).where(*fits)))
        assert found


@pytest.mark.usefixtures("each_store")
def test_dead_letters_page_and_filter(hub: SampleHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE", 1)
    monkeypatch.setattr(lists, "BUDGET", 2)
    reader = hub.reader()
    with hub.store.read() as connection:
        kept = {row.id: row for row in connection.execute(select(t.letters).order_by(t.letters.c.at.desc(), t.letters.c.id.desc()))}
    lines = walk(lambda cursor: reader.dead_letters(None, cursor))
    assert [line.id for line in lines] == list(kept)
    assert [line.code for line in walk(lambda cursor: reader.dead_letters("not-json", cursor))] == ["not-json"]
    assert {kept[line.id].partner is None for line in lines} == {True, False}, "records and silent tasks"
    for line in lines:
        assert (line.place is None) == (kept[line.id].partner is not None)
        assert len(line.digest) == 64


@pytest.mark.usefixtures("each_store")
@pytest.mark.parametrize("budget", [1, 2, 5_000])
def test_letters_are_found_by_their_state_within_any_budget(hub: SampleHub, monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    monkeypatch.setattr(lists, "PAGE", 1)
    monkeypatch.setattr(lists, "BUDGET", budget)
    reader = hub.reader()
    before = walk(lambda cursor: reader.dead_letters(None, cursor))
    assert len(before) == 5
    states = [LetterState.DEAD, LetterState.PENDING, LetterState.DISCARDED, LetterState.DONE, LetterState.DEAD]
    with hub.store.write() as connection:
        for line, state in zip(before, states, strict=True):
            letters.move(connection, line.id, list(LetterState), state, hub.now)
    assert [line.id for line in walk(lambda cursor: reader.dead_letters(None, cursor))] == [line.id for line in before]
    for state in LetterState:
        found = walk(lambda cursor, state=state: reader.dead_letters(None, cursor, state))  # type: ignore[misc]  # mypy does not infer a default's type
        assert [line.id for line in found] == [line.id for line, its in zip(before, states, strict=True) if its is state]
        assert {(line.state, line.moved_at) for line in found} == {(state, hub.now)}


def test_a_silent_task_leads_to_its_request(hub: SampleHub) -> None:
    silent = [line for line in hub.reader().dead_letters().lines if line.place is None]
    assert [(line.party, line.request_key) for line in silent] == [("bank-two", hub.keys["returned"])]


@pytest.mark.usefixtures("each_store")
def test_requests_are_found_by_the_beginning_of_their_id(hub: SampleHub) -> None:
    reader = hub.reader()
    for line in reader.requests(RequestFilter()).lines:
        for length in (4, 12, 36):
            found = reader.requests(RequestFilter(text=line.request_id[:length])).lines
            assert line in found
            assert all(one.request_id.startswith(line.request_id[:length]) for one in found)
    assert reader.requests(RequestFilter(text="ffff" * 4)).lines == ()


@pytest.mark.parametrize("cursor", ["", "x~y", "12", "1~"])
def test_a_made_up_cursor_is_an_error_or_harmless(hub: SampleHub, cursor: str) -> None:
    try:
        page = hub.reader().requests(RequestFilter(), cursor)
    except ValueError:
        return
    assert page.lines == ()


def test_no_page_reads_a_whole_table(hub: SampleHub) -> None:
    """SQLite's own plan: every step is a search, but for walks in index order that end at a limit."""
    reader = hub.reader()
    reader.overview()
    hub.reply("police", hub.ask(factories.locate("watch")))
    said: list[tuple[str, Any]] = []
    event.listen(hub.store.engine, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
    reader.overview()
    reader.version()
    reader.requests(RequestFilter(status="open"), f"{hub.now}~x")
    reader.requests(RequestFilter(text="0123"))
    reader.dead_letters("not-json", f"{hub.now}~99")
    reader.request(hub.keys["found"])
    seen = [call for call in said if call[0].lstrip().startswith("SELECT")]
    assert len(seen) > 20
    with hub.store.read() as connection:
        plans = {line for statement, values in seen for line in plan(connection, statement, values)}
    scans = {line for line in plans if line.startswith("SCAN")}
    assert scans <= {
        "SCAN requests USING COVERING INDEX requests_by_time", "SCAN requests USING INDEX requests_by_time",
        "SCAN outbox USING INDEX outbox_pending", "SCAN outbox USING COVERING INDEX outbox_pending",  # unpublished ones
        "SCAN audit USING INDEX audit_unsequenced", "SCAN audit USING COVERING INDEX audit_unsequenced",  # likewise
        "SCAN timers", "SCAN timers USING INDEX timers_due", "SCAN timers USING COVERING INDEX timers_due",  # what is open
        "SCAN offsets",  # partitions
        "SCAN CONSTANT ROW", "SCAN (subquery-1)",
    }  # fmt: skip


def plan(connection: Connection, statement: str, values: Any) -> list[str]:
    return [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


# -- one request -------------------------------------------------------------------------------------------------------


def test_an_unknown_request_is_none(hub: SampleHub) -> None:
    assert hub.reader().request("nobody") is None


@pytest.mark.usefixtures("each_store")
def test_a_timeline_has_every_message_once_in_order(hub: SampleHub) -> None:
    for name, key in hub.keys.items():
        hops = [hop for step in timeline(hub, name).steps for hop in step.hops]
        with hub.store.read() as connection:
            c = t.messages.c
            rows = connection.execute(select(c.message_id, c.direction).where(c.request_key == key).order_by(c.pk))
            assert [(hop.message_id, hop.direction) for hop in hops] == [tuple(row) for row in rows]


def test_times_of_a_hop_follow_each_other(hub: SampleHub) -> None:
    for name in hub.keys:
        for hop in (hop for step in timeline(hub, name).steps for hop in step.hops):
            times = [at for at in (hop.signed_at, hop.broker_at, hop.handled_at, hop.published_at) if at is not None]
            assert times == sorted(times)
            assert (hop.broker_at is None) == (hop.direction == "out")
            assert (hop.published_at is None) == (hop.direction == "in")


def test_signatures_are_verified_anew(hub: SampleHub) -> None:
    hops = [hop for step in timeline(hub, "found").steps for hop in step.hops]
    assert {hop.verdict.code for hop in hops} == {None}
    assert {hop.carried.code for hop in hops if hop.carried is not None} == {None}
    assert {hop.event for hop in hops if hop.carried is not None} == {"task", "result"}
    reply = next(hop for hop in hops if hop.event == "reply")
    assert reply.verdict.kid == f"{reply.source}#1"


def spoil(hub: SampleHub, name: str, **values: Any) -> None:
    with hub.store.write() as connection:
        c = t.messages.c
        statement = update(t.messages).where(c.request_key == hub.keys[name], c.type.endswith(".request.v1"))
        assert connection.execute(statement.values(**values)).rowcount == 1


def verdict_of_request(hub: SampleHub, name: str, reader: Reader | None = None) -> str | None:
    return timeline(hub, name, reader).steps[0].hops[0].verdict.code


def test_a_changed_store_shows(hub: SampleHub) -> None:
    with hub.store.read() as connection:
        other = connection.scalar(
            select(t.messages.c.jws).where(t.messages.c.request_key == hub.keys["frozen"]).limit(1)
        )
    spoil(hub, "found", jws=other)
    spoil(hub, "returned", digest="0" * 64)
    spoil(hub, "watched", source="court-9902")
    assert verdict_of_request(hub, "found") == "jws-bad-signature"
    assert verdict_of_request(hub, "returned") == "digest-mismatch"
    assert verdict_of_request(hub, "watched") == "source-mismatch"
    assert verdict_of_request(hub, "open") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda key: replace(key, compromised_at=1), "key-compromised"),
        (lambda key: replace(key, valid_until=1), "key-not-valid"),
    ],
)
def test_keys_are_judged_by_the_directory_of_today(
    hub: SampleHub, change: Callable[[PartyKey], PartyKey], code: str
) -> None:
    court = hub.directory.parties["court-9901"]
    parties = {**hub.directory.parties, "court-9901": replace(court, keys=(change(court.keys[0]),))}
    reader = Reader(hub.store, Directory(parties), Calendar(), bytes(range(32)), hub.checkpoint)
    assert verdict_of_request(hub, "found", reader) == code


def test_an_erased_case_keeps_its_steps_and_loses_its_subject(hub: SampleHub) -> None:
    with hub.store.write() as connection:
        connection.execute(t.case_keys.delete())
    view = timeline(hub, "found")
    assert view.subject == ()
    assert {hop.verdict.code for step in view.steps for hop in step.hops} == {"case-erased"}
    assert not any(hop.facts for step in view.steps for hop in step.hops)
    assert len(view.steps) == 14


def test_clocks_say_what_was_kept_and_missed(hub: SampleHub) -> None:
    clocks = timeline(hub, "returned").clocks
    late = {(clock.partner, clock.awaited) for clock in clocks if clock.slack(hub.now) < 0}
    assert late == {("bank-two", "receipt"), ("bank-two", "reply")}
    limits = {clock.partner: clock.due_at - clock.started_at for clock in clocks if clock.awaited == "receipt"}
    assert set(limits.values()) == {10_000_000}


def test_a_running_clock_says_what_is_left(hub: SampleHub) -> None:
    clocks = {(clock.partner, clock.awaited): clock for clock in timeline(hub, "open").clocks}
    assert ("vehicle", "reply") in clocks
    assert ("police", "reply") not in clocks
    running = clocks["bank", "reply"]
    assert running.done_at is None
    assert running.slack(running.due_at + 5) == -5
    assert timeline(hub, "waiting").clocks == ()


def test_a_release_names_its_original(hub: SampleHub) -> None:
    assert timeline(hub, "released").original == (hub.keys["frozen"], timeline(hub, "frozen").line.request_id)


def test_a_conclusion_proposes_what_the_plan_allows(hub: SampleHub) -> None:
    proposals = {(item.finding, item.action) for item in timeline(hub, "found").proposals}
    assert proposals == {("vehicle", "locate.road-control"), ("account", "control.freeze")}


def test_outcomes_of_the_conclusion_are_the_tasks(hub: SampleHub) -> None:
    states = Counter(task.state for task in timeline(hub, "returned").tasks)
    assert states == {"returned": 2, "no-record": 3, "no-response": 1}
