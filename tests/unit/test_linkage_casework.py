"""Linkage over the casework: follow-ups drafted with the finding that caused them; recent answers passed on again."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connectors.court.items import Reader
from hub.engine.records import Record
from hub.store.tables import case_keys
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA, format_time
from schemas.messages import parse
from tests.factories import Data, control, inquiry
from tests.rig import Rig, agree, entries, said, tasks_in, types

ACCOUNT: Data = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例支行", "currency": "CNY", "balance": "80000.00",
                 "available": "80000.00", "status": "正常"}  # fmt: skip
VEHICLE: Data = {"kind": "vehicle", "plate": samples.VEHICLE["plate"], "vin": samples.VEHICLE["vin"], "plate_class": "02",
                 "brand": "某牌", "registrar": "某车管所"}  # fmt: skip
UNIT: Data = {"kind": "real-estate", "unit_code": samples.UNIT["unit_code"], "location": "某地", "certificate": "证1", "holder": "某人"}
EQUITY: Data = {"kind": "equity", "company": samples.EQUITY["company"], "company_name": samples.COMPANIES["C03"][0],
                "subscribed": "100.00", "ratio": "50"}  # fmt: skip
FRESH = 30 * 24 * 3600


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, courts=("court-9901", "court-9902"))
    agree(made, datetime(2033, 1, 1, tzinfo=CHINA), fresh_for=FRESH)
    yield made
    made.close()


def inquired(rig: Rig, found: dict[str, list[Data]], **changes: Any) -> list[Any]:
    """An inquiry that finds this, by partner, and nothing else; all that was said until its conclusion."""
    out = rig.feed([rig.request(inquiry("P03", partners=sorted(found), **changes))[1]])
    answers = [rig.reply(task, "result", findings=found[task.recipient]) if found[task.recipient] else rig.reply(task)
               for task in tasks_in(out)]  # fmt: skip
    return said(rig.feed(answers))


def proposals(rig: Rig, conclusion: Any, court: str = "court-9901") -> Any:
    """What the hub answers when the court asks for the drafts that follow from this conclusion."""
    (answer,) = said(rig.feed([rig.statement({"request": conclusion.correlationid}, "drafts-request", court=court)[1]]))
    return answer.data


def drafted(follow_up: Any) -> Data:
    body: Data = json.loads(base64.b64decode(follow_up.draft.content))
    assert body["type"] == follow_up.draft.type
    return body["data"]  # type: ignore[no-any-return]


def completed(rig: Rig, data: Data) -> list[str]:
    """The draft with documents and approval, signed and sent: what the hub says to it."""
    full = samples.legal_basis(data["action"])
    approvals = [each | {"at": format_time(rig.clock)} for each in full["approvals"]]
    data["legal"] |= {"documents": full["documents"], "approvals": approvals}
    return types(rig.feed([rig.request(data)[1]]))


def test_each_finding_leads_to_its_own_request_ready_to_be_completed(rig: Rig) -> None:
    heard = inquired(rig, {"bank": [ACCOUNT], "business-registry": [EQUITY], "real-estate": [UNIT], "vehicle": [VEHICLE]})
    replies = {each.data.partner: parse(base64.b64decode(each.data.message.value)).id for each in heard[:-1]}
    named = {each.finding: each for each in heard[-1].data.follow_ups}
    assert {each.draft for each in named.values()} == {None}, "drafted when they are asked for"
    proposed = {each.finding: each for each in proposals(rig, heard[-1]).follow_ups}
    assert {name: each.cause for name, each in proposed.items()} == {name: each.cause for name, each in named.items()} == {
        "account": replies["bank"], "equity": replies["business-registry"], "real-estate": replies["real-estate"],
        "vehicle": replies["vehicle"],
    }  # fmt: skip
    assert drafted(proposed["account"])["asset"] == samples.ACCOUNT
    assert drafted(proposed["account"])["amount"] == "5050000.00", "what no measure covers yet"
    assert drafted(proposed["account"])["partners"] == ["bank"]
    assert drafted(proposed["vehicle"])["vehicle"] == samples.VEHICLE
    assert drafted(proposed["equity"])["subject"] == samples.subject("C03")
    assert completed(rig, drafted(proposed["account"])) == ["control.acceptance", "control.task"]
    assert completed(rig, drafted(proposed["vehicle"])) == ["locate.acceptance", "locate.task"]
    assert completed(rig, drafted(proposed["equity"])) == ["inquiry.acceptance", "inquiry.task"]
    assert completed(rig, drafted(proposed["real-estate"]) | {"amount": "1000000.00"}) == ["control.refusal"], "beyond the claim by now"
    assert completed(rig, drafted(proposed["account"])) == ["party.rejection"], "a second draft of the same is known as one"


def test_a_freeze_is_drafted_for_what_is_left_of_the_claim(rig: Rig) -> None:
    task = tasks_in(rig.feed([rig.request(control(amount="5000000.00", partners=["bank-two"]))[1]]))[0]
    rig.feed([rig.reply(task, "result", measure={"state": "effective", "reference": "DJ-1", "controlled": "5000000.00"})])
    heard = inquired(rig, {"bank": [ACCOUNT | {"number": "9901000000000003020"}]})
    assert drafted(proposals(rig, heard[-1]).follow_ups[0])["amount"] == "50000.00"


def test_a_protected_account_is_never_proposed_for_a_freeze(rig: Rig) -> None:
    heard = inquired(rig, {"bank": [ACCOUNT | {"flags": ["WAGE_SPECIAL"]}]})
    assert heard[-1].data.follow_ups == ()
    assert proposals(rig, heard[-1]).follow_ups == ()


def test_many_findings_of_one_kind_are_proposed_each_once_and_at_most_ten(rig: Rig) -> None:
    accounts = [ACCOUNT | {"number": f"99010000000000{number:05d}"} for number in (*range(12), *range(12))]
    heard = inquired(rig, {"bank": accounts})
    assert [each.finding for each in heard[-1].data.follow_ups] == ["account"]
    numbers = [drafted(each)["asset"]["number"] for each in proposals(rig, heard[-1]).follow_ups]
    assert numbers == [each["number"] for each in accounts[:10]]


def test_two_partners_that_found_the_same_asset_lead_to_one_draft_and_name_both_reasons(rig: Rig) -> None:
    heard = inquired(rig, {"bank": [ACCOUNT], "bank-two": [ACCOUNT | {"flags": []}]})
    assert len({each.cause for each in heard[-1].data.follow_ups}) == 2
    assert [drafted(each)["partners"] for each in proposals(rig, heard[-1]).follow_ups] == [["bank"]]


def test_drafts_are_given_to_the_court_concerned_and_only_of_what_is_concluded(rig: Rig) -> None:
    def codes(request_id: str, court: str) -> list[str]:
        (answer,) = said(rig.feed([rig.statement({"request": request_id}, "drafts-request", court=court)[1]]))
        return [reason.code for reason in answer.data.reasons]

    out = rig.feed([rig.request(inquiry("P03", partners=["bank"]))[1]])
    request_id = tasks_in(out)[0].correlationid
    assert codes(request_id, "court-9901") == ["state-other"]
    rig.feed([rig.reply(task, "result", findings=[ACCOUNT]) for task in tasks_in(out)])
    assert codes(request_id, "court-9902") == ["reference-other"]
    assert codes("00000000-0000-4000-8000-000000000009", "court-9901") == ["reference-unknown"]
    with rig.store.write() as connection:
        connection.execute(case_keys.delete())
    rig.vault.forget()
    assert codes(request_id, "court-9901") == ["reference-unknown"], "erased"


def test_a_late_answer_is_no_reason_for_a_follow_up_of_what_is_concluded(rig: Rig) -> None:
    out = rig.feed([rig.request(inquiry("P03", partners=["bank"]))[1]])
    rig.advance(60 * 24 * 3600)
    (conclusion,) = [each for each in said(rig.fire()) if each.type.endswith("conclusion.v1")]
    rig.feed([rig.reply(task, "result", findings=[ACCOUNT]) for task in tasks_in(out)])
    assert conclusion.data.follow_ups == proposals(rig, conclusion).follow_ups == ()


def test_no_personal_data_of_a_draft_stands_in_an_entry(rig: Rig) -> None:
    proposals(rig, inquired(rig, {"bank": [ACCOUNT], "vehicle": [VEHICLE]})[-1])
    every = json.dumps(entries(rig), ensure_ascii=False)
    assert all(text not in every for text in (samples.ACCOUNT["number"], samples.VEHICLE["plate"], *samples.PEOPLE["P03"]))


# -- recent answers ----------------------------------------------------------------------------------------------------


def other_court(rig: Rig, **changes: Any) -> list[Any]:
    """The other court asks the bank about the same debtor."""
    return rig.feed([rig.request(inquiry("P03", court="court-9902", partners=["bank"], **changes), "court-9902")[1]])


def test_two_courts_asking_about_one_debtor_within_the_window_load_the_bank_once(rig: Rig) -> None:
    first = inquired(rig, {"bank": [ACCOUNT]})
    rig.advance(FRESH)
    out = other_court(rig)
    assert types(out) == ["inquiry.acceptance", "inquiry.result", "inquiry.conclusion"]
    _, result, conclusion = said(out)
    assert result.data.message == first[0].data.message, "the bank's own message with its own signature"
    assert result.data.reused.request == first[0].correlationid
    assert conclusion.data.outcome == "complete"
    assert [(line.partner, line.outcome) for line in conclusion.data.partners] == [("bank", "result")]
    assert [each.finding for each in conclusion.data.follow_ups] == ["account"]
    assert [(entry["court"], entry["partner"]) for entry in entries(rig, "answer.reused")] == [("court-9902", "bank")]


def test_a_court_can_check_a_reused_answer_and_believes_no_other(rig: Rig) -> None:
    inquired(rig, {"bank": [ACCOUNT]})
    result = next(each for each in said(other_court(rig)) if each.type.endswith(".result.v1"))
    reader = Reader("court-9902", Directory.of(each.party for each in rig.parties.values()))

    def read(message: Any) -> Any:
        value = message.model_dump_json(exclude_none=True).encode()
        signed: Record = rig.record("hub", value, "results")
        return reader.read(signed)

    assert read(result).sound
    task_id = result.data.task_id
    wrong = result.data.model_copy(update={"reused": result.data.reused.model_copy(update={"task_id": task_id})})
    assert read(result.model_copy(update={"data": wrong})).enclosed_fault == "task-unknown"
    unsaid = result.data.model_copy(update={"reused": None})
    assert read(result.model_copy(update={"data": unsaid})).enclosed_fault == "task-unknown"


def test_a_reused_answer_is_not_made_fresh_by_being_passed_on(rig: Rig) -> None:
    inquired(rig, {"bank": [ACCOUNT]})
    rig.advance(FRESH - 1)
    assert tasks_in(other_court(rig)) == []
    rig.advance(2)
    assert len(tasks_in(other_court(rig))) == 1


@pytest.mark.parametrize(
    "changes", [{"fresh": True}, {"fields": ["bank.accounts"]}, {"subject": samples.subject("P03") | {"former_names": ["孙立"]}}],
    ids=["fresh", "other-fields", "former-name"],
)  # fmt: skip
def test_another_question_or_one_that_insists_is_asked(rig: Rig, changes: Data) -> None:
    inquired(rig, {"bank": [ACCOUNT]})
    assert [task.recipient for task in tasks_in(other_court(rig, **changes))] == ["bank"]


@pytest.mark.parametrize("kind", ["partial", "refused", "returned", None])
def test_what_is_no_explicit_answer_is_not_reused(rig: Rig, kind: str | None) -> None:
    task = tasks_in(rig.feed([rig.request(inquiry("P03", partners=["bank"]))[1]]))[0]
    if kind is not None:
        rig.feed([rig.reply(task, kind)])
    rig.advance(60)
    rig.fire()
    assert len(tasks_in(other_court(rig))) == 1


def test_the_others_are_asked_and_the_conclusion_counts_both(rig: Rig) -> None:
    inquired(rig, {"bank": []})
    out = rig.feed([rig.request(inquiry("P03", court="court-9902", partners=["bank", "vehicle"]), "court-9902")[1]])
    assert types(out) == ["inquiry.acceptance", "inquiry.result", "inquiry.task"]
    conclusion = said(rig.feed([rig.reply(tasks_in(out)[0], "result", findings=[VEHICLE])]))[-1].data
    assert [(line.partner, line.outcome) for line in conclusion.partners] == [("bank", "no-record"), ("vehicle", "result")]


def test_an_agreement_without_a_window_costs_no_query(rig: Rig) -> None:
    agree(rig, datetime(2033, 1, 1, tzinfo=CHINA))
    inquired(rig, {"bank": [ACCOUNT]})
    seen: list[str] = []
    event.listen(rig.store.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: seen.append(statement))
    assert len(tasks_in(other_court(rig))) == 1
    assert not [statement for statement in seen if "subject_token =" in statement]
