"""Leads over the casework: from a governance centre that joined by configuration alone, verified in time, answered either way."""

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.bootstrap import ConnectorSettings
from hub.bus.topics import Plan, Topics
from hub.casework import Casework, admits
from hub.config import load_rulebook
from hub.engine.gate import Gate
from hub.rules.leads import LeadState
from hub.rules.terms import DAY
from hub.store import tables as t
from hub.store.aggregates import States
from hub.trust.parties import Directory, Role
from schemas import samples
from schemas.messages import parse
from tests.factories import REPLIES, REQUESTS, Agency, Data, agency, control, message
from tests.rig import CONFIG, Rig, said, types

CENTRE, COURT, SUPERIOR = "governance-centre", "court-9901", "court-99"
SAMPLE = CONFIG / "samples" / CENTRE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration, and in it the sample centre's party and agreement: all that the hub needs to know of it."""
    copied = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    for source, folder in (("party.toml", "parties"), ("agreement.toml", "agreements")):
        shutil.copy(SAMPLE / source, copied / folder / f"{CENTRE}.toml")
    return copied


@pytest.fixture
def rig(config: Path, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    keys = agency(CENTRE, Role.PARTNER)
    profile = Directory.load(config / "parties").parties[CENTRE]
    made.parties[CENTRE] = Agency(replace(profile, keys=keys.party.keys), keys.signer)
    reconfigure(made, config)
    yield made
    made.close()


def reconfigure(rig: Rig, config: Path) -> None:
    """The rig's hub, started again with this configuration."""
    rig.directory = Directory.of(each.party for each in rig.parties.values())
    rig.gate = Gate("hub", rig.directory, admits(REQUESTS, REPLIES))
    rig.casework = Casework(load_rulebook(config, config / "agreements", rig.directory), Topics())


def lead(**changes: Any) -> Data:
    return {
        "number": "XS-0001", "court": COURT, "case_number": samples.case_number(), "by": "governance-centre", "about": "asset",
        "subject": samples.subject("P03"), "asset": samples.ACCOUNT, "text": "见被执行人持有该账户的存折",
    } | changes  # fmt: skip


def submit(rig: Rig, sender: str = CENTRE, **changes: Any) -> tuple[str, list[Any]]:
    """A lead from the centre, or from a court: its id and what the hub said."""
    topic = REQUESTS if sender.startswith("court") else REPLIES
    value = message("liandong.lead.submission.v1", sender, "hub", lead(**changes), time=rig.clock)
    return parse(value).id, rig.feed([rig.record(sender, value, topic)])


def judge(rig: Rig, lead_id: str, outcome: str, court: str = COURT, **changes: Any) -> list[Any]:
    data = {"lead": lead_id, "outcome": outcome, "officer": f"GZ-{court[-4:]}-001", "reason": "已核查", **changes}
    return rig.feed([rig.statement(data, "verdict", "lead", court)[1]])


def seized(rig: Rig, **changes: Any) -> str:
    """A freeze that took effect: its request's id."""
    request_id, record = rig.request(control(**changes))
    task = next(each for each in said(rig.feed([record])) if each.type.endswith(".task.v1"))
    rig.feed([rig.receipt(task), rig.reply(task, "result", measure={"state": "effective", "reference": "DJ-1", "controlled": "50000.00"})])
    return request_id


def state(rig: Rig, lead_id: str) -> LeadState:
    with rig.store.read() as connection:
        found = States(connection).get(LeadState, lead_id)
    assert found is not None
    return found


def codes(out: list[Any]) -> list[str]:
    """Why what was sent was refused; what was sent must have been."""
    refusal = said(out)[0]
    assert refusal.type.split(".")[2] == "refusal"
    return [reason.code for reason in refusal.data.reasons]


def entries(rig: Rig) -> list[dict[str, Any]]:
    """The log's entries about leads, in order."""
    with rig.store.read() as connection:
        leaves = connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind.startswith("lead.")).order_by(t.audit.c.seq)).all()
    return [json.loads(leaf) for leaf in leaves]


