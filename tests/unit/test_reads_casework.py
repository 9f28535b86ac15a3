"""Reads over the casework: what is noted and refused, who is told of many, and the register for oversight."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.bus.topics import Topics
from hub.casework import Casework
from hub.casework.desk import request_key
from hub.rules.reads import RequestReads
from hub.store import tables as t
from hub.store.aggregates import States
from schemas.base import CHINA, micros
from schemas.samples import subject
from tests.factories import Data, inquiry, locate
from tests.rig import Rig, said, sample_rulebook

REASON = "制作执行裁定"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def answered(rig: Rig, who: str = "P01", court: str = "court-9901", **changes: Any) -> tuple[str, str]:
    """An inquiry that the bank has answered: the ids of the request and of the result that the court has."""
    request_id, record = rig.request(inquiry(who, court=court, partners=["bank"], **changes), court)
    task = next(each for each in said(rig.feed([record])) if each.type.endswith(".task.v1"))
    out = said(rig.feed([rig.receipt(task), rig.reply(task)]))
    return request_id, next(each.id for each in out if each.type.endswith(".result.v1"))


def read(rig: Rig, messages: list[str], officer: str = "GZ-9901-001", court: str = "court-9901") -> list[Any]:
    data: Data = {"messages": messages, "officer": officer, "reason": REASON}
    return said(rig.feed([rig.statement(data, "reading", court=court)[1]]))


def entries(rig: Rig, kind: str) -> list[Data]:
    with rig.store.read() as connection:
        leaves = connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind == kind).order_by(t.audit.c.seq))
        return [json.loads(leaf) for leaf in leaves]


def codes(out: list[Any]) -> list[str]:
    return [reason.code for reason in out[0].data.reasons]


def ask_register(rig: Rig, who: str = "P01", court: str = "court-99", officer: str = "GZ-99-001") -> list[Any]:
    data = {"subject": subject(who), "officer": officer, "reason": "检查查询登记"}
    return said(rig.feed([rig.statement(data, "register-request", court=court)[1]]))


def thresholds(rig: Rig, *bars: int) -> None:
    """These thresholds from now on."""
    rules = sample_rulebook(rig.directory)
    terms = replace(rules.linkage.terms, read_thresholds=bars)
    rig.casework = Casework(replace(rules, linkage=replace(rules.linkage, terms=terms)), Topics())


def test_a_read_is_noted_with_its_count_and_without_who_read(rig: Rig) -> None:
    request_id, result = answered(rig)
    (noted,) = read(rig, [result, result])
    assert noted.type == "liandong.case.noted.v1"
    (entry,) = entries(rig, "reading.noted")
    assert (entry["court"], entry["count"]) == ("court-9901", 1), "the same answer twice in one reading is one"
    assert "GZ-9901" not in json.dumps(entry)
    with rig.store.read() as connection:
        counted = States(connection).get(RequestReads, request_key("court-9901", request_id))
    assert counted is not None
    assert counted.count == 1


@pytest.mark.parametrize(("officer", "code"), [("GZ-9902-001", "officer-unregistered"), ("GZ-0000", "officer-unregistered")])
def test_who_is_no_officer_of_the_court_reads_nothing(rig: Rig, officer: str, code: str) -> None:
    _, result = answered(rig)
    assert codes(read(rig, [result], officer)) == [code]
    assert entries(rig, "reading.noted") == []


def test_an_officer_whose_permits_are_revoked_reads_nothing_signed_after_that(rig: Rig) -> None:
    _, result = answered(rig)
    rules = sample_rulebook(rig.directory)
    register = rules.registers["court-9901"]
    revoked = replace(register.officers["GZ-9901-001"], revoked_at=rig.now + 1)
    registers = {**rules.registers, "court-9901": replace(register, officers={**register.officers, "GZ-9901-001": revoked})}
    rig.casework = Casework(replace(rules, registers=registers), Topics())
    assert [each.type.split(".")[2] for each in read(rig, [result])] == ["noted"]
    rig.advance(1)
    assert codes(read(rig, [result])) == ["officer-not-in-force"]


def test_what_was_sent_to_another_court_is_not_this_court_s_to_read(rig: Rig) -> None:
    _, result = answered(rig)
    assert codes(read(rig, [result], "GZ-9902-001", "court-9902")) == ["reference-other"]
    unknown = "00000000-0000-4000-8000-000000000000"
    assert codes(read(rig, [unknown])) == ["reference-unknown"]
    assert codes(read(rig, [unknown, result], "GZ-9902-001", "court-9902")) == ["reference-unknown", "reference-other"]


def test_one_reading_over_two_thresholds_tells_the_superior_court_of_each_once(rig: Rig) -> None:
    results = [answered(rig)[1] for _ in range(5)]
    thresholds(rig, 2, 4, 50)
    read(rig, results[:1])
    out = read(rig, results)
    assert [(each.recipient, each.type.split(".")[2]) for each in out] == [
        ("court-9901", "noted"), ("court-99", "event"), ("court-99", "event"),
    ]  # fmt: skip
    assert [(each.data.event, each.data.level) for each in out[1:]] == [("reads-many", 1), ("reads-many", 2)]
    found = [(entry["court"], entry["level"], entry["alarm"]) for entry in entries(rig, "reading.threshold")]
    assert found == [("court-9901", 1, 1), ("court-9901", 2, 1)]
    assert len(read(rig, results)) == 1, "told already"


def test_the_counter_is_the_officer_s_under_either_permit_and_starts_anew_each_month(rig: Rig) -> None:
    results = [answered(rig)[1] for _ in range(3)]
    thresholds(rig, 3)
    read(rig, results[:2])
    assert len(read(rig, results[:1], "GZ-9901-002")) == 1, "another officer's"
    assert len(read(rig, results[:1], "ZX-9901-001")) == 2
    rig.now = micros(datetime(2026, 12, 1, tzinfo=CHINA))
    assert len(read(rig, results[:2])) == 1
    assert len(read(rig, results[:1])) == 2


def test_what_is_drawn_out_over_months_reaches_the_thresholds_too(rig: Rig) -> None:
    results = [answered(rig)[1] for _ in range(2)]
    thresholds(rig, 3, 5)
    for month in (1, 2, 3):
        rig.now = micros(datetime(2027, month, 1, tzinfo=CHINA))
        read(rig, results)
    found = [(entry["span"], entry["level"]) for entry in entries(rig, "reading.threshold")]
    assert found == [("total", 1), ("total", 2)], "never three in one month"
    assert [(entry["count"], entry["month"], entry["total"]) for entry in entries(rig, "reading.noted")] == [(2, 2, 2), (2, 2, 4), (2, 2, 6)]


def test_the_entries_tell_officers_apart_by_token_alone(rig: Rig) -> None:
    _, result = answered(rig)
    for officer in ("GZ-9901-001", "ZX-9901-001", "GZ-9901-002"):
        read(rig, [result], officer)
    one, same, other = [entry["officer"] for entry in entries(rig, "reading.noted")]
    assert one == same != other
    assert len(one) == 32


def test_the_register_shows_the_superior_court_who_asked_and_how_often_it_was_read(rig: Rig) -> None:
    first, result = answered(rig)
    read(rig, [result])
    read(rig, [result], "GZ-9901-002")
    rig.advance(60)
    second, _ = answered(rig, court="court-9902")
    rig.advance(60)
    third, record = rig.request(locate(who="P01"))
    rig.feed([record])
    answered(rig, "P02")
    (given,) = ask_register(rig)
    assert given.recipient == "court-99"
    assert given.data.complete is True
    lines = [(line.court, line.request, line.action, line.purpose.value, line.outcome, line.readings) for line in given.data.lines]
    assert lines == [
        ("court-9901", third, "watch", "locate", "open", 0),
        ("court-9902", second, "inquire", "asset-inquiry-and-control", "complete", 0),
        ("court-9901", first, "inquire", "asset-inquiry-and-control", "complete", 2),
    ]
    (entry,) = entries(rig, "register.given")
    assert (entry["court"], entry["count"]) == ("court-99", 3)


def test_only_the_newest_are_given_and_it_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.rules.reads.NEWEST", 2)
    ids = []
    for _ in range(3):
        ids.append(answered(rig)[0])
        rig.advance(1)
    (given,) = ask_register(rig)
    assert [line.request for line in given.data.lines] == [ids[2], ids[1]]
    assert given.data.complete is False


def test_the_register_is_for_oversight_alone(rig: Rig) -> None:
    assert codes(ask_register(rig, court="court-9901", officer="GZ-9901-001")) == ["oversight-only"]
    assert codes(ask_register(rig, officer="GZ-9901-001")) == ["officer-unregistered"]
    assert [entry["codes"] for entry in entries(rig, "case.refused")] == ["oversight-only", "officer-unregistered"]
