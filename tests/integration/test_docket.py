"""The whole docket on a real Kafka, once undisturbed, once with kill -9 of the hub and of a connector in its middle."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from connectors.court.docket import Step, load_docket
from deploy.demo.harvest import Tally, count
from deploy.demo.linkage import Running, linkage
from deploy.demo.run import copy_log, send_docket, settled, unexpected
from deploy.demo.world import World
from hub.engine.records import Record, digest_of
from schemas.samples import COMPANIES, PEOPLE
from tests.faults import history
from tests.faults.history import Said
from tests.faults.logs import entries, logged
from tests.processes import until

pytestmark = pytest.mark.kafka

STEPS = {step.name: step for step in load_docket()}
HUB_DIES, CONNECTOR_DIES = 3, 8
"""After so many conclusions."""


@dataclass(frozen=True)
class Played:
    """What a run leaves: every process has ended."""

    folder: Path
    sent: list[dict[str, Any]]
    records: list[Record]

    @property
    def tally(self) -> Tally:
        return count(self.records, "")

    @property
    def ids(self) -> dict[str, str]:
        """Step → request id."""
        return {line["name"]: line["id"] for line in self.sent}

    @property
    def dead_letters(self) -> list[Record]:
        return [record for record in self.records if record.topic == "hub.dead-letters.v1"]

    @property
    def messages(self) -> list[Said]:
        """Every message that was taken in or is the hub's own."""
        aside = {_original(record) for record in self.dead_letters}
        return history.read((each for each in self.records if (each.topic, each.partition, each.offset) not in aside), "")

    def about(self, step: str, event: str) -> list[Said]:
        """The messages of this kind about one step, each once."""
        found = history.of(history.once(self.messages), event)
        return [said for said in found if said.request == self.ids[step]]


def _original(dead_letter: Record) -> tuple[str, int, int]:
    topic, partition, offset = (_header(dead_letter, f"original-{part}") for part in ("topic", "partition", "offset"))
    return topic, int(partition), int(offset)


def _header(dead_letter: Record, name: str) -> str:
    return dict(dead_letter.headers)[f"kafka_dlt-{name}"].decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["undisturbed", "killed"])
async def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    """The docket, played by every party in a process of its own, on a Kafka of its own."""
    world = World(tmp_path_factory.mktemp(request.param))
    world.prepare()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LIANDONG_KAFKA__BOOTSTRAP_SERVERS", raising=False)
        async with linkage(world) as running:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(send_docket(running))
                if request.param == "killed":
                    group.create_task(kill_in_the_middle(running))
            await settled(running, sending.result())
            await running.follower.caught_up()
            records = list(running.follower.records)
            await copy_log(running)
    yield Played(world.folder, sending.result(), records)


async def kill_in_the_middle(running: Running) -> None:
    """SIGKILL, and the same command again: first the hub, then the bank's connector."""
    for name, conclusions, ready in (("hub", HUB_DIES, "hub.ready"), ("bank", CONNECTOR_DIES, "connector.ready")):
        await until(lambda goal=conclusions: concluded(running) >= goal, f"{conclusions} conclusions", 60)  # type: ignore[misc]  # mypy cannot infer a lambda's default
        again = await running.household.killed_and_restarted(name)
        await again.logged(ready)


def concluded(running: Running) -> int:
    results = [record for record in running.follower.records if record.topic.startswith("hub.results.")]
    return sum(b".conclusion.v1" in record.value for record in results)


def test_every_step_comes_out_as_the_docket_says(played: Played) -> None:
    assert played.ids.keys() == STEPS.keys()
    assert unexpected(played.sent, played.tally) == []


def test_every_partner_answers_as_the_docket_says(played: Played) -> None:
    for name, step in STEPS.items():
        if step.expect in ("complete", "incomplete"):
            (acceptance,), (conclusion,) = played.about(name, "acceptance"), played.about(name, "conclusion")
            asked = acceptance.body["data"]["partners"]
            answers = {line["partner"]: line["outcome"] for line in conclusion.body["data"]["partners"]}
            assert answers == dict.fromkeys(asked, "no-record") | dict(step.answers), name
            assert set(answers) == set(asked), f"{name}: somebody the docket names was not asked"


