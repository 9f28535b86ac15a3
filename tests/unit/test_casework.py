"""The hub without a bus: what goes out for what comes in, once, whatever is repeated, late, silent or forged."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.engine.records import Outgoing, Record
from hub.store import tables as t
from tests.factories import REQUESTS, control, inquiry, locate
from tests.rig import Rig, parse_request, said, types

DEAD = "hub.dead-letters.v1"


@pytest.fixture
def rig(tmp_path: Path, each_store: str) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def tasks_of(out: list[Outgoing]) -> list[Any]:
    return [each for each in said(out) if each.type.endswith(".task.v1")]


def of(out: list[Outgoing], event: str) -> list[Any]:
    return [each for each in said(out) if each.type.split(".")[2] == event]


def audit(rig: Rig) -> list[dict[str, Any]]:
    with rig.store.read() as connection:
        return [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf).order_by(t.audit.c.seq))]


def one_bank(rig: Rig) -> Any:
    _, record = rig.request(inquiry(partners=["bank"]))
    return tasks_of(rig.feed([record]))[0]


def test_an_inquiry_is_accepted_and_sent_whole_to_each_partner(rig: Rig) -> None:
    request_id, record = rig.request(inquiry())
    out = rig.feed([record])
    assert types(out) == ["inquiry.acceptance"] + ["inquiry.task"] * 6
    for task in tasks_of(out):
        assert task.correlationid == request_id
        assert task.data.request.jws == dict(record.headers)["jws"].decode()
    assert {each.topic for each in out[1:]} == {f"hub.tasks.{task.recipient}.v1" for task in tasks_of(out)}


def test_every_message_in_and_out_has_its_digest_in_the_log(rig: Rig) -> None:
    _, record = rig.request(inquiry())
    rig.feed([record])
    entry = audit(rig)[-1]
    with rig.store.read() as connection:
        digests = set(connection.scalars(select(t.messages.c.digest)))
    logged = {digest for each in audit(rig) for digest in (each["in"]["sha256"], *(sent["sha256"] for sent in each["out"]))}
    assert logged == digests
    assert entry["kind"] == "request.accepted"


def test_no_personal_data_in_entries_keys_headers_or_columns(rig: Rig, tmp_path: Path) -> None:
    _, record = rig.request(inquiry("P01"))
    out = rig.feed([record])
    forbidden = ["赵明远", "990100197805120015", "粤9901执123号"]
    clear = json.dumps(audit(rig), ensure_ascii=False)
    clear += "".join(f"{each.topic}{each.key!r}{each.headers!r}" for each in out)
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("hub.db*"))
    for words in forbidden:
        assert words not in clear
        assert words.encode() not in stored


def test_all_answers_make_one_complete_conclusion(rig: Rig) -> None:
    request_id, record = rig.request(inquiry())
    tasks = tasks_of(rig.feed([record]))
    out = rig.feed([rig.receipt(task) for task in tasks])
    assert out == []
    out = rig.feed([rig.reply(task) for task in tasks])
    assert types(out) == ["inquiry.result"] * 6 + ["inquiry.conclusion"]
    conclusion = of(out, "conclusion")[0]
    assert (conclusion.data.outcome, conclusion.correlationid) == ("complete", request_id)
    assert [line.outcome.value for line in conclusion.data.partners] == ["no-record"] * 6


def test_a_duplicate_request_gets_the_same_bytes_again_and_nothing_else(rig: Rig) -> None:
    _, record = rig.request(inquiry())
    first = rig.feed([record])
    again = rig.feed([record])
    assert [each.value for each in again] == [first[0].value]
    assert audit(rig)[-1]["kind"] == "message.duplicate"


def test_a_duplicate_in_the_same_batch_is_one_request(rig: Rig) -> None:
    _, record = rig.request(inquiry())
    out = rig.feed([record, record])
    assert len(tasks_of(out)) == 6
    assert types(out).count("inquiry.acceptance") == 2


def test_the_same_id_with_other_content_is_an_alarm_and_changes_nothing(rig: Rig) -> None:
    request_id, record = rig.request(inquiry())
    rig.feed([record])
    _, forged = rig.request(inquiry("P02"), id=request_id)
    out = rig.feed([forged])
    assert [each.topic for each in out] == [DEAD, "hub.results.court-9901.v1"]
    assert of(out, "rejection")[0].data.code == "id-reused"
    assert audit(rig)[-1]["alarm"] == 1


def test_the_same_request_number_with_other_content_is_an_alarm(rig: Rig) -> None:
    data = inquiry()
    _, first = rig.request(data)
    _, second = rig.request({**data, "subject": inquiry("P02")["subject"]})
    out = rig.feed([first, second])
    assert of(out, "rejection")[0].data.code == "number-reused"
    _, corrected = rig.request({**data, "version": 2})
    assert len(tasks_of(rig.feed([corrected]))) == 6, "a corrected request is a new version"


def test_a_refused_request_is_told_every_reason_and_sends_nothing(rig: Rig) -> None:
    data = control()
    data["legal"]["documents"] = []
    _, record = rig.request(data)
    out = rig.feed([record])
    assert types(out) == ["control.refusal"]
    reason = said(out)[0].data.reasons[0]
    assert reason.code == "documents-missing"
    assert reason.zh
    assert reason.en
    with rig.store.read() as connection:
        assert connection.execute(select(t.tasks)).all() == []


def test_silence_is_a_signed_fact_and_ends_incomplete(rig: Rig) -> None:
    task = one_bank(rig)
    rig.feed([rig.receipt(task)])
    rig.advance(task.data.reply_within - 1)
    assert rig.fire() == []
    rig.advance(1)
    out = rig.fire()
    assert types(out) == ["inquiry.non-response", "inquiry.conclusion"]
    silence, conclusion = said(out)
    assert (silence.data.awaited, silence.data.outcome_unknown) == ("reply", False)
    assert conclusion.data.outcome == "incomplete"
    assert rig.fire() == [], "once"


def test_a_partner_that_never_takes_its_task_is_silent_too(rig: Rig) -> None:
    task = one_bank(rig)
    rig.advance(task.data.receipt_within)
    assert said(rig.fire())[0].data.awaited == "receipt"


def test_a_task_that_is_not_with_the_broker_yet_cannot_be_silent(rig: Rig) -> None:
    _, record = rig.request(inquiry(partners=["bank"]))
    with rig.work() as work:
        rig.casework.handle(work, rig.gate.check_all([record]))  # committed, and not published
    rig.advance(3600)
    assert rig.fire() == []
    rig.advance(10)
    assert types(rig.fire()) == ["inquiry.non-response", "inquiry.conclusion"], "its window ran from the publication"


def test_a_late_answer_is_passed_on_citing_the_conclusion_that_it_does_not_change(rig: Rig) -> None:
    task = one_bank(rig)
    rig.advance(task.data.receipt_within)
    conclusion = of(rig.fire(), "conclusion")[0]
    out = rig.feed([rig.reply(task, "result")])
    assert types(out) == ["inquiry.result"]
    result = said(out)[0]
    assert (result.data.late, result.data.conclusion) == (True, conclusion.id)


def test_of_an_answer_sent_twice_the_copy_in_time_counts_though_the_late_one_stands_in_a_partition_read_before(rig: Rig) -> None:
    """Found by a simulated run: the partner was called silent."""
    task = one_bank(rig)
    rig.feed([rig.receipt(task)])
    in_time = rig.reply(task)
    rig.advance(21)
    late = replace(in_time, partition=in_time.partition + 1, offset=0, timestamp=rig.now)
    out = rig.feed([late, in_time])
    assert types(out) == ["inquiry.result", "inquiry.conclusion"]
    assert of(out, "conclusion")[0].data.outcome == "complete"


def test_lateness_is_judged_by_the_broker_even_before_the_timer_fired(rig: Rig) -> None:
    task = one_bank(rig)
    rig.feed([rig.receipt(task)])
    rig.advance(task.data.reply_within + 0.000001)
    assert rig.feed([rig.reply(task)]) == [], "what stands unread may change it"
    out = rig.fire()
    assert types(out) == ["inquiry.non-response", "inquiry.conclusion", "inquiry.result"]
    assert (said(out)[2].data.late, said(out)[2].data.conclusion) == (True, said(out)[1].id)
    assert rig.fire() == []


def test_silence_after_a_control_means_the_outcome_is_unknown_and_alarms(rig: Rig) -> None:
    _, record = rig.request(control())
    rig.feed([record])
    rig.advance(10)
    silence = said(rig.fire())[0]
    assert silence.data.outcome_unknown
    assert [entry["alarm"] for entry in audit(rig) if entry["kind"] == "task.silent"] == [1]


def test_a_second_answer_with_other_content_is_an_alarm_and_the_first_stands(rig: Rig) -> None:
    task = one_bank(rig)
    rig.feed([rig.reply(task)])
    out = rig.feed([rig.reply(task, "result")])
    assert [each.topic for each in out] == [DEAD, "hub.tasks.bank.v1"]
    assert of(out, "rejection")[0].data.code == "reply-conflicting"


def test_a_partner_cannot_answer_for_another(rig: Rig) -> None:
    task = one_bank(rig)
    forged = rig.answer(task, "reply", {"kind": "no-record", "answered_at": task.time.isoformat(timespec="microseconds")},
                        sender="vehicle")  # fmt: skip
    out = rig.feed([forged])
    assert of(out, "rejection")[0].data.code == "task-unknown"
    assert types(rig.feed([rig.reply(task)])) == ["inquiry.result", "inquiry.conclusion"]


def test_a_release_never_overtakes_its_freeze(rig: Rig) -> None:
    freeze_id, freeze = rig.request(control())
    _, release = rig.request(control("release", original=freeze_id))
    out = rig.feed([freeze, release])
    assert types(out) == ["control.acceptance", "control.task", "control.acceptance"]
    assert said(out)[2].data.waits_for == freeze_id
    frozen = tasks_of(out)[0]
    out = rig.feed([rig.reply(frozen, "result")])
    assert types(out) == ["control.result", "control.conclusion", "control.task"]
    released = tasks_of(out)[0]
    assert parse_request(released).data.action == "release"
    assert types(rig.feed([rig.reply(released, "result")])) == ["control.result", "control.conclusion"]


def test_a_release_of_what_was_never_controlled_ends_unsent(rig: Rig) -> None:
    freeze_id, freeze = rig.request(control())
    _, release = rig.request(control("release", original=freeze_id))
    frozen = tasks_of(rig.feed([freeze, release]))[0]
    out = rig.feed([rig.reply(frozen, "not-controlled")])
    assert types(out) == ["control.result", "control.conclusion", "control.conclusion"]
    assert said(out)[2].data.partners[0].outcome.value == "not-sent"


def test_a_hit_comes_after_the_conclusion_and_is_passed_on_each_time(rig: Rig) -> None:
    _, record = rig.request(locate("watch"))
    task = tasks_of(rig.feed([record]))[0]
    rig.feed([rig.reply(task, "result", measure={"state": "armed", "reference": "W1"})])
    hit = {"event": "E1", "at": task.time.isoformat(timespec="microseconds"), "place": "客运站",
           "contact": {"name": "值班民警", "phone": "110"}}  # fmt: skip
    record = rig.answer(task, "hit", hit)
    assert types(rig.feed([record])) == ["locate.result", "case.event"]
    assert rig.feed([record]) == [], "the same hit again is one hit"
    assert types(rig.feed([rig.answer(task, "hit", {**hit, "event": "E2"})])) == ["locate.result", "case.event"]


def test_what_cannot_be_read_becomes_a_dead_letter_with_its_bytes_unchanged(rig: Rig) -> None:
    bad = rig.record("court-9901", b"not json", REQUESTS)
    out = rig.feed([bad])
    letter = out[0]
    assert (letter.topic, letter.value, letter.key) == (DEAD, b"not json", bad.key)
    headers = dict(letter.headers)
    assert headers["kafka_dlt-original-topic"] == b"hub.requests.v1"
    assert headers["kafka_dlt-exception-fqcn"] == b"not-json"
    assert headers["hub-error-class"] == b"poison"
    assert of(out, "rejection")[0].recipient == "court-9901", "its signature made the sender known"


def test_a_forger_gets_no_answer(rig: Rig) -> None:
    _, record = rig.request(inquiry())
    forged = Record(record.topic, 0, 99, record.timestamp, None, record.value + b" ", record.headers)
    out = rig.feed([forged])
    assert [each.topic for each in out] == [DEAD]


def test_a_bad_record_does_not_keep_its_neighbours(rig: Rig) -> None:
    _, good = rig.request(inquiry(partners=["bank"]))
    out = rig.feed([rig.record("court-9901", b"{", REQUESTS), good])
    assert len(tasks_of(out)) == 1



def test_a_partner_cannot_speak_of_another_request_than_its_task_belongs_to(rig: Rig) -> None:
    task = one_bank(rig)
    answer = {"kind": "no-record", "answered_at": task.time.isoformat(timespec="microseconds")}
    other = rig.answer(task, "reply", answer, correlationid="00000000-0000-4000-8000-000000000009")
    assert of(rig.feed([other]), "rejection")[0].data.code == "task-unknown"


@pytest.mark.parametrize(
    ("action", "kind", "data"),
    [
        ("freeze", "result", {"measure": {"state": "released", "reference": "X"}}),
        ("freeze", "result", {"measure": None, "findings": [{"kind": "whereabouts", "fact": "residence", "place": "x"}]}),
        ("inquire", "not-controlled", {}),
        ("inquire", "result", {"measure": {"state": "effective", "reference": "X"}}),
    ],
)
def test_an_answer_to_another_question_is_no_answer(rig: Rig, action: str, kind: str, data: dict[str, Any]) -> None:
    _, record = rig.request(control() if action == "freeze" else inquiry(partners=["bank"]))
    task = tasks_of(rig.feed([record]))[0]
    out = rig.feed([rig.reply(task, kind, **data)])
    assert of(out, "rejection")[0].data.code == "reply-mismatch"
    assert of(out, "conclusion") == []
    assert types(rig.feed([rig.reply(task, "no-record")]))[-1].endswith("conclusion"), "the right answer still settles it"
