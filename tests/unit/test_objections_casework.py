"""Objections to whatever was imposed: a measure, what acts on one, a watch, a restriction; and the one step that ends it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.court.items import Reader
from connectors.court.show import drafted_in
from hub.bus.topics import Topics
from hub.casework import Casework
from hub.trust.parties import Directory
from schemas import samples
from schemas.requests import Kind
from tests.factories import Data, control, locate, request_number
from tests.rig import Rig, entries, parse_request, said, sample_rulebook, tasks_in, types
from tests.unit.test_contested_casework import carried_out, codes, events, signed, watched
from tests.unit.test_contested_edges import DAY, answered, decided, objected

PROTECTED: Data = {"code": "account-protected", "text": "受保护账户"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def drafted(event: Any) -> Data:
    data: Data = json.loads(base64.b64decode(event.draft.content))["data"]
    return data


def restricted(rig: Rig) -> str:
    """A restriction (限制出境) in force at two partners, the police having agreed to carry out such too."""
    rulebook = sample_rulebook(rig.directory)
    linkage = rulebook.linkage
    police = linkage.agreements["police"]
    agreed = replace(police, actions=police.actions | {"notice.restrict", "notice.lift"})
    routes = tuple(replace(each, by_agreement=(*each.by_agreement, "police")) if each.kind is Kind.NOTICE else each for each in linkage.routes)
    linkage = replace(linkage, agreements={**linkage.agreements, "police": agreed}, routes=routes)
    rig.casework = Casework(replace(rulebook, linkage=linkage), Topics())
    request_id, record = rig.request(samples.notice(number=request_number(), restrictions=["exit"], partners=["business-registry", "police"]))
    rig.feed([rig.reply(task, "result") for task in tasks_in(rig.feed([record]))])
    return request_id


def upheld(rig: Rig, request_id: str, sender: str = "court-9901") -> tuple[str, Any]:
    """An objection and the decision that it is well founded: its id, and what the court is told."""
    objection, out = objected(rig, request_id, sender)
    assert [event.event for event in events(out)] == ["objection-opened"]
    (told,) = events(decided(rig, objection, "upheld"))
    return objection, told


# -- watches and restrictions ------------------------------------------------------------------------------------------


def test_a_contested_watch_is_reviewed_within_fifteen_days(rig: Rig) -> None:
    request_id, _ = watched(rig)
    objected(rig, request_id)
    rig.advance(15 * DAY - 1)
    assert events(rig.fire()) == []
    rig.advance(1)
    assert [(event.event, event.addressee) for event in events(rig.fire())] == [("objection-overdue", "GZ-9901-003")]


def test_a_watch_for_the_wrong_person_is_withdrawn_in_one_step(rig: Rig) -> None:
    request_id, _ = watched(rig)
    objection, told = upheld(rig, request_id)
    draft = drafted(told)
    assert (told.event, draft["action"], draft["original"], draft["objection"]) == ("release-drafted", "withdraw", request_id, objection)
    (task,) = tasks_in(signed(rig, told, "locate"))
    rig.feed([rig.reply(task, "result")])
    rig.advance(9 * DAY)
    assert events(rig.fire()) == [], "it is withdrawn, and nobody is reminded"
    assert codes(objected(rig, request_id)[1]) == ["measure-not-in-force"]


def test_the_police_may_contest_the_watch_that_they_carry_out_and_nobody_elses(rig: Rig) -> None:
    request_id, _ = watched(rig)
    assert codes(objected(rig, request_id, "bank")[1]) == ["reference-other"]
    assert [event.event for event in events(objected(rig, request_id, "police")[1])] == ["objection-opened"]


def test_a_contested_restriction_is_lifted_in_one_step_at_every_partner(rig: Rig) -> None:
    request_id = restricted(rig)
    _, told = upheld(rig, request_id)
    draft = drafted(told)
    assert (told.event, draft["action"], draft["partners"]) == ("release-drafted", "lift", ["business-registry", "police"])
    rig.advance(3 * DAY)
    assert [(event.event, event.partner) for event in events(rig.fire())] == [
        ("release-overdue", "business-registry"), ("release-overdue", "police")]  # fmt: skip
    out = signed(rig, told, "notice")
    first, second = tasks_in(out)
    rig.feed([rig.reply(first, "result")])
    rig.advance(DAY)
    assert [(event.event, event.partner) for event in events(rig.fire())] == [("release-overdue", second.recipient)]
    rig.feed([rig.reply(second, "result")])
    rig.advance(9 * DAY)
    assert events(rig.fire()) == []


def test_a_restriction_that_is_lifted_at_one_partner_is_contested_at_the_other(rig: Rig) -> None:
    request_id = restricted(rig)
    lift = samples.notice("lift", number=request_number(), original=request_id, partners=["police"])
    answered(rig, lift)
    _, told = upheld(rig, request_id)
    assert drafted(told)["partners"] == ["business-registry"]


def test_a_rejected_objection_to_a_watch_leaves_it_as_it_is(rig: Rig) -> None:
    request_id, _ = watched(rig)
    objection, _ = objected(rig, request_id)
    assert events(decided(rig, objection, "rejected")) == []
    out = rig.feed([rig.request(locate("withdraw", original=request_id))[1]])
    assert types(out) == ["locate.acceptance", "locate.task"], "there still is something to withdraw"


def test_two_partners_lifts_of_one_restriction_are_two_drafts_in_two_files(rig: Rig) -> None:
    restricted(rig)
    out = rig.register_case(version=2, status="performed")
    reader = Reader("court-9901", Directory.of(each.party for each in rig.parties.values()))
    files = [each for message in out for each in drafted_in(reader.read(rig.record("hub", message.value, message.topic)))]
    assert {name.rpartition("-")[2]: body["data"]["partners"] for name, body in files} == {
        "registry": ["business-registry"], "police": ["police"]}  # fmt: skip
    assert len({name for name, _ in files}) == len(files) == 2
    tasks = [task for event in events(out) for task in tasks_in(signed(rig, event, "notice"))]
    assert [task.recipient for task in tasks] == ["business-registry", "police"], "each has a number of its own"
    assert types(rig.feed([rig.reply(task, "result") for task in tasks]))[-1] == "case.lift-certificate"


# -- what acts on a measure --------------------------------------------------------------------------------------------


def test_whoever_contests_a_renewal_contests_the_measure_that_it_prolonged(rig: Rig) -> None:
    freeze = carried_out(rig, control())
    renewal = carried_out(rig, control("renew", original=freeze))
    _, told = upheld(rig, renewal, "bank")
    draft = drafted(told)
    assert (told.event, draft["action"], draft["original"], draft["asset"]) == ("release-drafted", "release", freeze, samples.ACCOUNT)
    (task,) = tasks_in(signed(rig, told, "control"))
    assert parse_request(task).data.original == freeze


def test_a_renewal_that_the_bank_will_not_carry_out_opens_an_objection_to_the_measure(rig: Rig) -> None:
    freeze = carried_out(rig, control())
    out = answered_protected(rig, control("renew", original=freeze))
    opened = next(event for event in events(out) if event.event == "objection-opened")
    (told,) = events(decided(rig, opened.about, "upheld"))
    assert (told.event, drafted(told)["original"]) == ("release-drafted", freeze)


def answered_protected(rig: Rig, data: Data) -> list[Any]:
    """The bank calls the account protected, which is an objection."""
    (task,) = tasks_in(rig.feed([rig.request(data)[1]]))
    return rig.feed([rig.reply(task, "not-controlled", reason=PROTECTED)])


def deducted(rig: Rig, paid: str) -> tuple[str, str]:
    """A freeze of 50,000 yuan, and a deduction from it."""
    freeze = carried_out(rig, control(amount="50000.00"), measure={"state": "effective", "reference": "DJ-1", "controlled": "50000.00"})
    order = control("deduct", original=freeze, amount=paid)
    return freeze, carried_out(rig, order, measure={"state": "deducted", "reference": "KH-1", "controlled": paid})


def test_after_a_deduction_what_is_left_is_released(rig: Rig) -> None:
    freeze, deduction = deducted(rig, "20000.00")
    objection, told = upheld(rig, deduction)
    assert (told.event, drafted(told)["original"]) == ("release-drafted", freeze)
    assert [(entry["objection"], entry["request"]) for entry in entries(rig, "objection.upheld")] == [(objection, deduction)]


def test_where_the_deduction_took_everything_the_court_is_told_so_and_the_empty_freeze_can_still_be_ended(rig: Rig) -> None:
    freeze, deduction = deducted(rig, "50000.00")
    _, told = upheld(rig, deduction)
    assert (told.event, drafted(told)["original"]) == ("release-nothing-left", freeze)


@pytest.mark.parametrize("ended", ["released", "never-began"])
def test_where_nothing_stands_any_more_the_court_is_told_so_without_a_draft(rig: Rig, ended: str) -> None:
    if ended == "released":
        freeze = carried_out(rig, control())
        objection, _ = objected(rig, freeze)
        answered(rig, control("release", original=freeze))
    else:
        objection = events(answered_protected(rig, control()))[-1].about
    (told,) = events(decided(rig, objection, "upheld"))
    assert (told.event, told.draft, told.due) == ("release-nothing-left", None, None)
    rig.advance(9 * DAY)
    assert events(rig.fire()) == []


def test_a_contested_renewal_stays_further_deductions_from_the_same_account(rig: Rig) -> None:
    freeze = carried_out(rig, control())
    objected(rig, carried_out(rig, control("renew", original=freeze)))
    assert codes(rig.feed([rig.request(control("deduct", original=freeze, amount="1.00"))[1]])) == ["objection-open"]
    assert all(each.recipient == "court-9901" for each in said(decided(rig, entries(rig, "objection.opened")[0]["objection"], "rejected")))
