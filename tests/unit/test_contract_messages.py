"""What a message may look like: CloudEvents attributes, times, ids, shapes of a reply, and errors that tell nothing."""

import json
import re
import traceback
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from schemas import publish
from schemas.base import DOCUMENT_LIMIT
from schemas.envelope import CONTENT_TYPE, Envelope
from schemas.messages import parse
from schemas.publish.examples import examples
from schemas.publish.json_schemas import FAMILIES
from tests.factories import control, inquiry, locate, message
from tests.trees import GONE, changed, paths

EXAMPLES: dict[str, dict[str, Any]] = {example["type"]: example for example in examples()}
ONE_OF_EACH = [EXAMPLES[family.types[0]] for family in FAMILIES]
REPLY = EXAMPLES["liandong.inquiry.reply.v1"]
REPLY_SCHEMA = Draft202012Validator(json.loads((publish.FOLDER / "reply.schema.json").read_bytes()))
SECRET = "赵明远990100197805120015"
INQUIRY = "liandong.inquiry.request.v1"


def error_of(value: Any) -> ValidationError | None:
    try:
        parse(value if isinstance(value, bytes) else json.dumps(value).encode())
    except ValidationError as error:
        return error
    return None


# -- CloudEvents 1.0 ---------------------------------------------------------------------------------------------------


def test_attribute_names_are_lower_case_letters_and_digits_of_at_most_twenty() -> None:
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in Envelope.model_fields)


def test_the_content_type_is_that_of_structured_json() -> None:
    assert CONTENT_TYPE.startswith("application/cloudevents+json")


@pytest.mark.parametrize("example", ONE_OF_EACH, ids=lambda example: example["type"])
def test_required_attributes_are_required_and_none_may_be_null(example: dict[str, Any]) -> None:
    for name in (
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "expires",
        "recipient",
        "subject",
        "correlationid",
        "data",
    ):
        for new in (GONE, None, "", 1):
            assert error_of(changed(example, (name,), new)), (name, new)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("datacontenttype", "application/xml"),
        ("source", "court 9901"),
        ("source", "Court-9901"),
        ("recipient", "hub\n"),
        ("nonce", "AAAAAAAAAAAAAAAAAAAAA"),
        ("nonce", "AAAAAAAAAAAAAAAAAAAAA="),
        ("subject", "（2026）粤9901执123号"),
    ],
)
def test_an_attribute_of_another_form_is_refused(name: str, value: str) -> None:
    assert error_of(changed(EXAMPLES[INQUIRY], (name,), value))


# -- times and ids -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-02T09:30:00", "2026-03-02T01:30:00Z", "2026-03-02T01:30:00+00:00", "2026-03-02T10:30:00+09:00",
        "2026-03-02T09:30:00-08:00", "2026-03-02", "1772415000", 1772415000, 1772415000.5, "2026-02-30T09:30:00+08:00",
    ],
)  # fmt: skip
def test_a_time_without_the_zone_of_china_is_refused_wherever_it_stands(time: Any) -> None:
    for example in ONE_OF_EACH:
        places = [path for path, value in paths(example) if isinstance(value, str) and value.endswith("+08:00")]
        assert len(places) >= 2
        for place in places:
            assert error_of(changed(example, place, time)), (example["type"], place)


@pytest.mark.parametrize(
    "value",
    [
        "990100197805120015", SECRET, "R-1", "123E4567-E89B-42D3-A456-426614174000", "{123e4567-e89b-42d3-a456-426614174000}",
        "123e4567e89b42d3a456426614174000", "123e4567-e89b-02d3-a456-426614174000", "123e4567-e89b-42d3-c456-426614174000",
        "123e4567-e89b-42d3-a456-426614174000\n", 7, None,
    ],
)  # fmt: skip
def test_an_id_that_is_no_uuid_is_refused(value: Any) -> None:
    for name in ("id", "correlationid"):
        assert error_of(changed(EXAMPLES[INQUIRY], (name,), value))
    assert error_of(changed(REPLY, ("data", "task_id"), value))
    if value is not None:
        assert error_of(changed(EXAMPLES[INQUIRY], ("causationid",), value))


