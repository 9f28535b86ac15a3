"""The referral of a case (拒执罪移送): the bundles of all its requests in one archive, under one manifest that the hub has signed.

刑法 art. 313 and 法释〔2024〕13号 (拒不执行判决、裁定罪): a court that refers the offence hands over what shows the means, the measures and
the refusal. Each bundle inside verifies by itself; the manifest says that they are these and no others, and all of one case.
On bytes only, without store or clock.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field

from hub.evidence.archive import ARCHIVE, pack, unpack
from hub.evidence.errors import ArchiveError
from hub.evidence.manifest import KEYS, LOG_KEY, MANIFEST, KeySet, LoggedKey, Manifest, RequestName
from hub.evidence.report import REFERRAL_CHECKS, Check, Finding, Report
from hub.evidence.verify import verify_bundle
from hub.trust.errors import SignatureError
from hub.trust.jws import Signer
from hub.trust.jws import verify as verify_jws
from hub.trust.notes import NoteVerifier
from hub.trust.parties import Role
from schemas.base import Model, PartyId, Sha256, Timestamp, micros
from schemas.identifiers import CaseNumber
from schemas.messages import RequestMessage, parse

REFERRAL, REFERRAL_SIGNATURE = "referral.json", "referral.jws"
_FOLDER = "bundles/"
_FIRST_NAME = 30
"""Where the name of an archive's first file begins (APPNOTE.TXT, 4.3.7); names are sorted."""


class Enclosed(Model):
    """One bundle, by its file, its SHA-256 and the request that it is about."""

    file: str
    sha256: Sha256
    request: RequestName


class ReferralManifest(Model):
    """What a referral holds; signed by the hub. An operator made it from the hub's files, which leaves no entry in the log."""

    v: Literal[1]
    hub: PartyId
    made_at: Timestamp
    export: Literal["operator-offline"]
    case_number: CaseNumber
    bundles: Annotated[tuple[Enclosed, ...], Field(min_length=1)]

    def encode(self) -> bytes:
        """JSON in its canonical form (RFC 8785)."""
        return rfc8785.dumps(self.model_dump(mode="json", exclude_none=True))


def build_referral(case_number: str, bundles: Sequence[bytes], *, hub: str, made_at: datetime, signer: Signer) -> bytes:
    """The archive of these bundles (at least one, each verified before), oldest request first.

    Raises `EvidenceError` bundle-too-large when they are too many or too much for one archive.
    """
    files = {f"{_FOLDER}{at:04d}.zip": bundle for at, bundle in enumerate(bundles, 1)}
    enclosed = tuple(
        Enclosed(file=name, sha256=hashlib.sha256(bundle).hexdigest(), request=_manifest(unpack(bundle)).request)
        for name, bundle in files.items()
    )
    manifest = ReferralManifest(v=1, hub=hub, made_at=made_at, export="operator-offline", case_number=case_number,
                                bundles=enclosed).encode()  # fmt: skip
    return pack(files | {REFERRAL: manifest, REFERRAL_SIGNATURE: signer.sign(manifest).encode("ascii")})


def is_referral(data: bytes) -> bool:
    """Whether `data` is to be verified as a referral: its first file is a bundle. Says nothing of whether it is sound."""
    return data[_FIRST_NAME : _FIRST_NAME + len(_FOLDER)] == _FOLDER.encode()


def verify_referral(data: bytes, log: NoteVerifier | None = None) -> Report:
    """Check the referral `data`, every bundle inside included; `log` as for `verify_bundle`. Never raises."""
    reading = _Reading(data, log)
    checks: list[Check] = []
    for name, step in zip(REFERRAL_CHECKS, (reading.archive, reading.each_bundle, reading.listed), strict=True):
        reached = all(check.ok for check in checks)
        found = tuple(step()) if reached else ()
        checks.append(Check(name, not found if reached else None, found))
    if reading.manifest is None:
        return Report(tuple(checks), log is not None)
    return Report(tuple(checks), log is not None, None, reading.manifest.export, reading.messages, reading.log_name)


