"""kill -9 of the hub, at random moments and between every two of its steps: one conclusion each, and a whole log."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from deploy.demo.follow import Follower, following
from deploy.demo.processes import Child
from tests.conftest import COURTS, Cluster
from tests.faults import history
from tests.faults.cast import ASKED, inquiries, partner, shuffled
from tests.faults.dying_hub import DIED, POINTS
from tests.faults.logs import ended, logged
from tests.processes import Linkage, Voice, kill, linkage, until

pytestmark = pytest.mark.kafka

LIVES = 8
WAVE = 14
SEED = 20261123


@dataclass
class Stage:
    """Two courts, two partners and a reader of everything, around a hub that dies."""

    linkage: Linkage
    follower: Follower
    courts: dict[str, Voice]
    rng: Random
    asked: set[str] = field(default_factory=set)
    _read: int = 0
    _concluded: set[str] = field(default_factory=set)

    async def wave(self, number: int) -> None:
        """Each court sends this many inquiries, some of them twice."""
        for court, voice in self.courts.items():
            made = inquiries(court, number, *ASKED)
            self.asked |= made.keys()
            await voice.say(self.linkage.topics.requests, *shuffled(list(made.values()), self.rng))

    async def said_by_the_hub(self, number: int, hub: Child) -> None:
        """Return when the hub has published `number` more records, or has ended."""
        goal = self._published() + number
        await until(lambda: self._published() >= goal or hub.process.returncode is not None, "the hub works")

    def _published(self) -> int:
        return sum(".tasks." in record.topic or ".results." in record.topic for record in self.follower.records)

    async def finish(self) -> list[history.Said]:
        """Let a hub finish everything, and read what stands."""
        hub = await self.linkage.hub()
        await until(lambda: self.concluded() >= self.asked, "every request is concluded")
        return await ended(self.linkage, self.follower, hub)

    async def answered(self) -> None:
        """Return when every task that stands has its reply, whether or not a hub is there."""
        def open_tasks() -> set[str]:
            said = history.read(self.follower.records, self.linkage.cluster.prefix)
            return {each.body["id"] for each in history.of(said, "task")} - {each.body["data"]["task_id"] for each in history.of(said, "reply")}

        await until(lambda: not open_tasks(), "the partners answer")

    def concluded(self) -> set[str]:
        """The requests that have their conclusion. Reads what is new alone: it is asked all the time."""
        new = self.follower.records[self._read :]
        self._read += len(new)
        results = [record for record in new if ".results." in record.topic]
        self._concluded |= {said.request for said in history.of(history.read(results, ""), "conclusion")}
        return self._concluded


@asynccontextmanager
async def stage(cluster: Cluster, folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        # Windows that no slow machine exceeds: a partner that is called silent here would be silent by the clock alone.
        made = await stack.enter_async_context(linkage(folder, cluster, windows=(600, 600)))
        follower = await stack.enter_async_context(following(cluster.admin, made.topic_names))
        for seed, party in enumerate(ASKED):
            await stack.enter_async_context(partner(made, party, seed))
        courts = {court: await stack.enter_async_context(made.voice(court)) for court in COURTS}
        yield Stage(made, follower, courts, Random(SEED))  # noqa: S311 - a seeded script, no secret


def verdict(messages: list[history.Said], made: Linkage, asked: set[str]) -> list[str]:
    """All that is wrong."""
    outcomes = {said.body["data"]["outcome"] for said in history.of(messages, "conclusion")}
    silent = [f"{said.body['data']['partner']} is called silent" for said in history.of(messages, "non-response")]
    missing = asked ^ {said.body["id"] for said in history.of(messages, "request")}
    return [*history.check(messages, logged(made.log)), *silent, *(f"{each}: lost" for each in missing),
            *(f"outcome {outcome}" for outcome in outcomes - {"complete"})]  # fmt: skip


async def test_killed_at_random_moments(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as play:
        for life in range(LIVES):
            hub = await play.linkage.hub(ready=life % 3 > 0)
            await play.wave(WAVE)
            await play.said_by_the_hub(play.rng.randrange(1, 4 * WAVE), hub)
            assert hub.process.returncode is None, "it ended by itself"
            await kill(hub)
        messages = await play.finish()
        assert verdict(messages, play.linkage, play.asked) == []
    repeated = len(messages) - len(history.once(messages))
    assert repeated > 0, "nothing was said twice: the duplicates were not sent"


async def test_dead_between_any_two_steps(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as play:
        for point in POINTS:
            config = str(play.linkage.hub_config())
            hub = await play.linkage.program(f"dies-{point}", "-m", "tests.faults.dying_hub", config, point, ready=False)
            await play.wave(2)
            await until(lambda hub=hub: hub.process.returncode is not None, f"the hub dies at {point}")  # type: ignore[misc]  # mypy cannot infer a lambda's default
            assert hub.process.returncode == DIED, point
        messages = await play.finish()
        assert verdict(messages, play.linkage, play.asked) == []