# -- a governance centre joins by configuration ------------------------------------------------------------------------


def test_a_centres_lead_goes_to_the_court_as_it_was_signed_with_its_deadline(rig: Rig) -> None:
    value = message("liandong.lead.submission.v1", CENTRE, "hub", lead(), time=rig.clock)
    forward, noted = said(rig.feed([rig.record(CENTRE, value, REPLIES)]))
    assert (forward.type, forward.recipient, forward.data.of) == ("liandong.lead.forward.v1", COURT, CENTRE)
    assert base64.b64decode(forward.data.message.value) == value
    assert (forward.data.due - rig.clock).days == 7, "法释〔2017〕8号 art. 2"
    assert (noted.type, noted.recipient, noted.data.about) == ("liandong.lead.noted.v1", CENTRE, parse(value).id)


def test_the_sample_centre_has_its_topic_and_its_connectors_settings(config: Path) -> None:
    directory = Directory.load(config / "parties")
    plan = Plan(tuple(each.id for each in directory.with_role(Role.COURT)), tuple(each.id for each in directory.with_role(Role.PARTNER)))
    lists = {(each.name, each.operation) for each in plan.access_list(CENTRE) if each.resource == "topic"}
    assert lists == {(f"hub.tasks.{CENTRE}.v1", "READ"), ("hub.replies.v1", "WRITE"), ("hub.checkpoints.v1", "READ")}
    settings = ConnectorSettings.read(SAMPLE / "connector.toml")
    assert (settings.party, settings.protocol) == (CENTRE, "connectors.leads")


def test_without_its_agreement_a_partners_lead_is_refused(rig: Rig, config: Path) -> None:
    agreement = config / "agreements" / f"{CENTRE}.toml"
    agreement.write_text(agreement.read_text().replace("lead.submission", "inquiry.inquire"))
    reconfigure(rig, config)
    assert codes(submit(rig)[1]) == ["agreement-action"]
    agreement.write_text(agreement.read_text().replace('"court-9901", ', ""))
    reconfigure(rig, config)
    assert codes(submit(rig, number="XS-0002")[1]) == ["agreement-missing"]
    agreement.unlink()
    reconfigure(rig, config)
    refused = submit(rig, number="XS-0003")[1]
    assert codes(refused) == ["agreement-missing"]
    assert [each.topic for each in refused] == [f"hub.tasks.{CENTRE}.v1"]


def test_its_connector_run_by_the_hubs_operator_is_answered_on_the_centres_topic(rig: Rig, config: Path) -> None:
    rig.parties["centre-connector"] = agency("centre-connector", Role.CONNECTOR_FOR, acts_for=CENTRE)
    reconfigure(rig, config)
    lead_id, out = submit(rig, "centre-connector")
    assert [each.topic for each in out] == [f"hub.results.{COURT}.v1", f"hub.tasks.{CENTRE}.v1"]
    assert said(out)[0].data.of == CENTRE, "whom the connector speaks for; the court believes no other"
    assert judge(rig, lead_id, "unfounded")[0].topic == f"hub.tasks.{CENTRE}.v1"


# -- intake ------------------------------------------------------------------------------------------------------------


def test_a_court_may_send_a_creditors_lead_also_to_another_court_and_gets_the_answer(rig: Rig) -> None:
    lead_id, out = submit(rig, "court-9902", by="creditor")
    assert [(each.type.split(".")[2], each.recipient) for each in said(out)] == [("forward", COURT), ("noted", "court-9902")]
    answer, _ = said(judge(rig, lead_id, "confirmed"))
    assert (answer.type, answer.recipient) == ("liandong.lead.answer.v1", "court-9902")


