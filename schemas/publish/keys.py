"""Keys for examples and vectors only. Anyone can make them, so no directory may ever hold them."""

import base64
import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.publish.text import compact


def private_key(party: str) -> Ed25519PrivateKey:
    """The test key of `party`: its seed is the SHA-256 of a phrase."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"liandong test key of {party}".encode()).digest())


def key_id(party: str) -> str:
    return f"{party}#test"


def jwk(party: str) -> dict[str, str]:
    """The key pair as a JWK (RFC 8037), private half included."""
    key = private_key(party)
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "Ed25519",
        "kid": key_id(party),
        "x": b64url(key.public_key().public_bytes_raw()),
        "d": b64url(key.private_bytes_raw()),
    }


def protected_header(party: str, **changes: object) -> dict[str, object]:
    """The protected header that the contract asks for (RFC 7797, RFC 9864)."""
    return {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": key_id(party)} | changes


def sign(party: str, value: bytes, header: Mapping[str, object] | None = None) -> str:
    """The detached JWS (RFC 7515, appendix F) of `party` over exactly `value`."""
    protected = b64url(compact(dict(header or protected_header(party))))
    return f"{protected}..{b64url(private_key(party).sign(protected.encode() + b'.' + value))}"


def b64url(data: bytes) -> str:
    """URL-safe base64 without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
