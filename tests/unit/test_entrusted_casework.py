"""Entrusted matters over the casework: letters checked before they go, steps passed on, delays told upwards, authority to act."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.config import load_linkage
from hub.rules.entrusted import MatterState
from hub.rules.terms import DAY
from hub.settings import ConfigError
from hub.store import tables as t
from hub.store.aggregates import States
from hub.trust.parties import Directory
from schemas import samples
from schemas.legal import DocumentKind
from tests.factories import Data, control
from tests.rig import CONFIG, Rig, said, types

A, B, SUPERIOR = "court-9901", "court-9902", "court-99"
FREEZE = (DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def letter(**changes: Any) -> Data:
    """A complete letter: court-9901 asks court-9902 to freeze."""
    number = samples.case_number(A)
    return {
        "number": "WT-0001", "case_number": number, "to": B, "matter": "freeze", "subject": samples.subject("P03"),
        "what": "冻结被执行人账户", "documents": [samples.document(kind, number) for kind in FREEZE], "handler": "GZ-9901-001",
        "supervisor": "GZ-9901-003", "contact": {"name": "何承办", "phone": "0990-0000002"},
    } | changes  # fmt: skip


def entrust(rig: Rig, court: str = A, **changes: Any) -> tuple[str, list[Any]]:
    """A letter sent: its id and what the hub said."""
    matter, record = rig.statement(letter(**changes), "request", "entrust", court)
    return matter, rig.feed([record])


def step(rig: Rig, matter: str, name: str, court: str = B, **changes: Any) -> list[Any]:
    data = {"matter": matter, "step": name, "officer": f"GZ-{court[-4:]}-001", "text": "已办", **changes}
    return rig.feed([rig.statement(data, "step", "entrust", court)[1]])


def accepted(rig: Rig, **changes: Any) -> str:
    matter, _ = entrust(rig, **changes)
    step(rig, matter, "signed-for")
    step(rig, matter, "accepted")
    return matter


def state(rig: Rig, matter: str) -> MatterState | None:
    with rig.store.read() as connection:
        return States(connection).get(MatterState, matter)


def codes(out: list[Any]) -> list[str]:
    """Why what was sent was refused; what was sent must have been."""
    (refusal,) = said(out)
    assert refusal.type.split(".")[2] == "refusal"
    return [reason.code for reason in refusal.data.reasons]


def entries(rig: Rig, prefix: str) -> list[dict[str, Any]]:
    """The log's entries of these kinds, in order."""
    with rig.store.read() as connection:
        leaves = connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind.startswith(prefix)).order_by(t.audit.c.seq)).all()
    return [json.loads(leaf) for leaf in leaves]


# -- before it is sent -------------------------------------------------------------------------------------------------


def test_a_complete_letter_goes_to_the_other_court_as_it_was_signed_with_its_deadline(rig: Rig) -> None:
    matter, record = rig.statement(letter(), "request", "entrust")
    sent, noted = said(rig.feed([record]))
    assert (sent.type, sent.recipient, sent.data.of) == ("liandong.entrust.matter.v1", B, A)
    assert base64.b64decode(sent.data.message.value) == record.value
    assert dict(record.headers)["jws"].decode() == sent.data.message.jws, "the other court checks the signature itself"
    assert (sent.data.due - rig.clock).days == 15, "民诉法 art. 240"
    assert (noted.type, noted.recipient, noted.data.about) == ("liandong.entrust.noted.v1", A, matter)


OTHER = samples.document(DocumentKind.ENFORCEMENT_RULING, samples.case_number(A))


@pytest.mark.parametrize(
    ("wrong", "changes"),
    [
        ("documents-missing", {"documents": []}),
        ("documents-missing", {"documents": [OTHER]}),
        ("document-digest-mismatch", {"documents": [OTHER | {"sha256": "0" * 64}, *letter()["documents"]]}),
        ("field-needed", {"subject": None}),
        ("field-needed", {"matter": "visit"}),
        ("contact-needed", {"contact": None}),
        ("court-unknown", {"to": "court-7777"}),
        ("court-unknown", {"to": A}),
        ("case-unknown", {"case_number": samples.case_number(A, 999)}),
        ("holder-other", {"case_number": samples.case_number(B)}),
        ("officer-unregistered", {"handler": "GZ-9902-001"}),
    ],
)
def test_what_would_come_back_is_refused_before_it_goes_out(rig: Rig, wrong: str, changes: Data) -> None:
    kept = {name: value for name, value in letter(**changes).items() if value is not None}
    out = rig.feed([rig.statement(kept, "request", "entrust")[1]])
    assert codes(out) == [wrong]
    assert said(out)[0].recipient == A


