"""kill -9 of a connector between the partner's execution and its own commit: the effect stands once, and is answered once."""

from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from deploy.demo.follow import following
from schemas import samples
from schemas.samples import Data
from tests.conftest import Cluster
from tests.factories import control, message
from tests.faults import history
from tests.faults.logs import logged
from tests.processes import Linkage, kill, linkage, until
from tests.simulators import calls, effects, eventually, set_faults, simulator

pytestmark = pytest.mark.kafka

HELD = 60.0
"""Seconds for which the partner keeps its answer back; the test never waits for their end."""


@dataclass(frozen=True)
class Case:
    """One partner: the operation that its fault meets, the effect to find, and what is asked."""

    party: str
    operation: str
    effect: str
    data: Data

    def options(self, made: Linkage, address: str) -> dict[str, object]:
        options: dict[str, object] = {"base_url": address}
        if self.party == "real-estate":
            options["poll_s"] = 0.2
        if self.party == "vehicle":
            file = made.world.secret(made.world.folder / "keys" / "vehicle.partner", "vehicle-demo-key")
            options["api_key_file"] = str(file)
        return options


CASES = [
    Case("bank", "packets", "freeze", control("freeze", samples.ACCOUNT, "P03")),
    Case("real-estate", "kzBdcQL", "seal", control("seal", samples.UNIT, "P04")),
    Case("vehicle", "seal", "seal", control("seal", samples.VEHICLE, "P05")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.party)
async def test_killed_between_call_and_commit(cluster: Cluster, tmp_path: Path, case: Case) -> None:
    statement = message("liandong.case.statement.v1", "court-9901", "hub", samples.statement())
    async with (
        linkage(tmp_path, cluster) as made, made.hub_here(), made.voice("court-9901") as court,
        following(cluster.admin, made.topic_names) as follower,
    ):  # fmt: skip
        with simulator(case.party.replace("-", "_")) as address:
            async with aiohttp.ClientSession(address) as partner:
                await set_faults(partner, {"kind": "execute-then-timeout", "operation": case.operation, "seconds": HELD, "times": 1})
                connector = await made.connector(case.party, case.options(made, address))

                def sent(event: str) -> list[history.Said]:
                    return history.of(history.read(follower.records, cluster.prefix), event)

                await court.say(made.topics.requests, statement)
                await until(lambda: bool(sent("noted")), "the case is registered")
                request = message("liandong.control.request.v1", "court-9901", "hub", made.approved(case.data))
                await court.say(made.topics.requests, request)
                await until(lambda: bool(sent("task")), "the task is sent")
                key = sent("task")[0].body["id"]

                async def executed() -> bool | None:
                    return await effects(partner, key) == [case.effect] or None

                await eventually(executed, 30)
                await kill(connector)
                assert sent("reply") == [], "the answer was still with the partner"
                connector = await made.connector(case.party, case.options(made, address))
                await connector.logged("connector.recovering")
                await until(lambda: bool(sent("conclusion")), "the request is concluded")
                assert await effects(partner, key) == [case.effect]
                assert sum(call["executed"] for call in await calls(partner, key) if call["operation"] == case.operation) == 1
                connector.process.terminate()
                assert await connector.process.wait() == 0
        await follower.caught_up()
        messages = history.read(follower.records, cluster.prefix)
    assert history.check(messages, logged(made.log)) == []
    (reply,) = history.of(history.once(messages), "reply")
    assert (reply.body["data"]["kind"], reply.body["data"]["measure"]["state"]) == ("result", "effective")
