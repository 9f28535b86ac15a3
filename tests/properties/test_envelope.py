"""Messages survive their journey unchanged or not at all, and code and published schema agree on what a message is."""

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from hub.casework import admits
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Record, Unfit, digest_of
from hub.engine.work import jcs
from hub.trust.parties import Directory, Role
from schemas.base import CHINA, MessageId, derive_id, derive_near, format_time, from_micros, micros, new_id
from schemas.messages import parse
from schemas.publish.examples import examples
from schemas.publish.json_schemas import FAMILIES, json_schema
from tests.factories import REPLIES, REQUESTS, agency, control, inquiry, locate, message, record
from tests.strategies import case_numbers, plates, resident_ids, unit_codes, usccs, vins
from tests.trees import GONE, changed, paths

COURT = agency("court-9901", Role.COURT)
GATE = Gate("hub", Directory.of([COURT.party]), admits(REQUESTS, REPLIES))
EXAMPLES = examples()
VALIDATORS = {
    name: Draft202012Validator(json_schema(family), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for family in FAMILIES
    for name in family.types
}

UNSEEN = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Line ends and what turns the direction of writing."""
characters = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=UNSEEN)
words = st.text(characters, min_size=1, max_size=60)
times = st.integers(micros(datetime(2016, 1, 1, tzinfo=CHINA)), micros(datetime(2099, 12, 31, tzinfo=CHINA))).map(
    from_micros
)
amounts = st.decimals("0.01", "999999999999.99", places=2).map(str)
persons = st.fixed_dictionaries(
    {"kind": st.just("person"), "name": words, "id_number": resident_ids()},
    optional={"former_names": st.lists(words, max_size=8)},
)
companies = st.fixed_dictionaries({"kind": st.just("company"), "name": words, "uscc": usccs()})
assets = st.one_of(
    st.fixed_dictionaries({"kind": st.just("real-estate"), "unit_code": unit_codes()}),
    st.fixed_dictionaries({"kind": st.just("vehicle"), "plate": plates()}, optional={"vin": vins()}),
    st.fixed_dictionaries({"kind": st.just("equity"), "company": usccs()}),
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Valid requests of all kinds about drawn people, companies, assets and cases."""
    kind = draw(st.sampled_from(("inquiry", "control", "locate")))
    if kind == "inquiry":
        data = inquiry()
    elif kind == "control":
        data = control(draw(st.sampled_from(("freeze", "seal")))) | {"asset": draw(assets), "amount": draw(amounts)}
    else:
        data = locate() | {"note": draw(words), "until": format_time(draw(times))}
    data |= {"subject": draw(st.one_of(persons, companies))}
    data["legal"] |= {"case_number": draw(case_numbers()), "target": draw(words)}
    return message(f"liandong.{kind}.request.v1", "court-9901", "hub", data, time=draw(times))


# -- round trips -------------------------------------------------------------------------------------------------------


@given(requests())
def test_a_request_reads_back_as_it_was_written(value: bytes) -> None:
    parsed = parse(value)
    assert parsed.model_dump(mode="json", exclude_unset=True) == json.loads(value)
    assert parse(parsed.model_dump_json(exclude_none=True).encode()) == parsed


@given(st.sampled_from(EXAMPLES))
def test_every_type_reads_back_as_it_was_written(example: dict[str, Any]) -> None:
    parsed = parse(json.dumps(example).encode())
    assert parsed.model_dump(mode="json", exclude_unset=True) == example
    assert parse(parsed.model_dump_json(exclude_none=True).encode()) == parsed


@given(requests(), st.binary(min_size=16, max_size=32), times, st.booleans())
def test_what_the_composer_makes_is_the_message_that_it_was_told(
    value: bytes, secret: bytes, at: datetime, caused: bool
) -> None:
    told = parse(value)
    cause = told.correlationid if caused else None
    made = Composer("court-9901", COURT.signer, secret).compose(
        id=told.id, type=told.type, recipient="hub", subject=told.subject, correlation=told.correlationid, cause=cause,
        at=micros(at), expires=micros(at) + 1, data=told.data,
    )  # fmt: skip
    read = parse(made.value)
    assert read.data == told.data
    assert (read.id, read.type, read.causationid, read.time) == (told.id, told.type, cause, at)
    assert read.expires - read.time == timedelta(microseconds=1)


@given(times)
def test_a_time_reads_back_to_the_microsecond(at: datetime) -> None:
    assert from_micros(micros(at)) == at
    assert datetime.fromisoformat(format_time(at)) == at


# -- tampering ---------------------------------------------------------------------------------------------------------


def sent() -> Record:
    return record(COURT.signer, message("liandong.inquiry.request.v1", "court-9901", "hub", inquiry()))


SENT = sent()
JWS = dict(SENT.headers)["jws"]
masks = st.integers(1, 255)


def judged(value: bytes, jws: bytes) -> Inbound | Unfit:
    return GATE.check(Record(SENT.topic, 0, 0, SENT.timestamp, None, value, (("jws", jws),)))


def struck(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def test_untouched_it_passes() -> None:
    verdict = judged(SENT.value, JWS)
    assert isinstance(verdict, Inbound)
    assert verdict.digest == digest_of(SENT.value)


@given(st.integers(0, len(SENT.value) - 1), masks)
def test_a_changed_byte_of_the_value_is_caught(at: int, mask: int) -> None:
    verdict = judged(struck(SENT.value, at, mask), JWS)
    assert isinstance(verdict, Unfit)
    assert (verdict.code, verdict.party) == ("jws-bad-signature", None)


@given(st.integers(0, len(JWS) - 1), masks)
def test_a_changed_byte_of_the_signature_is_caught(at: int, mask: int) -> None:
    verdict = judged(SENT.value, struck(JWS, at, mask))
    assert isinstance(verdict, Unfit)
    assert verdict.stage == "signature"
    assert verdict.party is None


@given(st.integers(0, len(SENT.value)), st.binary(min_size=1, max_size=8))
def test_an_inserted_or_a_lost_piece_is_caught(at: int, piece: bytes) -> None:
    grown, shrunk = SENT.value[:at] + piece + SENT.value[at:], SENT.value[:at]
    for value in (grown, shrunk):
        assert isinstance(judged(value, JWS), Unfit) == (value != SENT.value)


@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.sampled_from(("jws", "content-type")), st.binary(max_size=200)), max_size=3),
)
def test_whatever_comes_gets_a_verdict(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    assert isinstance(GATE.check(Record("any", 0, 0, 0, None, value, tuple(headers))), Unfit)


# -- one contract, two readers -----------------------------------------------------------------------------------------


@given(
    st.sampled_from(EXAMPLES), st.data(), st.sampled_from((GONE, None, True, {}, [], 0, -1, 1.5, "", "\n", "x" * 501))
)
def test_code_and_schema_agree_about_any_one_change(example: dict[str, Any], data: st.DataObject, new: Any) -> None:
    """But for base64, which JSON Schema can only annotate."""
    places = [path for path, _ in paths(example) if path != ("type",) and path[-1] not in ("content", "value")]
    changed_message = changed(example, data.draw(st.sampled_from(places)), new)
    try:
        parse(json.dumps(changed_message).encode())
    except ValidationError:
        taken_in = False
    else:
        taken_in = True
    assert VALIDATORS[example["type"]].is_valid(changed_message) == taken_in


@given(requests())
def test_whatever_the_code_takes_in_in_canonical_form_the_schema_allows(value: bytes) -> None:
    canonical = json.loads(parse(value).model_dump_json(exclude_none=True))
    assert VALIDATORS[canonical["type"]].is_valid(canonical)


# -- audit entries and ids ---------------------------------------------------------------------------------------------

names = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=12)
facts = st.dictionaries(names, st.one_of(st.text(max_size=40), st.integers(-(2**53) + 1, 2**53 - 1)), max_size=6)
entries = st.builds(
    lambda own, cause, out: own | ({"in": cause} if cause else {}) | ({"out": out} if out else {}),
    facts, facts, st.lists(facts, max_size=3),
)  # fmt: skip


