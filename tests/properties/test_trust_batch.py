"""Batch signatures: each message verifies alone, and nothing that was not signed does."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hub.trust import batch, jws, keys
from hub.trust.errors import SignatureError
from hub.trust.merkle import EMPTY_TREE, leaf_hash

PAIR = keys.generate("hub#1")
SIGNER = jws.Signer(PAIR)
VALUES = [f'{{"id": "{number}"}}'.encode() for number in range(200)]


def key_for(kid: str) -> Ed25519PublicKey:
    return {PAIR.kid: PAIR.public}[kid]


def code_of(signature: str, value: bytes) -> str | None:
    try:
        assert jws.verify(signature, value, key_for) == PAIR.kid
    except SignatureError as error:
        return error.code
    return None


@given(st.integers(0, 200))
def test_each_of_any_number_of_messages_verifies_alone_and_under_no_other_signature(count: int) -> None:
    signatures = SIGNER.sign_all(VALUES[:count])
    assert len(set(signatures)) == count
    for number, signature in enumerate(signatures):
        assert code_of(signature, VALUES[number]) is None
        assert code_of(signature, VALUES[number - 1 if number else 199]) == "jws-bad-signature"


@given(st.integers(2, 64), st.data())
def test_one_changed_character_is_refused(count: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, count - 1))
    signature = SIGNER.sign_all(VALUES[:count])[number]
    at = data.draw(st.integers(0, len(signature) - 1))
    other = data.draw(st.sampled_from("A_0~.9").filter(lambda character: character != signature[at]))
    assert code_of(signature[:at] + other + signature[at + 1 :], VALUES[number]) is not None


def test_a_tree_of_the_signatures_is_that_of_rfc_6962() -> None:
    digests = [hashlib.sha256(value).digest() for value in VALUES[:16]]
    root = EMPTY_TREE.extend(map(leaf_hash, digests)).root
    assert batch.tree(digests)[0] == b"liandong-batch-v1\n16\n" + base64.b64encode(root) + b"\n"


def test_one_signature_serves_64_messages_and_a_lonely_one_is_plain() -> None:
    signatures = SIGNER.sign_all(VALUES[:65])
    assert len({signature.split("~")[0] for signature in signatures[:64]}) == 1
    assert signatures[64] == SIGNER.sign(VALUES[64])


def test_a_signed_message_is_no_statement_and_a_signed_statement_no_message() -> None:
    statement, places = batch.tree([hashlib.sha256(value).digest() for value in VALUES[:2]])
    assert code_of(batch.token(SIGNER.sign(VALUES[0]), places[0]), VALUES[0]) == "jws-bad-signature"
    assert code_of(SIGNER.sign(statement), VALUES[0]) == "jws-bad-signature"
    assert not statement.startswith(b"{"), "a reader of messages refuses it before anything else"


@pytest.mark.parametrize(
    ("index", "path"),
    [("-1", bytes(32)), ("01", bytes(32)), ("2", bytes(32)), ("٠", bytes(32)), ("", bytes(32)), ("0\n", bytes(32)), ("0", b""),
     ("0", bytes(31)), ("0", bytes(33)), ("0", bytes(32 * 13))],
)  # fmt: skip
def test_an_index_or_a_path_of_another_shape_is_refused(index: str, path: bytes) -> None:
    plain = SIGNER.sign_all(VALUES[:2])[0].split("~")[0]
    encoded = base64.urlsafe_b64encode(path).rstrip(b"=").decode()
    assert code_of(f"{plain}~{index}~{encoded}", VALUES[0]) == "jws-malformed"


@pytest.mark.parametrize("ending", ["~0", "~0~AA==", "~0~ä", "~0~A~A", "~"])
def test_other_spellings_are_refused(ending: str) -> None:
    plain = SIGNER.sign_all(VALUES[:2])[0].split("~")[0]
    assert code_of(plain + ending, VALUES[0]) == "jws-malformed"
