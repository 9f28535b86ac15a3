"""Verifying a bundle, from its bytes alone. Nothing is trusted but the log's key, and that only if the caller gave it.

 1. archive     the archive is exactly what `pack` makes of its files
 2. manifest    canonical, signed by a key of `keys.jwks.json`
 3. files       those of the manifest and no others, each with its SHA-256
 4. log         every entry's proof leads to one checkpoint, signed by the log's key
 5. keys        every key is as its last registration here has it; the manifest's signer is the hub
 6. signatures  every message by a key of its `source`, valid at its time, in a role that may say this (V27)
 7. entries     every message's digest stands in its entry, and every digest in an entry has its message here
 8. chain       enclosed requests and replies are those of the bundle; ids, nonces and causes agree

Each rests on those before it, so the first that fails is the last that is run. No input raises.
"""

import base64
import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.evidence.archive import unpack
from hub.evidence.chain import Signed, chain, entries
from hub.evidence.errors import ArchiveError
from hub.evidence.manifest import (
    KEYS,
    LOG_KEY,
    MANIFEST,
    SIGNATURE,
    TIMELINE,
    Entry,
    KeyEntry,
    KeySet,
    LoggedKey,
    Manifest,
    Step,
    read_entry,
)
from hub.evidence.report import CHECKS, Check, Finding, Report
from hub.trust.errors import NoteError, SignatureError, TrustError
from hub.trust.jws import verify as verify_jws
from hub.trust.notes import NoteVerifier
from hub.trust.parties import Role
from hub.trust.proofs import LogProof
from schemas.base import micros
from schemas.messages import (
    HubMessage,
    PartnerMessage,
    Replied,
    RequestMessage,
    ResultPassed,
    SharedMessage,
    StatementMessage,
    parse,
)

_PARTNERS = frozenset({Role.PARTNER, Role.CONNECTOR_FOR})
_ROLES = (
    (RequestMessage | StatementMessage, frozenset({Role.COURT})),
    (SharedMessage, _PARTNERS | {Role.COURT}),
    (PartnerMessage, _PARTNERS),
    (HubMessage, frozenset({Role.HUB})),
)


def verify_bundle(data: bytes, log: NoteVerifier | None = None) -> Report:
    """Check the bundle `data`; `log` is the log's key as the caller has it from elsewhere. Never raises.

    Without `log` the key in the bundle is used, which proves only that the bundle agrees with itself.
    """
    reading = _Reading(data, log)
    steps = (reading.archive, reading.manifest_signed, reading.files_listed, reading.logged, reading.keys_registered,
             reading.messages_signed, reading.digests_logged, reading.consistent)  # fmt: skip
    checks: list[Check] = []
    for name, step in zip(CHECKS, steps, strict=True):
        reached = all(check.ok for check in checks)
        found = tuple(step()) if reached else ()
        checks.append(Check(name, not found if reached else None, found))
    manifest = reading.manifest
    if manifest is None:
        return Report(tuple(checks), log is not None)
    return Report(tuple(checks), log is not None, manifest.request.id, manifest.export, len(reading.signed),
                  f"{manifest.log.origin} ({manifest.log.size})")  # fmt: skip