def test_in_a_closed_case_only_what_ends_or_serves_is_entrusted(rig: Rig) -> None:
    rig.register_case(version=2, status="performed")
    assert codes(entrust(rig)[1]) == ["case-closed"]
    papers = [samples.document(kind, samples.case_number(A)) for kind in (DocumentKind.RELEASE_RULING, DocumentKind.ASSISTANCE_NOTICE)]
    _, out = entrust(rig, number="WT-0002", matter="release", documents=papers)
    assert types(out) == ["entrust.matter", "entrust.noted"]


def test_a_number_stands_for_one_letter(rig: Rig) -> None:
    entrust(rig)
    _, out = entrust(rig, what="另一内容")
    assert [each.data.code for each in said(out)] == ["number-reused"]
    assert codes(entrust(rig, version=2)[1]) == ["state-other"], "a new version only once the old one has come back"


def test_returned_with_its_reason_then_corrected_as_a_new_version_and_accepted(rig: Rig) -> None:
    first, _ = entrust(rig)
    step(rig, first, "signed-for")
    assert codes(step(rig, first, "returned")) == ["reason-needed"]
    passed, noted = said(step(rig, first, "returned", reason_code="subject-unclear"))
    assert (passed.type, passed.recipient, passed.data.due) == ("liandong.entrust.progress.v1", A, None)
    assert (noted.type, noted.recipient) == ("liandong.entrust.noted.v1", B)
    assert codes(step(rig, first, "accepted")) == ["state-other"], "what has come back stays so"
    second, out = entrust(rig, version=2, subject=samples.subject("P04"))
    assert types(out) == ["entrust.matter", "entrust.noted"]
    step(rig, second, "signed-for")
    assert types(step(rig, second, "accepted")) == ["entrust.progress", "entrust.noted"]
    assert [entry.get("code") for entry in entries(rig, "matter.returned")] == ["subject-unclear"]


# -- steps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["accepted", "returned", "progress", "done"])
def test_no_step_is_skipped(rig: Rig, name: str) -> None:
    matter, _ = entrust(rig)
    assert codes(step(rig, matter, name, reason_code="other")) == ["state-other"]


def test_only_the_entrusted_court_and_its_registered_officers_take_steps(rig: Rig) -> None:
    matter, _ = entrust(rig)
    assert codes(step(rig, matter, "signed-for", A)) == ["reference-other"]
    assert codes(step(rig, matter, "signed-for", officer="GZ-9901-001")) == ["officer-unregistered"]
    assert codes(step(rig, "99010000-0000-4000-8000-000000000001", "signed-for")) == ["reference-unknown"]


def test_the_log_tells_what_was_done_in_time(rig: Rig) -> None:
    matter = accepted(rig)
    rig.advance(29 * 86400)
    step(rig, matter, "progress")
    rig.advance(2 * 86400)
    step(rig, matter, "done")
    told = [(entry["kind"], entry["to"], entry["late"]) for entry in entries(rig, "matter.") if "late" in entry]
    assert told == [("matter.signed-for", B, 0), ("matter.accepted", B, 0), ("matter.progress", B, 0), ("matter.done", B, 1)], (
        "a report in time does not make it done in time"
    )


# -- time --------------------------------------------------------------------------------------------------------------


def at_day(rig: Rig, start: int, day: int) -> list[Any]:
    return [each for each in said(rig.run_until(start + day * DAY)) if each.type == "liandong.case.event.v1"]


def test_an_overdue_matter_is_told_to_both_and_escalated_to_the_common_superior(rig: Rig) -> None:
    start = rig.now
    matter, _ = entrust(rig)
    step(rig, matter, "signed-for")
    overdue = [each for each in at_day(rig, start, 29) if each.data.event == "matter-overdue"]
    told = [(each.recipient, each.data.addressee, each.data.level) for each in overdue]
    assert told == [
        (court, chief, level) for level in (1, 2)
        for court, chief in ((A, "GZ-9901-003"), (B, "GZ-9902-003"), (SUPERIOR, "GZ-99-001"))
    ]  # fmt: skip
    assert {each.data.about for each in overdue} == {matter}
    overdue = [each for each in at_day(rig, start, 90) if each.data.event == "matter-overdue"]
    assert [each.data.level for each in overdue] == [3, 3, 3], "the ladder ends"
    found = entries(rig, "matter.overdue")
    assert [(entry["court"], entry["to"], entry["node"], entry["level"]) for entry in found] == [(A, B, "start", n) for n in (1, 2, 3)]
    step(rig, matter, "accepted")
    assert [entry["late"] for entry in entries(rig, "matter.accepted")] == [1]
    at_day(rig, start, 91)
    assert [(entry["node"], entry["level"]) for entry in entries(rig, "matter.overdue")[3:]] == [("report", 3)], "long past as well"


