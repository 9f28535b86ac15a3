"""The last check by itself: a bundle whose every message is signed and logged must still be about one request, whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.evidence.archive import unpack
from hub.evidence.chain import Signed, chain
from hub.evidence.manifest import Manifest
from hub.trust.parties import Role
from schemas.hub import round_id
from schemas.messages import parse
from tests.evidence import LoggedHub

Read = tuple[Manifest, dict[str, Signed]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The manifest and the messages, by number, of an inquiry: 001 request, 003 and 004 tasks, 005 and 006 receipts,
    007 reply, 008 result, 009 silence, 010 conclusion."""
    hub = LoggedHub(tmp_path)
    files = unpack(hub.export(hub.concluded()))
    hub.close()
    manifest = Manifest.model_validate_json(files["manifest.json"])
    messages: dict[str, Signed] = {}
    for step in manifest.steps:
        if step.message is not None and step.jws is not None:
            value = files[step.message]
            message = parse(value)
            role = {"hub": Role.HUB, "court-9901": Role.COURT}.get(message.source, Role.PARTNER)
            messages[step.number] = Signed(step, step.message, value, files[step.jws].decode(), message, role)
    return manifest, messages


def changed(one: Signed, change: dict[str, Any], data: dict[str, Any] | None = None) -> Signed:
    """`one` with other attributes or data, as if its sender had written it so."""
    members = json.loads(one.value)
    members |= change
    members["data"] |= data or {}
    value = json.dumps(members).encode()
    return replace(one, value=value, message=parse(value))


def found(manifest: Manifest, messages: dict[str, Signed]) -> set[tuple[str, str]]:
    """Number and code of everything that is wrong with `messages`, whatever numbers they had before."""
    numbered = [replace(one, file=number) for number, one in messages.items()]
    return {(finding.file, finding.code) for finding in chain(manifest, numbered, {})}


OTHER = "11111111-1111-4111-8111-111111111111"


def test_a_whole_request_is_consistent(read: Read) -> None:
    assert found(*read) == set()


def test_a_request_changed_by_one_byte_is_not_what_its_tasks_carry(read: Read) -> None:
    manifest, messages = read
    one = messages["001"]
    messages["001"] = replace(one, value=one.value + b" ")
    assert found(manifest, messages) == {("003", "copy-other"), ("004", "copy-other")}


def test_a_copy_with_another_signature_is_another_copy(read: Read) -> None:
    manifest, messages = read
    messages["007"] = replace(messages["007"], jws=messages["005"].jws)
    assert found(manifest, messages) == {("008", "copy-other")}


def test_a_result_may_only_carry_what_its_own_task_was_answered(read: Read) -> None:
    manifest, messages = read
    messages["008"] = changed(messages["008"], {}, {"task_id": messages["004"].message.id, "partner": "vehicle"})
    assert found(manifest, messages) == {("008", "copy-other")}


@pytest.mark.parametrize(
    ("number", "change", "data"),
    [
        ("002", {"correlationid": OTHER}, {}),
        ("003", {"correlationid": OTHER}, {}),
        ("009", {}, {"task_id": OTHER}),
        ("010", {"recipient": "court-9902"}, {}),
        ("005", {}, {"task_id": OTHER}),
        ("005", {"source": "vehicle"}, {}),
        ("006", {"recipient": "bank"}, {}),
    ],
)
def test_what_belongs_to_another_request_is_named(
    read: Read, number: str, change: dict[str, Any], data: dict[str, Any]
) -> None:
    manifest, messages = read
    messages[number] = changed(messages[number], change, data)
    assert (number, "request-other") in found(manifest, messages)


def test_a_task_of_a_round_is_of_this_request_only_in_that_rounds_bundle(read: Read) -> None:
    manifest, messages = read
    messages["001"] = changed(messages["001"], {}, {"standing": {"every_months": 6, "times": 2}})
    own = round_id(messages["001"].message.id, 1)
    first = manifest.model_copy(update={"request": manifest.request.model_copy(update={"id": own})})
    for number, codes in ((1, set()), (2, {("003", "request-other")})):
        messages["003"] = changed(messages["003"], {"correlationid": own}, {"round": number})
        wrong = {each for each in found(first, {"001": messages["001"], "003": messages["003"]}) if each[1] == "request-other"}
        assert wrong == codes
    assert ("003", "request-other") in found(manifest, messages), "a round's task in the standing inquiry's own bundle"


def test_a_connector_answers_in_another_partys_place(read: Read) -> None:
    manifest, messages = read
    messages["005"] = replace(changed(messages["005"], {"source": "bank-connector"}), role=Role.CONNECTOR_FOR)
    assert found(manifest, messages) == set()


def test_the_first_message_is_the_request_of_the_manifest(read: Read) -> None:
    manifest, messages = read
    for change in ({"court": "court-9902"}, {"id": OTHER}, {"kind": "control"}, {"action": "freeze"}):
        other = manifest.model_copy(update={"request": manifest.request.model_copy(update=change)})
        assert found(other, messages) == {("001", "request-other")}
    assert found(manifest, {"002": messages["002"], "001": messages["001"]}) == {("002", "request-other")}
    second = messages | {"011": changed(messages["001"], {"id": OTHER})}
    assert ("011", "request-other") in found(manifest, second)


def test_an_id_a_nonce_of_the_hub_or_a_conclusion_stands_once(read: Read) -> None:
    manifest, messages = read
    fresh = {"id": OTHER, "nonce": "A" * 22}
    twice = messages | {"011": changed(messages["007"], {})}
    assert found(manifest, twice) == {("011", "repeated")}
    nonce = messages["002"].message.nonce
    assert found(manifest, messages | {"009": changed(messages["009"], {"nonce": nonce})}) == {("009", "repeated")}
    assert found(manifest, messages | {"011": changed(messages["010"], fresh)}) == {("011", "repeated")}
    assert found(manifest, messages | {"011": changed(messages["009"], fresh)}) == set()


def test_what_the_hub_cites_must_be_there(read: Read) -> None:
    manifest, messages = read
    unknown = messages | {"009": changed(messages["009"], {"causationid": OTHER})}
    assert found(manifest, unknown) == {("009", "cause-missing")}
    lines = json.loads(messages["010"].value)["data"]["partners"]
    lines[0]["message"] = OTHER
    conclusion = messages | {"010": changed(messages["010"], {}, {"partners": lines})}
    assert found(manifest, conclusion) == {("010", "cause-missing")}
    foreign = messages | {"006": changed(messages["006"], {"causationid": OTHER, "correlationid": OTHER})}
    assert found(manifest, foreign) == set()  # a partner's own affair