class _Reading:
    """What is known of a bundle so far; each step finds what is wrong, and leaves what the next ones need."""

    def __init__(self, data: bytes, log: NoteVerifier | None) -> None:
        self._data = data
        self._log = log
        self._files: dict[str, bytes] = {}
        self._keys: dict[str, LoggedKey] = {}
        self._entries: dict[str, Entry] = {}
        self._compromised_from: dict[str, int] = {}
        self._signer = ""
        self.manifest: Manifest | None = None
        self.signed: list[Signed] = []

    @property
    def _known(self) -> Manifest:
        assert self.manifest is not None  # noqa: S101 - steps 3 to 8 run only after step 2 has read it
        return self.manifest

    def _key(self, kid: str) -> Ed25519PublicKey:
        return self._keys[kid].key.public

    def archive(self) -> Iterator[Finding]:
        """Step 1."""
        try:
            self._files = unpack(self._data)
        except ArchiveError as error:
            yield from (Finding(file, error.code, error.message) for file in error.files)

    def manifest_signed(self) -> Iterator[Finding]:
        """Step 2. The manifest, its signature and the key are judged together: any of them may be what was changed."""
        missing = [name for name in (MANIFEST, SIGNATURE, KEYS) if name not in self._files]
        if missing:
            yield from (Finding(name, "file-missing") for name in missing)
            return
        raw, raw_keys = self._files[MANIFEST], self._files[KEYS]
        try:
            manifest = Manifest.model_validate_json(raw)
            if manifest.encode() != raw:
                raise ValueError("not canonical")
        except ValueError:
            yield Finding(MANIFEST, "manifest-malformed")
            return
        try:
            keys = KeySet.model_validate_json(raw_keys).keys
            self._keys = {key.kid: key for key in keys}
            if len(self._keys) != len(keys):
                raise ValueError("a kid stands twice")
        except ValueError:
            yield Finding(KEYS, "keys-malformed")
            return
        self.manifest = manifest
        try:
            self._signer = verify_jws(self._files[SIGNATURE].decode("latin-1"), raw, self._key)
        except SignatureError as error:
            if error.code == "jws-bad-signature":
                yield Finding(MANIFEST, "manifest-signature")
            yield Finding(SIGNATURE, error.code)
            if manifest.files.get(KEYS) != hashlib.sha256(raw_keys).hexdigest():
                yield Finding(KEYS, "file-changed")

    def files_listed(self) -> Iterator[Finding]:
        """Step 3."""
        manifest = self._known
        for at, step in enumerate(manifest.steps, 1):
            with_message = step.message is not None
            if step != Step.numbered(at, step.index, with_message=with_message) or (
                with_message and at > 1 and manifest.steps[at - 2].message is None
            ):
                yield Finding(MANIFEST, "manifest-malformed")
                return
        if manifest.steps[0].message is None or manifest.files.keys() != {
            KEYS, LOG_KEY, TIMELINE, *(name for step in manifest.steps for name in step.files)
        }:  # fmt: skip
            yield Finding(MANIFEST, "manifest-malformed")
            return
        for name in sorted(self._files.keys() | manifest.files.keys()):
            if name in (MANIFEST, SIGNATURE):
                continue
            if name not in manifest.files:
                yield Finding(name, "file-extra")
            elif name not in self._files:
                yield Finding(name, "file-missing")
            elif hashlib.sha256(self._files[name]).hexdigest() != manifest.files[name]:
                yield Finding(name, "file-changed")

    def logged(self) -> Iterator[Finding]:
        """Step 4."""
        manifest = self._known
        try:
            log = NoteVerifier.parse(self._files[LOG_KEY].decode("utf-8").removesuffix("\n"))
        except (NoteError, ValueError):
            yield Finding(LOG_KEY, "log-key-malformed")
            return
        if str(self._log or log) != str(log) or manifest.log.origin != log.name:
            yield Finding(LOG_KEY, "log-other")
            return
        checkpoint: bytes | None = None
        for step in manifest.steps:
            leaf = self._files[step.entry]
            try:
                proof = LogProof.decode(self._files[step.proof])
                size = proof.verify(leaf, log).size
            except TrustError as error:
                yield Finding(step.proof, error.code, error.message)
                continue
            checkpoint = checkpoint or proof.checkpoint
            if (proof.checkpoint, proof.index, size) != (checkpoint, step.index, manifest.log.size):
                yield Finding(step.proof, "checkpoint-other")
            try:
                entry = self._entries[step.number] = read_entry(leaf)
            except ValueError:
                yield Finding(step.entry, "entry-malformed")
                continue
            if entry.hub != manifest.hub:
                yield Finding(step.entry, "request-other")

    def keys_registered(self) -> Iterator[Finding]:
        """Step 5."""
        manifest = self._known
        last: dict[tuple[str, str], KeyEntry] = {}
        for step in sorted(manifest.steps, key=lambda step: step.index):
            entry = self._entries[step.number]
            if isinstance(entry, KeyEntry):
                last[entry.kid, entry.thumbprint] = entry
                if entry.compromised_at:
                    self._compromised_from.setdefault(entry.kid, step.index)
        for key in self._keys.values():
            registration = last.get((key.kid, key.key.thumbprint))
            if registration is None or not registration.proves(key):
                yield Finding(KEYS, "key-unproven")
        signer = self._keys[self._signer]
        made = micros(manifest.made_at)
        if (signer.party, signer.role, signer.compromised_at) != (manifest.hub, Role.HUB, 0) or not signer.key.valid_at(made):
            yield Finding(SIGNATURE, "manifest-signer")

    def messages_signed(self) -> Iterator[Finding]:
        """Step 6."""
        for step in self._known.steps:
            if step.message is None or step.jws is None:
                continue
            value, jws = self._files[step.message], self._files[step.jws].decode("latin-1")
            try:
                key = self._keys[verify_jws(jws, value, self._key)]
            except SignatureError as error:
                yield Finding(step.jws, error.code)
                continue
            try:
                message = parse(value)
            except ValueError:
                yield Finding(step.message, "message-malformed")
                continue
            claimed = micros(message.time)
            if message.source != key.party:
                yield Finding(step.message, "source-mismatch")
            elif (wrong := self._standing(key, claimed, step.index)) is not None:
                yield Finding(step.message, wrong)
            elif not any(isinstance(message, types) and key.role in roles for types, roles in _ROLES):
                yield Finding(step.message, "type-not-allowed")
            else:
                self.signed.append(Signed(step, step.message, value, jws, message, key.role))

    def digests_logged(self) -> Iterator[Finding]:
        """Step 7."""
        yield from entries(self._known, self._entries, self.signed)

    def consistent(self) -> Iterator[Finding]:
        """Step 8."""
        reused = {one.file: reply for one in self.signed if (reply := self._reused(one)) is not None}
        yield from chain(self._known, self.signed, reused)

    def _reused(self, one: Signed) -> Replied | None:
        """The partner's reply to another request that this result passes on, if its signature holds."""
        if not isinstance(one.message, ResultPassed) or one.message.data.reused is None:
            return None
        copy = one.message.data.message
        value = base64.b64decode(copy.value)
        try:
            key, reply = self._keys[verify_jws(copy.jws, value, self._key)], parse(value)
        except (SignatureError, ValueError):
            return None
        sound = reply.source == key.party and self._standing(key, micros(reply.time), one.step.index) is None
        return reply if isinstance(reply, Replied) and sound and key.role in _PARTNERS else None

    def _standing(self, key: LoggedKey, claimed: int, index: int) -> str | None:
        """What is wrong with a key for what was said at `claimed` (µs) and logged at `index`. One that was reported compromised
        still stands for what it said, and the log took in, before that report."""
        if not key.key.valid_at(claimed):
            return "key-not-valid"
        if key.compromised_at and (claimed >= key.compromised_at or index >= self._compromised_from[key.kid]):
            return "key-compromised"
        return None
