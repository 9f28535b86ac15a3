"""The linkage's follow-ups: each with the reply that led to it, and the request that may be signed next."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from schemas.base import Model
from schemas.messages import Concluded, parse
from schemas.requests import ControlRequest, InquiryRequest, LocateRequest
from schemas.samples import COMPANIES, subject
from tests.factories import Data, control, inquiry, legal_basis
from tests.rig import FINDING, Rig, said

VEHICLE = {"kind": "vehicle", "plate": "粤B9A005", "vin": "L9ZZZ9907TZ000002", "plate_class": "小型汽车", "brand": "示例", "registrar": "车管所"}
ACCOUNT = {"kind": "account", "number": "9901000000000003012", "branch": "示例银行", "currency": "CNY", "status": "正常"}
UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00015F00010501", "location": "示例路", "certificate": "证", "holder": "赵明远"}
EQUITY = {"kind": "equity", "company": COMPANIES["C03"][1], "company_name": COMPANIES["C03"][0], "subscribed": "1.00", "ratio": "10"}
FORMS: dict[str, type[Model]] = {"control": ControlRequest, "inquiry": InquiryRequest, "locate": LocateRequest}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def conclusion(rig: Rig, found: dict[str, list[Data]], **changes: Any) -> tuple[Any, dict[str, str]]:
    """The conclusion of an inquiry in which each partner answers what it has found; and partner → its reply's id."""
    tasks = [each for each in said(rig.feed([rig.request(inquiry(partners=list(found), **changes))[1]])) if each.type.endswith(".task.v1")]
    replies: dict[str, str] = {}
    out: list[Any] = []
    for task in tasks:
        findings = found[task.recipient]
        reply = rig.reply(task, "result", findings=findings) if findings else rig.reply(task)
        replies[task.recipient] = parse(reply.value).id
        out += said(rig.feed([reply]))
    return next(each for each in out if isinstance(each, Concluded)), replies


def drafts(concluded: Any) -> dict[str, Data]:
    """Action → data of the request that is drafted for it."""
    return {each.action: json.loads(base64.b64decode(each.draft.content))["data"] for each in concluded.data.follow_ups if each.draft}


def test_each_finding_leads_to_its_request_ready_for_completion(rig: Rig) -> None:
    concluded, replies = conclusion(rig, {"vehicle": [VEHICLE], "bank": [ACCOUNT], "business-registry": [EQUITY], "real-estate": [UNIT]})
    made = drafts(concluded)
    assert made["locate.road-control"]["vehicle"] == {"kind": "vehicle", "plate": VEHICLE["plate"], "vin": VEHICLE["vin"]}
    assert made["locate.road-control"]["partners"] == ["police"]
    assert made["locate.road-control"]["legal"]["purpose"] == "locate"
    assert made["control.freeze"]["asset"] == {"kind": "account", "number": ACCOUNT["number"]}
    assert (made["control.freeze"]["partners"], made["control.freeze"]["term_months"]) == (["bank"], 12)
    assert made["inquiry.inquire"]["subject"] == subject("C03"), "about the company itself"
    assert made["control.seal"]["asset"]["unit_code"] == UNIT["unit_code"]
    assert {made[action]["subject"]["name"] for action in made if action != "inquiry.inquire"} == {subject("P01")["name"]}
    causes = {each.action: each.cause for each in concluded.data.follow_ups}
    assert causes == {"locate.road-control": replies["vehicle"], "control.freeze": replies["bank"],
                      "inquiry.inquire": replies["business-registry"], "control.seal": replies["real-estate"]}  # fmt: skip


def test_a_draft_with_documents_and_approvals_is_a_request_that_the_hub_accepts(rig: Rig) -> None:
    concluded, _ = conclusion(rig, {"vehicle": [VEHICLE], "bank": [ACCOUNT | {"balance": "80000.00"}], "real-estate": [UNIT], "business-registry": [EQUITY]})
    for action, data in drafts(concluded).items():
        kind, _, name = action.partition(".")
        given = {"documents": legal_basis(name)["documents"], "approvals": legal_basis(name)["approvals"]}
        amount = {"amount": "900000.00"} if kind == "control" else {}  # what is sealed, and how much is frozen, the court weighs
        whole = data | amount | {"legal": data["legal"] | given}
        FORMS[kind].model_validate_json(json.dumps(whole))
        out = said(rig.feed([rig.request(whole)[1]]))
        assert out[0].type == f"liandong.{kind}.acceptance.v1", (action, out[0].data)


