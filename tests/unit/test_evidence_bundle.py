"""What a bundle holds, and what it takes to make one."""

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.bus.topics import Topics
from hub.casework import Casework
from hub.evidence import archive
from hub.evidence.archive import pack, unpack
from hub.evidence.errors import EvidenceError
from hub.evidence.export import export_bundle, find_request
from hub.evidence.manifest import KeySet, Manifest
from hub.evidence.verify import verify_bundle
from hub.rules.calendar import Calendar
from hub.store import tables as t
from hub.store.vault import Vault
from hub.trust.encoding import b64url_decode
from hub.trust.notes import NoteVerifier
from hub.trust.parties import Role
from hub.trust.proofs import LogProof
from schemas.base import from_micros
from schemas.messages import parse
from schemas.samples import PEOPLE
from tests.evidence import LoggedHub
from tests.factories import agency, inquiry
from tests.rig import sample_rulebook


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    yield made
    made.close()


def types(files: dict[str, bytes]) -> list[str]:
    return [parse(files[name]).type.split(".")[2] for name in sorted(files) if name.startswith("messages/") and name.endswith(".json")]


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_a_bundle_holds_every_message_in_order_and_verifies(hub: LoggedHub) -> None:
    request_id = hub.concluded()
    bundle = hub.export(request_id)
    files = unpack(bundle)
    assert types(files) == ["request", "acceptance", "task", "task", "receipt", "receipt", "reply", "result", "non-response", "conclusion"]
    report = verify_bundle(bundle, hub.log_key)
    assert report.ok
    assert (report.trusted, report.request, report.messages, report.export) == (True, request_id, 10, "hub")


def test_files_of_one_number_belong_together(hub: LoggedHub) -> None:
    files = unpack(hub.export(hub.concluded()))
    checkpoints = set()
    for name in files:
        folder, _, number = name.partition("/")
        if folder == "messages" and name.endswith(".json"):
            stem = number.removesuffix(".json")
            digest = hashlib.sha256(files[name]).hexdigest()
            entry = json.loads(files[f"entries/{stem}.json"])
            assert digest in {entry.get("in", {}).get("sha256"), *(sent["sha256"] for sent in entry.get("out", []))}
            assert files[f"messages/{stem}.jws"].count(b"..") == 1
        if folder == "entries":
            proof = LogProof.decode(files[f"proofs/{number.removesuffix('.json')}.tlog-proof"])
            proof.verify(files[name], hub.log_key)
            checkpoints.add(proof.checkpoint)
    assert len(checkpoints) == 1


def test_every_signer_is_among_the_keys_and_nobody_else(hub: LoggedHub) -> None:
    files = unpack(hub.export(hub.concluded()))
    found = {key.party for key in KeySet.model_validate_json(files["keys.jwks.json"]).keys}
    assert found == {"court-9901", "hub", "bank", "vehicle"}


def test_the_timeline_is_masked_and_in_both_languages(hub: LoggedHub) -> None:
    text = unpack(hub.export(hub.concluded("P01")))["timeline.txt"].decode()
    assert "赵**" in text
    assert "Conclusion" in text
    assert "逾期未答" in text
    assert "2026-11-23T09:00:01.000000+08:00" in text
    name, number = PEOPLE["P01"]
    for private in (name, number, number[6:14], "执123号", "何承办"):
        assert private not in text


def test_only_messages_hold_personal_data(hub: LoggedHub) -> None:
    files = unpack(hub.export(hub.concluded("P01")))
    for name, content in files.items():
        if not name.startswith("messages/"):
            assert not any(private.encode() in content for private in (*PEOPLE["P01"], "执123号")), name


def test_a_request_that_was_refused_or_is_still_open_has_a_bundle_too(hub: LoggedHub) -> None:
    refused, _ = hub.tasks(inquiry(partners=["nobody"]))
    still_open, _ = hub.tasks(inquiry(partners=["bank"]))
    hub.logged()
    for request_id, expected in ((refused, ["request", "refusal"]), (still_open, ["request", "acceptance", "task"])):
        bundle = hub.export(request_id)
        assert types(unpack(bundle)) == expected
        assert verify_bundle(bundle, hub.log_key).ok