def test_a_lead_without_a_case_is_kept_under_a_key_of_its_own(rig: Rig) -> None:
    data = lead()
    del data["case_number"]
    value = message("liandong.lead.submission.v1", CENTRE, "hub", data, time=rig.clock)
    assert types(rig.feed([rig.record(CENTRE, value, REPLIES)])) == ["lead.forward", "lead.noted"]
    with rig.store.read() as connection:
        keys = set(connection.scalars(select(t.case_keys.c.case_token)))
        token = connection.scalar(select(t.messages.c.case_token).where(t.messages.c.message_id == parse(value).id))
    assert token in keys, "so that it can be erased by itself"
    assert token != "0" * 32


def test_a_lead_in_a_case_that_has_moved_goes_to_the_court_that_has_it(rig: Rig) -> None:
    moved = samples.statement(COURT, version=2, holder={"court": "court-9902", "team": samples.TEAM}, handler="GZ-9902-001")
    rig.feed([rig.statement(moved, "statement", court=SUPERIOR)[1]])
    lead_id, out = submit(rig)
    assert said(out)[0].recipient == "court-9902"
    assert codes(judge(rig, lead_id, "confirmed")) == ["reference-other"]
    assert types(judge(rig, lead_id, "confirmed", "court-9902")) == ["lead.answer", "lead.noted"]


def test_a_number_stands_for_one_lead_and_an_unknown_court_gets_none(rig: Rig) -> None:
    submit(rig)
    assert [each.data.code for each in said(submit(rig, text="另一内容")[1])] == ["number-reused"]
    data = lead(number="XS-0002", court="court-7777")
    del data["case_number"]
    value = message("liandong.lead.submission.v1", "court-9902", "hub", data, time=rig.clock)
    assert codes(rig.feed([rig.record("court-9902", value, REQUESTS)])) == ["court-unknown"]


# -- verdicts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["confirmed", "unfounded", "acted"])
def test_the_sender_gets_the_courts_own_signed_words_either_way(rig: Rig, outcome: str) -> None:
    lead_id, _ = submit(rig)
    record = rig.statement({"lead": lead_id, "outcome": outcome, "officer": "GZ-9901-001", "reason": "已核查"}, "verdict", "lead")[1]
    answer, noted = said(rig.feed([record]))
    assert (answer.type, answer.recipient, answer.data.of) == ("liandong.lead.answer.v1", CENTRE, COURT)
    assert base64.b64decode(answer.data.message.value) == record.value
    assert answer.correlationid == lead_id
    assert (noted.type, noted.recipient) == ("liandong.lead.noted.v1", COURT)
    assert [(entry["kind"], entry["late"]) for entry in entries(rig)[1:]] == [(f"lead.{outcome}", 0)]


def test_confirmed_may_be_acted_on_and_what_is_settled_stays(rig: Rig) -> None:
    lead_id, _ = submit(rig)
    judge(rig, lead_id, "confirmed")
    assert codes(judge(rig, lead_id, "unfounded")) == ["state-other"]
    assert types(judge(rig, lead_id, "acted")) == ["lead.answer", "lead.noted"]
    assert codes(judge(rig, lead_id, "confirmed")) == ["state-other"]


def test_only_the_court_with_a_registered_officer_judges_and_names_its_own_requests(rig: Rig) -> None:
    lead_id, _ = submit(rig)
    unknown = "99010000-0000-4000-8000-000000000001"
    assert codes(judge(rig, lead_id, "confirmed", "court-9902")) == ["reference-other"]
    assert codes(judge(rig, lead_id, "confirmed", officer="GZ-9902-001")) == ["officer-unregistered"]
    assert codes(judge(rig, lead_id, "acted", requests=[unknown])) == ["reference-unknown"]
    assert codes(judge(rig, unknown, "confirmed")) == ["reference-unknown"]
    assert state(rig, lead_id).status == "received"


