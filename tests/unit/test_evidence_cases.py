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
from schemas.base import format_time
from schemas.messages import AnswersRead, AnyMessage, CaseStated, parse
from tests.evidence import LoggedHub
from tests.factories import Data, control, locate

MOVED: Data = {"holder": {"court": "court-9902", "team": samples.TEAM}, "handler": "GZ-9902-001", "supervisor": "GZ-9902-003", "duty": "GZ-9902-002"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    yield made
    made.close()


def messages(bundle: bytes) -> list[AnyMessage]:
    files = unpack(bundle)
    return [parse(files[name]) for name in sorted(files) if name.startswith("messages/") and name.endswith(".json")]


def opened(bundle: bytes) -> tuple[Manifest, list[Signed]]:
    """Manifest and messages, as they are once every signature was found to hold."""
    files = unpack(bundle)
    manifest = Manifest.model_validate_json(files[MANIFEST])
    roles = {"hub": Role.HUB, "court-9901": Role.COURT, "court-99": Role.COURT}
    signed = []
    for step in manifest.steps:
        if step.message is not None and step.jws is not None:
            message = parse(files[step.message])
            role = roles.get(message.source, Role.PARTNER)
            signed.append(Signed(step, step.message, files[step.message], files[step.jws].decode(), message, role))
    return manifest, signed


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
    manifest, signed = opened(hub.export(moved(hub)))
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


def test_reminders_up_to_the_superior_court_leave_the_bundle_sound(hub: LoggedHub) -> None:
    request_id = hub.controlled()
    hub.register_case(version=2, status="performed")
    for _ in range(20):
        hub.advance(24 * 3600)
        hub.fire()
    hub.logged()
    bundle = hub.export(request_id)
    assert verify_bundle(bundle, hub.log_key).findings == ()
    reminded = [one for one in messages(bundle) if one.type == "liandong.case.event.v1" and one.data.event == "release-overdue"]
    assert {one.recipient for one in reminded} == {"court-9901", "court-99"}


def test_what_comes_of_a_contested_renewal_is_in_its_bundle_and_leaves_that_of_the_measure_sound(hub: LoggedHub) -> None:
    freeze = hub.controlled()
    renewal, (task,) = hub.tasks(control("renew", original=freeze))
    hub.feed([hub.receipt(task), hub.reply(task, "result")])
    objection, record = hub.statement({"original": renewal, "ground": "ownership", "by": "third-party", "text": "属案外人"}, "objection")
    hub.feed([record])
    decision = {"objection": objection, "outcome": "upheld", "officer": "GZ-9901-001", "reason": "属案外人"}
    hub.feed([hub.statement(decision, "objection-decision")[1]])
    hub.advance(3 * 24 * 3600)
    hub.fire()
    hub.logged()
    for request_id in (freeze, renewal):
        assert verify_bundle(hub.export(request_id), hub.log_key).findings == ()
    told = [one.data.event for one in messages(hub.export(renewal)) if one.type == "liandong.case.event.v1"]
    assert told == ["objection-opened", "release-drafted", "release-overdue"]


def test_the_alarm_at_a_renewal_after_the_release_is_in_the_bundle_of_the_measure(hub: LoggedHub) -> None:
    freeze = hub.controlled()
    renewal, (task,) = hub.tasks(control("renew", original=freeze))
    _, (release,) = hub.tasks(control("release", original=freeze))
    hub.feed([hub.receipt(task), hub.receipt(release), hub.reply(release, "result")])
    hub.feed([hub.reply(task, "result")])
    hub.logged()
    for request_id in (freeze, renewal):
        assert verify_bundle(hub.export(request_id), hub.log_key).findings == ()
    told = [one.data.event for one in messages(hub.export(freeze)) if one.type == "liandong.case.event.v1"]
    assert told == ["renewed-after-end"]


def test_a_contested_watch_and_a_hit_after_its_end_are_in_its_bundle(hub: LoggedHub) -> None:
    watch, (task,) = hub.tasks(locate("watch"))
    hub.feed([hub.receipt(task), hub.reply(task, "result")])
    objection, record = hub.statement({"original": watch, "ground": "wrong-person", "by": "debtor", "text": "同名"}, "objection")
    hub.feed([record])
    decision = {"objection": objection, "outcome": "upheld", "officer": "GZ-9901-001", "reason": "同名"}
    hub.feed([hub.statement(decision, "objection-decision")[1]])
    _, (withdrawal,) = hub.tasks(locate("withdraw", original=watch))
    hub.feed([hub.receipt(withdrawal), hub.reply(withdrawal, "result")])
    found = {"event": "E1", "at": format_time(hub.clock), "place": "高铁站", "contact": {"name": "民警", "phone": "110"}}
    hub.feed([hub.answer(task, "hit", found)])
    hub.logged()
    bundle = hub.export(watch)
    assert verify_bundle(bundle, hub.log_key).findings == ()
    told = [one.data.event for one in messages(bundle) if one.type == "liandong.case.event.v1"]
    assert told == ["objection-opened", "release-drafted", "watch-hit-after-end"]


def test_who_has_read_the_answers_is_in_the_bundle_and_a_reading_of_two_requests_in_none(hub: LoggedHub) -> None:
    first, second = hub.concluded(), hub.concluded()
    answers = {one.correlationid: one for one in messages(hub.export(first)) + messages(hub.export(second)) if one.type.endswith(".result.v1")}
    for ids in ([answers[first].id], [answers[first].id, answers[second].id]):
        hub.feed([hub.statement({"messages": ids, "officer": "GZ-9901-001", "reason": "制作执行裁定"}, "reading")[1]])
    hub.logged()
    read = {request_id: hub.export(request_id) for request_id in (first, second)}
    assert [verify_bundle(bundle, hub.log_key).findings for bundle in read.values()] == [(), ()]
    assert [sum(one.type == "liandong.case.reading.v1" for one in messages(bundle)) for bundle in read.values()] == [1, 0]
    told = unpack(read[first])["timeline.txt"].decode()
    assert "查阅留痕 / Read noted" in told
    assert "查阅人代号 / Officer's token: " in told


def test_a_reading_of_other_answers_does_not_belong(hub: LoggedHub) -> None:
    request_id = hub.concluded()
    (result,) = (one for one in messages(hub.export(request_id)) if one.type.endswith(".result.v1"))
    hub.feed([hub.statement({"messages": [result.id], "officer": "GZ-9901-001", "reason": "制作执行裁定"}, "reading")[1]])
    hub.logged()
    manifest, signed = opened(hub.export(request_id))
    assert list(chain(manifest, signed, {})) == []
    (reading,) = (one for one in signed if isinstance(one.message, AnswersRead))
    data = reading.message.data.model_copy(update={"messages": (result.id, "11111111-1111-4111-8111-111111111111")})
    other = replace(reading, message=reading.message.model_copy(update={"data": data}))
    found = list(chain(manifest, [other if one is reading else one for one in signed], {}))
    assert [(finding.file, finding.code) for finding in found] == [(reading.file, "request-other")]


def test_drafts_that_a_court_asked_for_leave_the_bundle_sound(hub: LoggedHub) -> None:
    request_id = hub.concluded()
    hub.feed([hub.statement({"request": request_id}, "drafts-request")[1]])
    hub.logged()
    bundle = hub.export(request_id)
    assert verify_bundle(bundle, hub.log_key).findings == ()
