"""Bundles of a standing inquiry and of its rounds: the court signed once, and each round is proven by that one request."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.evidence.archive import unpack
from hub.evidence.chain import Signed, chain
from hub.evidence.manifest import MANIFEST, Manifest
from hub.evidence.verify import verify_bundle
from hub.trust.parties import Role
from schemas.hub import round_id
from schemas.messages import TaskSent, parse
from tests.evidence import LoggedHub
from tests.unit.test_ledger_casework import ACCOUNT, agree, closed, recheck, reviewed


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    agree(made)
    yield made
    made.close()


def resumed(hub: LoggedHub) -> str:
    """A standing inquiry whose first round found an account, so that the case was resumed; its id."""
    standing = closed(hub)
    hub.feed([hub.reply(recheck(hub), "result", findings=[ACCOUNT])])
    reviewed(hub, standing, 1, "resumed")
    hub.logged()
    return standing


def read(bundle: bytes) -> tuple[Manifest, list[Signed]]:
    files = unpack(bundle)
    manifest, signed = Manifest.model_validate_json(files[MANIFEST]), []
    for step in manifest.steps:
        if step.message is not None and step.jws is not None:
            message = parse(files[step.message])
            role = {"hub": Role.HUB, "court-9901": Role.COURT}.get(message.source, Role.PARTNER)
            signed.append(Signed(step, step.message, files[step.message], files[step.jws].decode(), message, role))
    return manifest, signed


def said_in(signed: list[Signed]) -> list[str]:
    return [one.message.type.split(".")[2] for one in signed]


def test_a_rounds_bundle_begins_with_the_standing_inquiry_and_holds_what_the_round_found(hub: LoggedHub) -> None:
    standing = resumed(hub)
    bundle = hub.export(round_id(standing, 1))
    report = verify_bundle(bundle, hub.log_key)
    assert (report.findings, report.request) == ((), round_id(standing, 1))
    manifest, signed = read(bundle)
    assert signed[0].message.id == standing
    assert said_in(signed) == ["request", "acceptance", "task", "reply", "result", "event", "conclusion"]
    assert list(chain(manifest, signed, {})) == []


def test_the_standing_inquirys_own_bundle_holds_its_acceptance_review_and_end(hub: LoggedHub) -> None:
    bundle = hub.export(resumed(hub))
    assert verify_bundle(bundle, hub.log_key).findings == ()
    assert said_in(read(bundle)[1]) == ["request", "acceptance", "review", "noted", "conclusion"]


def test_a_task_of_another_round_or_a_round_that_was_not_asked_for_is_named(hub: LoggedHub) -> None:
    standing = resumed(hub)
    manifest, signed = read(hub.export(round_id(standing, 1)))
    (task,) = (one for one in signed if isinstance(one.message, TaskSent))
    second = task.message.model_copy(update={"data": task.message.data.model_copy(update={"round": 2})})
    changed = [replace(one, message=second) if one is task else one for one in signed]
    assert [(finding.file, finding.code) for finding in chain(manifest, changed, {})] == [(task.file, "request-other")]
    eleventh = manifest.model_copy(update={"request": manifest.request.model_copy(update={"id": round_id(standing, 11)})})
    assert [(finding.file, finding.code) for finding in chain(eleventh, signed, {})] == [(signed[0].file, "request-other")]
