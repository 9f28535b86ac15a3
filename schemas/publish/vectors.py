"""Test vectors: exact bytes and signatures, with what the hub says to each, for a sender on another stack."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

from schemas import samples
from schemas.base import format_time
from schemas.publish.examples import COURT, HUB, START, envelope, example_id
from schemas.publish.keys import b64url, jwk, key_id, private_key, protected_header, sign
from schemas.publish.text import compact

Data = dict[str, Any]
Headers = list[tuple[str, str]]

TOPIC = "hub.requests.v1"
YEAR = timedelta(days=365)
_LEAKED, _LAPSED, _PARTNER, _STRANGER = "court-9902", "court-9903", "bank", "court-9999"


def vectors() -> Data:
    """`parties` with their key pairs and validity, and `vectors`: each a Kafka record as it would reach the hub.

    `code` is null for what the hub takes in, else the code that it answers with; `broker_time` is the record's timestamp.
    """
    return {
        "about": "Records on the topic of requests, as the hub reads them. The keys are public: never register them. "
        "请求主题上的记录及中心的判定;密钥已公开,不得登记使用。",
        "reader": HUB,
        "topic": TOPIC,
        "parties": [
            _party(COURT, "court"),
            _party(_PARTNER, "partner"),
            _party(_LEAKED, "court", compromised_at=format_time(START)),
            _party(_LAPSED, "court", valid_until=format_time(START - timedelta(days=1))),
        ],
        "vectors": [_GOOD, *_good_ones(), *_bad_signatures(), *_bad_contents(), *_bad_senders()],
    }


def _party(party: str, role: str, **changes: str) -> Data:
    validity = {
        "valid_from": format_time(START - YEAR),
        "valid_until": format_time(START + YEAR),
        "compromised_at": None,
    }
    return {"id": party, "role": role, "jwk": jwk(party), **validity, **changes}


def _request(source: str = COURT, **changes: Any) -> Data:
    return envelope("liandong.locate.request.v1", source, HUB, samples.locate("info"), request="vector") | changes


def _vector(
    name: str, code: str | None, value: bytes, *, signer: str = COURT, headers: Headers | None = None,
    after: timedelta = timedelta(seconds=1),
) -> Data:  # fmt: skip
    return {
        "name": name,
        "code": code,
        "broker_time": format_time(START + after),
        "headers": [("jws", sign(signer, value))] if headers is None else headers,
        "value": base64.b64encode(value).decode(),
    }


_VALUE = compact(_request())
_GOOD = _vector("good", None, _VALUE)


def _good_ones() -> list[Data]:
    spaced = _VALUE.replace(b'":', b'" :\n ')
    return [
        _vector("the bytes are signed as they are, blanks and line ends included", None, spaced),
        _vector(
            "other headers are hints",
            None,
            _VALUE,
            headers=[("content-type", "text/plain"), ("jws", sign(COURT, _VALUE))],
        ),
        _vector("the second of a batch of two", None, _VALUE, headers=[("jws", _of_batch())]),
    ]


def _of_batch(index: int = 1, **changes: bytes) -> str:
    """A batch signature over two messages, the second of which is the good one; `changes` are its sibling or its statement."""
    sibling = hashlib.sha256(b"\x00" + hashlib.sha256(b"another message").digest()).digest()
    leaf = hashlib.sha256(b"\x00" + hashlib.sha256(_VALUE).digest()).digest()
    root = hashlib.sha256(b"\x01" + sibling + leaf).digest()
    statement = changes.get("statement", b"liandong-batch-v1\n2\n" + base64.b64encode(root) + b"\n")
    return f"{sign(COURT, statement)}~{index}~{b64url(changes.get('sibling', sibling))}"


def _bad_signatures() -> list[Data]:
    jws = sign(COURT, _VALUE)
    protected, _, signature = jws.split(".")
    other_end = "A" if signature[0] != "A" else "B"
    encoded = private_key(COURT).sign(f"{protected}.{b64url(_VALUE)}".encode())
    without_crit = {"alg": "Ed25519", "kid": key_id(COURT)}
    return [
        _vector("no signature", "jws-missing", _VALUE, headers=[]),
        _vector("two signatures", "jws-duplicated", _VALUE, headers=[("jws", jws), ("jws", jws)]),
        _vector("not three segments", "jws-malformed", _VALUE, headers=[("jws", f"{protected}.{signature}")]),
        _vector("padded base64url", "jws-malformed", _VALUE, headers=[("jws", f"{jws}==")]),
        _vector("further header members", "jws-malformed", _VALUE, headers=_under(typ="JOSE")),
        _vector("payload attached", "jws-attached", _VALUE, headers=[("jws", f"{protected}.{b64url(_VALUE)}.{signature}")]),
        _vector("the older algorithm name", "jws-algorithm", _VALUE, headers=_under(alg="EdDSA")),
        _vector("no algorithm", "jws-algorithm", _VALUE, headers=_under(alg="none")),
        _vector("without b64 and crit", "jws-critical", _VALUE, headers=[("jws", sign(COURT, _VALUE, without_crit))]),
        _vector("payload encoded before it was signed", "jws-bad-signature", _VALUE,
                headers=[("jws", f"{protected}..{b64url(encoded)}")]),
        _vector("signature altered", "jws-bad-signature", _VALUE, headers=[("jws", f"{protected}..{other_end}{signature[1:]}")]),
        _vector("value altered", "jws-bad-signature", _VALUE + b" ", headers=[("jws", jws)]),
        _vector("another party's key under this kid", "jws-bad-signature", _VALUE,
                headers=[("jws", sign(_PARTNER, _VALUE, protected_header(COURT)))]),
        _vector("of a batch, at another place", "jws-bad-signature", _VALUE, headers=[("jws", _of_batch(0))]),
        _vector("of a batch, by another path", "jws-bad-signature", _VALUE, headers=[("jws", _of_batch(sibling=bytes(32)))]),
        _vector("of a batch, outside its tree", "jws-malformed", _VALUE, headers=[("jws", _of_batch(2))]),
        _vector("of a batch, with half a hash", "jws-malformed", _VALUE, headers=[("jws", _of_batch(sibling=bytes(16)))]),
        _vector("of a batch, under a signature over the message", "jws-bad-signature", _VALUE,
                headers=[("jws", _of_batch(statement=_VALUE))]),
        _vector("a key that nobody registered", "jws-unknown-key", _VALUE, signer=_STRANGER),
    ]  # fmt: skip


def _under(**changes: object) -> Headers:
    """A signature that is right but for these members of its protected header."""
    return [("jws", sign(COURT, _VALUE, protected_header(COURT, **changes)))]


def _bad_contents() -> list[Data]:
    unzoned = _request()["time"].replace("+08:00", "Z")
    return [
        _vector("not JSON", "not-json", b"<request/>"),
        _vector("a type of no version", "type-unknown", compact(_request(type="liandong.locate.request.v0"))),
        _vector("an unknown member", "shape-invalid", compact(_request(extra=1))),
        _vector("an id that is no UUID", "shape-invalid", compact(_request(id="R-1"))),
        _vector("a time in another zone", "shape-invalid", compact(_request(time=unzoned))),
    ]


def _bad_senders() -> list[Data]:
    receipt = envelope("liandong.locate.receipt.v1", COURT, HUB, {"task_id": example_id("task"), "handling": "manual"},
                       request="vector")  # fmt: skip
    return [
        _vector("in another's name", "source-mismatch", compact(_request(_LEAKED))),
        _vector("to somebody else", "recipient-wrong", compact(_request(recipient="police"))),
        _vector("a compromised key", "key-compromised", compact(_request(_LEAKED)), signer=_LEAKED),
        _vector("a key past its time", "key-not-valid", compact(_request(_LAPSED)), signer=_LAPSED),
        _vector("a clock too far ahead", "time-in-future", _VALUE, after=timedelta(minutes=-6)),
        _vector("read after its expiry", "expired", _VALUE, after=timedelta(days=31)),
        _vector("a partner does not ask", "type-not-allowed", compact(_request(_PARTNER)), signer=_PARTNER),
        _vector("a court does not answer", "type-not-allowed", compact(receipt)),
    ]
