"""The linkage of one run: Kafka, hub, simulators, connectors and the bank without one, each in a process of its own."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from deploy.demo.follow import Follower, following
from deploy.demo.processes import Child, Household
from deploy.demo.show import step
from deploy.demo.world import CONNECTED, COURTS, HUB, ROOT, STOCK, Cluster, World, free_port
from deploy.kafka import Broker
from hub.bus.admin import provision, provision_topics
from hub.bus.connection import Connection, Protocol

LIANDONG = str(Path(sys.executable).parent / "liandong")

@dataclass
class Running:
    """A linkage that is up."""

    world: World
    cluster: Cluster
    household: Household
    follower: Follower
    console: str

    @property
    def topics(self) -> list[str]:
        return [topic.name for topic in self.world.plan(self.cluster).topics]


def existing_cluster(world: World) -> Cluster | None:
    """The cluster that LIANDONG_KAFKA__BOOTSTRAP_SERVERS names, if it does.

    Its users and access lists are its administrator's: all parties connect plainly, or as LIANDONG_KAFKA__USERNAME with the
    password in LIANDONG_KAFKA__PASSWORD_FILE, and with LIANDONG_KAFKA__CA_FILE over TLS.
    """
    servers = os.environ.get("LIANDONG_KAFKA__BOOTSTRAP_SERVERS")
    if not servers:
        return None
    username, file = os.environ.get("LIANDONG_KAFKA__USERNAME", ""), os.environ.get("LIANDONG_KAFKA__PASSWORD_FILE")
    password = Path(file).read_text(encoding="utf-8").strip() if file else ""
    world.secret(world.password_file("shared"), password)
    authority = os.environ.get("LIANDONG_KAFKA__CA_FILE")
    ca_file = Path(authority).resolve() if authority else None
    protocol: Protocol = "PLAINTEXT" if not username else "SASL_SSL" if ca_file else "SASL_PLAINTEXT"
    # Everybody in a demonstration is made up, so its line may be open.
    admin = Connection(servers, username, password, protocol, f"demo-{secrets.token_hex(4)}.", ca_file, allow_unencrypted=True)
    return Cluster(admin, own=False)


@contextlib.asynccontextmanager
async def kafka(world: World) -> AsyncIterator[Cluster]:
    """The cluster to use, its topics made: an existing one, or one of our own with users and access lists."""
    cluster = existing_cluster(world)
    if cluster is not None:
        step(f"使用现有 Kafka,主题前缀 · using the existing Kafka, topic prefix {cluster.prefix}")
        await asyncio.to_thread(provision_topics, cluster.admin, world.plan(cluster))
        yield cluster
        return
    step("启动 Apache Kafka · starting Apache Kafka")
    async with Broker(world.folder / "kafka", progress=step) as broker:
        cluster = Cluster(Connection(broker.bootstrap_servers, broker.admin_username, broker.admin_password), own=True)
        step("建立主题、每个单位的用户与权限 · topics, a user and an access list for each agency")
        passwords = {party: world.password(party) for party in world.plan_parties}
        await asyncio.to_thread(provision, cluster.admin, world.plan(cluster), passwords)
        yield cluster


@contextlib.asynccontextmanager
async def linkage(world: World) -> AsyncIterator[Running]:
    """Everything up and ready; everything down again on the way out."""
    async with kafka(world) as cluster:
        household = Household(ROOT, world.folder / "logs")
        try:
            async with following(cluster.admin, [topic.name for topic in world.plan(cluster).topics]) as follower:
                yield await _start(world, cluster, household, follower)
        finally:
            await household.stop()


async def _start(world: World, cluster: Cluster, household: Household, follower: Follower) -> Running:
    step("启动中心、五个模拟系统、五个连接器和一家无连接器的银行 · starting hub, simulators, connectors, and a bank without one")
    port, hook = free_port(8640), free_port()
    keys = {party: secrets.token_hex(16) for party in ("vehicle", "business-registry", "police")}
    hub = await household.start(HUB, LIANDONG, "hub", "run", "--config", str(world.hub_settings(cluster, port)))
    environment = {"vehicle": {"VEHICLE_API_KEY": keys["vehicle"]}, "police": {"POLICE_WEBHOOK_SECRET": keys["police"]},
                   "business-registry": {"REGISTRY_CLIENT_SECRET": keys["business-registry"]}}  # fmt: skip
    simulators = {
        party: await household.start(
            f"simulator-{party}", "-m", f"connectors.simulators.{party.replace('-', '_')}", "--port", "0",
            environment=environment.get(party),
        )
        for party in CONNECTED
    }  # fmt: skip
    addresses = {party: str((await child.json_line())["listening"]) for party, child in simulators.items()}
    key_files = {party: world.secret(world.folder / "keys" / f"{party}.partner", key) for party, key in keys.items()}
    options: dict[str, dict[str, object]] = {
        "real-estate": {"poll_s": 0.3},
        "vehicle": {"api_key_file": str(key_files["vehicle"])},
        "business-registry": {"client_id": "liandong", "client_secret_file": str(key_files["business-registry"]),
                              "poll_s": 0.3},
        "police": {"secret_file": str(key_files["police"]), "callback_url": f"http://127.0.0.1:{hook}", "poll_s": 5},
        "bank": {},
    }  # fmt: skip
    connectors: list[Child] = []
    for party in CONNECTED:
        file = world.connector_settings(
            cluster, party, {"base_url": addresses[party], **options[party]}, hook if party == "police" else 0
        )
        connectors.append(await household.start(party, LIANDONG, "connector", "run", "--config", str(file)))
    await _start_stock_bank(world, cluster, household)
    for child in (hub, *connectors):
        await child.logged("hub.ready" if child is hub else "connector.ready")
    await _set_faults(addresses)
    return Running(world, cluster, household, follower, f"http://127.0.0.1:{port}/")


async def _start_stock_bank(world: World, cluster: Cluster, household: Household) -> Child:
    username, file = world.connection(cluster, STOCK)
    login = ["--username", username, "--password-file", str(file)] if file is not None else []
    login += ["--ca-file", str(cluster.admin.ca_file)] if cluster.admin.ca_file else []
    return await household.start(
        STOCK, "-m", "connectors.stock_bank", "--bootstrap-servers", cluster.admin.bootstrap_servers,
        "--topic-prefix", cluster.prefix, "--key", str(world.key(STOCK)), "--jwks", str(world.folder / "jwks.json"),
        *(argument for court in COURTS for argument in ("--court", court)),
        "--journal", str(world.folder / "connectors" / "bank-two.journal"), *login,
    )  # fmt: skip


async def _set_faults(addresses: dict[str, str]) -> None:
    """Let some partners misbehave as the docket wants it: one flaps, one stays silent past its deadline."""
    faults: dict[str, Any] = json.loads((ROOT / "config/samples/docket/faults.json").read_text(encoding="utf-8"))
    async with aiohttp.ClientSession() as http:
        for partner, rules in faults.items():
            async with http.put(f"{addresses[partner]}/_faults", json=rules) as answer:
                answer.raise_for_status()
