"""Detached message signatures: JWS with an unencoded payload (RFC 7515 appendix F, RFC 7797), Ed25519 (RFC 9864).

A signature travels beside the exact bytes it covers, as `protected..signature`. The signing input is
`protected "." value`, so `openssl` alone can check it. Only the forms that `Signer` writes are accepted: the
stricter the reader, the fewer ways two readers can disagree. All functions may be called from any thread.
Where many messages are signed at once, one signature may stand for a batch of them: see `hub.trust.batch`.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.trust import batch
from hub.trust.encoding import b64url_decode, b64url_encode
from hub.trust.errors import SignatureError
from hub.trust.keys import ALGORITHM, KeyPair, is_kid

_LONGEST_HEADER = 512  # base64url characters; ample for a kid of 128 characters, too short to nest JSON deeply
_MEMBERS = {"alg", "b64", "crit", "kid"}


class Signer:
    """Signs values with one key. The protected header is the same for every value, so it is encoded once."""

    def __init__(self, pair: KeyPair) -> None:
        header = {"alg": ALGORITHM, "b64": False, "crit": ["b64"], "kid": pair.kid}
        self.kid = pair.kid
        self._private = pair.private
        self._protected = b64url_encode(json.dumps(header, separators=(",", ":")).encode("ascii"))
        self._prefix = self._protected.encode("ascii") + b"."

    def sign(self, value: bytes) -> str:
        """The detached JWS over `value`, byte for byte. Ed25519 is deterministic: same value, same signature."""
        return f"{self._protected}..{b64url_encode(self._private.sign(self._prefix + value))}"

    def sign_all(self, values: Sequence[bytes]) -> list[str]:
        """A signature over each of `values`, in order: batch signatures, so far as there is more than one to sign."""
        signatures = []
        for part in batch.trees(len(values)):
            if len(part) == 1:
                signatures.append(self.sign(values[part.start]))
                continue
            statement, places = batch.tree([hashlib.sha256(values[number]).digest() for number in part])
            jws = self.sign(statement)
            signatures += [batch.token(jws, place) for place in places]
        return signatures


def verify(jws: str, value: bytes, key_for: Callable[[str], Ed25519PublicKey]) -> str:
    """Check that `jws`, plain or of a batch, signs exactly `value`, and return the `kid` of the key that made it.

    `key_for` gives the key of a kid and raises `KeyError` for one it does not know. Whether that key may speak for
    the sender, and was valid at the time, is the caller's to decide.

    Raises `SignatureError` with one of the codes jws-malformed, jws-attached (a payload inside the token, which
    could differ from `value`), jws-algorithm, jws-critical, jws-unknown-key, jws-bad-signature.
    """
    if batch.MARK not in jws:
        return _verify(jws, value, key_for, _signs)
    plain, statement = batch.opened(jws, hashlib.sha256(value).digest())
    return _verify(plain, statement, key_for, _signs_statement)


Check = Callable[[Ed25519PublicKey, bytes, bytes], bool]
"""Whether a key's signature fits these bytes."""


def _verify(jws: str, value: bytes, key_for: Callable[[str], Ed25519PublicKey], check: Check) -> str:
    segments = jws.split(".")
    if len(segments) != 3:
        raise SignatureError("jws-malformed", "a detached JWS has three segments: header, nothing, signature")
    protected, payload, encoded = segments
    if payload:
        raise SignatureError("jws-attached", "the JWS holds a payload; send it detached, with an empty middle segment")
    kid = _kid_of(protected)
    try:
        signature = b64url_decode(encoded)
    except ValueError as error:
        raise SignatureError("jws-malformed", "the signature is not base64url without padding") from error
    try:
        key = key_for(kid)
    except KeyError as error:
        raise SignatureError("jws-unknown-key", f"no key is known under kid {kid}; register it first") from error
    if not check(key, signature, protected.encode("ascii") + b"." + value):
        raise SignatureError("jws-bad-signature", "the signature does not match the value; sign the exact bytes that are sent")
    return kid


def _signs(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _signs_statement(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    return _statement_holds(key.public_bytes_raw(), signature, signed)


@lru_cache(maxsize=4096)  # a statement comes with each message of its batch: of 64, one needs the curve
def _statement_holds(public: bytes, signature: bytes, signed: bytes) -> bool:
    return _signs(Ed25519PublicKey.from_public_bytes(public), signature, signed)


@lru_cache(maxsize=1024)  # headers are constant per key; errors are not cached
def _kid_of(protected: str) -> str:
    """The kid of an acceptable protected header."""
    header = _parse_header(protected)
    if header.get("alg") != ALGORITHM:
        raise SignatureError("jws-algorithm", f'alg must be exactly "{ALGORITHM}"')
    if header.get("crit") != ["b64"] or header.get("b64") is not False:
        raise SignatureError("jws-critical", 'crit must be exactly ["b64"] and b64 exactly false')
    kid = header.get("kid")
    if not isinstance(kid, str) or not is_kid(kid):
        raise SignatureError("jws-malformed", "kid must be 1 to 128 printable ASCII characters without blanks")
    if header.keys() != _MEMBERS:
        raise SignatureError("jws-malformed", "the protected header has members other than alg, b64, crit and kid")
    return kid


def _parse_header(protected: str) -> dict[str, object]:
    if len(protected) > _LONGEST_HEADER:
        raise SignatureError("jws-malformed", f"the protected header exceeds {_LONGEST_HEADER} characters")
    try:
        header = json.loads(b64url_decode(protected).decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise SignatureError(
            "jws-malformed", "the protected header is not base64url of JSON with single members"
        ) from error
    if not isinstance(header, dict):
        raise SignatureError("jws-malformed", "the protected header is not a JSON object")
    return header


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Readers differ in which of two members of one name they believe, so there may be only one (RFC 7515, 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members