def test_every_fault_has_its_code(played: Played) -> None:
    refusals = {name: [reason["code"] for said in played.about(name, "refusal") for reason in said.body["data"]["reasons"]]
                for name in STEPS}  # fmt: skip
    assert refusals == {name: [step.code] if step.expect == "refused" else [] for name, step in STEPS.items()}
    # One that was published again after the kill is one dead letter still: by where its record came from.
    letters = {_original(record): record for record in played.dead_letters}
    found = Counter((digest_of(record.value), _header(record, "exception-fqcn")) for record in letters.values())
    assert found == Counter((bad_record(line), STEPS[line["name"]].code) for line in played.sent if sets_aside(STEPS[line["name"]]))


def sets_aside(step: Step) -> bool:
    """Whether a record of this step becomes a dead letter."""
    return step.code is not None and step.expect != "refused"


def bad_record(line: dict[str, Any]) -> str:
    """The digest of the one record of a step, or the last where the first was good."""
    return str(line["records"][-1])


def test_every_request_is_answered_and_concluded_once(played: Played) -> None:
    """And each reply passed on once, each message in a log that verifies, each repetition the very same bytes."""
    plain = [said for said in played.messages if said.event != "rejection" and not passes_a_hit(said)]
    assert history.check(plain, logged(played.folder / "log")) == []


def passes_a_hit(said: Said) -> bool:
    return said.event == "result" and b".hit.v1" in enclosed(said)


def enclosed(result: Said) -> bytes:
    return base64.b64decode(result.body["data"]["message"]["value"])


def test_a_release_is_dispatched_after_its_freeze_is_concluded(played: Played) -> None:
    """Also one that is sent at once: by the order of the log, which is the order of the hub's decisions."""
    order = [sent["id"] for entry in entries(played.folder / "log") for sent in entry.get("out", [])]
    at_once = 0
    for name, step in STEPS.items():
        if step.action == "release" and step.expect == "complete":
            assert step.original is not None
            at_once += step.after is None
            (conclusion,), (task,) = played.about(step.original, "conclusion"), played.about(name, "task")
            assert order.index(conclusion.body["id"]) < order.index(task.body["id"]), name
    assert at_once > 0, "the docket has none that is sent at once"


def test_the_late_answer_cites_the_conclusion_that_it_does_not_change(played: Played) -> None:
    late = [said for said in history.of(history.once(played.messages), "result") if said.body["data"]["late"]]
    (result,) = late
    assert result.request == played.ids["p12-assets"]
    (conclusion,) = played.about("p12-assets", "conclusion")
    assert (result.body["data"]["partner"], result.body["data"]["conclusion"]) == ("business-registry", conclusion.body["id"])
    silent = [(said.request, said.body["data"]["partner"]) for said in history.of(history.once(played.messages), "non-response")]
    assert silent == [(result.request, "business-registry")]


def test_a_hit_is_passed_on_once_as_it_came(played: Played) -> None:
    hits = history.of(history.once(played.messages), "hit")
    passed = [said for said in history.once(played.messages) if passes_a_hit(said)]
    assert [enclosed(said) for said in passed] == [said.value for said in hits]
    assert [(said.request, said.body["recipient"]) for said in passed] == [(played.ids["p07-watch"], STEPS["p07-watch"].court)]


def test_nobody_is_named_outside_the_messages_themselves(played: Played) -> None:
    """In no header, key, log entry, store or log file; in these bytes as they stand, or escaped as JSON may."""
    people = [words for person in (*PEOPLE.values(), *COMPANIES.values()) for words in person]
    needles = {form for words in people for form in (words.encode(), json.dumps(words)[1:-1].encode())}
    values = b"".join(record.value for record in played.records if record.topic == "hub.requests.v1")
    assert all(any(form in values for form in (words.encode(), json.dumps(words)[1:-1].encode())) for words in people)
    places = {f"{record.topic}/{record.partition}/{record.offset}": b"".join(
        [record.key or b"", *(part for name, value in record.headers for part in (name.encode(), value))]
    ) for record in played.records}  # fmt: skip
    files = [file for folder in ("logs", "log", "hub", "connectors") for file in (played.folder / folder).rglob("*") if file.is_file()]
    places |= {str(file.relative_to(played.folder)): file.read_bytes() for file in files}
    assert {"hub/hub.db", "logs/hub.log", "connectors/bank.db", "log/checkpoint"} <= places.keys()
    assert [place for place, content in places.items() if any(needle in content for needle in needles)] == []
