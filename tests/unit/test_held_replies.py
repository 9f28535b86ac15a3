"""Who was late does not depend on which partition is read first: a reply that looks late is judged once all from before it has been read."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.engine.records import Record
from schemas.messages import parse
from tests.factories import inquiry
from tests.rig import Rig, entries, said, tasks_in, types


@pytest.fixture
def rig(tmp_path: Path, each_store: str) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def asked(rig: Rig) -> Any:
    """A task that the bank has; its reply is due in twenty seconds."""
    (task,) = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))
    rig.feed([rig.receipt(task)])
    return task


def again(rig: Rig, record: Record) -> Record:
    """The same bytes once more, in another partition, by the broker's time now."""
    return replace(record, partition=record.partition + 1, timestamp=rig.now)


def kinds(rig: Rig) -> list[str]:
    """What the log says of the task since its receipt."""
    found = [entry["kind"] for entry in entries(rig)]
    return found[found.index("task.received") + 1 :]


def test_a_copy_that_was_in_time_counts_though_the_late_one_is_read_a_batch_earlier(rig: Rig) -> None:
    task = asked(rig)
    in_time = rig.reply(task)
    rig.advance(21)
    assert rig.feed([again(rig, in_time)]) == []
    out = rig.feed([in_time])
    assert types(out) == ["inquiry.result", "inquiry.conclusion"]
    assert (said(out)[0].data.late, said(out)[1].data.outcome) == (False, "complete")
    assert rig.fire() == [], "the late copy is one more of what is known"
    assert kinds(rig) == ["reply.held", "task.answered", "request.concluded", "message.duplicate"]


def test_without_such_a_copy_it_is_late_after_the_silence(rig: Rig) -> None:
    task = asked(rig)
    rig.advance(21)
    late = rig.reply(task)
    assert rig.feed([late]) == rig.feed([again(rig, late)]) == []
    out = rig.fire()
    assert types(out) == ["inquiry.non-response", "inquiry.conclusion", "inquiry.result"]
    _, conclusion, result = said(out)
    assert (result.data.late, result.data.conclusion, conclusion.data.outcome) == (True, conclusion.id, "incomplete")
    assert base64.b64decode(result.data.message.value) == late.value
    assert rig.fire() == []
    assert kinds(rig) == ["reply.held", "reply.held", "task.silent", "request.concluded", "task.answered", "message.duplicate"]


def test_of_two_replies_the_one_in_time_stands_in_whatever_order_they_are_read(rig: Rig) -> None:
    """As if both had been read in the order of their times: the other one contradicts it."""
    task = asked(rig)
    in_time = rig.reply(task)
    rig.advance(21)
    assert rig.feed([replace(rig.reply(task, "result"), partition=1)]) == []
    assert types(rig.feed([in_time])) == ["inquiry.result", "inquiry.conclusion"]
    (rejection,) = said(rig.fire())
    assert rejection.data.code == "reply-conflicting"
    assert [entry.get("alarm") for entry in entries(rig, "message.rejected")] == [1]
    assert entries(rig, "task.silent") == []


def test_what_is_put_off_hides_no_other_content_under_its_id(rig: Rig) -> None:
    """Read in one batch as in two: which of them stands is decided when both are judged."""
    task = asked(rig)
    rig.advance(21)
    said_at = {"answered_at": rig.clock.isoformat(timespec="microseconds")}
    first = rig.answer(task, "reply", {"kind": "no-record", **said_at})
    second = rig.answer(task, "reply", {"kind": "refused", "reason": {"code": "test", "text": "试"}, **said_at}, id=parse(first.value).id)
    assert rig.feed([first, second]) == []
    out = said(rig.fire())
    assert [each.type.split(".")[2] for each in out if each.type.startswith("liandong.inquiry")] == ["non-response", "conclusion", "result"]
    (rejection,) = (each for each in out if each.type == "liandong.party.rejection.v1")
    assert rejection.data.code == "id-reused"
    assert kinds(rig)[:2] == ["reply.held", "reply.held"]


def test_a_reply_that_is_put_off_outlives_the_process(rig: Rig) -> None:
    """It stands in the store with its timer, encrypted, and with its own place and time."""
    task = asked(rig)
    rig.advance(21)
    late = rig.reply(task)
    rig.feed([late])
    rig.vault.forget()
    rig.advance(3600)
    rig.fire()
    held, answered = (entry for entry in entries(rig) if entry.get("in", {}).get("offset") == late.offset)
    assert (held["kind"], answered["kind"], answered["held"]) == ("reply.held", "task.answered", 1)
    assert held["in"] == answered["in"]
