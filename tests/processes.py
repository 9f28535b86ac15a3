"""One test's linkage: keys, passwords and settings, the hub and connectors as processes of their own, and every party's voice."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import URL

from connectors.court.approvals import sign_approvals
from connectors.court.drafts import finish
from deploy.demo.linkage import LIANDONG
from deploy.demo.processes import Child, Household
from deploy.demo.world import ROOT, World
from deploy.demo.world import Cluster as DemoCluster
from hub.bootstrap import Hub, build_hub
from hub.bus.sink import KafkaSink
from hub.bus.topics import Topics
from hub.engine.records import Outgoing
from hub.engine.relay import PublishFailed
from hub.engine.work import signed_headers
from hub.settings import read_settings
from hub.trust import keys
from hub.trust.jws import Signer
from schemas import samples
from schemas.base import CHINA
from schemas.samples import Data
from tests import stores
from tests.conftest import Cluster

SAMPLE_AGREEMENTS = ROOT / "config" / "samples" / "agreements"


@dataclass(frozen=True)
class Linkage:
    """Everything of one test stands below `world.folder`."""

    world: World
    cluster: Cluster
    household: Household
    agreements: Path

    @property
    def topics(self) -> Topics:
        return Topics(self.cluster.prefix)

    @property
    def topic_names(self) -> list[str]:
        return [topic.name for topic in self.cluster.plan.topics]

    @property
    def _demo(self) -> DemoCluster:
        return DemoCluster(self.cluster.admin, own=True)

    @property
    def log(self) -> Path:
        """The hub's log directory."""
        return self.world.folder / "hub" / "log"

    @property
    def store(self) -> Path | URL:
        """Where the hub's store is, of the kind that this test works on."""
        return stores.place(self.world.folder / "hub" / "hub.db")

    def _settings(self, name: str) -> dict[str, str]:
        """What is told to a process of the hub's beside its settings file; its sessions on a server have its `name`."""
        told = {"LIANDONG_AGREEMENTS_DIR": str(self.agreements)}
        if isinstance(self.store, URL):
            told["LIANDONG_STORE"] = self.store.update_query_dict({"application_name": name}).render_as_string(hide_password=False)
        return told

    # -- the hub -------------------------------------------------------------------------------------------------------

    def hub_config(self) -> Path:
        """The hub's settings file; its console takes any free port."""
        return self.world.hub_settings(self._demo, 0)

    async def hub(self, name: str = "hub", *, ready: bool = True) -> Child:
        """`liandong hub run` as a process."""
        return await self.program(name, LIANDONG, "hub", "run", "--config", str(self.hub_config()), ready=ready)

    async def program(self, name: str, *arguments: str, ready: bool, environment: Mapping[str, str] = MappingProxyType({})) -> Child:
        """A process that works as the hub; with `ready`, return once it says so."""
        child = await self.household.start(name, *arguments, environment={**self._settings(name), **environment})
        if ready:
            await child.logged("hub.ready")
        return child

    @contextlib.asynccontextmanager
    async def hub_here(self) -> AsyncIterator[Hub]:
        """A hub in this process, ready; it ends cleanly."""
        told = {"agreements_dir": self.agreements, "store": self._settings("here").get("LIANDONG_STORE", "sqlite:hub.db")}
        hub = build_hub(read_settings(self.hub_config()).model_copy(update=told))
        running = asyncio.create_task(hub.run())
        ready = asyncio.create_task(hub.processor.ready.wait())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        if running.done():
            running.result()
        assert ready.done(), "the hub is not ready"
        try:
            yield hub
        finally:
            hub.processor.stop()
            await running

    def approved(self, data: Data) -> Data:
        """Data of a request whose approvals the officers have signed with their keys in this linkage."""
        kind = samples.kind_of_action(data["action"])
        draft = sign_approvals(finish({"type": f"liandong.{kind}.request.v1", "data": data}), self.world.officers, datetime.now(CHINA))
        signed: Data = json.loads(draft.data.model_dump_json(exclude_none=True))
        return signed

    # -- others --------------------------------------------------------------------------------------------------------

    async def connector(self, party: str, options: dict[str, object]) -> Child:
        """`liandong connector run` as a process, ready."""
        config = self.world.connector_settings(self._demo, party, options, 0)
        child = await self.household.start(party, LIANDONG, "connector", "run", "--config", str(config))
        await child.logged("connector.ready")
        return child

    @contextlib.asynccontextmanager
    async def voice(self, party: str) -> AsyncIterator["Voice"]:
        """What a party says over Kafka, as its own user and with its own key."""
        sink = KafkaSink(self.cluster.connection(party), f"{party}-voice")
        try:
            yield Voice(party, Signer(keys.load(self.world.key(party))), sink)
        finally:
            await sink.close()


@dataclass(frozen=True)
class Voice:
    """One party's key and way into Kafka."""

    party: str
    signer: Signer
    _sink: KafkaSink

    async def say(self, topic: str, *values: bytes) -> None:
        """Sign and publish these values, in order; while Kafka is away, wait for it."""
        batch = [Outgoing(0, topic, None, value, signed_headers(self.signer.sign(value))) for value in values]
        while True:
            try:
                await self._sink.publish(batch)
            except PublishFailed:
                await asyncio.sleep(0.2)
            else:
                return


@contextlib.asynccontextmanager
async def linkage(folder: Path, cluster: Cluster, *, windows: tuple[int, int] | None = None) -> AsyncIterator[Linkage]:
    """A linkage on a test's topics. `windows`: seconds for receipt and reply, in place of the sample agreements'.

    Every process that it starts has ended on the way out.
    """
    world = World(folder)
    world.prepare()
    for party, password in cluster.passwords.items():
        world.secret(world.password_file(party), password)
    agreements = SAMPLE_AGREEMENTS if windows is None else _agreements(folder / "agreements", *windows)
    household = Household(ROOT, folder / "logs")
    try:
        yield Linkage(world, cluster, household, agreements)
    finally:
        await household.stop()


def _agreements(folder: Path, receipt: int, reply: int) -> Path:
    folder.mkdir()
    for file in SAMPLE_AGREEMENTS.glob("*.toml"):
        terms = re.sub(r"(?m)^receipt_within_s = .*$", f"receipt_within_s = {receipt}", file.read_text(encoding="utf-8"))
        terms = re.sub(r"(?m)^reply_within_s = .*$", f"reply_within_s = {reply}", terms)
        (folder / file.name).write_text(terms, encoding="utf-8")
    return folder


async def kill(child: Child) -> None:
    """kill -9."""
    child.process.kill()
    await child.process.wait()


async def until(holds: Callable[[], bool], what: str, within: float = 120) -> None:
    """Wait until `holds`; fails, saying `what` did not happen, when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not in {within:.0f} s: {what}")
        await asyncio.sleep(0.01)
