"""The completeness certificate over the casework: only with every explicit answer in hand."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.engine.records import digest_of
from hub.store import tables as t
from schemas import samples
from tests.factories import Data, inquiry
from tests.rig import PARTNERS, Rig, said


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def asked(rig: Rig, who: str = "P01", **changes: Any) -> dict[str, Any]:
    """An inquiry; its tasks by partner."""
    out = rig.feed([rig.request(inquiry(who, **changes))[1]])
    return {each.recipient: each for each in said(out) if each.type.endswith(".task.v1")}


def certificate(rig: Rig, who: str = "P01", court: str = "court-9901", case: int = 123) -> Any:
    """What the hub answers to a court's request for the certificate."""
    data: Data = {"case_number": samples.case_number("court-9901", case), "subject": samples.subject(who)}
    answers = said(rig.feed([rig.statement(data, "certificate-request", court=court)[1]]))
    assert len(answers) == 1
    return answers[0]


def entries(rig: Rig, kind: str) -> list[Data]:
    with rig.store.read() as connection:
        return [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind == kind))]


def missing(answer: Any) -> tuple[str, ...]:
    assert answer.type == "liandong.case.refusal.v1"
    (reason,) = answer.data.reasons
    assert reason.code == "certificate-missing-answers"
    return tuple(reason.about)


def test_it_names_every_partner_that_has_not_answered(rig: Rig) -> None:
    tasks = asked(rig)
    assert set(missing(certificate(rig))) == set(PARTNERS)
    rig.feed([rig.reply(task) for partner, task in tasks.items() if partner != "bank-two"])
    assert missing(certificate(rig)) == ("bank-two",)
    assert [entry["missing"] for entry in entries(rig, "certificate.refused")][-1] == "bank-two"


@pytest.mark.parametrize("kind", ["partial", "refused", "returned", None])
def test_what_does_not_answer_the_question_is_no_explicit_answer(rig: Rig, kind: str | None) -> None:
    tasks = asked(rig)
    rig.feed([rig.reply(task) for partner, task in tasks.items() if partner != "bank"])
    if kind is not None:
        rig.feed([rig.reply(tasks["bank"], kind)])
    rig.advance(40)
    rig.fire()
    assert missing(certificate(rig)) == ("bank",)
    again = asked(rig, partners=["bank"])
    rig.feed([rig.reply(again["bank"])])
    assert certificate(rig).type == "liandong.case.certificate.v1"


def test_it_lists_each_answer_with_its_digest_and_what_was_searched(rig: Rig) -> None:
    tasks = asked(rig)
    records = {partner: rig.reply(task, searched=["resident-id-18", "resident-id-15"] if partner == "bank" else ["resident-id-18"])
               for partner, task in tasks.items()}  # fmt: skip
    rig.feed(list(records.values()))
    found = certificate(rig).data
    assert {each.partner: each.sha256 for each in found.answers} == {name: digest_of(record.value) for name, record in records.items()}
    assert {each.request for each in found.answers} == {tasks["bank"].correlationid}
    assert found.identifiers == ("resident-id-15", "resident-id-18")
    assert {each.partner: each.searched for each in found.answers}["bank"] == ("resident-id-18", "resident-id-15")
    plain = json.dumps(samples.subject("P01"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert found.subject_sha256 == hashlib.sha256(plain.encode()).hexdigest(), "who knows the subject can check it"
    assert (found.restricted, found.three_months, found.closing_possible) == (False, True, False)
    entry = entries(rig, "certificate.issued")[0]
    assert (entry["court"], entry["answers"]) == ("court-9901", 6)


def test_the_latest_explicit_answer_of_a_partner_counts(rig: Rig) -> None:
    tasks = asked(rig)
    rig.feed([rig.reply(task) for task in tasks.values()])
    rig.advance(60)
    again = asked(rig, partners=["bank"])["bank"]
    rig.feed([rig.reply(again, "result")])
    by_partner = {each.partner: each for each in certificate(rig).data.answers}
    assert (by_partner["bank"].outcome, by_partner["bank"].request) == ("result", again.correlationid)


@pytest.mark.parametrize(("restricted", "filed_on", "possible"), [
    (True, "2026-08-23", True), (True, "2026-08-24", False), (False, "2026-03-02", False),
])  # fmt: skip
def test_closing_needs_a_restriction_and_three_months_besides(rig: Rig, restricted: bool, filed_on: str, possible: bool) -> None:
    rig.register_case(version=2, restricted=restricted, filed_on=filed_on)
    rig.feed([rig.reply(task) for task in asked(rig).values()])
    assert certificate(rig).data.closing_possible is possible


def test_the_police_are_not_asked_about_a_company(rig: Rig) -> None:
    tasks = asked(rig, "C01")
    rig.feed([rig.reply(task) for partner, task in tasks.items() if partner != "police"])
    answers = certificate(rig, "C01").data.answers
    assert {each.partner for each in answers} == set(PARTNERS) - {"police"}


def test_answers_about_another_debtor_or_in_another_case_do_not_count(rig: Rig) -> None:
    rig.register_case(case=124)
    rig.feed([rig.reply(task) for task in asked(rig, "P02").values()])
    rig.feed([rig.reply(task) for task in asked(rig, case=124).values()])
    assert set(missing(certificate(rig))) == set(PARTNERS)
    assert certificate(rig, case=124).type == "liandong.case.certificate.v1"


def test_only_the_court_that_holds_the_case_gets_one(rig: Rig) -> None:
    rig.feed([rig.reply(task) for task in asked(rig).values()])
    refusal = certificate(rig, court="court-9902")
    assert [reason.code for reason in refusal.data.reasons] == ["holder-other"]
    assert [reason.code for reason in certificate(rig, case=999).data.reasons] == ["case-unknown"]
