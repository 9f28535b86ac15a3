"""An old backup of a hub is put back, over a real Kafka: nothing is lost, nothing is said in two ways, no size has two roots."""

import os
import shutil
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import URL, func, select

from deploy.demo.linkage import LIANDONG
from hub.store import standing
from hub.store import tables as t
from hub.store.database import open_readonly
from hub.trust.checkpoints import open_checkpoint
from hub.trust.notes import NoteVerifier
from tests import stores
from tests.conftest import Cluster
from tests.faults.test_hub_killed import WAVE, Stage, stage, verdict
from tests.postgres import PROGRAMS
from tests.processes import Linkage, kill, until

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("each_store")]


async def operate(made: Linkage, *arguments: str, code: int = 0) -> str:
    """`liandong store …` on the hub's settings, which ends with `code`; what it printed."""
    name = f"store-{arguments[0]}-{sha256(repr(arguments).encode()).hexdigest()[:6]}"
    environment = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    command = LIANDONG, "store", *arguments, "--config", str(made.hub_config())
    child = await made.program(name, *command, ready=False, environment=environment)
    ended = await child.process.wait()
    printed = child.log.read_text(encoding="utf-8")
    assert ended == code, printed
    return printed


async def busy(play: Stage, backup: Path) -> None:
    """Half is done, a backup is made in the middle of the work, more is done after it, and all hubs are killed at work: one, or two that
    share a database. While one is left, nothing is put back. The partners answer while nobody is there."""
    *others, hub = [await play.linkage.hub(name) for name in (("hub-one", "hub-two") if isinstance(play.linkage.store, URL) else ("hub",))]
    await play.wave(WAVE)
    await play.said_by_the_hub(WAVE, hub)
    await operate(play.linkage, "backup", "--out", str(backup))
    await play.wave(WAVE)
    await until(lambda: play.concluded() >= play.asked, "every request is concluded")
    signed = len(checkpoints(play))
    await play.wave(WAVE)
    await until(lambda: len(checkpoints(play)) > signed, "more is signed than the backup knows of")
    for other in others:
        await kill(other)
    for command in (("adopt",), ("restore", "--from", str(backup)), ("rebuild-log",)):
        assert "store-in-use" in await operate(play.linkage, *command, code=1)
    await play.wave(WAVE)
    await play.said_by_the_hub(WAVE, hub)
    await kill(hub)
    await play.answered()


def put_back(made: Linkage, backup: Path) -> None:
    """The store alone, as somebody does it by hand, or as it is done to a database before `restore`."""
    if isinstance(made.store, URL):
        stores.postgres().put_back(made.store, backup / "store.dump")
        return
    for ending in ("-wal", "-shm"):
        made.store.with_name(made.store.name + ending).unlink(missing_ok=True)
    shutil.copyfile(backup / "store.db", made.store)


def checkpoints(play: Stage) -> list[bytes]:
    """Every signed checkpoint that was announced, in order."""
    return [record.value for record in play.follower.records if record.topic.endswith("checkpoints.v1")]


def said_in_two_ways(play: Stage) -> list[str]:
    """Ids of the hub's under which different bytes were published, and sizes of the log with two roots."""
    values = defaultdict(set)
    for record in play.follower.records:
        if ".tasks." in record.topic or ".results." in record.topic:
            values[str(record.value).partition('"id":"')[2][:36]].add(record.value)
    key = NoteVerifier.parse((play.linkage.log / "log.vkey").read_text(encoding="utf-8").strip())
    roots = defaultdict(set)
    for note in checkpoints(play):
        checkpoint = open_checkpoint(note, key)
        roots[checkpoint.size].add(checkpoint.root)
    assert values
    assert roots
    return [each for each, found in values.items() if len(found) > 1] + [str(size) for size, found in roots.items() if len(found) > 1]


@pytest.mark.faults
async def test_an_old_backup_is_put_back_and_the_work_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    async with stage(cluster, tmp_path / "world") as play:
        await busy(play, tmp_path / "backup")
        if isinstance(play.linkage.store, URL):
            put_back(play.linkage, tmp_path / "backup")
        printed = await operate(play.linkage, "restore", "--from", str(tmp_path / "backup"))
        assert "decided again" in printed
        again = await operate(play.linkage, "adopt")
        assert " 0 decided again" in again, "doing it again changes nothing"
        await play.wave(2)
        messages = await play.finish()
        assert verdict(messages, play.linkage, play.asked) == []
        assert said_in_two_ways(play) == []
        with open_readonly(play.linkage.store) as connection:
            assert standing.count(connection) == 0, "all that stood is explained"
            assert connection.scalar(select(func.count()).where(t.audit.c.kind == "store.restored")) == 1


@pytest.mark.faults
async def test_a_hub_refuses_a_store_that_is_behind_what_was_signed(cluster: Cluster, tmp_path: Path) -> None:
    """Store and log were both copied back by hand: only the topic knows. Without the entries nothing can be signed any more."""
    async with stage(cluster, tmp_path / "world") as play:
        await busy(play, tmp_path / "backup")
        folder, aside = play.linkage.log.parent, tmp_path / "aside"
        shutil.move(folder / "log", aside)
        shutil.copytree(tmp_path / "backup" / "log", folder / "log")
        put_back(play.linkage, tmp_path / "backup")
        hub = await play.linkage.hub(ready=False)
        assert await hub.process.wait() == 1
        assert "store-behind" in hub.log.read_text(encoding="utf-8")
        assert "log-behind" in await operate(play.linkage, "adopt", code=1)
        shutil.rmtree(folder / "log")
        shutil.move(aside, folder / "log")
        await operate(play.linkage, "adopt")
        messages = await play.finish()
        assert verdict(messages, play.linkage, play.asked) == []
        assert said_in_two_ways(play) == []
