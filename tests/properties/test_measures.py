"""Terms, queue and end of measures: what holds for any dates, any order of service and any sequence of changes."""

import calendar
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from hub.rules import measures
from hub.rules.measures import ENDED, PENDING, MeasureState
from schemas.base import add_months, day_of, end_of_day
from schemas.replies import MeasureOutcome

days = st.dates(date(2016, 1, 1), date(2040, 12, 31))
months = st.integers(1, 36)
times = st.integers(1_400_000_000, 2_200_000_000).map(lambda seconds: seconds * 1_000_000)
keys = st.text("abcdef", min_size=1, max_size=4)
yuan = st.integers(0, 10**7).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
statuses = st.sampled_from(sorted(ENDED | PENDING | {"effective", "queued"}))


def measure(key: str = "k", status: str = "requested", **members: Any) -> MeasureState:
    return MeasureState(**{
        "key": key, "court": "court-9901", "case_token": "c" * 32, "ref": "r" * 32, "status": status, "request_id": key,
        "partner": "real-estate", "asset": "real-estate", "action": "seal", "amount": "100.00", "term_months": 12, **members,
    })  # fmt: skip


def outcome(state: str = "effective", **members: Any) -> MeasureOutcome:
    return MeasureOutcome.model_validate({"state": state, "reference": "X1", **members})


queues = st.lists(
    st.builds(lambda key, status, at: measure(key, status, served_at=at), keys, statuses, st.one_of(st.none(), times)),
    max_size=8, unique_by=lambda each: each.key,
)  # fmt: skip


# -- months ------------------------------------------------------------------------------------------------------------


@given(days, st.integers(0, 60))
def test_months_are_added_by_the_calendar_and_clamped_to_the_end_of_the_month(start: date, count: int) -> None:
    end = add_months(start, count)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == count
    last = calendar.monthrange(end.year, end.month)[1]
    assert end.day == min(start.day, last)


@given(days, st.integers(0, 30), st.integers(0, 30))
def test_more_months_never_end_earlier_and_in_two_steps_never_later(start: date, one: int, two: int) -> None:
    assert add_months(start, one) <= add_months(start, one + two)
    assert add_months(add_months(start, one), two) <= add_months(start, one + two)


# -- terms -------------------------------------------------------------------------------------------------------------


@given(times, st.one_of(st.none(), days), st.one_of(st.none(), days), months, months)
def test_no_measure_ends_beyond_the_legal_maximum(at: int, starts: date | None, ends: date | None, term: int, most: int) -> None:
    stated = outcome(starts=starts, ends=ends)
    found = measures.answered(measure(term_months=term), stated, at=at, served_at=at, proof="p", max_months=most, others=[])
    began = starts or day_of(at)
    assert found.status == "effective"
    assert found.ends is not None
    assert date.fromisoformat(found.ends) <= add_months(began, most)
    assert measures.beyond_law(stated, began, most) is (ends is not None and ends > add_months(began, most))


@given(days, st.one_of(st.none(), days), months, months)
def test_a_renewal_never_shortens_and_never_reaches_beyond_a_term_from_the_old_end(old: date, stated: date | None, term: int, most: int) -> None:
    assume(term <= most)
    before = measure(status="effective", starts="2016-01-01", ends=old.isoformat(), renewals=("r",))
    after = measures.renewed(before, outcome("renewed", ends=stated), key="r", months=term, max_months=most, proof="p")
    assert after.ends is not None
    assert old <= date.fromisoformat(after.ends) <= add_months(old, most)
    assert (after.status, after.renewals) == ("effective", ())


@given(days, times)
def test_it_can_be_renewed_until_the_end_of_its_last_day_and_not_a_microsecond_longer(ends: date, at: int) -> None:
    running = measure(status="effective", ends=ends.isoformat())
    assert (measures.may_renew(running, at) is None) is (at < end_of_day(ends))
    assert measures.may_renew(running, end_of_day(ends) - 1) is None
    assert measures.may_renew(running, end_of_day(ends)) == "measure-expired"


@given(days, st.sampled_from([30, 15, 7, 3, 1]))
def test_a_reminder_comes_in_the_morning_so_many_days_ahead(ends: date, ahead: int) -> None:
    at = measures.reminder_at(ends.isoformat(), ahead)
    assert day_of(at) == ends - timedelta(days=ahead)
    assert at < end_of_day(ends)


# -- queue -------------------------------------------------------------------------------------------------------------


@given(queues)
def test_those_who_wait_stand_in_the_order_of_service(every: list[MeasureState]) -> None:
    line = measures.in_line(every)
    assert [each.served_at or 0 for each in line] == sorted(each.served_at or 0 for each in line)
    assert {each.key for each in line} == {each.key for each in every if each.status == "queued"}


