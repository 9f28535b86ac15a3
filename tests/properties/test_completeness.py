"""No sequence of answers makes a certificate that lacks one explicit answer."""

from datetime import date, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import completeness as rules
from hub.rules.completeness import Answer
from hub.rules.terms import Ledger
from schemas.base import CHINA, micros
from schemas.hub import TaskOutcome

PARTNERS = ("bank", "bank-two", "police", "vehicle")
TERMS = Ledger(every_months=6, times=10, min_months_since_filing=3, window_from=22, window_until=6)
answers = st.lists(
    st.builds(Answer, partner=st.sampled_from(PARTNERS), request_id=st.just("r"), message_id=st.uuids().map(str),
              outcome=st.sampled_from(list(TaskOutcome)), at=st.integers(0, 100)),
    max_size=30,
)  # fmt: skip


@given(answers, st.sets(st.sampled_from(PARTNERS), min_size=1))
def test_nothing_is_certified_while_one_required_partner_has_not_answered_explicitly(given_: list[Answer], required: set[str]) -> None:
    found = rules.latest(given_)
    explicit = {answer.partner for answer in given_ if answer.outcome in (TaskOutcome.RESULT, TaskOutcome.NO_RECORD)}
    assert set(rules.missing(sorted(required), found)) == required - explicit


@given(answers, st.randoms(use_true_random=False))
def test_the_latest_explicit_answer_counts_in_whatever_order_they_are_read(given_: list[Answer], random: Random) -> None:
    shuffled = list(given_)
    random.shuffle(shuffled)
    found = rules.latest(given_)
    assert rules.latest(shuffled) == found
    for answer in given_:
        if answer.outcome in rules.EXPLICIT:
            assert found[answer.partner].at >= answer.at


@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(0, 400), st.booleans())
def test_a_round_may_be_closed_only_restricted_and_after_three_months(filed: date, days: int, restricted: bool) -> None:
    at = micros(datetime(filed.year, filed.month, filed.day, 12, tzinfo=CHINA)) + days * 24 * 3600 * 1_000_000
    possible = rules.may_close(filed, restricted=restricted, at=at, terms=TERMS)
    assert not possible or (restricted and days >= 89)
    assert possible or not restricted or days <= 92
