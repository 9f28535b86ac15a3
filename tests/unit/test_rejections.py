"""Who answers each rejection with another bad message, or echoes them, is not answered for ever; what it says stays on record."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.engine.records import Outgoing, Record
from hub.rules.allowance import REJECTIONS
from hub.store import tables as t
from schemas.base import derive_id
from schemas.messages import Rejected
from tests.factories import REPLIES, inquiry, message
from tests.rig import Rig, entries, said, tasks_in

PAGE = 250
Answer = Callable[[Rig, Rejected], Record]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def rejections(out: list[Outgoing]) -> list[Rejected]:
    return [each for each in said(out) if isinstance(each, Rejected)]


def of_no_task(rig: Rig, cause: str | None, sender: str = "bank") -> Record:
    """A receipt of a task that there is not, in answer to `cause`."""
    task = derive_id("no task", cause or "")
    value = message("liandong.inquiry.receipt.v1", sender, "hub", {"task_id": task, "handling": "automatic"},
                    time=rig.clock, correlationid=derive_id("nothing", ""), causationid=cause)  # fmt: skip
    return rig.record(sender, value, REPLIES)


def letters(rig: Rig) -> tuple[int, int]:
    """How many dead letters there are, and entries of them."""
    with rig.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(t.dead_letters)) or 0, len(entries(rig, "message.rejected"))


def test_what_answers_a_rejection_is_a_dead_letter_that_nobody_is_told_of(rig: Rig) -> None:
    (rejection,) = rejections(rig.feed([of_no_task(rig, None)]))
    assert rejections(rig.feed([of_no_task(rig, rejection.id)])) == []
    assert letters(rig) == (2, 2)
    (task,) = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))
    assert len(rejections(rig.feed([of_no_task(rig, task.id)]))) == 1, "what answers anything else is told"


def unread(rig: Rig, rejection: Rejected) -> Record:
    """What is no message at all, and so says nothing of what it answers."""
    return rig.record("bank", json.dumps({"re": rejection.id}).encode(), REPLIES)


def echoed(rig: Rig, rejection: Rejected) -> Record:
    """The rejection's own words under the bank's own key."""
    return rig.record("bank", rejection.model_dump_json().encode(), REPLIES)


def in_silence(rig: Rig, rejection: Rejected) -> Record:
    """A bad message that does not say what it answers."""
    value: dict[str, Any] = json.loads(of_no_task(rig, rejection.id).value)
    del value["causationid"]
    return rig.record("bank", json.dumps(value).encode(), REPLIES)


def test_an_echo_dies_out(rig: Rig) -> None:
    """The rejection of an echo names as its cause the rejection that was echoed; and so does its own echo."""
    out = rig.feed([of_no_task(rig, None)])
    heard = []
    for _ in range(5):
        heard.append(rejections(out))
        out = rig.feed([echoed(rig, rejection) for rejection in heard[-1]])
    assert [len(each) for each in heard] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("answer", [unread, in_silence])
def test_a_loop_ends(rig: Rig, answer: Answer) -> None:
    sent = 0
    out = rig.feed([of_no_task(rig, None) for _ in range(PAGE)])
    while got := rejections(out):
        sent += len(got)
        assert sent <= REJECTIONS, "for ever"
        out = rig.feed([answer(rig, rejection) for rejection in got])
    assert sent == REJECTIONS
    assert letters(rig) == (REJECTIONS + PAGE, REJECTIONS + PAGE), "each bad message stays on record"
    assert [entry["alarm"] for entry in entries(rig, "message.rejected") if "alarm" in entry] == [1], "a person is told, once"
    assert len(rejections(rig.feed([of_no_task(rig, None, "vehicle")]))) == 1, "nobody else is told less"
    rig.advance(24 * 3600)
    assert len(rejections(rig.feed([of_no_task(rig, None)]))) == 1, "the next day"
