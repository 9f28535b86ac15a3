"""Whoever can write to a topic may put there whatever was ever said: it does nothing a second time, and nothing in another place."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.engine.records import Outgoing, Record
from hub.rules.allowance import AllowanceState
from hub.store import tables as t
from schemas.messages import Accepted, Rejected, TaskSent, parse
from tests.factories import REPLIES, REQUESTS, control, inquiry
from tests.rig import Rig, entries, said, tasks_in


@pytest.fixture
def talk(tmp_path: Path) -> tuple[Rig, list[Record], list[Outgoing]]:
    """A freeze and an inquiry from the first word to the last: the hub, what it was told, and what it said."""
    rig = Rig(tmp_path)
    told: list[Record] = []
    spoken: list[Outgoing] = []
    for data in (control("freeze"), inquiry(partners=["bank"])):
        told.append(rig.request(data)[1])
        out = rig.feed([told[-1]])
        (task,) = tasks_in(out)
        answers = [rig.receipt(task), rig.reply(task, "result")]
        told += answers
        spoken += [*out, *rig.feed(answers)]
    return rig, told, spoken


def standing(rig: Rig) -> list[object]:
    """Every state that the hub keeps, but for how often it has said no."""
    kept = select(t.aggregates).where(t.aggregates.c.kind != AllowanceState.KIND).order_by(*t.aggregates.primary_key)
    with rig.store.read() as connection:
        rest = [connection.execute(select(table).order_by(*table.primary_key)).all() for table in (t.requests, t.tasks)]
        return [*rest, connection.execute(kept).all()]


def replayed(rig: Rig, record: Record, topic: str) -> Record:
    """The same bytes and signature, by whoever it was, at a new place and time."""
    return replace(record, topic=topic, offset=rig.record("court-9901", b"", REQUESTS).offset, timestamp=rig.now)


@pytest.mark.parametrize("days", [0, 20, 400])
def test_what_was_said_does_nothing_a_second_time(talk: tuple[Rig, list[Record], list[Outgoing]], days: int) -> None:
    rig, told, spoken = talk
    rig.advance(days * 24 * 3600)
    before = standing(rig)
    known = {out.value for out in spoken}
    for record in told:
        for topic in (REQUESTS, REPLIES):
            out = rig.feed([replayed(rig, record, topic)])
            new = [each for each in said(out) if not isinstance(each, Rejected)]
            assert not [each for each in new if isinstance(each, TaskSent)]
            assert all(isinstance(each, Accepted) for each in new), "a duplicate's receipt is repeated, and nothing else"
            assert {each.value for each in out if isinstance(_message(each), Accepted)} <= known
    assert standing(rig) == before


def test_what_the_hub_itself_said_is_not_believed_of_anybody(talk: tuple[Rig, list[Record], list[Outgoing]]) -> None:
    """Its results and tasks can be read by those they are for, and written elsewhere by them."""
    rig, _, spoken = talk
    before = standing(rig)
    for out in spoken:
        for topic in (REQUESTS, REPLIES):
            record = Record(topic, 0, 10_000 + rig.now, rig.now, out.key, out.value, out.headers)
            assert [type(_message(each)) for each in rig.feed([record])] in ([type(None)], [type(None), Rejected])
    assert standing(rig) == before
    assert {entry["code"] for entry in entries(rig, "message.rejected")} == {"recipient-wrong"}


def test_one_partys_words_signed_by_another_are_neithers(talk: tuple[Rig, list[Record], list[Outgoing]]) -> None:
    rig, told, _ = talk
    before = standing(rig)
    for record in told:
        for thief in ("court-9902", "vehicle"):
            rig.feed([replace(rig.record(thief, record.value, record.topic))])
    assert standing(rig) == before
    assert {entry["code"] for entry in entries(rig, "message.rejected")} == {"source-mismatch"}


def _message(out: Outgoing) -> object:
    return None if out.topic.endswith("dead-letters.v1") else parse(out.value)
