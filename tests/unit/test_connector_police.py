"""The police connector's seals and mapping: what is signed, what is bound, and what an event comes to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Job, ProtocolFault
from connectors.police import mapping
from connectors.police.protocol import EVENT, Hit
from connectors.police.seals import binding
from connectors.seals import TOLERANCE_S, is_signed
from schemas.messages import ControlRequested, InquiryRequested, LocateRequested, parse
from schemas.replies import ReplyKind
from schemas.samples import PEOPLE, kind_of_action
from tests.factories import Data, control, inquiry, locate, message

SECRET = b"shared"
HEAD = {
    "eventId": "E-1", "at": "2026-04-01T10:00:00+08:00", "requestNo": "R-1", "acceptNo": "GA1", "kind": "info",
    "name": PEOPLE["P01"][0], "idNumber": PEOPLE["P01"][1],
}  # fmt: skip
NOTHING = {"residence": None, "formerNames": None, "hotelStays": None, "entryExit": None}


def job(data: Data) -> Job:
    request = parse(message(f"liandong.{kind_of_action(data['action'])}.request.v1", "court-9901", "hub", data))
    assert isinstance(request, InquiryRequested | ControlRequested | LocateRequested)
    return Job("R-1", request, 1)


def answer(event: dict[str, Any]) -> Any:
    read = EVENT.validate_json(json.dumps(HEAD | event))
    assert not isinstance(read, Hit)
    return mapping.answer(read, b"raw")


class TestSignature:
    """Known answer: RFC 4231 has no such message, so it was made with `openssl dgst -sha256 -hmac shared`."""

    BODY = b'{"a":1}'
    HEADER = "t=1700000000,v1=e8a57bb8048d18391d3eb8464b2c3398b36bce5c7b179e65e3ef49430731b313"

    def test_the_known_signature_is_right(self) -> None:
        assert is_signed(SECRET, self.HEADER, self.BODY, 1_700_000_000)

    @pytest.mark.parametrize(("skew", "right"), [(TOLERANCE_S, True), (-TOLERANCE_S, True), (TOLERANCE_S + 1, False)])
    def test_it_is_taken_within_five_minutes(self, skew: int, right: bool) -> None:
        assert is_signed(SECRET, self.HEADER, self.BODY, 1_700_000_000 + skew) is right

    @given(st.binary(max_size=40), st.text(max_size=90))
    def test_nothing_else_is_signed_by_it(self, body: bytes, header: str) -> None:
        assert is_signed(SECRET, self.HEADER, body, 1_700_000_000) is (body == self.BODY)
        assert not is_signed(SECRET, header, self.BODY, 1_700_000_000)
        assert not is_signed(body, self.HEADER, self.BODY, 1_700_000_000)

    def test_another_time_needs_another_signature(self) -> None:
        assert not is_signed(SECRET, self.HEADER.replace("t=1700000000", "t=1700000001"), self.BODY, 1_700_000_000)


@given(st.lists(st.text(max_size=6), min_size=4, max_size=4), st.lists(st.text(max_size=6), min_size=4, max_size=4))
def test_a_binding_stands_for_one_content_only(one: list[str], other: list[str]) -> None:
    assert (binding(SECRET, *one) == binding(SECRET, *other)) is (one == other)
    assert binding(SECRET, *one) != binding(b"another", *one)


class TestAsked:
    """What the gateway is asked for."""

    def test_an_inquiry_asks_for_information(self) -> None:
        assert mapping.asked(job(inquiry("P01"))) == ("info", *PEOPLE["P01"], None)

    def test_road_control_names_owner_and_plate(self) -> None:
        asked = mapping.asked(job(locate("road-control", "P05")))
        assert (asked.kind, asked.name, asked.number) == ("vehicle-control", PEOPLE["P05"][0], "粤B9A005")

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (locate("watch", until=None), "until-needed"),
            (locate("road-control", vehicle=None), "vehicle-needed"),
            (control(), "action-not-supported"),
        ],
    )
    def test_what_is_missing_or_not_for_the_police_is_for_a_person(self, data: Data, code: str) -> None:
        with pytest.raises(ProtocolFault) as raised:
            mapping.asked(job(data))
        assert raised.value.code == code

    @given(st.sampled_from(["inquire", "info", "watch", "road-control"]))
    def test_only_what_the_gateway_needs_is_told(self, action: str) -> None:
        """个人信息保护法 art. 6: minimum necessary."""
        work = job(inquiry("P05") if action == "inquire" else locate(action, "P05"))
        body = mapping.submission(work, mapping.asked(work), "http://127.0.0.1:1/events/x")
        least = {"requestNo", "kind", "name", "caseNumber", "callback"}
        by_action = {"road-control": {"plate", "until"}, "watch": {"idNumber", "until"}}
        assert set(body) == least | by_action.get(action, {"idNumber"})


class TestAnswer:
    """What an event comes to."""

    def test_nothing_known_is_no_record(self) -> None:
        found = answer({"type": "info-answer", "code": "NO_RECORD", **NOTHING})
        assert (found.kind, found.searched) == (ReplyKind.NO_RECORD, ("resident-id-18",))

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "info-answer", "code": "OK", **NOTHING},
            {"type": "info-answer", "code": "NO_RECORD", **NOTHING, "formerNames": ["某"]},
            {"type": "info-answer", "code": "NO_RECORD", **NOTHING, "kind": "watch"},
            {"type": "armed", "until": "2028-01-01T00:00:00+08:00"},
        ],
    )
    def test_an_answer_that_contradicts_itself_or_the_question_is_none(self, event: dict[str, Any]) -> None:
        with pytest.raises(ProtocolFault):
            answer(event)

    def test_times_are_told_in_the_zone_of_the_contract(self) -> None:
        stay = {"hotel": "示例宾馆", "place": "示例市", "arrivedAt": "2026-02-11T13:40:00Z"}
        (finding,) = answer({"type": "info-answer", "code": "OK", **NOTHING, "hotelStays": [stay]}).findings
        assert finding.at == datetime(2026, 2, 11, 13, 40, tzinfo=UTC)
        assert finding.model_dump(mode="json")["at"].endswith("+08:00")

    def test_what_the_contract_does_not_know_is_dropped(self) -> None:
        residence = {"address": "和平路1号", "status": "在住", "phone": "0999-1"}
        event = {"type": "info-answer", "code": "OK", **NOTHING, "residence": residence, "photo": "…"}
        assert "0999-1" not in str(answer(event).findings)

    def test_a_hit_belongs_to_a_watch(self) -> None:
        officer = {"name": "值班民警", "phone": "0999-5550110"}
        event = EVENT.validate_json(json.dumps(HEAD | {"type": "hit", "place": "某地", "dutyOfficer": officer}))
        assert isinstance(event, Hit)
        with pytest.raises(ProtocolFault):
            mapping.hit(event)
