"""Which detached signatures are refused, and with which code."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws as jose
from joserfc.jwk import OKPKey

from hub.trust import jws, keys
from hub.trust.encoding import b64url_decode, b64url_encode
from hub.trust.errors import SignatureError

PAIR = keys.generate("court-9901#1")
SIGNER = jws.Signer(PAIR)
VALUE = '{"id": "1", "subject": "查询"}'.encode()
HEADER = {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": PAIR.kid}


def key_for(kid: str) -> Ed25519PublicKey:
    return {PAIR.kid: PAIR.public}[kid]


def sign_under(header: str | bytes) -> str:
    """A token by the right key under any protected header, so that only the header can be the reason to refuse it."""
    protected = b64url_encode(header.encode() if isinstance(header, str) else header)
    return f"{protected}..{b64url_encode(PAIR.private.sign(protected.encode() + b'.' + VALUE))}"


def code_of(token: str, value: bytes = VALUE) -> str:
    with pytest.raises(SignatureError) as caught:
        jws.verify(token, value, key_for)
    return caught.value.code


def test_the_protected_header_is_the_agreed_one() -> None:
    protected = SIGNER.sign(VALUE).split(".")[0]
    assert json.loads(b64url_decode(protected)) == HEADER


def test_the_helper_makes_tokens_that_are_accepted_when_the_header_is_right() -> None:
    assert jws.verify(sign_under(json.dumps(HEADER)), VALUE, key_for) == PAIR.kid


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alg": "EdDSA"}, "jws-algorithm"),
        ({"alg": "none"}, "jws-algorithm"),
        ({"alg": "ed25519"}, "jws-algorithm"),
        ({"alg": None}, "jws-algorithm"),
        ({"b64": True}, "jws-critical"),
        ({"b64": 0}, "jws-critical"),
        ({"crit": ["b64", "b64"]}, "jws-critical"),
        ({"crit": ["b64", "exp"]}, "jws-critical"),
        ({"crit": "b64"}, "jws-critical"),
        ({"crit": []}, "jws-critical"),
        ({"kid": 1}, "jws-malformed"),
        ({"kid": ""}, "jws-malformed"),
        ({"kid": "k" * 129}, "jws-malformed"),
        ({"kid": "\ud800"}, "jws-malformed"),
        ({"jku": "https://example.invalid/keys"}, "jws-malformed"),
        ({"typ": "JOSE"}, "jws-malformed"),
        ({"kid": "court-9902#1"}, "jws-unknown-key"),
    ],
)
def test_a_header_that_differs_is_refused(change: dict[str, object], code: str) -> None:
    assert code_of(sign_under(json.dumps({**HEADER, **change}))) == code


@pytest.mark.parametrize(
    ("member", "code"),
    [("alg", "jws-algorithm"), ("b64", "jws-critical"), ("crit", "jws-critical"), ("kid", "jws-malformed")],
)
def test_a_header_without_one_member_is_refused(member: str, code: str) -> None:
    assert code_of(sign_under(json.dumps({name: value for name, value in HEADER.items() if name != member}))) == code


@pytest.mark.parametrize(
    "header",
    [
        "",
        "7",
        "null",
        "[]",
        "not json",
        json.dumps(HEADER)[:-1] + ', "kid": "court-9901#1"}',  # the same member twice
        "[" * 380,
        json.dumps(HEADER).encode("utf-16"),
        json.dumps(HEADER).encode("utf-8-sig"),
        json.dumps({**HEADER, "kid": "é"}, ensure_ascii=False).encode("latin-1"),
        json.dumps(HEADER) + " " * 512,
    ],
)
def test_a_header_that_is_not_one_plain_json_object_is_refused(header: str | bytes) -> None:
    assert code_of(sign_under(header)) == "jws-malformed"


def test_an_attached_payload_is_refused_even_if_it_is_the_value() -> None:
    protected, _, signature = SIGNER.sign(VALUE).split(".")
    assert code_of(f"{protected}.{b64url_encode(VALUE)}.{signature}") == "jws-attached"


def test_only_three_segments_in_canonical_base64url_are_read() -> None:
    protected, _, signature = SIGNER.sign(VALUE).split(".")
    other_spelling = (
        signature[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[signature[-1]]
    )  # same 64 bytes, leniently
    for token in (
        "",
        "..",
        protected,
        f"{protected}.{signature}",
        f"{protected}..{signature}.",
        f"{protected}..{signature}==",
        f"{protected}..{signature}\n",
        f" {protected}..{signature}",
        f"{protected}=..{signature}",
        f"{protected}..{other_spelling}",
        f"{protected}..签{signature}",
    ):
        assert code_of(token) == "jws-malformed"


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_a_wrong_signature_is_refused_at_any_length(signature: bytes) -> None:
    protected = SIGNER.sign(VALUE).split(".")[0]
    assert code_of(f"{protected}..{b64url_encode(signature)}") == "jws-bad-signature"


def test_a_signature_by_another_key_under_this_kid_is_refused() -> None:
    imposter = jws.Signer(keys.generate(PAIR.kid))
    assert code_of(imposter.sign(VALUE)) == "jws-bad-signature"


def test_joserfc_accepts_what_the_hub_signs() -> None:
    key = OKPKey.import_key(dict(PAIR.public_jwk()))
    accepted = jose.deserialize_compact(SIGNER.sign(VALUE), key, algorithms=["Ed25519"], payload=VALUE)
    assert accepted.headers() == HEADER


def test_the_hub_accepts_what_joserfc_signs() -> None:
    key = OKPKey.import_key({**PAIR.public_jwk(), "d": b64url_encode(PAIR.private.private_bytes_raw())})
    token = jose.serialize_compact(dict(HEADER), VALUE, key, algorithms=["Ed25519"])
    assert jws.verify(token, VALUE, key_for) == PAIR.kid


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("tampered", [False, True])
def test_openssl_alone_can_check_a_signature(tmp_path: Path, tampered: bool) -> None:
    protected, _, signature = SIGNER.sign(VALUE).split(".")
    (tmp_path / "pub.pem").write_bytes(PAIR.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "message").write_bytes(protected.encode() + b"." + VALUE + b" " * tampered)
    (tmp_path / "sig").write_bytes(b64url_decode(signature))
    command = "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in message -sigfile sig"
    ran = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode == 0) is not tampered, ran.stderr