def test_acceptance_begins_the_clock_of_the_report_on_the_first_rung(rig: Rig) -> None:
    start = rig.now
    matter, _ = entrust(rig)
    step(rig, matter, "signed-for")
    at_day(rig, start, 16)
    step(rig, matter, "accepted")
    at_day(rig, start, 31)
    assert [(entry["node"], entry["level"]) for entry in entries(rig, "matter.overdue")] == [("start", 1), ("report", 1)]


def test_the_report_has_its_own_clock_that_each_report_sets_anew(rig: Rig) -> None:
    start = rig.now
    matter = accepted(rig)
    assert "matter-overdue" not in [each.data.event for each in at_day(rig, start, 29)]
    step(rig, matter, "progress")
    assert "matter-overdue" not in [each.data.event for each in at_day(rig, start, 58)]
    at_day(rig, start, 59)
    assert [(entry["node"], entry["level"]) for entry in entries(rig, "matter.overdue")] == [("report", 1)]
    step(rig, matter, "done")
    assert rig.next_due() is None, "what is done is never heard of again"


def test_there_is_news_after_15_days_and_every_30_whether_or_not_anything_happened(rig: Rig) -> None:
    start = rig.now
    matter = accepted(rig)
    days = []
    for day in range(1, 100):
        days += [(day, each.recipient) for each in at_day(rig, start, day) if each.data.event == "matter-news"]
    assert days == [(15, A), (30, A), (60, A), (90, A)]
    step(rig, matter, "done")
    assert at_day(rig, start, 200) == []


def test_the_one_who_has_the_case_now_gets_the_news(rig: Rig) -> None:
    start = rig.now
    matter = accepted(rig)
    moved = samples.statement(A, version=2, holder={"court": SUPERIOR, "team": samples.TEAM}, handler="GZ-99-001", supervisor="GZ-99-001")
    rig.feed([rig.statement(moved, "statement", court=SUPERIOR)[1]])
    assert said(step(rig, matter, "progress"))[0].recipient == SUPERIOR
    assert [each.recipient for each in at_day(rig, start, 15)] == [SUPERIOR]


# -- the debt is performed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["performed", "bankrupt", "ended"])
def test_performance_ends_what_the_other_court_works_on_and_nobody_is_late_with_it(rig: Rig, status: str) -> None:
    start = rig.now
    matter = accepted(rig)
    told = [each for each in said(rig.register_case(version=2, status=status)) if each.type == "liandong.case.event.v1"]
    assert [(each.data.event, each.recipient, each.data.addressee, each.data.about) for each in told] == [
        ("matter-withdrawn", B, "GZ-9902-003", matter), ("matter-withdrawn", A, "GZ-9901-003", matter)]  # fmt: skip
    found = state(rig, matter)
    assert found is not None
    assert (found.status, found.withdrawn_for, found.due) == ("withdrawn", status, None)
    assert [(entry["to"], entry["code"]) for entry in entries(rig, "matter.withdrawn")] == [(B, status)]
    assert at_day(rig, start, 200) == []
    assert entries(rig, "matter.overdue") == []
    assert codes(step(rig, matter, "done")) == ["state-other"], "what has ended stays so"
    assert "not-entrusted" in codes(rig.feed([rig.request(freeze(matter), B)[1]]))


def test_what_releases_goes_on_after_performance(rig: Rig) -> None:
    papers = [samples.document(kind, samples.case_number(A)) for kind in (DocumentKind.RELEASE_RULING, DocumentKind.ASSISTANCE_NOTICE)]
    matter = accepted(rig, matter="release", documents=papers)
    assert "case.event" not in types(rig.register_case(version=2, status="performed"))
    assert types(step(rig, matter, "done")) == ["entrust.progress", "entrust.noted"]


def test_what_has_ended_already_is_not_withdrawn_and_a_resumed_case_entrusts_anew(rig: Rig) -> None:
    done = accepted(rig)
    step(rig, done, "done")
    running = accepted(rig, number="WT-0002")
    rig.register_case(version=2, status="performed")
    assert [entry["matter"] for entry in entries(rig, "matter.withdrawn")] == [running]
    rig.register_case(version=3, status="resumed")
    assert codes(step(rig, running, "progress")) == ["state-other"], "it does not come back by itself"
    assert types(entrust(rig, number="WT-0002", version=2)[1]) == ["entrust.matter", "entrust.noted"]


def test_a_matter_that_moved_with_its_case_is_ended_by_the_court_that_has_it(rig: Rig) -> None:
    accepted(rig)
    moved: Data = {"holder": {"court": SUPERIOR, "team": samples.TEAM}, "handler": "GZ-99-001", "supervisor": "GZ-99-001"}
    rig.feed([rig.statement(samples.statement(A, version=2, **moved), "statement", court=SUPERIOR)[1]])
    out = rig.feed([rig.statement(samples.statement(A, version=3, status="performed", **moved), "statement", court=SUPERIOR)[1]])
    assert [each.recipient for each in said(out) if each.type == "liandong.case.event.v1"] == [B, SUPERIOR]