def move(rig: Rig, to: str, version: int, case: int = 123, by: str = SUPERIOR) -> list[Any]:
    """The superior court gives the case to another; what that one hears."""
    people = {name: f"GZ-{to[-4:]}-00{n}" for name, n in (("handler", 1), ("supervisor", 3), ("duty", 2))}
    data = samples.statement(COURT, case) | {"version": version, "holder": {"court": to, "team": samples.TEAM}, **people}
    return [each for each in said(rig.feed([rig.statement(data, "statement", court=by)[1]])) if each.recipient == to]


def test_an_open_lead_goes_along_with_its_case_and_keeps_its_time(rig: Rig) -> None:
    start = rig.now
    value = message("liandong.lead.submission.v1", CENTRE, "hub", lead(), time=rig.clock)
    record = rig.record(CENTRE, value, REPLIES)
    lead_id, due = parse(value).id, said(rig.feed([record]))[0].data.due
    rig.run_until(start + 5 * DAY)
    (forward,) = move(rig, "court-9902", 2)
    assert (forward.type, forward.data.of, forward.data.due) == ("liandong.lead.forward.v1", CENTRE, due), "the time is the sender's"
    assert (base64.b64decode(forward.data.message.value), forward.data.message.jws) == (value, dict(record.headers)["jws"].decode())
    assert [(entry["lead"], entry["court"], entry["to"]) for entry in entries(rig) if entry["kind"] == "lead.moved"] == [
        (lead_id, COURT, "court-9902")]  # fmt: skip
    overdue = said(rig.run_until(start + 7 * DAY))
    assert ("lead-overdue", "court-9902") in [(each.data.event, each.recipient) for each in overdue]
    assert COURT not in [each.recipient for each in overdue]
    assert codes(judge(rig, lead_id, "confirmed")) == ["reference-other"]
    assert said(judge(rig, lead_id, "confirmed", "court-9902"))[0].recipient == CENTRE


def test_a_lead_goes_along_each_time_and_a_confirmed_one_without_a_deadline(rig: Rig) -> None:
    lead_id, out = submit(rig)
    first = said(out)[0]
    judge(rig, lead_id, "confirmed")
    (there,) = move(rig, "court-9902", 2)
    (back,) = move(rig, COURT, 3)
    assert len({first.id, there.id, back.id}) == 3
    assert (there.data.due, back.data.message) == (None, first.data.message)


@pytest.mark.parametrize("outcome", ["unfounded", "acted"])
def test_a_lead_that_is_settled_stays_where_it_is(rig: Rig, outcome: str) -> None:
    lead_id, _ = submit(rig)
    judge(rig, lead_id, outcome)
    assert move(rig, "court-9902", 2) == []


def test_a_lead_is_not_passed_on_where_only_the_team_or_nothing_changes(rig: Rig) -> None:
    submit(rig)
    out = rig.register_case(version=2, holder={"court": COURT, "team": "执行三团队"})
    assert types(out) == ["case.noted"]


def test_a_lead_that_came_before_its_case_goes_to_the_court_that_turns_out_to_have_it(rig: Rig) -> None:
    number = samples.case_number(COURT, 124)
    submit(rig, case_number=number)
    (forward,) = move(rig, "court-9902", 1, 124)
    assert forward.type == "liandong.lead.forward.v1"


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("urgent", "days"), [(False, 7), (True, 3)])
def test_a_lead_that_nobody_verifies_is_told_to_the_supervisor_and_the_superior_court(rig: Rig, urgent: bool, days: int) -> None:
    start = rig.now
    lead_id, _ = submit(rig, urgent=urgent)
    assert said(rig.run_until(start + days * DAY - 1)) == []
    told = said(rig.run_until(start + days * DAY))
    assert [(each.data.event, each.recipient, each.data.addressee) for each in told] == [
        ("lead-overdue", COURT, "GZ-9901-003"), ("lead-overdue", SUPERIOR, "GZ-99-001"),
    ]  # fmt: skip
    assert {each.data.about for each in told} == {lead_id}
    assert said(rig.run_until(start + 100 * DAY)) == [], "told once"
    judge(rig, lead_id, "unfounded")
    assert [(entry["kind"], entry.get("late")) for entry in entries(rig)] == [
        ("lead.received", None), ("lead.overdue", None), ("lead.unfounded", 1),
    ]  # fmt: skip


