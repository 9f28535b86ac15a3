"""The published vectors are true: the hub judges each as it says there, and a JOSE library of others agrees."""

import base64
import json
from datetime import datetime
from typing import Any

import pytest
from joserfc import jws as jose
from joserfc.errors import BadSignatureError
from joserfc.jwk import OKPKey

from hub.casework import admits
from hub.engine.copies import open_copy
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Record, Unfit
from hub.trust.parties import Directory, Party, PartyKey, Role
from schemas import publish
from schemas.base import micros
from schemas.codes import INTAKE
from schemas.messages import ResultPassed, TaskSent, parse
from schemas.publish import keys
from tests.factories import REPLIES

VECTORS: dict[str, Any] = json.loads((publish.FOLDER / "vectors.json").read_bytes())
BY_NAME: dict[str, dict[str, Any]] = {vector["name"]: vector for vector in VECTORS["vectors"]}
BEYOND_THE_GATE = {"id-reused", "number-reused", "task-unknown", "reply-conflicting", "reply-mismatch", "internal-error"}
BEFORE_THE_GATE = {"batch-unreadable"}
TOO_LARGE_TO_PUBLISH = {"oversize"}


def _party(entry: dict[str, Any]) -> Party:
    times = {
        name: None if entry[name] is None else micros(datetime.fromisoformat(entry[name]))
        for name in ("valid_from", "valid_until", "compromised_at")
    }
    assert times["valid_from"] is not None
    assert times["valid_until"] is not None
    key = PartyKey(
        entry["jwk"]["kid"], entry["jwk"]["x"], times["valid_from"], times["valid_until"], times["compromised_at"]
    )
    return Party(entry["id"], Role(entry["role"]), entry["id"], entry["id"], keys=(key,))


DIRECTORY = Directory.of(_party(entry) for entry in VECTORS["parties"])
GATE = Gate(VECTORS["reader"], DIRECTORY, admits(VECTORS["topic"], REPLIES))


def verdict(vector: dict[str, Any]) -> Inbound | Unfit:
    headers = tuple((name, value.encode()) for name, value in vector["headers"])
    at = micros(datetime.fromisoformat(vector["broker_time"]))
    return GATE.check(Record(VECTORS["topic"], 0, 0, at, None, base64.b64decode(vector["value"]), headers))


@pytest.mark.parametrize("name", BY_NAME)
def test_the_hub_judges_a_vector_as_published(name: str) -> None:
    vector = BY_NAME[name]
    result = verdict(vector)
    assert (result.code if isinstance(result, Unfit) else None) == vector["code"]


@pytest.mark.parametrize("name", [name for name, vector in BY_NAME.items() if vector["code"]])
def test_the_sender_is_known_only_by_a_signature_that_verifies(name: str) -> None:
    result = verdict(BY_NAME[name])
    assert isinstance(result, Unfit)
    assert (result.party is None) == (result.stage in ("size", "signature"))


def test_every_verdict_of_the_gate_has_a_vector() -> None:
    published = {vector["code"] for vector in BY_NAME.values()} - {None}
    assert published == INTAKE.keys() - BEFORE_THE_GATE - BEYOND_THE_GATE - TOO_LARGE_TO_PUBLISH


def test_a_jose_library_of_others_verifies_the_good_vector_and_makes_the_same_signature() -> None:
    good = BY_NAME["good"]
    ((_, jws),) = good["headers"]
    value = base64.b64decode(good["value"])
    jwk = OKPKey.import_key(VECTORS["parties"][0]["jwk"])
    protected = jose.deserialize_compact(jws, jwk, payload=value, algorithms=["Ed25519"]).headers()
    assert jose.serialize_compact(protected, value, jwk, algorithms=["Ed25519"]) == jws
    with pytest.raises(BadSignatureError):
        jose.deserialize_compact(jws, jwk, payload=value + b" ", algorithms=["Ed25519"])


def test_the_copies_in_examples_open_with_the_published_keys() -> None:
    """Each task holds the court's request and each result the partner's reply, signed by whom they name."""
    start, end = (micros(datetime.fromisoformat(f"{year}-01-01T00:00:00+08:00")) for year in (2026, 2027))
    directory = Directory.of(
        Party(name, Role.PARTNER, name, name, keys=(PartyKey(keys.key_id(name), keys.jwk(name)["x"], start, end),))
        for name in ("court-9901", "vehicle", "bank", "police", "business-registry")
    )
    opened = []
    for path in (publish.FOLDER / "examples").iterdir():
        message = parse(path.read_bytes())
        if isinstance(message, TaskSent):
            opened.append(open_copy(message.data.request, directory)[0].id == message.correlationid)
        elif isinstance(message, ResultPassed):
            opened.append(open_copy(message.data.message, directory)[1].id == message.data.partner)
    assert opened == [True] * 8
