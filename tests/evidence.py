"""A hub without a bus but with its log: requests run to their end, and bundles of them; and ways to tamper with those."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hub.bootstrap import Hub
from hub.casework import maintenance
from hub.evidence.archive import pack, unpack
from hub.evidence.export import export_bundle, find_request
from hub.evidence.manifest import MANIFEST, SIGNATURE, Manifest
from hub.evidence.report import Report
from hub.rules.calendar import Calendar
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.notes import NoteSigner, NoteVerifier
from hub.trust.parties import Directory, Party
from tests.factories import Data, control, inquiry
from tests.rig import MASTER, Rig, agree, said


class LoggedHub(Rig):
    """The rig with its parties' keys registered and an audit log in `folder/log`."""

    def __init__(self, folder: Path, master: bytes = MASTER) -> None:
        super().__init__(folder, master)
        self.log_directory = folder / "log"
        self.log_directory.mkdir()
        self._log_signer = NoteSigner.of(keys.generate("hub.test/log"))
        self.log_key: NoteVerifier = self._log_signer.verifier
        (self.log_directory / "log.vkey").write_text(f"{self.log_key}\n", encoding="utf-8")
        self.register(self.directory)

    def register(self, directory: Directory) -> None:
        """Log every key of `directory` that the log does not have as it is now, just as a hub that starts."""
        self.directory = directory
        with self.work() as work:
            Hub._register_keys(cast(Hub, SimpleNamespace(directory=directory)), work)

    def rest(self, *windows: tuple[float, float]) -> None:
        """Every partner rests from so many seconds after now until so many; the hub starts anew with that."""
        spans = tuple((self.now + round(begin * 1_000_000), self.now + round(until * 1_000_000)) for begin, until in windows)
        linkage = agree(self, self.clock + timedelta(days=900), maintenance=spans)
        with self.work() as work:
            maintenance.register(work, linkage)

    def logged(self) -> None:
        """Put every entry into the log and publish its checkpoint."""
        self.sequence(self.log_directory, self._log_signer)

    def tasks(self, data: Data) -> tuple[str, list[Any]]:
        """A new request's id, and the tasks that it led to."""
        request_id, record = self.request(data)
        return request_id, [each for each in said(self.feed([record])) if each.type.endswith(".task.v1")]

    def concluded(self, who: str = "P01") -> str:
        """An inquiry to two partners: one has received it and answered, the other stays silent. Returns its id."""
        request_id, (bank, vehicle) = self.tasks(inquiry(who, partners=["bank", "vehicle"]))
        self.feed([self.receipt(bank), self.receipt(vehicle)])
        self.advance(1)
        self.feed([self.reply(bank, "no-record")])
        self.advance(10 * 24 * 3600)
        self.fire()
        self.logged()
        return request_id

    def controlled(self) -> str:
        """A freeze that took effect. Returns its id."""
        request_id, (task,) = self.tasks(control())
        self.feed([self.receipt(task), self.reply(task, "result")])
        self.logged()
        return request_id

    def export(self, request_id: str) -> bytes:
        """The bundle of a request, as the running hub makes it."""
        with self.store.read() as connection:
            return export_bundle(
                connection, self.vault, self.directory, Calendar(), self.log_directory,
                key=find_request(connection, request_id), hub="hub", signer=self.parties["hub"].signer, now=self.now, export="hub",
            )  # fmt: skip


def with_keys(directory: Directory, party_id: str, **changes: Any) -> Directory:
    """`directory` with `changes` made to the first key of one party."""
    def changed(party: Party) -> Party:
        return replace(party, keys=(replace(party.keys[0], **changes), *party.keys[1:]))

    return Directory.of(changed(party) if party.id == party_id else party for party in directory.parties.values())


def resigned(
    bundle: bytes, signer: Signer, change: Callable[[dict[str, bytes]], None] | None = None, **manifest_changes: Any
) -> bytes:
    """What a hub that lies could make of a bundle: its files changed, and the manifest set right and signed again."""
    files = unpack(bundle)
    if change is not None:
        change(files)
    manifest = Manifest.model_validate_json(files[MANIFEST]).model_copy(update=manifest_changes)
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in files if name not in (MANIFEST, SIGNATURE)}
    raw = manifest.model_copy(update={"files": digests}).encode()
    return pack(files | {MANIFEST: raw, SIGNATURE: signer.sign(raw).encode()})


def failed(report: Report) -> tuple[str, set[tuple[str, str]]]:
    """The check that failed, and (file, code) of what it found; whatever rests on it was not run."""
    at = next(at for at, check in enumerate(report.checks) if check.ok is False)
    assert all(check.ok for check in report.checks[:at])
    assert all(check.ok is None for check in report.checks[at + 1 :])
    return report.checks[at].name, {(finding.file, finding.code) for finding in report.checks[at].findings}
