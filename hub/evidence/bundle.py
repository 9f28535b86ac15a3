"""Building a bundle from its parts: on bytes only, without store or clock."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.evidence.archive import pack
from hub.evidence.manifest import (
    KEYS,
    LOG_KEY,
    MANIFEST,
    SIGNATURE,
    TIMELINE,
    KeySet,
    LogName,
    Manifest,
    RequestName,
    Step,
)
from hub.trust.jws import Signer
from hub.trust.notes import NoteVerifier
from hub.trust.proofs import LogProof


@dataclass(frozen=True, slots=True)
class Part:
    """A log entry with its proof; and the message whose digest it holds, with its signature, unless it stands alone."""

    entry: bytes
    proof: LogProof
    message: bytes | None = None
    jws: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What the bundle is about, and who made it when."""

    hub: str
    request: RequestName
    made_at: datetime
    export: Literal["hub", "operator-offline"]


def build(
    about: About, parts: Sequence[Part], *, keys: KeySet, log: NoteVerifier, size: int, timeline: str, signer: Signer
) -> bytes:
    """The bundle of `parts` (those with messages first, the court's request before all), under the log's checkpoint of
    `size` entries, signed by the hub's `signer`."""
    steps = tuple(
        Step.numbered(at, part.proof.index, with_message=part.message is not None) for at, part in enumerate(parts, 1)
    )
    files = {KEYS: (keys.model_dump_json(indent=2) + "\n").encode(), LOG_KEY: f"{log}\n".encode(), TIMELINE: timeline.encode()}
    for step, part in zip(steps, parts, strict=True):
        files |= {step.entry: part.entry, step.proof: part.proof.encode()}
        if step.message is not None and step.jws is not None:
            files |= {step.message: part.message or b"", step.jws: (part.jws or "").encode("ascii")}
    manifest = Manifest(
        v=1, hub=about.hub, made_at=about.made_at, export=about.export, request=about.request,
        log=LogName(origin=log.name, size=size), steps=steps,
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    ).encode()  # fmt: skip
    return pack(files | {MANIFEST: manifest, SIGNATURE: signer.sign(manifest).encode("ascii")})
