"""The day's allowance of inquiries (`daily_limit`): a court that floods uses up its own day, and nobody else's."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.base import CHINA
from tests.factories import control, inquiry
from tests.rig import Rig, agree, said, tasks_in, types

LIMIT = 3
BOTH = ("court-9901", "court-9902")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=BOTH)
    agree(made, datetime(2033, 1, 1, tzinfo=CHINA), daily_limit=LIMIT)
    yield made
    made.close()


def ask(rig: Rig, court: str = "court-9901", **changes: Any) -> list[Any]:
    return rig.feed([rig.request(inquiry("P03", court=court, **{"partners": ["bank"]} | changes), court)[1]])


def test_what_is_over_the_days_allowance_is_refused_by_name_and_another_court_goes_on(rig: Rig) -> None:
    assert [types(ask(rig)) for _ in range(LIMIT)] == [["inquiry.acceptance", "inquiry.task"]] * LIMIT
    (refusal,) = said(ask(rig))
    assert [(reason.code, reason.about) for reason in refusal.data.reasons] == [("allowance-spent", ("bank",))]
    assert types(ask(rig, "court-9902")) == ["inquiry.acceptance", "inquiry.task"]
    assert types(ask(rig, partners=["vehicle"])) == ["inquiry.acceptance", "inquiry.task"], "each partner has its own"


def test_what_is_refused_for_one_partner_uses_up_nothing_at_another(rig: Rig) -> None:
    for _ in range(LIMIT):
        ask(rig)
    for _ in range(LIMIT + 1):
        assert types(ask(rig, partners=["bank", "vehicle"])) == ["inquiry.refusal"]
    assert len(tasks_in(ask(rig, partners=["vehicle"]))) == 1


def test_the_next_day_in_china_begins_anew(rig: Rig) -> None:
    rig.advance(14 * 3600)  # 23:00
    for _ in range(LIMIT):
        ask(rig)
    rig.advance(3599)
    assert types(ask(rig)) == ["inquiry.refusal"]
    rig.advance(1)
    assert types(ask(rig)) == ["inquiry.acceptance", "inquiry.task"]


def test_one_batch_counts_like_many(rig: Rig) -> None:
    out = rig.feed([rig.request(inquiry("P03", partners=["bank"]))[1] for _ in range(LIMIT + 2)])
    assert types(out).count("inquiry.refusal") == 2


def test_a_measure_is_never_late_for_an_allowance(rig: Rig) -> None:
    for _ in range(LIMIT + 1):
        ask(rig)
    assert types(rig.feed([rig.request(control(partners=["bank"]))[1]])) == ["control.acceptance", "control.task"]
