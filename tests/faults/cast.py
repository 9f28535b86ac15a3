"""Scripted parties: courts that send inquiries in waves, partners that answer, some of it twice and in any order."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from random import Random
from typing import Any

from hub.bus.source import KafkaSource
from schemas.base import CHINA
from tests.factories import inquiry, message
from tests.processes import Linkage, Voice

ASKED = ("bank", "vehicle")
Task = dict[str, Any]


def inquiries(court: str, number: int, *partners: str) -> dict[str, bytes]:
    """Request id → value of that many inquiries to these partners."""
    made = {}
    for case in range(number):
        value = message("liandong.inquiry.request.v1", court, "hub", inquiry(court=court, case=case + 1, partners=list(partners)))
        made[str(json.loads(value)["id"])] = value
    return made


def shuffled(values: list[bytes], rng: Random) -> list[bytes]:
    """`values` in another order, about a third of them twice."""
    more = values + [value for value in values if rng.random() < 0.3]
    rng.shuffle(more)
    return more


def answer(partner: str, task: Task) -> list[bytes]:
    """A receipt, and the reply that there is no record."""
    kind = task["type"].split(".")[1]
    about = {"correlationid": task["correlationid"], "causationid": task["id"], "subject": task["subject"]}
    reply = {"task_id": task["id"], "kind": "no-record", "answered_at": datetime.now(CHINA).isoformat(timespec="microseconds")}
    return [
        message(f"liandong.{kind}.receipt.v1", partner, "hub", {"task_id": task["id"], "handling": "automatic"}, **about),
        message(f"liandong.{kind}.reply.v1", partner, "hub", reply, **about),
    ]


class Partner:
    """Answers each task, whenever it sees it, with the same bytes. What `holds` is true of waits for `let_go`."""

    def __init__(self, linkage: Linkage, voice: Voice, rng: Random, holds: Callable[[Task], bool]) -> None:
        self._linkage = linkage
        self._voice = voice
        self._rng = rng
        self._holds = holds
        self._answers: dict[str, list[bytes]] = {}
        self.held: list[Task] = []

    async def run(self) -> None:
        """For ever; cancelled between two reads."""
        party = self._voice.party
        source = KafkaSource(self._linkage.cluster.connection(party), party, [self._linkage.topics.tasks(party)])
        try:
            source.seek(await source.open())
            while True:
                for record in await source.take(100, 100):
                    task = json.loads(record.value)
                    if not task["type"].endswith(".task.v1"):
                        continue  # a rejection is no task: its answer would be rejected, too, and so on
                    if self._holds(task):
                        self.held.append(task)
                    else:
                        await self.answer(task)
                await asyncio.sleep(0)
        finally:
            await source.close()

    async def answer(self, task: Task) -> None:
        """Receipt and reply, shuffled; sometimes without a receipt."""
        values = self._answers.setdefault(task["id"], answer(self._voice.party, task))
        said = values if self._rng.random() < 0.8 else values[1:]
        await self._voice.say(self._linkage.topics.replies, *shuffled(said, self._rng))

    async def let_go(self) -> None:
        """Answer what was held."""
        held, self.held = self.held, []
        for task in held:
            await self.answer(task)


@contextlib.asynccontextmanager
async def partner(
    linkage: Linkage, party: str, seed: int, holds: Callable[[Task], bool] = lambda _: False
) -> AsyncIterator[Partner]:
    """A partner at work."""
    async with linkage.voice(party) as voice:
        made = Partner(linkage, voice, Random(seed), holds)  # noqa: S311 - a seeded script, no secret
        working = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