def test_duplicates_late_and_conflicting_replies_stay_verifiable(hub: LoggedHub) -> None:
    request_id, record = hub.request(inquiry(partners=["bank", "vehicle"]))
    bank, vehicle = [parse(each.value) for each in hub.feed([record]) if ".task" in parse(each.value).type]
    hub.feed([record, hub.reply(bank), hub.reply(bank, "refused")])
    hub.advance(10 * 24 * 3600)
    hub.fire()
    hub.feed([hub.reply(vehicle, "no-record")])
    hub.logged()
    bundle = hub.export(request_id)
    assert verify_bundle(bundle, hub.log_key).ok
    kinds = {json.loads(content)["kind"] for name, content in unpack(bundle).items() if name.startswith("entries/")}
    assert kinds >= {"message.duplicate", "message.rejected", "task.silent", "task.answered", "request.concluded", "party.key"}


# -- what it takes to make one -----------------------------------------------------------------------------------------


def test_an_entry_that_is_not_in_the_log_yet_is_said_so(hub: LoggedHub) -> None:
    hub.logged()
    request_id, _ = hub.tasks(inquiry())
    with pytest.raises(EvidenceError, match="try again") as caught:
        hub.export(request_id)
    assert caught.value.code == "entry-not-logged"
    hub.logged()
    assert verify_bundle(hub.export(request_id), hub.log_key).ok


