"""What a court believes: the hub's message by the hub's signature, the partner's by the partner's, and nothing else."""

import base64
import json
from typing import Any

import pytest

from connectors.court.items import Item, Reader, SentRequest
from connectors.court.show import json_of, line_of, outcome_of
from hub.engine.records import Record, digest_of
from hub.trust.parties import Directory, Role
from tests.factories import Agency, agency, message, record

HUB, COURT = agency("hub", Role.HUB), agency("court-9901", Role.COURT)
BANK, POLICE = agency("bank", Role.PARTNER, "bank"), agency("police", Role.PARTNER, "police")
READER = Reader("court-9901", Directory.of(each.party for each in (HUB, COURT, BANK, POLICE)))
REQUEST, TASK = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
ACCOUNT = {
    "kind": "account", "number": "9901000000000003012", "branch": "示例银行", "currency": "CNY", "balance": "80000.00",
    "available": "80000.00", "status": "正常",
}  # fmt: skip


def reply(signer: Agency = BANK, *, source: str = "bank", request: str = REQUEST, task: str = TASK) -> dict[str, str]:
    """A signed copy of a bank's reply."""
    data = {"task_id": task, "kind": "result", "answered_at": "2026-11-01T09:00:00+08:00", "findings": [ACCOUNT]}
    value = message("liandong.inquiry.reply.v1", source, "hub", data, correlationid=request)
    return {"value": base64.b64encode(value).decode(), "jws": signer.signer.sign(value)}


def result(copy: dict[str, str], signer: Agency = HUB, *, recipient: str = "court-9901") -> Record:
    """A result of the hub that encloses `copy`."""
    data = {"partner": "bank", "task_id": TASK, "message": copy, "late": False}
    value = message("liandong.inquiry.result.v1", signer.id, recipient, data, correlationid=REQUEST)
    return record(signer.signer, value)


def test_both_signatures_verify() -> None:
    item = READER.read(result(reply()))
    assert item.sound
    assert item.enclosed is not None
    assert item.enclosed.source == "bank"


@pytest.mark.parametrize(
    ("copy", "fault"),
    [
        pytest.param(reply() | {"jws": reply()["jws"][:-4] + "AAAA"}, "jws-bad-signature", id="altered"),
        pytest.param(reply(POLICE), "source-mismatch", id="signed-by-another"),
        pytest.param(reply(POLICE, source="police"), "source-mismatch", id="of-another-partner"),
        pytest.param(reply(request=TASK), "task-unknown", id="about-another-request"),
        pytest.param(reply(task=REQUEST), "task-unknown", id="about-another-task"),
    ],
)
def test_an_enclosed_message_that_is_not_the_partners_is_not_believed(copy: dict[str, str], fault: str) -> None:
    item = READER.read(result(copy))
    assert (item.fault, item.enclosed, item.enclosed_fault, item.sound) == (None, None, fault, False)


@pytest.mark.parametrize(
    ("arrived", "fault"),
    [
        pytest.param(result(reply(), COURT), "type-not-allowed", id="a-court-speaks-as-hub"),
        pytest.param(result(reply(), recipient="court-9902"), "recipient-wrong", id="for-another-court"),
        pytest.param(Record("t", 0, 0, 1_800_000_000_000_000, None, b"{}"), "jws-missing", id="unsigned"),
    ],
)  # fmt: skip
def test_what_is_not_the_hubs_is_given_with_its_fault(arrived: Record, fault: str) -> None:
    item = READER.read(arrived)
    assert (item.message, item.fault, item.sound) == (None, fault, False)
    assert fault in line_of(item)


def ending(event: str, data: dict[str, Any]) -> Item:
    value = message(event, "hub", "court-9901", data, correlationid=REQUEST)
    return READER.read(record(HUB.signer, value))


def test_the_last_word_on_a_request() -> None:
    sent = SentRequest(REQUEST, digest_of(b"the request"))
    words = {"code": "not-json", "zh": "x", "en": "x"}
    place = {"topic": "t", "partition": 0, "offset": 0}
    concluded = ending("liandong.inquiry.conclusion.v1", {"outcome": "incomplete", "partners": []})
    refused = ending("liandong.inquiry.refusal.v1", {"reasons": [words | {"code": "documents-missing"}]})
    rejected = ending("liandong.party.rejection.v1", words | place | {"sha256": sent.digest})
    other = ending("liandong.party.rejection.v1", words | place | {"sha256": digest_of(b"another")})
    assert [item.ends(sent) for item in (concluded, refused, rejected)] == [True, True, True]
    assert [outcome_of(item) for item in (concluded, refused, rejected)] == [
        "incomplete", "refused documents-missing", "rejected not-json",
    ]  # fmt: skip
    assert not other.ends(sent), "a rejection of other bytes under this request's id does not end it"
    assert not concluded.ends(SentRequest(TASK, sent.digest))
    assert not READER.read(result(reply())).ends(sent)


def test_what_is_shown_is_masked_unless_told_otherwise() -> None:
    item = READER.read(result(reply()))
    assert ACCOUNT["number"] not in json.dumps(json_of(item)) + line_of(item)
    revealed = json_of(item, reveal=True)
    assert revealed["enclosed"]["data"]["findings"][0]["number"] == ACCOUNT["number"]
    assert "message" not in revealed["message"]["data"], "the copy would show it all in base64"
