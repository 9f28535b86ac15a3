"""Ed25519 key pairs of parties and of the log, kept as JWK files (RFC 7517, RFC 8037).

The algorithm's name is `Ed25519` (RFC 9864); the older `EdDSA` does not say which curve and is refused.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.trust.encoding import b64url_decode, b64url_encode
from hub.trust.errors import KeyFileError

ALGORITHM = "Ed25519"
_KID = re.compile(r"[\x21-\x7e]{1,128}")


def is_kid(value: object) -> bool:
    """Whether `value` can name a key: 1 to 128 printable ASCII characters without blanks."""
    return isinstance(value, str) and _KID.fullmatch(value) is not None


@dataclass(frozen=True)
class KeyPair:
    """A private key and the `kid` under which others know its public half."""

    kid: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()

    def public_jwk(self) -> dict[str, str]:
        """The public JWK: `kty`, `crv`, `x`, `kid` and `alg`."""
        return {**_required_members(self.public), "kid": self.kid, "alg": ALGORITHM}


def generate(kid: str) -> KeyPair:
    """A new key pair from the system's randomness; `KeyFileError` when `kid` cannot name a key."""
    return _named(kid, Ed25519PrivateKey.generate())


def save(pair: KeyPair, path: Path) -> None:
    """Write the private JWK to a new file that only its owner can read (mode 0600), synced to disk.

    An existing file is never overwritten: what was signed with a lost key could not be continued by anyone.
    """
    jwk = {**pair.public_jwk(), "d": b64url_encode(pair.private.private_bytes_raw())}
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError("key-exists", f"{path} exists already; choose another file or move it away") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(jwk, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> KeyPair:
    """Read a private JWK that `save` wrote; `KeyFileError` when it is unreadable, wrong, or open to other users."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFileError("key-permissions", f"{path} can be read by other users; run chmod 600 on it")
        jwk = json.loads(path.read_bytes())
    except OSError as error:
        raise KeyFileError("key-unreadable", f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise KeyFileError("key-malformed", f"{path} is not JSON; give the file of a private JWK") from error
    if not isinstance(jwk, dict) or "d" not in jwk:
        raise KeyFileError("key-malformed", f"{path} holds no private key; give the file of a private JWK")
    private = Ed25519PrivateKey.from_private_bytes(_key_bytes(jwk, "d"))
    declared = public_key({name: value for name, value in jwk.items() if name != "d"})
    if declared != private.public_key():
        raise KeyFileError("key-malformed", f"{path}: the public and the private half do not belong together")
    return _named(jwk.get("kid"), private)


def public_key(jwk: Mapping[str, object]) -> Ed25519PublicKey:
    """The key of a public JWK; `KeyFileError` for another key type or algorithm, or when a private half is in it."""
    if "d" in jwk:
        raise KeyFileError("key-private", "a private key stands where a public one belongs; replace that key pair")
    if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519") or jwk.get("alg", ALGORITHM) != ALGORITHM:
        raise KeyFileError("key-algorithm", 'only keys with kty "OKP", crv "Ed25519" and alg "Ed25519" are accepted')
    return Ed25519PublicKey.from_public_bytes(_key_bytes(jwk, "x"))


def thumbprint(key: Ed25519PublicKey) -> str:
    """The JWK thumbprint: base64url of SHA-256 over the required members in order (RFC 7638; RFC 8037, app. A.3)."""
    canonical = json.dumps(_required_members(key), sort_keys=True, separators=(",", ":"))
    return b64url_encode(hashlib.sha256(canonical.encode("ascii")).digest())


def _required_members(key: Ed25519PublicKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(key.public_bytes_raw())}


def _named(kid: object, private: Ed25519PrivateKey) -> KeyPair:
    if not isinstance(kid, str) or not is_kid(kid):
        raise KeyFileError("key-kid", "a kid is 1 to 128 printable ASCII characters without blanks")
    return KeyPair(kid, private)


def _key_bytes(jwk: Mapping[str, object], member: str) -> bytes:
    """The 32 bytes of `x` or `d`; the message names the member, never its value."""
    text = jwk.get(member)
    try:
        data = b64url_decode(text) if isinstance(text, str) else b""
    except ValueError:
        data = b""
    if len(data) != 32:
        raise KeyFileError("key-malformed", f'member "{member}" is not base64url of 32 bytes')
    return data