def test_a_cited_cause_is_optional() -> None:
    assert error_of(EXAMPLES[INQUIRY]) is None
    assert error_of(EXAMPLES[INQUIRY] | {"causationid": EXAMPLES[INQUIRY]["id"]}) is None


@pytest.mark.parametrize(
    "day", ["1772409600", 1772409600, "20260302", "2026-2-3", "2026-02-30", "2026-03-02T00:00:00+08:00", ""]
)
def test_a_date_is_a_real_one_of_ten_characters(day: Any) -> None:
    assert error_of(changed(EXAMPLES[INQUIRY], ("data", "legal", "documents", 0, "issued_on"), day))
    assert error_of(changed(REPLY, ("data", "findings", 0, "registered_on"), day))


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("inquiry", inquiry("C01")),
        ("inquiry", inquiry("P02", court="court-9902")),
        ("control", control("seal", {"kind": "real-estate", "unit_code": "990100001002GB00015F00010501"}, "P04")),
        ("control", control("freeze", {"kind": "equity", "company": "91990000MA0000031E"}, "P06")),
        ("control", control("release", original="00000000-0000-4000-8000-000000000000")),
        ("locate", locate("info", "P07")),
        ("locate", locate("road-control", "P05")),
    ],
)
def test_every_action_has_a_complete_form(kind: str, data: dict[str, Any]) -> None:
    parsed = parse(message(f"liandong.{kind}.request.v1", "court-9901", "hub", data))
    assert parsed.model_dump(mode="json", exclude_none=True)["data"]["action"] == data["action"]


def test_a_request_cannot_carry_the_action_of_another_kind() -> None:
    for kind, data in (("inquiry", control()), ("control", inquiry()), ("locate", inquiry())):
        assert error_of(message(f"liandong.{kind}.request.v1", "court-9901", "hub", data))


