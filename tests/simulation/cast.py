"""Scripted parties: courts that ask, repeat and contradict themselves; partners that answer well, late, twice, wrongly or not."""

import asyncio
import base64
import json
from collections.abc import Coroutine
from random import Random
from typing import Any

from hub.bus.topics import REPLIES, REQUESTS, tasks_topic
from hub.engine.records import Record
from schemas import samples
from schemas.base import from_micros
from schemas.samples import Data, kind_of_action
from tests.factories import approved
from tests.rig import FINDING, STATES
from tests.simulation.plan import MOODS, REPLY_WITHIN, Ask
from tests.simulation.world import World, message_id

Task = dict[str, Any]


class Scripts:
    """What the parties will still do; `World.unsaid` counts it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, script: Coroutine[Any, Any, None]) -> None:
        self._world.unsaid += 1
        task = asyncio.get_running_loop().create_task(script)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._world.unsaid -= 1
        if not task.cancelled() and task.exception() is not None:
            self._world.fault(f"a script failed: {task.exception()!r}")


class Courts:
    """Every court: states its case, and asks what the plan says."""

    def __init__(self, world: World, scripts: Scripts) -> None:
        self._world = world
        rng = world.rng("courts")
        self._ids = [message_id(rng) for _ in world.plan.asks]
        for court in sorted({ask.court for ask in world.plan.asks}):
            scripts.begin(self._state(court, world.rng(court)))
        for number, ask in enumerate(world.plan.asks):
            scripts.begin(self._ask(number, ask, world.rng(f"ask {number}")))

    async def _state(self, court: str, rng: Random) -> None:
        await asyncio.sleep(rng.uniform(0.0, 0.3))
        value = self._world.message(rng, "liandong.case.statement.v1", court, samples.statement(court))
        await self._world.say(court, REQUESTS, value)

    async def _ask(self, number: int, ask: Ask, rng: Random) -> None:
        await asyncio.sleep(ask.at)
        one = self._request(rng, number, ask, ask.who)
        if ask.how == "spoilt":
            await self._spoil(rng, ask, one)
            return
        await self._world.say(ask.court, REQUESTS, one)
        if ask.how == "repeated":
            for _ in range(rng.randint(1, 3)):
                await asyncio.sleep(rng.expovariate(1.0))
                await self._world.say(ask.court, REQUESTS, one)
        elif ask.how in ("twin", "renumbered"):  # the id, or only the request's number, under another content
            changes = {"id": message_id(rng)} if ask.how == "renumbered" else {}
            other = self._request(rng, number, ask, "C01", **changes)
            rival = f"ask {number}"
            for value in rng.sample([one, other, other], 3):
                await self._world.say(ask.court, REQUESTS, value, rival=rival)
                await asyncio.sleep(rng.expovariate(2.0))

    def _request(self, rng: Random, number: int, ask: Ask, who: str, **attributes: Any) -> bytes:
        original = {"original": self._ids[ask.original]} if ask.original is not None else {}
        changes: Data = {"number": f"R-{number:04}", "partners": list(ask.partners), **original}
        if ask.action == "inquire":
            data = samples.inquiry(who, court=ask.court, **changes)
        else:
            data = samples.control(ask.action, who=who, court=ask.court, **changes)
        data["subject"] = samples.subject(who)
        kind = kind_of_action(ask.action)
        data = approved(data, from_micros(self._world.now()))
        return self._world.message(rng, f"liandong.{kind}.request.v1", ask.court, data, **{"id": self._ids[number], **attributes})

    async def _spoil(self, rng: Random, ask: Ask, one: bytes) -> None:
        """Bad in one of several ways: none of it may stop or move anything."""
        body = json.loads(one)
        spoilt, signer = rng.choice([
            (one[: len(one) // 2], ""), (b"\x00\xff", ""), (one, None), (one, "bank"),
            (json.dumps(body | {"recipient": "bank"}).encode(), ""), (json.dumps(body | {"source": "court-99"}).encode(), ""),
            (json.dumps(body | {"type": "liandong.inquiry.reply.v1"}).encode(), ""),
        ])  # fmt: skip
        for _ in range(rng.randint(1, 2)):
            await self._world.say(ask.court, REQUESTS, spoilt, how="bad", signer=signer)


class Partner:
    """A partner with its own client: each task is taken in one of several moods, repeated tasks get the same bytes again."""

    def __init__(self, world: World, scripts: Scripts, party: str) -> None:
        self._world = world
        self._scripts = scripts
        self._party = party
        self._rng = world.rng(party)
        self._known: set[str] = set()

    async def run(self) -> None:
        """For ever."""
        await self._world.broker.read(self._party, tasks_topic("", self._party), self._see)

    def _see(self, record: Record) -> None:
        task = json.loads(record.value)
        if task["type"].endswith(".task.v1") and task["id"] not in self._known:
            self._known.add(task["id"])
            rng = self._world.rng(f"{self._party} {task['id']}")
            mood = rng.choices(list(MOODS), list(MOODS.values()))[0]
            self._world.trace(self._party, f"takes {task['id'][:8]} as {mood}")
            self._scripts.begin(self._take(task, mood, rng))

    async def _take(self, task: Task, mood: str, rng: Random) -> None:
        if mood == "silent":
            return
        await asyncio.sleep(rng.uniform(0.05, 1.0))
        if mood == "lying":
            await self._lie(task, rng)
        if mood not in ("unreceipted", "late") or rng.random() < 0.5:
            receipt = self._about(rng, task, "receipt", {"handling": "automatic"})
            await self._repeat(receipt, rng)
        if mood == "received-only" or (mood == "lying" and rng.random() < 0.5):
            return
        await asyncio.sleep({"slow": rng.uniform(0.7, 1.4), "late": rng.uniform(1.5, 2.5)}.get(mood, rng.uniform(0.0, 0.7)) * REPLY_WITHIN)
        reply = self._about(rng, task, "reply", self._answer(task, rng))
        replies = [reply]
        if mood == "twin":
            replies.append(self._about(rng, task, "reply", self._answer(task, rng), id=json.loads(reply)["id"]))
        elif mood == "second":
            replies.append(self._about(rng, task, "reply", self._answer(task, rng)))
        for value in rng.sample(replies, len(replies)):
            await self._repeat(value, rng, rival=f"task {task['id']}")

    async def _repeat(self, value: bytes, rng: Random, rival: str = "") -> None:
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            await self._world.say(self._party, REPLIES, value, rival=rival)
            await asyncio.sleep(rng.choice([0.0, rng.expovariate(1.5)]))

    def _about(self, rng: Random, task: Task, event: str, data: Data, speaker: str = "", **attributes: Any) -> bytes:
        kind = task["type"].split(".")[1]
        about = {"correlationid": task["correlationid"], "causationid": task["id"], "subject": task["subject"], **attributes}
        return self._world.message(rng, f"liandong.{kind}.{event}.v1", speaker or self._party, {"task_id": task["id"], **data}, **about)

    def _answer(self, task: Task, rng: Random) -> Data:
        """One of the business answers, in the shape that it needs."""
        action = json.loads(base64.b64decode(task["data"]["request"]["value"]))["data"]["action"]
        kind = rng.choice(["result", "result", "no-record", "refused"] + (["not-controlled"] if action != "inquire" else ["partial"]))
        data: Data = {"kind": kind, "answered_at": from_micros(self._world.now()).isoformat(timespec="microseconds")}
        if kind not in ("result", "no-record"):
            data["reason"] = {"code": "test", "text": f"{rng.getrandbits(32)}"}
        if kind in ("result", "partial"):
            found = {"findings": [FINDING | {"place": f"{rng.getrandbits(32)}"}]}
            data |= found if action == "inquire" else {"measure": {"state": STATES.get(action, "effective"), "reference": "X1"}}
        return data

    async def _lie(self, task: Task, rng: Random) -> None:
        """What no partner may say: an answer that does not fit, of another's task, of no task, in another's name, unsigned."""
        honest = self._answer(task, rng)
        unfit = honest | {"kind": "result", "measure": {"state": "withdrawn", "reference": "X1"}}
        unfit.pop("reason", None)
        stranger = next(party for party in ("bank", "vehicle") if party != self._party)
        what: list[tuple[bytes, str | None]] = [
            (self._about(rng, task, "reply", unfit), ""),
            (self._about(rng, task, "reply", honest | {"task_id": message_id(rng)}), ""),
            (self._about(rng, task, "reply", honest, correlationid=message_id(rng)), ""),
            (self._about(rng, task, "reply", honest), None),
            (self._about(rng, task, "reply", honest), stranger),
            (self._about(rng, task, "reply", honest, speaker=stranger), stranger),
            (b"{}", ""),
        ]
        for value, signer in rng.sample(what, 2):
            await self._world.say(self._party, REPLIES, value, how="bad", signer=signer)