class _Reading:
    """What is known of a referral so far; each step rests on those before it."""

    def __init__(self, data: bytes, log: NoteVerifier | None) -> None:
        self._data = data
        self._log = log
        self._files: dict[str, bytes] = {}
        self._bundles: dict[str, dict[str, bytes]] = {}
        self.manifest: ReferralManifest | None = None
        self.messages = 0
        self.log_name: str | None = None

    def archive(self) -> Iterator[Finding]:
        """The archive is exactly what `pack` makes of its files."""
        try:
            self._files = unpack(self._data)
        except ArchiveError as error:
            yield from (Finding(file, error.code, error.message) for file in error.files)

    def each_bundle(self) -> Iterator[Finding]:
        """Every bundle verifies, all of them against one log."""
        log = self._log
        for name in sorted(name for name in self._files if name.startswith(_FOLDER)):
            report = verify_bundle(self._files[name], log)
            yield from (
                Finding(name if each.file == ARCHIVE else f"{name}/{each.file}", each.code, each.detail) for each in report.findings
            )
            if report.ok:
                self._bundles[name] = files = unpack(self._files[name])
                log = log or NoteVerifier.parse(files[LOG_KEY].decode().removesuffix("\n"))
                self.messages += report.messages
                self.log_name = report.log

    def listed(self) -> Iterator[Finding]:
        """The manifest is the hub's, and these bundles and no others are those that it lists, all of its case."""
        missing = [name for name in (REFERRAL, REFERRAL_SIGNATURE) if name not in self._files]
        if missing:
            yield from (Finding(name, "file-missing") for name in missing)
            return
        raw = self._files[REFERRAL]
        try:
            manifest = ReferralManifest.model_validate_json(raw)
            if manifest.encode() != raw:
                raise ValueError("not canonical")
        except ValueError:
            yield Finding(REFERRAL, "manifest-malformed")
            return
        self.manifest = manifest
        unsigned = tuple(self._signed(manifest, raw))
        yield from unsigned
        if not unsigned:
            yield from self._as_listed(manifest)

    def _as_listed(self, manifest: ReferralManifest) -> Iterator[Finding]:
        wanted = {each.file: each for each in manifest.bundles}
        if list(wanted) != [f"{_FOLDER}{at:04d}.zip" for at in range(1, len(manifest.bundles) + 1)]:
            yield Finding(REFERRAL, "manifest-malformed")
            return
        for name in sorted(wanted.keys() | self._files.keys() - {REFERRAL, REFERRAL_SIGNATURE}):
            if name not in wanted:
                yield Finding(name, "file-extra")
            elif name not in self._files:
                yield Finding(name, "file-missing")
            elif hashlib.sha256(self._files[name]).hexdigest() != wanted[name].sha256:
                yield Finding(name, "file-changed")
            elif not _belongs(self._bundles[name], manifest, wanted[name]):
                yield Finding(name, "case-other")

    def _signed(self, manifest: ReferralManifest, raw: bytes) -> Iterator[Finding]:
        """By a key that the log has, in every bundle, as a valid one of this hub's."""
        try:
            kid = verify_jws(self._files[REFERRAL_SIGNATURE].decode("latin-1"), raw, self._public)
        except SignatureError as error:
            if error.code == "jws-bad-signature":
                yield Finding(REFERRAL, "manifest-signature")
            yield Finding(REFERRAL_SIGNATURE, error.code)
            return
        at = micros(manifest.made_at)
        for files in self._bundles.values():
            key = _keys(files).get(kid)
            if key is None or (key.party, key.role, key.compromised_at) != (manifest.hub, Role.HUB, 0) or not key.key.valid_at(at):
                yield Finding(REFERRAL_SIGNATURE, "manifest-signer")
                return

    def _public(self, kid: str) -> Ed25519PublicKey:
        """The key of this name in the first bundle. Raises KeyError."""
        return _keys(next(iter(self._bundles.values()), {}))[kid].key.public


def _belongs(files: dict[str, bytes], manifest: ReferralManifest, enclosed: Enclosed) -> bool:
    """Whether a verified bundle is this hub's, about the request that is listed, and that in the case that is referred."""
    own = _manifest(files)
    request = parse(files[str(own.steps[0].message)])
    return (own.hub, own.request) == (manifest.hub, enclosed.request) and (
        isinstance(request, RequestMessage) and request.data.legal.case_number == manifest.case_number
    )


def _manifest(files: dict[str, bytes]) -> Manifest:
    return Manifest.model_validate_json(files[MANIFEST])


def _keys(files: dict[str, bytes]) -> dict[str, LoggedKey]:
    return {key.kid: key for key in KeySet.model_validate_json(files[KEYS]).keys} if KEYS in files else {}
