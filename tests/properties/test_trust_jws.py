"""Signatures round trip for every value, and no single changed bit survives."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hub.trust import jws, keys
from hub.trust.encoding import b64_decode, b64_encode, b64url_decode, b64url_encode
from hub.trust.errors import SignatureError

PAIR = keys.generate("bank#1")
SIGNER = jws.Signer(PAIR)


def key_for(kid: str) -> Ed25519PublicKey:
    return {PAIR.kid: PAIR.public}[kid]


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(st.binary(max_size=2000))
def test_what_is_signed_verifies_whatever_its_bytes(value: bytes) -> None:
    assert jws.verify(SIGNER.sign(value), value, key_for) == PAIR.kid


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_flipped_bit_in_the_value_is_found(value: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    with pytest.raises(SignatureError) as caught:
        jws.verify(SIGNER.sign(value), flip(value, bit), key_for)
    assert caught.value.code == "jws-bad-signature"


def test_a_flipped_bit_anywhere_in_the_token_is_found() -> None:
    token = SIGNER.sign(b"value").encode()
    for bit in range(len(token) * 8):
        with pytest.raises(SignatureError):
            jws.verify(flip(token, bit).decode("latin-1"), b"value", key_for)


def test_a_flipped_bit_in_the_decoded_header_or_signature_is_found() -> None:
    protected, _, signature = SIGNER.sign(b"value").split(".")
    header, blob = b64url_decode(protected), b64url_decode(signature)
    changed = [f"{b64url_encode(flip(header, bit))}..{signature}" for bit in range(len(header) * 8)]
    changed += [f"{protected}..{b64url_encode(flip(blob, bit))}" for bit in range(len(blob) * 8)]
    for token in changed:
        with pytest.raises(SignatureError):
            jws.verify(token, b"value", key_for)


@given(st.text(max_size=300))
def test_any_other_text_is_refused_with_a_code_and_nothing_else(token: str) -> None:
    with pytest.raises(SignatureError):
        jws.verify(token, b"", key_for)


@given(st.binary(max_size=100))
def test_base64_round_trips(data: bytes) -> None:
    assert b64_decode(b64_encode(data)) == data
    assert b64url_decode(b64url_encode(data)) == data


@given(st.text(alphabet="AQgwzZ09+/-_= \n", max_size=8))
def test_base64_has_one_spelling_per_value(text: str) -> None:
    for encode, decode in ((b64_encode, b64_decode), (b64url_encode, b64url_decode)):
        try:
            data = decode(text)
        except ValueError:
            continue
        assert encode(data) == text