def test_findings_of_one_kind_by_two_partners_are_two_follow_ups(rig: Rig) -> None:
    concluded, replies = conclusion(rig, {"bank": [ACCOUNT, ACCOUNT], "bank-two": [ACCOUNT | {"number": "9901000000000003888"}]})
    assert [each.cause for each in concluded.data.follow_ups] == [replies["bank"], replies["bank-two"]]
    numbers = [json.loads(base64.b64decode(each.draft.content))["data"]["number"] for each in concluded.data.follow_ups]
    assert len(set(numbers)) == 2


def test_a_freeze_is_drafted_for_what_of_the_claim_no_measure_covers(rig: Rig) -> None:
    concluded, _ = conclusion(rig, {"bank": [ACCOUNT]})
    assert drafts(concluded)["control.freeze"]["amount"] == "5050000.00"
    (task,) = [each for each in said(rig.feed([rig.request(control())[1]])) if each.type.endswith(".task.v1")]
    rig.feed([rig.reply(task, "result", measure={"state": "effective", "reference": "DJ-1", "starts": "2026-11-23",
                                                 "ends": "2027-11-22", "controlled": "50000.00"})])  # fmt: skip
    concluded, _ = conclusion(rig, {"bank": [ACCOUNT]})
    assert drafts(concluded)["control.freeze"]["amount"] == "5000000.00"


def test_no_freeze_of_a_protected_account_is_drafted(rig: Rig) -> None:
    wages = ACCOUNT | {"flags": ["WAGE_SPECIAL"]}
    other = ACCOUNT | {"number": "9901000000000003999"}
    concluded, _ = conclusion(rig, {"bank": [wages, other]})
    assert drafts(concluded)["control.freeze"]["asset"]["number"] == other["number"]
    concluded, _ = conclusion(rig, {"bank": [wages]})
    assert drafts(concluded) == {}


def test_findings_cost_one_query_and_nothing_found_costs_none(rig: Rig) -> None:
    """However many answers came in batches before; a freeze asks once more, for the measures of the case."""
    def queries(found: dict[str, list[Data]]) -> int:
        *before, last = [each for each in said(rig.feed([rig.request(inquiry(partners=list(found)))[1]])) if each.type.endswith(".task.v1")]
        for task in before:
            rig.feed([rig.reply(task, "result", findings=found[task.recipient])])
        count = 0

        def counted(*_: object) -> None:
            nonlocal count
            count += 1

        event.listen(rig.store.engine, "before_cursor_execute", counted)
        out = said(rig.feed([rig.reply(last, "result", findings=found[last.recipient])]))
        event.remove(rig.store.engine, "before_cursor_execute", counted)
        assert isinstance(out[-1], Concluded)
        return count

    nothing: dict[str, list[Data]] = {"vehicle": [FINDING], "bank": [FINDING], "real-estate": [FINDING]}
    things = nothing | {"vehicle": [VEHICLE, VEHICLE | {"plate": "粤B9A006"}], "real-estate": [UNIT]}
    base = queries(nothing)
    assert queries(things) == base + 1
    assert queries(things | {"bank": [ACCOUNT, ACCOUNT | {"number": "9901000000000003999"}]}) == base + 2


def test_a_draft_stands_in_no_entry(rig: Rig) -> None:
    from hub.store import tables as t

    conclusion(rig, {"vehicle": [VEHICLE]})
    with rig.store.read() as connection:
        leaves = b"".join(connection.scalars(t.audit.select().with_only_columns(t.audit.c.leaf)))
    assert str(VEHICLE["plate"]).encode() not in leaves
    assert str(VEHICLE["vin"]).encode() not in leaves