@given(entries)
def test_entries_are_canonical_json(entry: dict[str, Any]) -> None:
    assert jcs(entry) == rfc8785.dumps(entry)


parts = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=40), min_size=1, max_size=5)


@given(st.integers(0, 253_402_300_799_999_999), st.integers(0, 10_000_000))
def test_a_new_id_is_a_uuid_of_version_7_that_says_when_it_was_made(at: int, later: int) -> None:
    made = uuid.UUID(TypeAdapter(MessageId).validate_python(new_id(at)))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, at // 1000)
    assert new_id(at) != str(made), "74 bits of it are drawn"
    assert new_id(at + 1000 + later) > str(made), "ids of a later millisecond come later in an index"


@given(parts, parts)
def test_derived_ids_are_uuids_and_as_distinct_as_what_they_are_made_of(one: list[str], other: list[str]) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(MessageId)
    assert adapter.validate_python(derive_id(*one))[14] == "8"
    assert (derive_id(*one) == derive_id(*other)) == (one == other)


@given(st.uuids(), parts, parts)
def test_an_id_near_another_begins_as_it_does_and_is_as_distinct_as_what_it_is_made_of(near: uuid.UUID, one: list[str], other: list[str]) -> None:
    neighbour = str(near)
    made = derive_near(neighbour, *one)
    assert made[:14] == neighbour[:14]
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (8, uuid.RFC_4122)
    assert (made == derive_near(neighbour, *other)) == (one == other)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_derived_id_is_a_uuid_of_version_8_made_of_the_sha_256(parts: list[str]) -> None:
    raw = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    made = uuid.UUID(derive_id(*parts))
    assert str(made) == derive_id(*parts)
    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    kept = 0xFFFFFFFF_FFFF_0FFF_3FFF_FFFFFFFFFFFF
    assert made.int & kept == int.from_bytes(raw) & kept
