"""Closing a round: a certificate about each debtor that is not too old, and a standing inquiry about each."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas import samples
from schemas.base import CHINA, micros
from tests.factories import inquiry
from tests.rig import Rig, agree, said, tasks_in, types

UNTIL = datetime(2032, 12, 31, 23, 59, 59, tzinfo=CHINA)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    agree(made, UNTIL)
    yield made
    made.close()


def inquired(rig: Rig, who: str) -> None:
    """Everybody has answered about this debtor."""
    rig.feed([rig.reply(task) for task in tasks_in(rig.feed([rig.request(inquiry(who, fresh=True))[1]]))])


def certified(rig: Rig, who: str) -> Any:
    """The certificate that the hub issues about this debtor."""
    wanted = {"case_number": samples.case_number(), "subject": samples.subject(who)}
    (answer,) = said(rig.feed([rig.statement(wanted, "certificate-request")[1]]))
    assert answer.type == "liandong.case.certificate.v1"
    return answer.data


def standing(rig: Rig, who: str) -> str:
    data = inquiry(who, partners=["bank"], standing={"every_months": 6, "times": 10})
    data["legal"]["valid_until"] = UNTIL.isoformat(timespec="microseconds")
    request_id, record = rig.request(data, expires=UNTIL)
    assert types(rig.feed([record])) == ["inquiry.acceptance"]
    return request_id


def closing(rig: Rig, standing_id: str, *debtors: str, version: int = 2) -> list[str]:
    """The codes of why the round cannot be closed; none once it is."""
    named = [samples.subject(each) for each in debtors]
    (answer,) = said(rig.register_case(version=version, status="round-closed", restricted=True, standing=standing_id, debtors=named))
    return [reason.code for reason in answer.data.reasons] if answer.type == "liandong.case.refusal.v1" else []


def test_a_certificate_about_one_debtor_closes_no_round_against_another(rig: Rig) -> None:
    for who in ("P03", "P02"):
        inquired(rig, who)
    certified(rig, "P03")
    about_both = [standing(rig, who) for who in ("P03", "P02")]
    assert closing(rig, about_both[0], "P02") == ["certificate-needed"]
    assert closing(rig, about_both[0], "P03", "P02") == ["certificate-needed"]
    assert closing(rig, about_both[0]) == ["certificate-needed"], "whom the court has inquired about is its debtor, named or not"
    certified(rig, "P02")
    assert closing(rig, about_both[0], "P03", "P02") == []


def test_a_court_that_names_its_debtor_needs_none_about_whom_else_it_inquired_about(rig: Rig) -> None:
    for who in ("P03", "P02"):
        inquired(rig, who)
    certified(rig, "P03")
    assert closing(rig, standing(rig, "P03"), "P03") == []


def test_a_case_in_which_nobody_was_inquired_about_is_not_closed(rig: Rig) -> None:
    rig.register_case(case=124)
    assert closing(rig, standing(rig, "P03")) == ["certificate-needed"]


def test_each_debtor_goes_on_with_a_standing_inquiry(rig: Rig) -> None:
    for who in ("P03", "P02"):
        inquired(rig, who)
        certified(rig, who)
    first = standing(rig, "P03")
    assert closing(rig, first, "P03", "P02") == ["standing-needed"]
    standing(rig, "P02")
    assert closing(rig, first, "P03", "P02") == []


@pytest.mark.parametrize(("day", "codes"), [(date(2027, 2, 23), []), (date(2027, 2, 24), ["certificate-stale"])])
def test_a_certificate_is_good_for_three_months_after_its_oldest_answer(rig: Rig, day: date, codes: list[str]) -> None:
    inquired(rig, "P03")
    assert certified(rig, "P03").good_until == date(2027, 2, 23)
    rig.now = micros(datetime(day.year, day.month, day.day, 23, 59, tzinfo=CHINA))
    assert closing(rig, standing(rig, "P03"), "P03") == codes


def test_a_new_certificate_over_old_answers_is_no_younger_and_over_new_ones_is(rig: Rig) -> None:
    rig.register_case(version=2, restricted=True)
    inquired(rig, "P03")
    rig.now = micros(datetime(2027, 3, 1, 9, tzinfo=CHINA))
    again = certified(rig, "P03")
    assert (again.good_until, again.closing_possible) == (date(2027, 2, 23), False)
    going_on = standing(rig, "P03")
    assert closing(rig, going_on, "P03", version=3) == ["certificate-stale"]
    inquired(rig, "P03")
    again = certified(rig, "P03")
    assert (again.good_until, again.closing_possible) == (date(2027, 6, 1), True)
    assert closing(rig, going_on, "P03", version=3) == []


def test_a_statement_dated_back_makes_no_certificate_younger(rig: Rig) -> None:
    inquired(rig, "P03")
    certified(rig, "P03")
    signed = rig.clock
    rig.now = micros(datetime(2027, 3, 1, 9, tzinfo=CHINA))
    data = samples.statement(version=2, status="round-closed", restricted=True, standing=standing(rig, "P03"))
    (answer,) = said(rig.feed([rig.statement(data, "statement", time=signed, expires=UNTIL)[1]]))
    assert [reason.code for reason in answer.data.reasons] == ["certificate-stale"]
