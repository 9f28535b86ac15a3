"""Whatever comes in whatever order: a ledger asks at most its rounds, none after its end, each in its night, evenly."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules import ledger as rules
from hub.rules.ledger import LedgerState
from hub.rules.terms import Ledger
from schemas.base import CHINA, add_months, day_of, from_micros, micros
from schemas.cases import Review
from schemas.requests import Standing

TERMS = Ledger(every_months=6, times=10, min_months_since_filing=3, window_from=22, window_until=6)
STANDING = "99010000-0000-4000-8000-000000000001"
times = st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1)).map(lambda at: micros(at.replace(tzinfo=CHINA)))  # noqa: DTZ001
Step = tuple[Literal["ask", "find", "conclude", "dismiss", "resume", "end"], int]
steps = st.lists(st.tuples(st.sampled_from(["ask", "ask", "find", "conclude", "dismiss", "resume", "end"]), st.integers(0, 5)), max_size=60)


def fresh(key: str = "k", at: int = micros(datetime(2026, 3, 2, tzinfo=CHINA)), count: int = 4) -> LedgerState:
    return LedgerState(key=key, court="court-9901", case_token="0" * 32, status="open", request_id=STANDING, opened_at=at,
                       every_months=6, times=count)  # fmt: skip


def apply(ledger: LedgerState, step: Step) -> LedgerState:
    what, number = step
    if what == "ask":
        return rules.asked(ledger)
    if what == "find":
        return rules.found(ledger, number)
    if what == "conclude":
        return rules.concluded(ledger, min(number, ledger.round), "complete" if number % 2 else "incomplete")
    if what == "end":
        return rules.ended(ledger, "ended")
    outcome: Literal["resumed", "dismissed"] = "resumed" if what == "resume" else "dismissed"
    review = Review(standing=STANDING, round=max(number, 1), outcome=outcome, officer="GZ-9901-001", reason="已核实")
    after = rules.reviewed(ledger, review)
    return ledger if isinstance(after, str) else after


@given(steps)
def test_never_more_rounds_than_signed_and_none_after_the_end(sequence: list[Step]) -> None:
    ledger, asked = fresh(), 0
    for step in sequence:
        before, ledger = ledger, apply(ledger, step)
        asked += ledger.round - before.round
        if before.status not in rules.LIVE:
            assert (ledger.status, ledger.round) == (before.status, before.round), "what has ended stays so"
            assert rules.next_round(ledger) is None
        if ledger.status == "found":
            assert ledger.unreviewed
        assert ledger.round <= ledger.times
        assert set(ledger.unreviewed) <= set(range(1, ledger.round + 1)), "only what was asked can have been found"
    assert asked == ledger.round <= 4


@given(steps)
def test_it_closes_by_itself_only_when_all_rounds_are_over_and_every_finding_is_reviewed(sequence: list[Step]) -> None:
    ledger = fresh()
    for step in sequence:
        before, ledger = ledger, apply(ledger, step)
        if ledger.status == "closed" and before.status != "closed":
            assert ledger.concluded == ledger.times
        if before.status == "found" and ledger.status == "closed":
            assert step[0] == "dismiss"
            assert before.unreviewed == (max(step[1], 1),)


@given(times, st.integers(1, 10), st.text("0123456789abcdef", min_size=8, max_size=8))
def test_each_round_lies_in_the_night_of_its_step(opened_at: int, number: int, key: str) -> None:
    ledger = fresh(key, opened_at)
    due = rules.due_at(ledger, number, TERMS)
    at = from_micros(due)
    assert at.hour >= 22 or at.hour < 6
    assert (at - timedelta(hours=6)).date() == add_months(day_of(opened_at), 6 * number)
    assert due == rules.due_at(ledger, number, TERMS), "the same in every run"
    assert due > opened_at


@settings(max_examples=10)
@given(times, st.integers(0, 2**32))
def test_rounds_of_one_night_are_spread_evenly_over_it(opened_at: int, seed: int) -> None:
    """8,000 ledgers of one day over the night's eight hours: each hour within six deviations of its thousand."""
    counts = [0] * 8
    base = fresh(at=opened_at)
    for number in range(8000):
        due = from_micros(rules.due_at(replace(base, key=f"{seed}-{number}"), 1, TERMS))
        counts[(due.hour - 22) % 24] += 1
    assert all(abs(count - 1000) < 6 * 30 for count in counts), counts


@given(times, st.integers(1, 12), st.integers(1, 20), st.integers(0, 200))
def test_a_basis_that_suffices_outlasts_every_round(opened_at: int, every: int, count: int, months: int) -> None:
    standing = Standing(every_months=every, times=count)
    until = micros(datetime.combine(add_months(day_of(opened_at), months), datetime.min.time(), CHINA))
    if rules.sufficient(standing, TERMS, opened_at, until):
        assert every <= 6
        assert every * count >= 60
        ledger = replace(fresh(at=opened_at), every_months=every, times=count)
        assert all(rules.due_at(ledger, number, TERMS) < until for number in range(1, count + 1))
