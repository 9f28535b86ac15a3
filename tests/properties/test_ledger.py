"""The promises of the ledger of closed rounds, whatever happens to it and in whatever order."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules import ledger as rules
from hub.rules.ledger import LIVE, LedgerState
from schemas.base import CHINA, add_months, from_micros, micros
from schemas.cases import Review
from schemas.requests import Standing
from tests import ledgers
from tests.rig import sample_linkage

TERMS = sample_linkage().terms.ledger
EVENING, MORNING = timedelta(hours=TERMS.window_from), timedelta(hours=TERMS.window_until)
Event = tuple[str, int]

moments = st.integers(micros(datetime(2024, 1, 1, tzinfo=CHINA)), micros(datetime(2035, 12, 31, tzinfo=CHINA)))
opened = st.builds(ledgers.ledger, st.integers(0, 10**9), moments)
events = st.lists(st.tuples(
    st.sampled_from(["ask", "ask", "ask", "found", "complete", "incomplete", "resumed", "dismissed", "case"]), st.integers(1, 12),
), max_size=80)  # fmt: skip


def after(ledger: LedgerState, event: Event) -> LedgerState:
    """The ledger after one event; a review that is refused changes nothing."""
    kind, number = event
    match kind:
        case "ask":
            return rules.asked(ledger)
        case "found":
            return rules.found(ledger, number)
        case "complete":
            return rules.concluded(ledger, min(number, ledger.round), "complete")
        case "incomplete":
            return rules.concluded(ledger, min(number, ledger.round), "incomplete")
        case "case":
            return rules.ended(ledger, "ended") if number == 1 else ledger
        case outcome:
            review = Review.model_validate({"standing": ledger.request_id, "round": number, "outcome": outcome,
                                            "officer": "GZ-9901-001", "reason": "审查"})  # fmt: skip
            made = rules.reviewed(ledger, review)
            return ledger if isinstance(made, str) else made


@given(opened, events)
def test_at_most_as_many_rounds_as_were_signed_for_and_none_after_the_end(ledger: LedgerState, happens: list[Event]) -> None:
    asked, states = [], [ledger]
    for event in happens:
        coming = rules.next_round(ledger)
        now = after(ledger, event)
        if now.round != ledger.round:
            asked.append(now.round)
            assert ledger.status in LIVE
            assert now.round == coming
        states.append(now)
        ledger = now
    assert asked == list(range(1, len(asked) + 1))
    assert len(asked) <= ledger.times
    for before, then in pairwise(states):
        if before.status not in LIVE:
            assert then.status == before.status
            assert rules.next_round(then) is None


@given(opened, events)
def test_what_was_found_waits_for_its_review_and_nothing_closes_over_it(ledger: LedgerState, happens: list[Event]) -> None:
    waiting: set[int] = set()
    for kind, number in happens:
        before, ledger = ledger, after(ledger, (kind, number))
        if kind == "found" and before.status in LIVE and number <= before.round:
            waiting.add(number)
        elif kind == "dismissed":
            waiting.discard(number)
        if ledger.status == "closed":
            assert not waiting
            assert ledger.concluded == ledger.times
        if ledger.status in LIVE:
            assert set(ledger.unreviewed) == waiting
            assert (ledger.status == "found") == bool(waiting)
        elif ledger.status == "resumed" and before.status in LIVE:
            assert kind == "resumed"
            assert number in waiting


@given(opened, st.integers(1, 10))
def test_a_round_is_due_in_the_night_of_its_step_clamped_to_its_month(ledger: LedgerState, number: int) -> None:
    due = rules.due_at(ledger, number, TERMS)
    day = add_months(from_micros(ledger.opened_at).date(), 6 * number)
    midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    assert midnight + EVENING <= from_micros(due) < midnight + timedelta(days=1) + MORNING
    assert rules.in_night(due, TERMS)
    assert rules.due_at(ledger, number, TERMS) == due


@given(moments, st.dates(date(2020, 1, 1), date(2026, 2, 28)))
def test_of_a_round_that_is_taken_over_just_the_nights_to_come_are_left(now: int, closed_on: date) -> None:
    standing = Standing(every_months=6, times=10, closed_on=closed_on)
    passed = rules.passed(standing, TERMS, now)
    taken = replace(ledgers.ledger(0, rules.begun_at(standing, now)), round=passed, concluded=passed)
    evenings = [datetime.combine(add_months(closed_on, 6 * number), time(TERMS.window_from), CHINA) for number in range(1, 11)]
    assert [evening > from_micros(now) for evening in evenings] == [number > passed for number in range(1, 11)]
    assert all(micros(evening) <= rules.due_at(taken, number, TERMS) for number, evening in enumerate(evenings, 1))
    over = "import-over" in rules.may_import(standing, TERMS, now, known=False)
    assert over == (rules.next_round(taken) is None)


@given(opened)
def test_steps_do_not_drift_however_short_a_month_is(ledger: LedgerState) -> None:
    start = from_micros(ledger.opened_at)
    for number in range(1, 11):
        night = (from_micros(rules.due_at(ledger, number, TERMS)) - MORNING).date()
        assert (night.year - start.year) * 12 + night.month - start.month == 6 * number
        last = (night + timedelta(days=1)).day == 1
        assert night.day == start.day or (last and night.day < start.day)


@given(moments, st.integers(1, 10), opened)
def test_a_missed_night_is_made_up_for_in_the_coming_one(now: int, number: int, ledger: LedgerState) -> None:
    hour = from_micros(now).hour
    assert rules.in_night(now, TERMS) == (hour >= TERMS.window_from or hour < TERMS.window_until)
    if not rules.in_night(now, TERMS):
        then = rules.tonight(ledger, number, now, TERMS)
        assert now < then < now + 24 * 3600 * 1_000_000
        assert rules.in_night(then, TERMS)


@settings(max_examples=10, deadline=None)
@given(moments, st.integers(1, 10))
def test_the_rounds_of_one_night_lie_evenly_over_it(start: int, number: int) -> None:
    """Of 4,000 in 16 half hours, 250 each: a hash strays from that by less than a third (five standard deviations)."""
    first = rules.due_at(ledgers.ledger(0, start), number, TERMS)
    evening = from_micros(first) - MORNING
    begin = micros(evening.replace(hour=0, minute=0, second=0, microsecond=0) + EVENING)
    places = Counter(
        (rules.due_at(ledgers.ledger(each, start), number, TERMS) - begin) // (1800 * 1_000_000) for each in range(4000)
    )
    assert set(places) == set(range(16))
    assert all(160 < count < 340 for count in places.values())


@given(moments, st.integers(1, 12), st.integers(1, 20), st.integers(0, 4000))
def test_a_standing_inquiry_suffices_only_if_it_reaches_over_all_that_the_law_asks(
    at: int, every: int, count: int, days: int
) -> None:
    until = at + days * 24 * 3600 * 1_000_000
    if rules.sufficient(Standing(every_months=every, times=count), TERMS, at, until):
        assert every <= 6
        assert every * count >= 60
        assert from_micros(until).date() > add_months(from_micros(at).date(), every * count), "its last night is over before"