# -- acting in the other court's case ----------------------------------------------------------------------------------


def freeze(matter: str | None, **changes: Any) -> Data:
    """Court-9902's own order, by its own officers, in court-9901's case."""
    data = control(court=B, **changes)
    if matter is not None:
        data["entrusted"] = matter
    data["legal"]["case_number"] = samples.case_number(A)
    return data


def test_under_an_accepted_matter_the_entrusted_court_freezes_in_the_others_case(rig: Rig) -> None:
    matter = accepted(rig)
    acceptance, task = said(rig.feed([rig.request(freeze(matter), B)[1]]))
    assert (acceptance.type, acceptance.recipient) == ("liandong.control.acceptance.v1", B)
    rig.feed([rig.receipt(task)])
    found = {"state": "effective", "reference": "DJ-1", "starts": "2026-11-23", "ends": "2027-11-22", "controlled": "50000.00"}
    out = said(rig.feed([rig.reply(task, "result", measure=found)]))
    assert {(each.type.split(".")[2], each.recipient) for each in out} == {("result", B), ("conclusion", B)}, "who asked is answered"


def test_what_the_entrusted_court_froze_counts_for_the_case_and_its_court_may_release_it(rig: Rig) -> None:
    rig.register_case(version=2, claim="60000.00", costs="0.00")
    matter = accepted(rig)
    frozen, record = rig.request(freeze(matter), B)
    task = said(rig.feed([record]))[1]
    rig.feed([rig.receipt(task), rig.reply(task, "result", measure={"state": "effective", "reference": "DJ-1", "controlled": "50000.00"})])
    assert codes(rig.feed([rig.request(control(amount="20000.00", partners=["bank-two"]))[1]])) == ["over-seizure"]
    out = said(rig.feed([rig.request(control("release", original=frozen))[1]]))
    assert [each.type.split(".")[2] for each in out] == ["acceptance", "task"], "V22: same court, or entrusted"


def test_before_acceptance_and_after_it_is_done_the_entrusted_court_may_do_nothing(rig: Rig) -> None:
    matter, _ = entrust(rig)
    step(rig, matter, "signed-for")
    out = rig.feed([rig.request(freeze(matter), B)[1]])
    assert "not-entrusted" in codes(out)
    assert said(out)[0].recipient == B, "a refusal goes to who asked"
    step(rig, matter, "accepted")
    step(rig, matter, "done")
    assert "not-entrusted" in codes(rig.feed([rig.request(freeze(matter), B)[1]]))


@pytest.mark.parametrize("what", ["another action", "another case", "another court", "no matter"])
def test_a_matter_covers_what_was_entrusted_and_nothing_else(rig: Rig, what: str) -> None:
    matter = accepted(rig)
    rig.register_case(A, 124)
    data, court = freeze(matter), B
    if what == "another action":
        data = control("seal", samples.UNIT, "P04", court=B, entrusted=matter, term_months=36)
        data["legal"]["case_number"] = samples.case_number(A)
    elif what == "another case":
        data["legal"]["case_number"] = samples.case_number(A, 124)
    elif what == "another court":
        data, court = control(entrusted=matter), A
    else:
        del data["entrusted"]
    wanted = "holder-other" if what == "no matter" else "not-entrusted"
    out = rig.feed([rig.request(data, court)[1]])
    assert wanted in codes(out)
    assert said(out)[0].recipient == court, "a refusal goes to who asked"


def test_nothing_of_a_letter_stands_in_the_log_or_in_a_column(rig: Rig) -> None:
    matter = accepted(rig)
    name, number = samples.PEOPLE["P03"]
    kept = repr(state(rig, matter)) + repr(entries(rig, "matter."))
    assert name not in kept
    assert number not in kept
    assert "WT-0001" not in kept


@pytest.mark.parametrize(
    ("old", "new", "said_why"),
    [
        ("[matters.search]", "[matters.raid]", "search"),
        ('needs = ["contact"]', 'needs = ["colour"]', "colour"),
        ('documents = ["inquiry-notice"]', 'documents = ["a-note"]', "a-note"),
        ("escalate_days = [0, 7, 15]", "escalate_days = [7, 7]", "escalate_days"),
    ],
)
def test_a_plan_that_could_not_be_kept_is_not_taken(tmp_path: Path, old: str, new: str, said_why: str) -> None:
    config = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    file = config / "entrust.toml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=rf"entrust\.toml.*{said_why}"):
        load_linkage(config, config / "agreements", Directory.load(config / "parties"))
