"""The gate's edges: what a published vector cannot show, and where exactly each limit lies."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.casework import admits
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Record, Unfit
from hub.trust.parties import Directory, Role
from schemas.base import CHINA
from schemas.envelope import VALUE_LIMIT
from tests.factories import REPLIES, REQUESTS, Agency, agency, control, inquiry, message, record

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=CHINA)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
INQUIRY = "liandong.inquiry.request.v1"
SPAN: dict[str, Any] = {"valid_from": NOW - HOUR, "valid_until": NOW + HOUR}

COURT = agency("court-9901", Role.COURT, **SPAN)
BANK = agency("bank", Role.PARTNER, "bank", **SPAN)
CONNECTOR = agency("bank-connector", Role.CONNECTOR_FOR, acts_for="bank", **SPAN)
HUB = agency("hub", Role.HUB, **SPAN)
LEAKED = agency("court-9902", Role.COURT, compromised_at=NOW + HOUR, **SPAN)
GATE = Gate("hub", Directory.of(a.party for a in (COURT, BANK, CONNECTOR, HUB, LEAKED)), admits(REQUESTS, REPLIES))


def asked(sender: Agency = COURT, topic: str = REQUESTS, *, at: datetime = NOW, **attributes: Any) -> Record:
    """An inquiry that `sender` made at `NOW`, as the broker took it at `at`."""
    value = message(INQUIRY, sender.id, "hub", inquiry(), **({"time": NOW} | attributes))
    return record(sender.signer, value, topic, at=at)


def answered(sender: Agency, topic: str = REPLIES) -> Record:
    data = {"task_id": "00000000-0000-4000-8000-000000000000", "handling": "automatic"}
    value = message("liandong.inquiry.receipt.v1", sender.id, "hub", data, time=NOW)
    return record(sender.signer, value, topic, at=NOW)


def code(item: Record) -> str | None:
    verdict = GATE.check(item)
    return verdict.code if isinstance(verdict, Unfit) else None


def padded(size: int) -> Record:
    value = message(INQUIRY, COURT.id, "hub", inquiry(), time=NOW)
    return record(COURT.signer, value + b" " * (size - len(value)), at=NOW)


def test_a_good_message_comes_in_whole_with_its_digest_and_sender() -> None:
    item = asked()
    verdict = GATE.check(item)
    assert isinstance(verdict, Inbound)
    assert (verdict.record, verdict.party, verdict.message.source) == (item, COURT.party, "court-9901")
    assert verdict.jws.encode() == dict(item.headers)["jws"]


def test_a_value_of_just_the_limit_comes_in_and_a_byte_more_does_not() -> None:
    assert code(padded(VALUE_LIMIT)) is None
    assert code(padded(VALUE_LIMIT + 1)) == "oversize"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (asked(at=NOW - timedelta(minutes=5)), None),
        (asked(at=NOW - timedelta(minutes=5) - TICK), "time-in-future"),
        (asked(expires=NOW + HOUR / 2, at=NOW + HOUR / 2 - TICK), None),
        (asked(expires=NOW + HOUR / 2, at=NOW + HOUR / 2 + TICK), "expired"),
        (asked(at=NOW + HOUR - TICK), None),
        (asked(at=NOW + HOUR), "key-not-valid"),
        (asked(time=NOW - HOUR), None),
        (asked(time=NOW - HOUR - TICK), "key-not-valid"),
        (asked(LEAKED), "key-compromised"),
    ],
    ids=[
        "skew at its limit", "skew beyond it", "just in time", "just expired", "key still valid for the broker",
        "key lapsed for the broker", "key just valid at the claimed time", "key not yet valid at the claimed time",
        "compromised later is compromised",
    ],
)  # fmt: skip
def test_limits_in_time(item: Record, expected: str | None) -> None:
    assert code(item) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (answered(BANK), None),
        (answered(CONNECTOR), None),
        (answered(COURT), "type-not-allowed"),
        (answered(HUB), "type-not-allowed"),
        (answered(BANK, REQUESTS), "type-not-allowed"),
        (asked(COURT, REPLIES), "type-not-allowed"),
        (asked(BANK), "type-not-allowed"),
        (asked(CONNECTOR), "type-not-allowed"),
        (asked(HUB), "type-not-allowed"),
    ],
    ids=["partner", "connector", "court answers", "hub answers", "answer among requests", "request among answers", "partner asks", "connector asks", "hub asks"],
)  # fmt: skip
def test_who_may_send_what_where(item: Record, expected: str | None) -> None:
    assert code(item) == expected


def test_a_batch_is_judged_in_order_and_one_bad_record_does_not_touch_the_others() -> None:
    items = [asked(), Record(REQUESTS, 0, 1, 0, None, b"\xff\x00", ()), asked()]
    verdicts = GATE.check_all(items)
    assert [verdict.record for verdict in verdicts] == items
    assert [getattr(verdict, "code", None) for verdict in verdicts] == [None, "jws-missing", None]


def test_a_header_that_is_no_ascii_is_malformed() -> None:
    item = asked()
    assert (
        code(Record(item.topic, 0, 0, item.timestamp, None, item.value, (("jws", b"\xe7\xad\xbe"),))) == "jws-malformed"
    )


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"[" * 5000, b'{"type":"\\ud800"}', b"NaN,"])
def test_signed_bytes_that_are_no_json_are_named_so(value: bytes) -> None:
    assert code(record(COURT.signer, value, at=NOW)) == "not-json"


@pytest.mark.parametrize("value", [b"null", b"[]", b'"text"', b"1"])
def test_signed_json_that_is_no_message_does_not_fit(value: bytes) -> None:
    assert code(record(COURT.signer, value, at=NOW)) == "shape-invalid"


def test_an_unknown_tag_further_in_is_a_matter_of_shape() -> None:
    value = message("liandong.inquiry.request.v1", COURT.id, "hub", inquiry(subject={"kind": "ship"}), time=NOW)
    assert code(record(COURT.signer, value, at=NOW)) == "shape-invalid"


@pytest.mark.parametrize("value", [b"{}", b'{"type":null}', b'{"type":["liandong.inquiry.request.v1"]}'])
def test_signed_json_without_a_type_of_ours_has_an_unknown_type(value: bytes) -> None:
    assert code(record(COURT.signer, value, at=NOW)) == "type-unknown"


def test_an_object_that_names_a_member_twice_is_refused() -> None:
    value = message("liandong.control.request.v1", COURT.id, "hub", control(), time=NOW)
    twice = value.replace(b'"amount":', b'"amount": "10.00", "amount":')
    assert twice != value
    assert code(record(COURT.signer, twice, at=NOW)) == "shape-invalid"
