"""Bundles of requests whose case has moved to another court, or is to be lifted: what the log names of them is all there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.evidence.archive import unpack
from hub.evidence.chain import Signed, chain
from hub.evidence.manifest import MANIFEST, Manifest
from hub.evidence.verify import verify_bundle
from hub.trust.parties import Role
from schemas import samples
from schemas.messages import AnyMessage, CaseStated, parse
from tests.evidence import LoggedHub
from tests.factories import Data, control

MOVED: Data = {"holder": {"court": "court-9902", "team": samples.TEAM}, "handler": "GZ-9902-001", "supervisor": "GZ-9902-003", "duty": "GZ-9902-002"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    yield made
    made.close()


def messages(bundle: bytes) -> list[AnyMessage]:
    files = unpack(bundle)
    return [parse(files[name]) for name in sorted(files) if name.startswith("messages/") and name.endswith(".json")]


def moved(hub: LoggedHub, case: int = 123) -> str:
    """A freeze that the bank answers after the superior court has given its case to court-9902; its id."""
    request_id, (task,) = hub.tasks(control(case=case))
    hub.advance(1)
    statement = samples.statement(case=case, version=2, **MOVED)
    hub.feed([hub.statement(statement, "statement", court="court-99")[1]])
    hub.feed([hub.receipt(task), hub.reply(task, "result")])
    hub.logged()
    return request_id


def test_the_bundle_of_a_moved_case_holds_the_statement_that_moved_it_and_its_receipt(hub: LoggedHub) -> None:
    bundle = hub.export(moved(hub))
    assert verify_bundle(bundle, hub.log_key).findings == ()
    held = messages(bundle)
    statements = [one for one in held if isinstance(one, CaseStated)]
    assert [(one.source, one.data.holder.court) for one in statements] == [("court-99", "court-9902")], "not the first statement"
    assert held[0].source == "court-9901"
    assert {one.recipient for one in held if one.type == "liandong.control.conclusion.v1"} == {"court-9902"}
    assert [one.recipient for one in held if one.type == "liandong.case.noted.v1"] == ["court-99"]


def test_a_case_that_stays_has_no_statement_in_its_bundles(hub: LoggedHub) -> None:
    hub.register_case(version=2, claim="60000.00")
    assert not any(isinstance(one, CaseStated) for one in messages(hub.export(hub.controlled())))


def test_what_went_to_another_court_needs_a_statement_of_this_very_case(hub: LoggedHub) -> None:
    files = unpack(hub.export(moved(hub)))
    manifest = Manifest.model_validate_json(files[MANIFEST])
    roles = {"hub": Role.HUB, "court-9901": Role.COURT, "court-99": Role.COURT}
    signed = []
    for step in manifest.steps:
        if step.message is not None and step.jws is not None:
            message = parse(files[step.message])
            role = roles.get(message.source, Role.PARTNER)
            signed.append(Signed(step, step.message, files[step.message], files[step.jws].decode(), message, role))
    assert list(chain(manifest, signed, {})) == []
    to_new_court = {one.file for one in signed if one.message.recipient == "court-9902"}
    without = [one for one in signed if not isinstance(one.message, CaseStated)]
    assert to_new_court == {finding.file for finding in chain(manifest, without, {}) if finding.code == "request-other"} & to_new_court
    (stated,) = (one for one in signed if isinstance(one.message, CaseStated))
    data = stated.message.data.model_copy(update={"case_number": samples.case_number(case=124)})
    other = replace(stated, message=stated.message.model_copy(update={"data": data}))
    found = list(chain(manifest, [other if one is stated else one for one in signed], {}))
    assert [(finding.file, finding.code) for finding in found] == [(stated.file, "request-other")]


def test_an_overdue_release_is_in_the_bundle_of_its_measure_with_what_it_told(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    hub.register_case(version=2, status="performed")
    hub.advance(3 * 24 * 3600)
    hub.fire()
    hub.logged()
    bundle = hub.export(request_id)
    assert verify_bundle(bundle, hub.log_key).findings == ()
    told = [one.data.event for one in messages(bundle) if one.type == "liandong.case.event.v1"]
    assert told == ["release-due", "release-overdue"]
