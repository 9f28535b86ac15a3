"""Two hub processes on one PostgreSQL and a real Kafka: they share the work, one dies or stands still, the other finishes it."""

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL, select

from deploy.demo.processes import Child
from hub.store import leases
from hub.store.database import Database, open_readonly
from tests import stores
from tests.conftest import Cluster
from tests.faults import history
from tests.faults.logs import ended
from tests.faults.test_hub_killed import WAVE, Stage, stage, verdict
from tests.processes import Linkage, kill, until

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _postgresql() -> Iterator[None]:
    stores.use(stores.POSTGRESQL)
    yield
    stores.use(stores.DEFAULT)


def holders(url: Path | URL) -> Mapping[str, str]:
    """Lease → process, as they stand now."""
    with open_readonly(url) as connection:
        return {row.name: row.holder for row in connection.execute(select(leases.leases))}


def shared(url: Path | URL) -> bool:
    """Whether two processes have divided all partitions evenly."""
    found = [holder for name, holder in holders(url).items() if name.startswith("partition/")]
    return len(found) == 6 and sorted(found.count(holder) for holder in set(found)) == [3, 3]


def one_has_all(url: Path | URL) -> bool:
    """Whether one process has every lease, the roles among them."""
    found = holders(url)
    return len(found) == 9 and len(set(found.values())) == 1


async def hubs(made: Linkage, *names: str) -> list[Child]:
    """Hub processes, each ready; their sessions have their names."""
    return [await made.hub(name) for name in names]


def decided(child: Child) -> int:
    """How many requests and answers this process has decided on."""
    log = child.log.read_text(encoding="utf-8")
    return log.count('"event": "request.accepted"') + log.count('"event": "task.answered"')


async def finish(play: Stage, *children: Child) -> list[history.Said]:
    """Wait for every conclusion, end the hubs in order, and read what stands."""
    await until(lambda: play.concluded() >= play.asked, "every request is concluded")
    return await ended(play.linkage, play.follower, *children)


async def test_two_share_the_work_and_one_that_is_killed_is_replaced(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path) as play:
        url = play.linkage.store
        first, second = await hubs(play.linkage, "hub-one", "hub-two")
        await until(lambda: shared(url), "the partitions are shared")
        await play.wave(WAVE)
        await until(lambda: play.concluded() >= play.asked, "every request is concluded")
        assert decided(first) > 0
        assert decided(second) > 0
        await play.wave(WAVE)
        await play.said_by_the_hub(WAVE, first)
        await kill(first)  # it publishes and sequences for both
        await play.wave(WAVE)
        messages = await finish(play, second)
        assert verdict(messages, play.linkage, play.asked) == []
    assert holders(url) == {}, "who ends cleanly leaves nothing behind"


async def stopped_in_its_turn(hub: Child, url: Path | URL) -> int:
    """SIGSTOP while it waits for its turn to write, which it is then given. Returns its session."""
    server, store = stores.postgres(), Database(url)
    with store.write(alone=True):
        await until(lambda: server.waiting(hub.name) is not None, "the hub waits for its turn")
        hub.process.send_signal(signal.SIGSTOP)
        session = server.waiting(hub.name)
    store.close()
    assert session is not None
    return session


async def test_one_that_stood_still_past_its_lease_does_no_harm(cluster: Cluster, tmp_path: Path) -> None:
    """In the middle of the work, and in its turn to write: the turn ends with the lease, the other takes over; then it wakes."""
    async with stage(cluster, tmp_path) as play:
        url = play.linkage.store
        first, second = await hubs(play.linkage, "hub-one", "hub-two")
        await until(lambda: shared(url), "the partitions are shared")
        await play.wave(WAVE)
        await play.said_by_the_hub(WAVE, first)
        session = await stopped_in_its_turn(first, url)
        await play.wave(WAVE)
        await until(lambda: stores.postgres().ended(session), "the server takes its turn from it")
        await until(lambda: one_has_all(url), "the other has every lease")
        await until(lambda: play.concluded() >= play.asked, "the other concludes everything")
        first.process.send_signal(signal.SIGCONT)
        await until(lambda: shared(url), "the partitions are shared again")
        await play.wave(WAVE)
        messages = await finish(play, first, second)
        assert verdict(messages, play.linkage, play.asked) == []


@pytest.mark.faults
async def test_a_restarted_server_is_waited_for(cluster: Cluster, tmp_path: Path) -> None:
    """Every session ends at once, as when PostgreSQL is restarted; both hubs go on by themselves."""
    async with stage(cluster, tmp_path) as play:
        first, second = await hubs(play.linkage, "hub-one", "hub-two")
        for _ in range(3):
            await play.wave(4)
            await play.said_by_the_hub(4, first)
            assert stores.postgres().end_sessions() > 0
        messages = await finish(play, first, second)
        assert verdict(messages, play.linkage, play.asked) == []


@pytest.mark.faults
async def test_one_after_the_other_is_replaced_while_the_work_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    """A rolling upgrade: each is ended by SIGTERM in the middle of its work, and a new one joins."""
    async with stage(cluster, tmp_path) as play:
        url = play.linkage.store
        first, second = await hubs(play.linkage, "hub-one", "hub-two")
        await until(lambda: shared(url), "the partitions are shared")
        for old, name in ((first, "hub-three"), (second, "hub-four")):
            await play.wave(WAVE)
            await play.said_by_the_hub(4, old)
            old.process.terminate()
            assert await old.process.wait() == 0, old.log.read_text(encoding="utf-8")[-2000:]
            assert len(set(holders(url).values())) == 1, "its leases are let go, not left to run out"
            await play.wave(WAVE)
            (new,) = await hubs(play.linkage, name)
            first, second = second, new
        messages = await finish(play, first, second)
        assert verdict(messages, play.linkage, play.asked) == []
    assert holders(url) == {}
