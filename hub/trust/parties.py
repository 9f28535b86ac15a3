"""The party directory: who takes part, in which role, with which keys, valid from when to when.

One TOML file per party. A key reported compromised is refused at once; otherwise a key is judged at the time a message
claims and at the broker's time (V27).
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.trust import keys
from schemas.base import micros


class DirectoryError(Exception):
    """The directory cannot be read; the message names the file and what to mend."""


class Role(StrEnum):
    """What a party may do."""

    HUB = "hub"
    COURT = "court"
    PARTNER = "partner"
    CONNECTOR_FOR = "connector-for"  # a connector that the hub's operator runs, with a key of its own
    OPERATOR = "operator"  # a person who sees to dead letters; sends nothing over Kafka, and has no user there


@dataclass(frozen=True, slots=True)
class PartyKey:
    """One public key; times in UTC microseconds."""

    kid: str
    x: str
    valid_from: int
    valid_until: int
    compromised_at: int | None = None

    @property
    def public(self) -> Ed25519PublicKey:
        """The key itself. Raises `KeyFileError` when `x` is none."""
        return keys.public_key(self.jwk)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 8037)."""
        return {"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "kid": self.kid, "x": self.x}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, hexadecimal."""
        return hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{self.x}"}}'.encode()).hexdigest()

    def valid_at(self, *times: int) -> bool:
        """Whether the key was in force at each of these times (µs)."""
        return all(self.valid_from <= at < self.valid_until for at in times)


@dataclass(frozen=True, slots=True)
class Officer:
    """One officer whom a court has registered (法释〔2013〕20号 art. 2), with the key that approvals are signed with.

    Times in UTC microseconds; `revoked_at` ends the registration early. Whoever may approve nothing needs no key.
    """

    work_permit: str
    enforcement_permit: str
    rank: str
    team: str
    valid_from: int
    valid_until: int
    revoked_at: int | None = None
    kid: str = ""
    x: str = ""

    @property
    def public(self) -> Ed25519PublicKey:
        """The officer's key. Raises `KeyFileError` when there is none."""
        return keys.public_key({"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "kid": self.kid, "x": self.x})


@dataclass(frozen=True, slots=True)
class Cover:
    """A deputy in an absent officer's post (AB岗), by work permits, from when until when (µs)."""

    absent: str
    deputy: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Party:
    """One agency. `kind` is a partner's kind; `designator` a court's designator (法院代字), `superior` its superior court.

    `batch_signatures`: it reads batch signatures (`hub.trust.batch`), so that the hub need not sign each message to it alone.
    `staff_number`: an operator's, which its orders name.
    """

    id: str
    role: Role
    name_zh: str
    name_en: str
    kind: str = ""
    designator: str = ""
    acts_for: str = ""
    superior: str = ""
    batch_signatures: bool = False
    staff_number: str = ""
    keys: tuple[PartyKey, ...] = ()
    officers: tuple[Officer, ...] = ()
    covers: tuple[Cover, ...] = ()

    @property
    def speaks_as(self) -> str:
        """The partner whose tasks this party answers: itself, or the one that it is the connector for."""
        return self.acts_for or self.id


@dataclass(frozen=True)
class Directory:
    """All parties, by id and by key id. Key ids are unique across parties."""

    parties: Mapping[str, Party]
    _by_kid: dict[str, tuple[Party, PartyKey, Ed25519PublicKey]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for party in self.parties.values():
            for key in party.keys:
                if key.kid in self._by_kid:
                    raise DirectoryError(f"key id {key.kid} stands twice in the directory")
                self._by_kid[key.kid] = (party, key, key.public)

    @classmethod
    def of(cls, parties: Iterable[Party]) -> "Directory":
        return cls({party.id: party for party in parties})

    @classmethod
    def load(cls, folder: Path) -> "Directory":
        """Read `<folder>/*.toml`. Raises `DirectoryError` naming the file at fault."""
        files = sorted(folder.glob("*.toml"), key=lambda file: file.stem)
        if not files:
            raise DirectoryError(f"no party files in {folder}; `liandong keys generate` makes them")
        return cls.of(_read(file) for file in files)

    def owner(self, kid: str) -> tuple[Party, PartyKey]:
        """Whose key this is. Raises KeyError."""
        party, key, _ = self._by_kid[kid]
        return party, key

    def public_key(self, kid: str) -> Ed25519PublicKey:
        """The key itself. Raises KeyError."""
        return self._by_kid[kid][2]

    @property
    def batch_readers(self) -> frozenset[str]:
        """The parties that read batch signatures."""
        return frozenset(party.id for party in self.parties.values() if party.batch_signatures)

    def with_role(self, role: Role) -> tuple[Party, ...]:
        return tuple(party for party in self.parties.values() if party.role is role)


def _read(file: Path) -> Party:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        keys = tuple(_key(item) for item in data.pop("keys", []))
        known = {item.pop("permit"): item for item in data.pop("officer_keys", [])}
        officers = tuple(Officer(**_times(item | known.get(item["work_permit"], {}))) for item in data.pop("officers", []))
        covers = tuple(Cover(**_times(item)) for item in data.pop("covers", []))
        party = Party(role=Role(data.pop("role")), keys=keys, officers=officers, covers=covers, **data)
        if (party.role is Role.OPERATOR) is not bool(party.staff_number):
            raise ValueError("an operator, and nobody else, has a staff_number")
        return party
    except (tomllib.TOMLDecodeError, TypeError, ValueError, KeyError) as error:
        raise DirectoryError(f"{file.name}: {error}") from error


def _times(data: dict[str, Any]) -> dict[str, Any]:
    return {name: micros(value) if isinstance(value, datetime) else value for name, value in data.items()}


def _key(data: dict[str, Any]) -> PartyKey:
    at = {name: micros(data[name]) for name in ("valid_from", "valid_until") if isinstance(data[name], datetime)}
    compromised = data.get("compromised_at")
    return PartyKey(data["kid"], data["x"], at["valid_from"], at["valid_until"],
                    micros(compromised) if compromised is not None else None)  # fmt: skip
