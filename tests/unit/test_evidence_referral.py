"""The referral of a case (拒执罪移送): every request's bundle under one signed list, and whatever is changed in it is named."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.evidence.archive import pack, unpack
from hub.evidence.manifest import MANIFEST, Manifest
from hub.evidence.referral import (
    REFERRAL,
    REFERRAL_SIGNATURE,
    Enclosed,
    ReferralManifest,
    build_referral,
    is_referral,
    verify_referral,
)
from hub.trust.jws import Signer
from hub.trust.parties import Role
from schemas import samples
from tests.evidence import LoggedHub, failed
from tests.factories import agency, control, inquiry

CASE = samples.case_number()
FIRST, SECOND = "bundles/0001.zip", "bundles/0002.zip"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    yield made
    made.close()


def referral(hub: LoggedHub, *request_ids: str, case: str = CASE) -> bytes:
    bundles = [hub.export(request_id) for request_id in request_ids]
    return build_referral(case, bundles, hub="hub", made_at=hub.clock, signer=hub.parties["hub"].signer)


def remade(data: bytes, signer: Signer, change: Callable[[dict[str, bytes]], None], **changes: Any) -> bytes:
    """What whoever has this signer could make of a referral: files changed, the list set right and signed again."""
    files = unpack(data)
    change(files)
    manifest = ReferralManifest.model_validate_json(files[REFERRAL])
    enclosed = tuple(each.model_copy(update={"sha256": hashlib.sha256(files[each.file]).hexdigest()}) for each in manifest.bundles)
    raw = manifest.model_copy(update={"bundles": enclosed, **changes}).encode()
    return pack(files | {REFERRAL: raw, REFERRAL_SIGNATURE: signer.sign(raw).encode()})


def nothing(files: dict[str, bytes]) -> None:
    """No change."""


def test_a_referral_verifies_with_every_message_of_its_bundles(hub: LoggedHub) -> None:
    data = referral(hub, hub.concluded(), hub.controlled())
    assert is_referral(data)
    report = verify_referral(data, hub.log_key)
    assert report.findings == ()
    assert (report.ok, report.trusted, report.export) == (True, True, "operator-offline")
    inside = [name for bundle in unpack(data).values() if bundle[:2] == b"PK" for name in unpack(bundle)]
    assert report.messages == len([name for name in inside if name.startswith("messages/") and name.endswith(".json")]) > 10
    assert "日志公钥取自本包" in "\n".join(verify_referral(data).lines())


def test_a_bundle_is_no_referral(hub: LoggedHub) -> None:
    bundle = hub.export(hub.controlled())
    assert not is_referral(bundle)
    assert failed(verify_referral(bundle, hub.log_key)) == ("referral", {(REFERRAL, "file-missing"), (REFERRAL_SIGNATURE, "file-missing")})


def test_a_byte_changed_anywhere_is_found_and_its_file_named(hub: LoggedHub) -> None:
    data = referral(hub, hub.controlled())
    for at in range(0, len(data), 97):
        changed = bytearray(data)
        changed[at] ^= 1
        assert not verify_referral(bytes(changed), hub.log_key).ok, at
    for name, content in unpack(data).items():
        changed = bytearray(data)
        changed[data.index(content) + len(content) // 2] ^= 1
        assert failed(verify_referral(bytes(changed), hub.log_key)) == ("archive", {(name, "archive-damaged")})


def test_a_message_changed_in_a_bundle_that_is_packed_anew_is_named_with_its_bundle(hub: LoggedHub) -> None:
    files = unpack(referral(hub, hub.concluded(), hub.controlled()))
    inner = unpack(files[SECOND])
    inner["messages/005.json"] = inner["messages/005.json"].replace(b"effective", b"defective")
    files[SECOND] = pack(inner)
    assert failed(verify_referral(pack(files), hub.log_key)) == ("bundles", {(f"{SECOND}/messages/005.json", "file-changed")})


@pytest.mark.parametrize(("change", "found"), [
    (lambda files: files.pop(SECOND), {(SECOND, "file-missing")}),
    (lambda files: files.update({SECOND: files[FIRST]}), {(SECOND, "file-changed")}),
    (lambda files: files.update({"bundles/0003.zip": files[FIRST]}), {("bundles/0003.zip", "file-extra")}),
    (lambda files: files.pop(REFERRAL_SIGNATURE), {(REFERRAL_SIGNATURE, "file-missing")}),
    (lambda files: files.update({REFERRAL: files[REFERRAL].replace("执123号".encode(), "执124号".encode())}),
     {(REFERRAL, "manifest-signature"), (REFERRAL_SIGNATURE, "jws-bad-signature")}),
    (lambda files: files.update({REFERRAL: files[REFERRAL] + b" "}), {(REFERRAL, "manifest-malformed")}),
])  # fmt: skip
def test_what_was_left_out_added_or_changed_is_named(hub: LoggedHub, change: Callable[[dict[str, bytes]], None], found: set[tuple[str, str]]) -> None:
    files = unpack(referral(hub, hub.concluded(), hub.controlled()))
    change(files)
    assert failed(verify_referral(pack(files), hub.log_key)) == ("referral", found)


def test_the_list_must_be_signed_by_the_hubs_own_key(hub: LoggedHub) -> None:
    data = referral(hub, hub.controlled())
    court = remade(data, hub.parties["court-9901"].signer, nothing)
    assert failed(verify_referral(court, hub.log_key)) == ("referral", {(REFERRAL_SIGNATURE, "manifest-signer")})
    stranger = remade(data, agency("hub", Role.HUB).signer, nothing)
    assert failed(verify_referral(stranger, hub.log_key))[0] == "referral"
    other_hub = remade(data, hub.parties["hub"].signer, nothing, hub="hub-two")
    assert failed(verify_referral(other_hub, hub.log_key))[0] == "referral"


def test_even_the_hub_cannot_list_a_bundle_of_another_case_or_as_another_request(hub: LoggedHub) -> None:
    signer = hub.parties["hub"].signer
    hub.register_case(case=124)
    other, (task,) = hub.tasks(control(case=124))
    hub.feed([hub.receipt(task), hub.reply(task, "result")])
    data = referral(hub, hub.controlled(), hub.concluded())
    bundle = hub.export(other)
    other_case = remade(data, signer, lambda files: files.update({SECOND: bundle}))
    assert failed(verify_referral(other_case, hub.log_key)) == ("referral", {(SECOND, "case-other")})
    name = Manifest.model_validate_json(unpack(bundle)[MANIFEST]).request
    files = unpack(data)
    first, second = ReferralManifest.model_validate_json(files[REFERRAL]).bundles
    listed = remade(data, signer, nothing, bundles=(first, Enclosed(file=second.file, sha256=second.sha256, request=name)))
    assert failed(verify_referral(listed, hub.log_key)) == ("referral", {(SECOND, "case-other")})
    renumbered = remade(data, signer, nothing, bundles=(second, first))
    assert failed(verify_referral(renumbered, hub.log_key)) == ("referral", {(REFERRAL, "manifest-malformed")})


def test_a_refused_request_is_part_of_the_referral(hub: LoggedHub) -> None:
    refused, record = hub.request(inquiry(legal=samples.legal_basis("inquire", documents=[])))
    hub.feed([record])
    hub.logged()
    assert verify_referral(referral(hub, refused), hub.log_key).ok