@given(queues, st.randoms())
def test_the_line_does_not_depend_on_the_order_in_which_it_is_read(every: list[MeasureState], random: Any) -> None:
    shuffled = list(every)
    random.shuffle(shuffled)
    assert measures.in_line(shuffled) == measures.in_line(every)


@given(queues, times, st.sampled_from(["conversion", "document"]))
def test_only_the_first_in_line_takes_effect_and_only_where_nobody_is(every: list[MeasureState], at: int, policy: Any) -> None:
    found = measures.next_in_line(every, at, policy)
    waiting = measures.in_line(every)
    if not waiting or any(each.status == "effective" for each in every):
        assert found is None
        return
    assert found is not None
    assert (found.key, found.status) == (waiting[0].key, "effective")
    after = [found if each.key == found.key else each for each in every]
    assert sum(each.status == "effective" for each in after) == 1
    assert measures.next_in_line(after, at, policy) is None, "never two"


@given(times, times, months, st.sampled_from(["conversion", "document"]))
def test_one_that_waited_keeps_its_length_whatever_day_it_starts(at: int, served: int, term: int, policy: Any) -> None:
    found = measures.promoted(measure(status="queued", served_at=served, term_months=term), at, policy)
    began = day_of(at if policy == "conversion" else served)
    assert (found.starts, found.ends) == (began.isoformat(), add_months(began, term).isoformat())


@given(queues, times)
def test_a_registry_that_calls_a_second_seizure_effective_is_not_believed(every: list[MeasureState], at: int) -> None:
    new = measure("new")
    found = measures.answered(new, outcome(), at=at, served_at=at, proof="p", max_months=36, others=every)
    taken = any(each.status == "effective" for each in every)
    assert found.status == ("queued" if taken else "effective")
    if taken:
        assert (found.starts, found.ends) == (None, None), "it has a length and no end"


# -- the end -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(ENDED)), st.lists(st.sampled_from(sorted(ENDED)), min_size=1, max_size=5))
def test_what_has_ended_stays_as_it_ended(first: str, later: list[Any]) -> None:
    gone = measure(status=first, proof="p")
    for status in later:
        assert measures.ended(gone, status, "other") == gone
    assert measures.may_renew(gone, 0) is not None
    assert gone.counts == 0


# -- amounts -----------------------------------------------------------------------------------------------------------


@given(statuses, yuan, st.one_of(st.none(), yuan))
def test_what_counts_is_what_is_controlled_or_may_be(status: str, asked: str, controlled: str | None) -> None:
    found = measure(status=status, amount=asked, controlled=controlled)
    if status == "effective" or status in PENDING:
        assert found.counts == Decimal(controlled if controlled is not None else asked)
    else:
        assert found.counts == 0


@given(yuan, st.lists(st.tuples(keys, yuan), max_size=6, unique_by=lambda each: each[0]))
def test_deductions_on_their_way_never_add_up_to_more_than_the_freeze_holds(held: str, wanted: list[tuple[str, str]]) -> None:
    frozen = measure(status="effective", controlled=held)
    for key, amount in wanted:
        if measures.may_deduct(frozen, amount):
            frozen = measures.deducting(frozen, key, amount)
    assert sum(Decimal(amount) for _, amount in frozen.deducting) <= Decimal(held)
    assert all(measures.covers(frozen, key) for key, _ in frozen.deducting)
    for key, amount in frozen.deducting:
        frozen = measures.deducted(measures.not_deducting(frozen, key), amount, "p")
    assert frozen.deducting == ()
    assert frozen.counts >= 0


@given(yuan, yuan)
def test_a_freeze_that_turns_out_smaller_covers_only_the_deductions_that_fit(asked: str, held: str) -> None:
    pending = measures.deducting(measure(amount=asked), "d", asked)
    settled = replace(pending, status="effective", controlled=held)
    assert measures.covers(settled, "d") is (Decimal(asked) <= Decimal(held))
    assert measures.covers(settled, "another")


@given(yuan, yuan)
def test_what_a_deduction_paid_before_the_late_answer_is_not_counted_again(asked: str, paid: str) -> None:
    assume(Decimal(paid) <= Decimal(asked))
    unknown = measures.deducted(measure(status="unknown", amount=asked), paid, "p")
    found = measures.answered(unknown, outcome(controlled=asked), at=10**15, served_at=10**15, proof="q", max_months=12, others=[])
    assert found.counts == Decimal(asked) - Decimal(paid)
