"""Whatever bytes come, the parsers say no with one of their own errors: never another, and never at the cost of the others.

What may cost too much is counted in bytes of memory, not in seconds: nothing here passes or fails by the clock.
"""

import contextlib
import json
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.court.drafts import DraftError, finish, read_drafts
from connectors.police.protocol import EVENT
from hub.casework import admits
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Unfit
from hub.evidence.archive import pack, unpack
from hub.evidence.errors import ArchiveError
from hub.evidence.verify import verify_bundle
from hub.trust.checkpoints import Checkpoint
from hub.trust.errors import NoteError, ProofError
from hub.trust.notes import NoteVerifier, open_note
from hub.trust.parties import Directory, Role
from hub.trust.proofs import LogProof
from schemas.base import MOST_FAULTS, MOST_OBJECTS, MOST_VALUES
from schemas.envelope import VALUE_LIMIT
from schemas.leads import LeadSubmission
from schemas.messages import parse
from schemas.publish.examples import examples
from tests.factories import REPLIES, REQUESTS, agency, inquiry, message, record
from tests.trees import GONE, changed, paths

COURT = agency("court-9901", Role.COURT)
GATE = Gate("hub", Directory.of([COURT.party]), admits(REQUESTS, REPLIES))
EXAMPLES = examples()
GOOD = json.loads(message("liandong.inquiry.request.v1", "court-9901", "hub", inquiry()))
fuzz = settings(max_examples=200, database=None)

WORDS = ("", "\n", "x" * 600, "\x1b[31m", "\x9b2J", "\u202e", "2026-02-30", "2026-13-01T00:00:00+08:00", "0001-01-01T00:00:00+08:00",
         "9999-12-31T23:59:59.999999+08:00", "-0", "1e5", "٣", "9" * 5000, "=cmd|' /C calc'!A0", "' OR 1=1 --", "../../etc", "%00", "\x00")  # fmt: skip
ODD = st.sampled_from((GONE, None, True, {}, [], [[[]]], 0, -1, 2**63, 10**4000, 1.5, 1e308, *WORDS))


def literal(value: Any) -> bytes:
    """JSON with what Python would not write: numbers out of range, not a number, half a character."""
    return json.dumps(value).encode().replace(b'"%00"', b"1e99999").replace(b'"%01"', b"NaN").replace(b"\\u202e", b"\\ud800")


def nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    return literal(GOOD | {"data": "HERE"}).replace(b'"HERE"', opening * depth + closing * depth)


def crowded(**data: Any) -> bytes:
    return json.dumps(GOOD | {"data": GOOD["data"] | data}, separators=(",", ":")).encode()


