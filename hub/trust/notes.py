"""Signed notes (c2sp.org/signed-note) with Ed25519 keys (signature type 0x01).

A note is text that ends in a newline, an empty line, and signature lines `— <name> <base64(key id ‖ signature)>`.
Lines by keys the reader does not know are ignored, so a note may gain signatures; a known key whose signature fails
rejects the whole note.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.trust.encoding import b64_decode, b64_encode
from hub.trust.errors import NoteError
from hub.trust.keys import KeyPair

_ED25519 = b"\x01"
_LARGEST_NOTE = 1_000_000  # bytes
_MOST_SIGNATURES = 100  # the specification asks for at least 16
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")
_VERIFIER_KEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(\S+)")


@dataclass(frozen=True)
class NoteVerifier:
    """A name and public key that a reader trusts. `key_id` has 4 bytes."""

    name: str
    public: Ed25519PublicKey
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or _CONTROL.search(self.name) or any(map(str.isspace, self.name)):
            raise NoteError("note-name", "a key name is not empty and has neither blanks nor plus signs")
        named = self.name.encode() + b"\n" + self._encoded()
        object.__setattr__(self, "key_id", hashlib.sha256(named).digest()[:4])

    def __str__(self) -> str:
        """The verifier key, `name+hex(key id)+base64(type ‖ public key)`."""
        return f"{self.name}+{self.key_id.hex()}+{b64_encode(self._encoded())}"

    @classmethod
    def parse(cls, text: str) -> "NoteVerifier":
        """Read a verifier key; `NoteError` when it is not one, or not Ed25519."""
        match = _VERIFIER_KEY.fullmatch(text)
        if match is None:
            raise NoteError("note-key", "a verifier key reads name+hex key id+base64 key")
        name, key_id, encoded = match.groups()
        try:
            key = b64_decode(encoded)
        except ValueError as error:
            raise NoteError("note-key", "the verifier key's last part is not base64") from error
        if key[:1] != _ED25519 or len(key) != 33:
            raise NoteError("note-key", "the verifier key is not of type 01 (Ed25519)")
        verifier = cls(name, Ed25519PublicKey.from_public_bytes(key[1:]))
        if verifier.key_id.hex() != key_id:
            raise NoteError("note-key", "the verifier key's id does not belong to its name and key; copy it again")
        return verifier

    def _encoded(self) -> bytes:
        return _ED25519 + self.public.public_bytes_raw()


@dataclass(frozen=True)
class NoteSigner:
    """A name and the private key that signs under it."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)
    verifier: NoteVerifier = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verifier", NoteVerifier(self.name, self.private.public_key()))

    @classmethod
    def of(cls, pair: KeyPair) -> "NoteSigner":
        """The signer whose name is the key's own."""
        return cls(pair.kid, pair.private)

    def sign(self, text: str) -> bytes:
        """The signed note over `text`, which must end in a newline and hold no other control characters."""
        if not text.endswith("\n") or _CONTROL.search(text):
            raise NoteError("note-malformed", "a note's text ends in a newline and has no other control characters")
        signature = b64_encode(self.verifier.key_id + self.private.sign(text.encode()))
        return f"{text}\n— {self.name} {signature}\n".encode()


@dataclass(frozen=True)
class OpenedNote:
    """The text of a note and those of the reader's keys that signed it, each once."""

    text: str
    signers: tuple[NoteVerifier, ...]


def open_note(note: bytes, verifiers: Iterable[NoteVerifier]) -> OpenedNote:
    """Verify `note` with the keys the reader trusts; at least one of them must have signed it.

    Raises `NoteError` with one of the codes note-malformed, note-bad-signature, note-unsigned.
    """
    text, lines = _split(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signers: dict[tuple[str, bytes], NoteVerifier] = {}  # each once, so that k of n signatures means k keys
    for line in lines:
        name, key_id, signature = _parse_signature(line)
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        try:
            verifier.public.verify(signature, text.encode())
        except InvalidSignature as error:
            raise NoteError("note-bad-signature", f"the signature by {name} does not match the text") from error
        signers[name, key_id] = verifier
    if not signers:
        raise NoteError("note-unsigned", "none of the trusted keys signed this note; check which key to expect")
    return OpenedNote(text, tuple(signers.values()))


def _split(note: bytes) -> tuple[str, list[str]]:
    """The text with its last newline, and the signature lines."""
    if len(note) > _LARGEST_NOTE:
        raise NoteError("note-malformed", f"the note exceeds {_LARGEST_NOTE} bytes")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("note-malformed", "the note is not UTF-8") from error
    if _CONTROL.search(decoded):
        raise NoteError("note-malformed", "the note has control characters other than newline")
    text, separator, signatures = decoded.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise NoteError("note-malformed", "a note is text, an empty line and signature lines")
    lines = signatures[:-1].split("\n")  # not splitlines, which also splits at other characters
    if len(lines) > _MOST_SIGNATURES:
        raise NoteError("note-malformed", f"the note has more than {_MOST_SIGNATURES} signatures")
    return text + "\n", lines


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None or "+" in match[1]:
        raise NoteError("note-malformed", "a signature line reads — name base64")
    try:
        blob = b64_decode(match[2])
    except ValueError as error:
        raise NoteError("note-malformed", "a signature is not base64") from error
    if len(blob) < 5:
        raise NoteError("note-malformed", "a signature is shorter than its key id")
    return match[1], blob[:4], blob[4:]
