"""What neither an outsider nor a hub that lies can make of a bundle: each forgery fails at the check that is meant for it."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from hub.evidence.archive import unpack
from hub.evidence.errors import EvidenceError
from hub.evidence.manifest import LogName, Manifest
from hub.evidence.verify import verify_bundle
from hub.store import tables as t
from hub.trust import keys
from hub.trust.jws import Signer
from schemas.base import CHINA, micros
from tests.evidence import LoggedHub, failed, resigned, with_keys
from tests.factories import control, inquiry, message

AT = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    yield made
    made.close()


# -- whose log, whose key ----------------------------------------------------------------------------------------------


def test_without_a_key_the_report_says_what_it_is_worth(hub: LoggedHub) -> None:
    report = verify_bundle(hub.export(hub.controlled()))
    assert report.ok
    assert not report.trusted
    assert any("取自本包" in line and "came from the bundle itself" in line for line in report.lines())
    assert report.as_json()["log_key"] == "bundle"


def test_a_bundle_of_another_log_fails_against_a_trusted_key(hub: LoggedHub, tmp_path: Path) -> None:
    other = LoggedHub(tmp_path / "other")
    forged = other.export(other.controlled())
    other.close()
    assert verify_bundle(forged).ok
    assert failed(verify_bundle(forged, hub.log_key)) == ("log", {("log.vkey", "log-other")})


def test_the_logs_key_put_into_a_forgers_bundle_does_not_help_it(hub: LoggedHub, tmp_path: Path) -> None:
    other = LoggedHub(tmp_path / "other")
    bundle = other.export(other.controlled())
    other.close()

    def put(files: dict[str, bytes]) -> None:
        files["log.vkey"] = f"{hub.log_key}\n".encode()

    forged = resigned(bundle, other.parties["hub"].signer, put)
    check, found = failed(verify_bundle(forged, hub.log_key))
    assert check == "log"
    assert {code for _, code in found} == {"note-unsigned"}


def test_a_key_that_the_log_does_not_know_proves_nothing(hub: LoggedHub) -> None:
    """Whoever replaces a key in the set, and signs all that it signed anew, lacks the registration in the log."""
    bundle = hub.export(hub.controlled())
    pair = keys.generate("hub#1")

    def replace_key(files: dict[str, bytes]) -> None:
        held = json.loads(files["keys.jwks.json"])
        for key in held["keys"]:
            if key["kid"] == "hub#1":
                key["x"] = pair.public_jwk()["x"]
        files["keys.jwks.json"] = json.dumps(held).encode()

    forged = resigned(bundle, Signer(pair), replace_key)
    assert failed(verify_bundle(forged, hub.log_key)) == ("keys", {("keys.jwks.json", "key-unproven")})


@pytest.mark.parametrize("member", ["party", "role", "valid_from", "valid_until", "compromised_at"])
def test_a_key_must_be_as_the_log_has_it(hub: LoggedHub, member: str) -> None:
    def change(files: dict[str, bytes]) -> None:
        held = json.loads(files["keys.jwks.json"])
        key = held["keys"][0]
        key[member] = {"party": "police", "role": "connector-for"}.get(member) or key[member] + 1
        files["keys.jwks.json"] = json.dumps(held).encode()

    forged = resigned(hub.export(hub.controlled()), hub.parties["hub"].signer, change)
    assert failed(verify_bundle(forged, hub.log_key)) == ("keys", {("keys.jwks.json", "key-unproven")})


def test_only_the_hub_may_sign_a_manifest(hub: LoggedHub) -> None:
    forged = resigned(hub.export(hub.controlled()), hub.parties["bank"].signer)
    assert failed(verify_bundle(forged, hub.log_key)) == ("keys", {("manifest.jws", "manifest-signer")})
    old = resigned(hub.export(hub.controlled()), hub.parties["hub"].signer,
                   made_at=datetime(2020, 1, 1, tzinfo=CHINA))  # fmt: skip
    assert failed(verify_bundle(old, hub.log_key)) == ("keys", {("manifest.jws", "manifest-signer")})


def test_a_key_reported_compromised_stands_only_for_what_was_logged_before(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    hub.advance(3600)
    at = hub.now - 60 * 1_000_000
    hub.register(with_keys(hub.directory, "bank", compromised_at=at))
    hub.logged()
    bundle = hub.export(request_id)
    assert verify_bundle(bundle, hub.log_key).ok
    assert sum(b'"party.key"' in content for content in unpack(bundle).values()) == 4  # three keys, one of them reported

    hub.register(with_keys(hub.directory, "bank", compromised_at=micros(datetime(2026, 11, 23, tzinfo=CHINA))))
    hub.logged()
    with pytest.raises(EvidenceError) as caught:  # the report now reaches back behind the messages
        hub.export(request_id)
    assert caught.value.code == "bundle-unsound"
    assert "key-compromised" in caught.value.message


# -- a hub that lies ---------------------------------------------------------------------------------------------------


def change_message(number: str, change: Callable[[bytes], bytes], hub: LoggedHub, signer: str) -> Change:
    """Change one message and sign it anew in the name of `signer`."""

    def apply(files: dict[str, bytes]) -> None:
        value = change(files[f"messages/{number}.json"])
        files[f"messages/{number}.json"] = value
        files[f"messages/{number}.jws"] = hub.parties[signer].signer.sign(value).encode()

    return apply


def test_a_message_changed_by_its_own_sender_is_not_the_logged_one(hub: LoggedHub) -> None:
    bundle = hub.export(hub.controlled())
    later = change_message("005", lambda value: value.replace(b'"effective"', b'"queued"'), hub, "bank")
    check, found = failed(verify_bundle(resigned(bundle, hub.parties["hub"].signer, later), hub.log_key))
    assert check == "entries"
    assert ("entries/005.json", "entry-other") in found


def test_a_message_signed_by_another_party_is_refused(hub: LoggedHub) -> None:
    bundle = hub.export(hub.controlled())
    stolen = change_message("005", lambda value: value, hub, "hub")
    report = verify_bundle(resigned(bundle, hub.parties["hub"].signer, stolen), hub.log_key)
    assert failed(report) == ("signatures", {("messages/005.json", "source-mismatch")})


def test_a_swapped_entry_or_proof_is_refused(hub: LoggedHub) -> None:
    bundle = hub.export(hub.concluded())

    def swap_entries(files: dict[str, bytes]) -> None:
        files["entries/005.json"], files["entries/006.json"] = files["entries/006.json"], files["entries/005.json"]

    check, found = failed(verify_bundle(resigned(bundle, hub.parties["hub"].signer, swap_entries), hub.log_key))
    assert check == "log"
    assert {file for file, _ in found} == {"proofs/005.tlog-proof", "proofs/006.tlog-proof"}

    def swap_both(files: dict[str, bytes]) -> None:
        swap_entries(files)
        one, other = "proofs/005.tlog-proof", "proofs/006.tlog-proof"
        files[one], files[other] = files[other], files[one]

    check, found = failed(verify_bundle(resigned(bundle, hub.parties["hub"].signer, swap_both), hub.log_key))
    assert found == {("proofs/005.tlog-proof", "checkpoint-other"), ("proofs/006.tlog-proof", "checkpoint-other")}


def test_all_proofs_lead_to_the_checkpoint_of_the_manifest(hub: LoggedHub) -> None:
    signer = hub.parties["hub"].signer
    request_id = hub.controlled()
    bundle = hub.export(request_id)
    wrong = resigned(bundle, signer, log=LogName(origin=hub.log_key.name, size=3))
    assert {code for _, code in failed(verify_bundle(wrong, hub.log_key))[1]} == {"checkpoint-other"}
    hub.tasks(inquiry())
    hub.logged()
    newer = unpack(hub.export(request_id))

    def one_newer(files: dict[str, bytes]) -> None:
        files["proofs/002.tlog-proof"] = newer["proofs/002.tlog-proof"]

    mixed = resigned(bundle, signer, one_newer)
    assert failed(verify_bundle(mixed, hub.log_key)) == ("log", {("proofs/002.tlog-proof", "checkpoint-other")})


def test_a_message_left_out_is_missed_by_its_entry(hub: LoggedHub) -> None:
    """A bundle cannot be thinned out: whatever its entries name must be here."""
    bundle = hub.export(hub.controlled())
    manifest = Manifest.model_validate_json(unpack(bundle)["manifest.json"])
    last = max(at for at, step in enumerate(manifest.steps) if step.message is not None)
    gone = manifest.steps[last]
    kept = tuple(step.model_copy(update={"message": None, "jws": None}) if step is gone else step for step in manifest.steps)

    def drop(files: dict[str, bytes]) -> None:
        del files[str(gone.message)], files[str(gone.jws)]

    check, found = failed(verify_bundle(resigned(bundle, hub.parties["hub"].signer, drop, steps=kept), hub.log_key))
    assert check == "entries"
    assert ("entries/" + gone.number + ".json", "entry-open") in found


def test_steps_must_be_numbered_in_order_messages_first(hub: LoggedHub) -> None:
    bundle = hub.export(hub.controlled())
    steps = Manifest.model_validate_json(unpack(bundle)["manifest.json"]).steps
    wrong = resigned(bundle, hub.parties["hub"].signer, steps=tuple(reversed(steps)))
    assert failed(verify_bundle(wrong, hub.log_key)) == ("files", {("manifest.json", "manifest-malformed")})


def test_a_file_beyond_those_of_its_steps_is_no_part_of_a_bundle(hub: LoggedHub) -> None:
    def add(files: dict[str, bytes]) -> None:
        files["readme.txt"] = b"believe me"

    forged = resigned(hub.export(hub.controlled()), hub.parties["hub"].signer, add)
    assert failed(verify_bundle(forged, hub.log_key)) == ("files", {("manifest.json", "manifest-malformed")})


@pytest.mark.parametrize(
    ("file", "content", "check", "code"),
    [
        ("log.vkey", b"no key\n", "log", "log-key-malformed"),
        ("log.vkey", b"\xff", "log", "log-key-malformed"),
        ("messages/005.jws", b"\xff..", "signatures", "jws-malformed"),
        ("messages/005.jws", b"", "signatures", "jws-malformed"),
    ],
)
def test_signed_nonsense_is_still_nonsense(hub: LoggedHub, file: str, content: bytes, check: str, code: str) -> None:
    def put(files: dict[str, bytes]) -> None:
        files[file] = content

    forged = resigned(hub.export(hub.controlled()), hub.parties["hub"].signer, put)
    assert failed(verify_bundle(forged, hub.log_key)) == (check, {(file, code)})


def freeze(hub: LoggedHub) -> str:
    """A request whose entries are not in the log yet."""
    request_id, (task,) = hub.tasks(control())
    hub.feed([hub.receipt(task)])
    return request_id


def unsound(hub: LoggedHub, request_id: str) -> str:
    """File and code for which the bundle of a request is not given out."""
    hub.logged()
    with pytest.raises(EvidenceError) as caught:
        hub.export(request_id)
    assert caught.value.code == "bundle-unsound"
    return caught.value.message.partition(": ")[2]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"kind":', b' "kind":', "entry-malformed"),  # JSON, but not canonical
        (b'"v":1', b'"v":2', "entry-malformed"),
        (b'"hub":"hub"', b'"hub":"hub-two"', "request-other"),
    ],
)
def test_what_is_logged_in_another_form_proves_nothing(hub: LoggedHub, old: bytes, new: bytes, code: str) -> None:
    request_id = freeze(hub)
    with hub.store.write() as connection:
        row = connection.execute(t.audit.select().where(t.audit.c.kind == "task.received")).one()
        changed = t.audit.update().where(t.audit.c.seq == row.seq).values(leaf=row.leaf.replace(old, new))
        connection.execute(changed)
    assert unsound(hub, request_id) == f"entries/004.json, {code}"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _: b"{}", "message-malformed"),
        (lambda value: value.replace(b'"time": "2026', b'"time": "2020'), "key-not-valid"),
        (lambda _: message("liandong.inquiry.request.v1", "bank", "hub", inquiry(), time=AT), "type-not-allowed"),
    ],
)
def test_a_well_signed_message_may_still_be_none(hub: LoggedHub, change: Callable[[bytes], bytes], code: str) -> None:
    """What the hub took in without looking would not pass the verifier, whoever signed it."""
    request_id = freeze(hub)
    with hub.store.write() as connection:
        row = connection.execute(t.messages.select().where(t.messages.c.source == "bank")).one()
        value = change(hub.vault.open(connection, row.case_token, row.sealed))
        sealed = hub.vault.seal(connection, row.case_token, value)
        forged = {"sealed": sealed, "jws": hub.parties["bank"].signer.sign(value)}
        connection.execute(t.messages.update().where(t.messages.c.pk == row.pk).values(**forged))
    assert unsound(hub, request_id) == f"messages/004.json, {code}"