def peak(act: Callable[[], object]) -> int:
    """The most memory that Python held meanwhile, in bytes."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- messages ----------------------------------------------------------------------------------------------------------


def refused(value: bytes) -> bool:
    """Whether `parse` refuses it; any other error than its own fails the test."""
    faults = 0
    try:
        parse(value)
    except ValidationError as error:
        faults = error.error_count()
    assert faults <= MOST_FAULTS
    return faults > 0


@seed(1)
@fuzz
@given(st.sampled_from(EXAMPLES), st.data())
def test_a_message_changed_anywhere_is_read_or_refused(example: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        example = changed(example, data.draw(st.sampled_from([path for path, _ in paths(example)])), data.draw(ODD))
    value = literal(example)
    at = data.draw(st.integers(0, len(value)))
    refused(value)
    refused(value[:at] + data.draw(st.binary(max_size=3)) + value[at:])


@seed(2)
@fuzz
@given(st.sampled_from(EXAMPLES), st.data())
def test_a_record_that_is_signed_gets_a_verdict_that_is_no_fault_of_ours(example: dict[str, Any], data: st.DataObject) -> None:
    example = changed(example | {"source": "court-9901", "recipient": "hub"},
                      data.draw(st.sampled_from([path for path, _ in paths(example)])), data.draw(ODD))  # fmt: skip
    verdict = GATE.check(record(COURT.signer, literal(example)))
    assert isinstance(verdict, Inbound) or verdict.code != "internal-error", verdict


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"":', b"}]"), (b"[", b"")])
@pytest.mark.parametrize("depth", [150, 2000, 150_000])
def test_json_of_any_depth_has_a_code(opening: bytes, closing: bytes, depth: int) -> None:
    value = nested(depth, opening, closing)
    verdict = GATE.check(record(COURT.signer, value))
    assert isinstance(verdict, Unfit)
    assert verdict.code in ("not-json", "shape-invalid", "oversize")


EMPTY: dict[str, Any] = {}
MANY = 300_000
CROWDED = {
    "objects": lambda: crowded(legal=GOOD["data"]["legal"] | {"documents": [EMPTY] * MANY}),
    "just below the limit": lambda: crowded(legal=GOOD["data"]["legal"] | {"approvals": [EMPTY] * (MOST_OBJECTS - 20)}),
    "numbers": lambda: crowded(partners=[0] * MANY),
    "numbers just below the limit": lambda: crowded(partners=[0] * (MOST_VALUES - 100)),
    "members": lambda: json.dumps(GOOD | {f"m{n}": 0 for n in range(80_000)}).encode(),
    "one long number": lambda: crowded(version=0).replace(b'"version":0', b'"version":' + b"9" * 900_000),
    "one long fraction": lambda: crowded(version=0).replace(b'"version":0', b'"version":0.' + b"9" * 900_000),
    "one long name": lambda: crowded(subject=GOOD["data"]["subject"] | {"name": "x" * 900_000}),
    "one long identity number": lambda: crowded(subject=GOOD["data"]["subject"] | {"id_number": "9" * 900_000}),
    "one long case number": lambda: crowded(legal=GOOD["data"]["legal"] | {"case_number": "（2026）" * 60_000}),
}


@pytest.mark.parametrize("name", CROWDED)
def test_what_does_not_fit_in_a_million_places_is_told_once(name: str) -> None:
    """Each error takes a kilobyte, and a signed megabyte can hold two million."""
    value = CROWDED[name]()
    assert len(value) <= VALUE_LIMIT
    item = record(COURT.signer, value)
    assert peak(lambda: GATE.check(item)) < 32 * 1024 * 1024
    verdict = GATE.check(item)
    assert isinstance(verdict, Unfit)
    assert verdict.code in ("shape-invalid", "not-json")


@pytest.mark.parametrize("name", ["objects", "numbers", "members"])
def test_what_is_crowded_is_not_even_looked_into(name: str) -> None:
    """What the parser itself takes for its errors, Python does not see."""
    with pytest.raises(ValidationError, match="too many values"):
        parse(CROWDED[name]())


def test_the_limit_is_far_above_what_a_full_message_holds() -> None:
    fullest = max(json.dumps(example).count(",") * VALUE_LIMIT / len(json.dumps(example)) for example in EXAMPLES)
    assert fullest < MOST_VALUES


@seed(3)
@fuzz
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_no_message_event_or_lead(value: bytes) -> None:
    assert refused(value)
    for form in (EVENT.validate_json, LeadSubmission.model_validate_json):
        with pytest.raises(ValidationError):
            form(value)


# -- the log -----------------------------------------------------------------------------------------------------------

NOTE = st.builds(
    lambda text, mark, name, blob, tail: f"{text}{mark}{name} {blob}{tail}".encode(),
    st.sampled_from(("log\n1\nAAAA\n", "", "\n", "\x00\n", "log\n" * 50)), st.sampled_from(("\n— ", "\n\n", "— ", "\n-- ")),
    st.text(max_size=10), st.text("AQgw+/= ", max_size=60), st.sampled_from(("\n", "", "\n\n", "\r\n")),
)  # fmt: skip


@cache
def verifier() -> NoteVerifier:
    return NoteVerifier("log", agency("hub", Role.HUB).party.keys[0].public)


@seed(4)
@fuzz
@given(st.binary(max_size=300) | NOTE)
def test_any_bytes_are_no_note_and_no_proof(value: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(value, [verifier()])
    with pytest.raises(ProofError):
        LogProof.decode(value)


@seed(5)
@fuzz
@given(st.text(max_size=120) | st.from_regex(r"\A[a-z]+\n[0-9]{1,30}\n[A-Za-z0-9+/=]{0,50}\n(x\n)?\Z"))
def test_any_text_is_a_checkpoint_in_one_spelling_only(text: str) -> None:
    with contextlib.suppress(NoteError):
        assert Checkpoint.parse(text).text() == text
    with pytest.raises(NoteError):
        NoteVerifier.parse(text)


@pytest.mark.parametrize("value", [
    b"\n" * 900_000, b"a\n\n" + "— a A\n".encode() * 100_000, b"a" * 2_000_000, b"\n\n" * 400_000,
    b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"A" * 44 + b"\n" * 1_000_000,
], ids=lambda value: f"{value[:12]!r} of {len(value)}")  # fmt: skip
def test_long_notes_and_proofs_are_refused_in_little_memory(value: bytes) -> None:
    def both() -> None:
        with pytest.raises(NoteError):
            open_note(value, [verifier()])
        with pytest.raises(ProofError):
            LogProof.decode(value)

    assert peak(both) < 128 * len(value)


# -- bundles -----------------------------------------------------------------------------------------------------------

FILES = st.dictionaries(
    st.sampled_from(("manifest.json", "manifest.jws", "keys.jwks.json", "log.vkey", "timeline.txt", "entries/001.json", "messages/001.json")),
    st.binary(max_size=60) | st.sampled_from((b"{}", b"[]", b'{"keys":[]}', b"[" * 100_000, b'{"steps":[' + b"{}," * 5000 + b"{}]}")),
    min_size=1,
)  # fmt: skip


@seed(6)
@fuzz
@given(st.binary(max_size=200) | FILES.map(pack), st.data())
def test_no_archive_breaks_the_verifier(archive: bytes, data: st.DataObject) -> None:
    assert not verify_bundle(archive).ok
    if archive:
        at = data.draw(st.integers(0, len(archive) - 1))
        assert not verify_bundle(archive[:at] + bytes([archive[at] ^ 0x41]) + archive[at + 1 :]).ok


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a/..", "a//x", "a/./x", "..", "C:x", "a\\x", "x\x00y", "x\ny", "a/", "a."])
def test_no_file_of_an_archive_lies_outside_its_folder(name: str) -> None:
    with pytest.raises(ArchiveError):
        unpack(pack({name: b"content"}))


# -- drafts ------------------------------------------------------------------------------------------------------------

SAMPLES = [json.loads(file.read_bytes()) for file in sorted(Path("config/samples/drafts").glob("*.json"))]


@seed(7)
@fuzz
@given(st.sampled_from(SAMPLES), st.data())
def test_a_changed_draft_is_read_or_refused_in_words(sample: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        found = [path for path, _ in paths(sample)] if isinstance(sample, dict) else []
        if not found:
            break
        sample = changed(sample, data.draw(st.sampled_from(found)), data.draw(ODD | st.just("\ud800")))
    try:
        finish(sample)
    except DraftError:
        return


@pytest.mark.parametrize("content", [
    b"[" * 100_000, b'{"type":{},"data":{}}', b'{"type":[],"data":{}}', b'{"type":null,"data":{}}', b"\xff", b"9" * 5000, b"NaN",
    *(b'{"type":"liandong.inquiry.request.v1","data":{"a":' + b"[" * depth + b"]" * depth + b"}}" for depth in (150, 900, 990)),
], ids=lambda content: f"{content[:24]!r} of {len(content)}")  # fmt: skip
def test_a_draft_that_is_none_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "draft.json"
    file.write_bytes(content)
    with pytest.raises(DraftError):
        read_drafts(file)