def test_a_lead_judged_in_time_is_never_overdue(rig: Rig) -> None:
    start = rig.now
    lead_id, _ = submit(rig)
    rig.run_until(start + 6 * DAY)
    judge(rig, lead_id, "confirmed")
    assert rig.next_due() is None
    assert said(rig.run_until(start + 30 * DAY)) == []


# -- lead to measure ---------------------------------------------------------------------------------------------------


def test_a_lead_becomes_a_seizure_and_its_sender_still_gets_the_courts_answer(rig: Rig) -> None:
    lead_id, _ = submit(rig)
    frozen = seized(rig, lead=lead_id)
    converted = entries(rig)[-1]
    assert (converted["kind"], converted["court"], converted["lead"], converted["measure"]) == ("lead.converted", COURT, lead_id, frozen)
    assert state(rig, lead_id).status == "acted"
    assert codes(judge(rig, lead_id, "unfounded")) == ["state-other"], "it was something"
    answer, _ = said(judge(rig, lead_id, "acted", requests=[frozen]))
    assert (answer.type, answer.recipient) == ("liandong.lead.answer.v1", CENTRE)
    assert codes(judge(rig, lead_id, "acted")) == ["state-other"], "one answer"


def test_a_queued_seizure_converts_its_lead_when_its_turn_comes(rig: Rig) -> None:
    def sealed(court: str, state: str, **changes: Any) -> str:
        request_id, record = rig.request(control("seal", samples.UNIT, "P04", court=court, term_months=36, **changes), court)
        task = next(each for each in said(rig.feed([record])) if each.type.endswith(".task.v1"))
        rig.feed([rig.receipt(task), rig.reply(task, "result", measure={"state": state, "reference": f"CF-{court}"})])
        return request_id

    first = sealed("court-9902", "effective")
    lead_id, _ = submit(rig, asset=samples.UNIT, subject=samples.subject("P04"))
    sealed(COURT, "queued", lead=lead_id)
    assert state(rig, lead_id).status == "received"
    task = said(rig.feed([rig.request(control("release", samples.UNIT, "P04", court="court-9902", original=first), "court-9902")[1]]))[1]
    rig.feed([rig.reply(task, "result")])
    assert (state(rig, lead_id).status, entries(rig)[-1]["kind"]) == ("acted", "lead.converted")


def test_a_freeze_that_did_not_take_hold_converts_nothing(rig: Rig) -> None:
    lead_id, _ = submit(rig)
    task = said(rig.feed([rig.request(control(lead=lead_id))[1]]))[1]
    rig.feed([rig.receipt(task), rig.reply(task, "not-controlled")])
    assert state(rig, lead_id).status == "received"


def test_a_request_cites_a_lead_that_is_known_its_courts_and_not_unfounded(rig: Rig) -> None:
    other, _ = submit(rig, court="court-9902", case_number=samples.case_number("court-9902"))
    unknown = "99010000-0000-4000-8000-000000000001"
    assert codes(rig.feed([rig.request(control(lead=unknown))[1]])) == ["reference-unknown"]
    assert codes(rig.feed([rig.request(control(lead=other))[1]])) == ["reference-other"]
    mine, _ = submit(rig, number="XS-0002")
    judge(rig, mine, "unfounded")
    assert codes(rig.feed([rig.request(control(lead=mine))[1]])) == ["state-other"]


def test_nothing_of_a_lead_stands_in_the_log_or_in_a_column(rig: Rig) -> None:
    lead_id, _ = submit(rig)
    seized(rig, lead=lead_id)
    kept = repr(state(rig, lead_id)) + repr(entries(rig))
    name, number = samples.PEOPLE["P03"]
    assert not {word for word in (name, number, "XS-0001", samples.ACCOUNT["number"]) if word in kept}
