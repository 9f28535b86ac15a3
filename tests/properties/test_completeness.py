"""No sequence of answers makes a certificate that lacks one explicit answer."""

import tempfile
from datetime import date, datetime
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules import completeness as rules
from hub.rules.completeness import Answer, CertificateState
from hub.rules.terms import Ledger
from schemas import samples
from schemas.base import CHINA, micros
from schemas.hub import TaskOutcome
from tests.factories import inquiry
from tests.rig import PARTNERS as ALL
from tests.rig import Rig, said

EVERYBODY = frozenset(ALL)
KINDS = ("result", "no-record", "partial", "refused", "returned", "silent")
PARTNERS = ("bank", "bank-two", "police", "vehicle")
TERMS = Ledger(every_months=6, times=10, min_months_since_filing=3, certificate_months=3, imported_before=date(2026, 3, 1), window_from=22, window_until=6)
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


_DAY = 24 * 3600 * 1_000_000
certificates = st.lists(
    st.builds(CertificateState, key=st.uuids().map(str), court=st.just("court"), case_token=st.just("case"),
              ref=st.sampled_from(("one", "two", "other")), status=st.sampled_from(("issued", "issued", "spent")),
              answered_at=st.integers(0, 200).map(lambda days: days * _DAY)),
    max_size=6,
)  # fmt: skip


@given(certificates, st.sets(st.sampled_from(("one", "two"))), st.integers(200, 300).map(lambda days: days * _DAY))
def test_no_round_is_closed_while_one_debtor_lacks_a_certificate_of_three_months(
    issued: list[CertificateState], debtors: set[str], at: int
) -> None:
    codes = rules.certified(debtors, issued, at, TERMS)
    ages = {who: [at - each.answered_at for each in issued if (each.ref, each.status) == (who, "issued")] for who in debtors}
    if not debtors or not all(ages.values()):
        assert codes == ["certificate-needed"]
    elif any(min(each) > 92 * _DAY for each in ages.values()):
        assert codes == ["certificate-stale"]
    elif all(min(each) < 89 * _DAY for each in ages.values()):
        assert codes == []
    else:
        assert codes in ([], ["certificate-stale"])


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(EVERYBODY)), st.sampled_from(("no-record", "no-record", "result", "returned")), min_size=4),
    st.lists(st.tuples(st.sampled_from(sorted(EVERYBODY)), st.sampled_from(KINDS), st.booleans()), max_size=12),
)
def test_the_hub_certifies_when_everybody_has_answered_explicitly_and_in_time_and_never_else(
    first: dict[str, str], rest: list[tuple[str, str, bool]]
) -> None:
    """Each asks one partner: the kind of its answer, and whether that comes before its silence is on record."""
    explicit: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        for partner, kind, in_time in [*((partner, kind, True) for partner, kind in first.items()), *rest]:
            out = said(rig.feed([rig.request(inquiry(partners=[partner]))[1]]))
            task = next(each for each in out if each.type.endswith(".task.v1"))
            if not in_time or kind == "silent":
                rig.advance(30 * 24 * 3600)
                rig.fire()
            if kind != "silent":
                rig.feed([rig.reply(task, kind)])
            if in_time and kind in ("result", "no-record"):
                explicit.add(partner)
        ask = {"case_number": samples.case_number(), "subject": samples.subject("P01")}
        answer = said(rig.feed([rig.statement(ask, "certificate-request")[1]]))[0]
        rig.close()
    if explicit == EVERYBODY:
        assert {line.partner for line in answer.data.answers} == EVERYBODY
    else:
        assert set(answer.data.reasons[0].about) == EVERYBODY - explicit
