"""The manifest and the other small files of a bundle, as models; reading them never raises anything but ValidationError.

Files that belong together have one number: `messages/NNN.json` (exact bytes) and `messages/NNN.jws`, `entries/NNN.json`
(the log entry that holds this message's digest) and `proofs/NNN.tlog-proof`. Entries without a message are numbered
after them.
"""

import json
from typing import Annotated, Literal, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field

from hub.trust.parties import PartyKey, Role
from schemas.base import MessageId, Model, PartyId, Sha256, Timestamp
from schemas.requests import Kind

MANIFEST, SIGNATURE = "manifest.json", "manifest.jws"
KEYS, LOG_KEY, TIMELINE = "keys.jwks.json", "log.vkey", "timeline.txt"

Kid = Annotated[str, Field(pattern=r"\A[\x21-\x7e]{1,128}\z")]
Micros = Annotated[int, Field(ge=0, lt=2**53)]


class Step(Model):
    """Which files belong together, and the entry's place in the log. A bundle has a copy of an entry for each message
    that it speaks of."""

    number: Annotated[str, Field(pattern=r"\A[0-9]{3,5}\z")]
    index: Micros
    entry: str
    proof: str
    message: str | None = None
    jws: str | None = None

    @classmethod
    def numbered(cls, at: int, index: int, *, with_message: bool) -> Self:
        """The `at`-th step (from 1) with the names that it must have."""
        number = f"{at:03d}"
        message, jws = (f"messages/{number}.json", f"messages/{number}.jws") if with_message else (None, None)
        return cls(number=number, index=index, entry=f"entries/{number}.json", proof=f"proofs/{number}.tlog-proof",
                   message=message, jws=jws)  # fmt: skip

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.entry, self.proof, self.message, self.jws)))


class RequestName(Model):
    """The request that the bundle is about, by the court's own id."""

    court: PartyId
    id: MessageId
    kind: Kind
    action: str


class LogName(Model):
    """The log, and the size of the one checkpoint that all proofs lead to."""

    origin: str
    size: Micros


class Manifest(Model):
    """What a bundle holds; signed by the hub. `files` is every other file's SHA-256 but that of the signature.

    `export` tells who made it: the running hub, whose log holds that it was read; or an operator from the hub's files,
    which leaves no entry.
    """

    v: Literal[1]
    hub: PartyId
    made_at: Timestamp
    export: Literal["hub", "operator-offline"]
    request: RequestName
    log: LogName
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    files: dict[str, Sha256]

    def encode(self) -> bytes:
        """JSON in its canonical form (RFC 8785)."""
        return rfc8785.dumps(self.model_dump(mode="json", exclude_none=True))


class LoggedKey(Model):
    """A public key (RFC 8037) with what the log says of it; times in UTC microseconds, 0 for not compromised."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["Ed25519"] = "Ed25519"
    kid: Kid
    x: Annotated[str, Field(pattern=r"\A[A-Za-z0-9_-]{43}\z")]
    party: PartyId
    role: Role
    valid_from: Micros
    valid_until: Micros
    compromised_at: Micros

    @property
    def key(self) -> PartyKey:
        return PartyKey(self.kid, self.x, self.valid_from, self.valid_until, self.compromised_at or None)


class KeySet(Model):
    """`keys.jwks.json`, a JWK set (RFC 7517, section 5)."""

    keys: Annotated[tuple[LoggedKey, ...], Field(max_length=1000)]


class _Entry(BaseModel):
    """Entries may gain members; those that are read here are strict."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, hide_input_in_errors=True)


class Taken(_Entry):
    """The message that caused a decision; without `id` where it could not be read."""

    sha256: Sha256
    id: str | None = None
    source: str | None = None
    type: str | None = None


class Sent(_Entry):
    """A message that followed from a decision."""

    sha256: Sha256
    id: str
    recipient: str
    type: str


class Entry(_Entry):
    """A log entry: one decision."""

    v: Literal[1]
    kind: str
    hub: PartyId
    taken: Taken | None = Field(default=None, alias="in")
    out: tuple[Sent, ...] = ()


class KeyEntry(Entry):
    """A key's registration, or a change of it."""

    kind: Literal["party.key"]
    party: PartyId
    role: Role
    kid: Kid
    thumbprint: Sha256
    valid_from: Micros
    valid_until: Micros
    compromised_at: Micros

    def proves(self, key: LoggedKey) -> bool:
        """Whether this is what the log says of `key`."""
        said = (self.party, self.role, self.kid, self.thumbprint, self.valid_from, self.valid_until, self.compromised_at)
        return said == (key.party, key.role, key.kid, key.key.thumbprint, key.valid_from, key.valid_until,
                        key.compromised_at)  # fmt: skip


def read_entry(leaf: bytes) -> Entry:
    """The entry that these leaf bytes are; `ValueError` when they are none, or not canonical (RFC 8785).

    Only the canonical form has one meaning for every reader: it has no member twice.
    """
    entry = Entry.model_validate_json(leaf)  # first, because it bounds the depth of the JSON
    if rfc8785.dumps(json.loads(leaf)) != leaf:
        raise ValueError("not canonical")
    return KeyEntry.model_validate_json(leaf) if entry.kind == "party.key" else entry