def test_what_cannot_be_exported_has_a_coded_error(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    with pytest.raises(EvidenceError, match="request-unknown"):
        hub.export("00000000-0000-8000-8000-000000000000")
    with hub.store.write() as connection:
        connection.execute(t.case_keys.delete())
    hub.vault.forget()
    with pytest.raises(EvidenceError, match="case-erased"):
        hub.export(request_id)


def test_a_secret_or_directory_that_does_not_belong_to_the_store_is_said_so(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    right = hub.vault
    hub.vault = Vault(b"x" * 32)
    with pytest.raises(EvidenceError, match="secret-wrong"):
        hub.export(request_id)
    hub.vault = right
    hub.parties["hub"] = agency("hub-two", Role.HUB)
    with pytest.raises(EvidenceError, match="key-unlogged"):
        hub.export(request_id)


def test_a_bundle_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a": b"x" * 100, "b": b""}
    size = len(pack(files))
    monkeypatch.setattr(archive, "LARGEST", size)
    assert unpack(pack(files)) == files
    monkeypatch.setattr(archive, "LARGEST", size - 1)
    with pytest.raises(EvidenceError, match="bundle-too-large"):
        pack(files)
    with pytest.raises(EvidenceError, match="bundle-too-large"):
        pack({f"{number}": b"" for number in range(0x10000)})


def test_a_request_id_that_two_courts_use_needs_the_court(hub: LoggedHub) -> None:
    request_id, _ = hub.tasks(inquiry())
    _, record = hub.request(inquiry(court="court-9902"), court="court-9902", id=request_id)
    hub.feed([record])
    with hub.store.read() as connection:
        with pytest.raises(EvidenceError, match="request-ambiguous"):
            find_request(connection, request_id)
        keys_found = {find_request(connection, request_id, court) for court in ("court-9901", "court-9902")}
        assert len(keys_found) == 2


def test_a_store_that_differs_from_the_log_gives_no_bundle(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    with hub.store.write() as connection:
        rows = connection.execute(t.audit.select().where(t.audit.c.kind == "request.accepted")).one()
        changed = rows.leaf.replace(b"request.accepted", b"request.accepteD")
        connection.execute(t.audit.update().where(t.audit.c.seq == rows.seq).values(leaf=changed))
    with pytest.raises(EvidenceError, match="log-differs"):
        hub.export(request_id)


def test_an_offline_export_says_so(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    with hub.store.read() as connection:
        bundle = export_bundle(
            connection, hub.vault, hub.directory, Calendar(), hub.log_directory, key=find_request(connection, request_id),
            hub="hub", signer=hub.parties["hub"].signer, now=hub.now, export="operator-offline",
        )  # fmt: skip
    report = verify_bundle(bundle, hub.log_key)
    assert report.ok
    assert any("离线导出" in line for line in report.lines())
    assert Manifest.model_validate_json(unpack(bundle)["manifest.json"]).made_at == from_micros(hub.now)


# -- with tools that we did not write ----------------------------------------------------------------------------------


def openssl(folder: Path, public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `openssl pkeyutl` alone verifies an Ed25519 signature (RFC 8410 gives the public key's 12-byte prefix)."""
    der = bytes.fromhex("302a300506032b6570032100") + public
    for name, content in (("key.der", der), ("message", message), ("signature", signature)):
        (folder / name).write_bytes(content)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin", "-in", "message",
               "-sigfile", "signature"]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60).returncode == 0


def statement_of(value: bytes, signature: str) -> tuple[str, bytes]:
    """The JWS of a plain or a batch signature and what it signs, by hashing alone: as a stranger makes it again."""
    jws, *place = signature.split("~")
    if not place:
        return jws, value
    path, node = b64url_decode(place[1]), hashlib.sha256(b"\0" + hashlib.sha256(value).digest()).digest()
    siblings = [path[at : at + 32] for at in range(0, len(path), 32)]
    for level, sibling in enumerate(siblings):
        node = hashlib.sha256(b"\1" + (sibling + node if int(place[0]) >> level & 1 else node + sibling)).digest()
    return jws, b"liandong-batch-v1\n%d\n%s\n" % (2 ** len(siblings), base64.b64encode(node))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_alone_verifies_messages_manifest_and_checkpoint(hub: LoggedHub, tmp_path: Path) -> None:
    files = unpack(hub.export(hub.controlled()))
    assert any(b"~" in content for name, content in files.items() if name.endswith(".jws")), "batch signatures are among them"
    held = {key["kid"]: b64url_decode(key["x"]) for key in json.loads(files["keys.jwks.json"])["keys"]}
    for name in ("manifest.jws", "messages/001.jws", "messages/003.jws", "messages/005.jws"):
        jws, value = statement_of(files[name.replace(".jws", ".json")], files[name].decode())
        protected, _, signature = jws.split(".")
        public = held[json.loads(b64url_decode(protected))["kid"]]
        assert openssl(tmp_path, public, protected.encode() + b"." + value, b64url_decode(signature)), name
        assert not openssl(tmp_path, public, protected.encode() + b"." + value + b" ", b64url_decode(signature)), name
    _, _, checkpoint = files["proofs/001.tlog-proof"].partition(b"\n\n")
    text, _, line = checkpoint.partition(b"\n\n")
    public = base64.b64decode(files["log.vkey"].decode().strip().split("+", 2)[2])[1:]
    blob = base64.b64decode(line.split()[2])
    assert openssl(tmp_path, public, text + b"\n", blob[4:])
    assert NoteVerifier.parse(files["log.vkey"].decode().strip()).key_id == blob[:4]


# -- what courts state, and what the hub says of its own accord ---------------------------------------------------------


def test_a_bundle_of_a_disposed_measure_holds_the_statement_and_its_answer(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    hub.feed([hub.statement({"original": request_id, "extent": "full", "on": "2026-11-23"}, "disposal")[1]])
    hub.logged()
    bundle = hub.export(request_id)
    assert types(unpack(bundle))[-2:] == ["disposal", "noted"]
    assert verify_bundle(bundle, hub.log_key).ok


def test_a_bundle_of_a_silent_partner_s_request_holds_its_nudges_and_its_supervision(hub: LoggedHub) -> None:
    rules = sample_rulebook(hub.directory)
    agreements = {name: replace(each, reply_within=24 * 3600) for name, each in rules.linkage.agreements.items()}
    hub.casework = Casework(replace(rules, linkage=replace(rules.linkage, agreements=agreements)), Topics())
    request_id, (task,) = hub.tasks(inquiry(partners=["bank"]))
    hub.feed([hub.receipt(task)])
    hub.run_until(hub.now + 30 * 24 * 3600 * 1_000_000)
    hub.logged()
    bundle = hub.export(request_id)
    told = types(unpack(bundle))
    assert (told.count("nudge"), told.count("event")) == (4, 3)
    assert verify_bundle(bundle, hub.log_key).ok


def test_a_bundle_with_a_reused_answer_holds_the_partner_s_signature_of_it(hub: LoggedHub) -> None:
    rules = sample_rulebook(hub.directory)
    agreements = {name: replace(each, fresh_for=24 * 3600) for name, each in rules.linkage.agreements.items()}
    hub.casework = Casework(replace(rules, linkage=replace(rules.linkage, agreements=agreements)), Topics())
    _, (task,) = hub.tasks(inquiry(partners=["bank"]))
    hub.feed([hub.receipt(task), hub.reply(task)])
    again, tasks = hub.tasks(inquiry(partners=["bank"]))
    assert tasks == [], "the bank is not asked again"
    hub.logged()
    bundle = hub.export(again)
    files = unpack(bundle)
    assert types(files) == ["request", "acceptance", "result", "conclusion"]
    assert verify_bundle(bundle, hub.log_key).ok
    assert "bank" in {key.party for key in KeySet.model_validate_json(files["keys.jwks.json"]).keys}