def test_a_document_over_its_limit_is_refused() -> None:
    content = ("data", "legal", "documents", 0, "content")
    within = "AAAA" * (DOCUMENT_LIMIT // 3)
    assert error_of(changed(EXAMPLES[INQUIRY], content, within)) is None
    assert error_of(changed(EXAMPLES[INQUIRY], content, within + "AAAA" * 2))


@pytest.mark.parametrize("content", ["A", "QQ", "QQ=", "Q Q=", "QQ-_", "文书"])
def test_a_document_that_is_no_base64_is_refused(content: str) -> None:
    assert error_of(changed(EXAMPLES[INQUIRY], ("data", "legal", "documents", 0, "content"), content))


# -- the shapes of a reply (V29) ---------------------------------------------------------------------------------------

FINDING = REPLY["data"]["findings"][0]
MEASURE = {"state": "effective", "reference": "DJ-1"}
REASON = {"code": "not-found", "text": "原因"}
ANSWERS, OTHERS = ("result", "partial"), ("no-record", "not-controlled", "refused", "returned")
NEED_A_REASON = ("partial", "not-controlled", "refused", "returned")


def reply(kind: str, **members: Any) -> dict[str, Any]:
    kept = {name: value for name, value in REPLY["data"].items() if name in ("task_id", "answered_at")}
    return REPLY | {"data": {**kept, "kind": kind, **members}}


def allowed(value: dict[str, Any]) -> bool:
    """Whether the code takes it in; the published schema must say the same."""
    by_code = error_of(value) is None
    assert REPLY_SCHEMA.is_valid(value) == by_code
    return by_code


@pytest.mark.parametrize(
    "found", [{"findings": [FINDING]}, {"measure": MEASURE}, {"findings": [FINDING], "measure": MEASURE}]
)
def test_only_a_result_or_a_partial_result_holds_something(found: dict[str, Any]) -> None:
    assert all(allowed(reply(kind, **found, reason=REASON)) for kind in ANSWERS)
    assert not any(allowed(reply(kind, **found, reason=REASON)) for kind in OTHERS)


@pytest.mark.parametrize("nothing", [{}, {"findings": []}, {"measure": None}, {"findings": [], "measure": None}])
def test_a_result_holds_something_and_no_other_kind_needs_to(nothing: dict[str, Any]) -> None:
    assert not any(allowed(reply(kind, **nothing, reason=REASON)) for kind in ANSWERS)
    assert all(allowed(reply(kind, **nothing, reason=REASON)) for kind in OTHERS)


@pytest.mark.parametrize("missing", [{}, {"reason": None}])
def test_whatever_is_short_of_an_answer_needs_a_reason(missing: dict[str, Any]) -> None:
    for kind in (*ANSWERS, *OTHERS):
        found = {"findings": [FINDING]} if kind in ANSWERS else {}
        assert allowed(reply(kind, **found, **missing)) == (kind not in NEED_A_REASON), kind


def test_a_kind_of_reply_that_does_not_exist_is_refused() -> None:
    assert not allowed(reply("maybe", reason=REASON))


@pytest.mark.parametrize("ratio", ["１２", "1000", "12.34567", "60%", "-1"])
def test_a_share_is_written_in_ascii_digits(ratio: str) -> None:
    equity = {"kind": "equity", "company": "91990000MA0000031E", "company_name": "清源科技", "subscribed": "1.00"}
    assert allowed(reply("result", findings=[equity | {"ratio": "40.5"}]))
    assert not allowed(reply("result", findings=[equity | {"ratio": ratio}]))


# -- errors tell nothing of what was given -----------------------------------------------------------------------------


def told(error: ValidationError) -> str:
    """All that a log, a traceback or a careless handler could show."""
    return f"{error}{error!r}{error.errors()}{error.json()}{''.join(traceback.format_exception(error))}"


@pytest.mark.parametrize("example", ONE_OF_EACH, ids=lambda example: example["type"])
def test_no_error_holds_what_stood_in_the_message(example: dict[str, Any]) -> None:
    places = list(paths(example))
    bad = [changed(example, path, SECRET) for path, _ in places] + [
        changed(example, path, [SECRET]) for path, _ in places
    ]
    bad += [changed(example, path, value | {SECRET: SECRET}) for path, value in places if isinstance(value, dict)]
    errors = [error for value in bad if (error := error_of(value)) is not None]
    assert len(errors) > len(places)
    assert not any("赵明远" in told(error) or "990100197805120015" in told(error) for error in errors)


@pytest.mark.parametrize("value", [SECRET.encode(), f'["{SECRET}"]'.encode(), f'{{"type":"{SECRET}"}}'.encode(),
                                   f'{{"{SECRET}":1,'.encode()])  # fmt: skip
def test_no_error_about_bytes_holds_them(value: bytes) -> None:
    error = error_of(value)
    assert error is not None
    assert "990100197805120015" not in told(error)


def test_an_error_still_says_where_and_what() -> None:
    error = error_of(changed(EXAMPLES[INQUIRY], ("data", "subject", "id_number"), "990100197805120016"))
    assert error is not None
    (line,) = error.errors()
    assert line["loc"][-1] == "id_number"
    assert "check character is wrong" in line["msg"]


@pytest.mark.parametrize("hidden", ["\x00", "\x01", "\n", "\x7f", "\x85", "\u061c", "\u200f", "\u202e", "\u2066"])
def test_words_hold_nothing_that_is_not_seen(hidden: str) -> None:
    """What XML cannot carry, and what shows a reader another order than was signed."""
    data = inquiry("P01")
    data["subject"] = {**data["subject"], "name": f"赵{hidden}明远"}
    with pytest.raises(ValidationError, match="should match pattern"):
        parse(message("liandong.inquiry.request.v1", "court-9901", "hub", data))
