"""A bundle's timeline tells each deadline as the hub judged it, and what it was judged by stands in the bundle."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.casework import maintenance
from hub.evidence.archive import unpack
from hub.evidence.manifest import TIMELINE
from hub.evidence.verify import verify_bundle
from hub.store import tables as t
from hub.trust.notes import NoteVerifier
from schemas.base import format_time
from tests.evidence import LoggedHub
from tests.factories import Data, inquiry
from tests.rig import entries, said, sample_linkage

HOUR = 3600


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    made = LoggedHub(tmp_path)
    yield made
    made.close()


def asked(hub: LoggedHub) -> tuple[str, Any]:
    request_id, (task,) = hub.tasks(inquiry(partners=["bank"]))
    return request_id, task


def told(hub: LoggedHub, request_id: str) -> tuple[list[str], list[Data]]:
    """The lines about clocks, and the entries about windows, of a bundle that verifies."""
    hub.logged()
    bundle = hub.export(request_id)
    assert verify_bundle(bundle, hub.log_key).findings == ()
    files = unpack(bundle)
    clocks = files[TIMELINE].decode().split("\n期限 / Clocks\n")[1].split("\n\n")[0].split("\n")
    found = (json.loads(content) for name, content in sorted(files.items()) if name.startswith("entries/"))
    return clocks, [entry for entry in found if entry["kind"] == "agreement.maintenance"]


def due(line: str) -> str:
    (found,) = re.findall(r"Due (\S+);", line)
    return str(found)


def test_an_answer_that_the_hub_took_in_time_is_in_time_in_the_bundle(hub: LoggedHub) -> None:
    hub.rest((1, HOUR + 1))
    request_id, task = asked(hub)
    hub.feed([hub.receipt(task)])
    hub.advance(HOUR)
    hub.feed([hub.reply(task)])
    (answered,) = entries(hub, "task.answered")
    assert "late" not in answered
    clocks, (windows,) = told(hub, request_id)
    reply = next(line for line in clocks if "答复 / reply" in line)
    assert "early" in reply
    assert "missed" not in reply
    assert (windows["partner"], windows["windows"].count("/")) == ("bank", 1)
    assert all(at in "".join(clocks) for at in windows["windows"].split("/"))
    assert "约定维护,不计时 / Agreed maintenance, not counted [日志序号 / log index" in "".join(clocks)


def test_windows_that_are_agreed_or_ended_later_change_nothing_of_what_was_decided(hub: LoggedHub) -> None:
    hub.rest((1, HOUR + 1))
    request_id, task = asked(hub)
    hub.feed([hub.receipt(task)])
    hub.advance(HOUR)
    hub.feed([hub.reply(task)])
    before, windows = told(hub, request_id)
    hub.rest()
    hub.rest((-HOUR, 10 * HOUR))
    assert told(hub, request_id) == (before, windows)


def test_a_window_that_came_after_the_silence_does_not_take_it_back(hub: LoggedHub) -> None:
    request_id, task = asked(hub)
    hub.feed([hub.receipt(task)])
    hub.advance(60)
    hub.fire()
    (silence,) = entries(hub, "task.silent")
    before, none = told(hub, request_id)
    hub.rest((-HOUR, HOUR))
    after, still_none = told(hub, request_id)
    assert (before, none, still_none) == (after, [], [])
    assert "missed by" in after[-1], silence


def test_the_deadline_of_a_silence_is_that_of_its_signed_record(hub: LoggedHub) -> None:
    hub.rest((1, HOUR + 1), (HOUR + 2, HOUR + 3))
    request_id, task = asked(hub)
    hub.feed([hub.receipt(task)])
    hub.advance(2 * HOUR)
    (silence,) = (each for each in _said(hub) if each.type.endswith(".non-response.v1"))
    clocks, _ = told(hub, request_id)
    assert due(next(line for line in clocks if "答复 / reply" in line)) == format_time(silence.data.deadline)


def test_a_reply_after_the_silence_of_its_receipt_is_late_in_the_bundle_as_it_was(hub: LoggedHub) -> None:
    request_id, task = asked(hub)
    hub.advance(12)
    (silence,) = (each for each in _said(hub) if each.type.endswith(".non-response.v1"))
    assert silence.data.awaited == "receipt"
    hub.feed([hub.reply(task)])
    (answered,) = entries(hub, "task.answered")
    assert answered["late"] == 1
    (reply,), _ = told(hub, request_id)
    assert "missed by" in reply
    assert due(reply) == format_time(silence.data.deadline)


def test_an_outage_that_prolonged_a_deadline_is_told(hub: LoggedHub) -> None:
    request_id, task = asked(hub)
    hub.feed([hub.receipt(task)])
    with hub.store.write() as connection:
        connection.execute(t.outages.insert(), {"from_at": hub.now, "until_at": hub.now + HOUR * 1_000_000})
    hub.advance(HOUR)
    hub.feed([hub.reply(task)])
    clocks, windows = told(hub, request_id)
    assert (sum("Bus outage, not counted" in line for line in clocks), windows) == (2, [])
    assert "missed by" not in "".join(clocks)


def test_windows_are_registered_once_and_again_when_they_change(hub: LoggedHub) -> None:
    hub.rest()
    assert entries(hub, "agreement.maintenance") == [], "there are none to tell"
    for windows in ([(1, 2)], [(1, 2)], [(1, 3)], []):
        hub.rest(*windows)
    found = [entry["windows"].count("/") for entry in entries(hub, "agreement.maintenance") if entry["partner"] == "bank"]
    assert found == [1, 1, 0]


def test_an_agreement_that_is_gone_has_no_windows_any_more(hub: LoggedHub) -> None:
    hub.rest((1, 2))
    linkage = sample_linkage()
    with hub.work() as work:
        maintenance.register(work, replace(linkage, agreements={name: each for name, each in linkage.agreements.items() if name != "bank"}))
    found = [(entry["agreement"], entry["windows"]) for entry in entries(hub, "agreement.maintenance") if entry["partner"] == "bank"]
    assert found[-1] == ("", "")


def _said(hub: LoggedHub) -> list[Any]:
    return said(hub.fire())


def test_a_bundle_of_an_earlier_version_still_verifies() -> None:
    folder = Path("tests/fixtures/evidence")
    key = NoteVerifier.parse((folder / "log.vkey").read_text(encoding="utf-8").strip())
    report = verify_bundle((folder / "inquiry-incomplete.zip").read_bytes(), key)
    assert (report.ok, report.trusted, report.messages) == (True, True, 10)
