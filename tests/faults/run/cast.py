"""Scripted parties on the real thing: courts that repeat themselves and send what is bad, partners that log every task."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO, Any

from hub.bus.sink import KafkaSink
from hub.bus.source import KafkaSource
from hub.bus.topics import REPLIES, REQUESTS, results_topic, tasks_topic
from hub.engine.records import Outgoing
from hub.engine.relay import PublishFailed
from hub.engine.work import signed_headers
from hub.trust.jws import Signer
from schemas import samples
from schemas.envelope import VALUE_LIMIT
from tests.conftest import COURTS
from tests.factories import control, inquiry, message
from tests.faults.cast import Task, answer
from tests.faults.remains import Meant, digest, id_of
from tests.processes import Linkage

SCRIPTED = ("bank", "real-estate")
CONNECTED = "vehicle"
HOWS = {"plain": 70, "repeated": 14, "twin": 4, "wrong-key": 3, "unsigned": 2, "poison": 3, "cut-off": 3}
"""How a request is sent, and how often."""
CASES = 40
"""Different cases of each court in the inquiries, so that many messages share a key."""


@dataclass
class Ledger:
    """What was sent, and what has come back, as the courts see it."""

    meant: dict[str, Meant] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    done_at: dict[str, float] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    replying: int = 0

    @property
    def waiting(self) -> set[str]:
        """The requests without a conclusion."""
        return self.sent_at.keys() - self.done_at.keys()

    def forget(self) -> None:
        """A round is over and judged."""
        for each in (self.meant, self.sent_at, self.done_at, self.noted, self.kinds):
            each.clear()


@dataclass(frozen=True)
class Voice:
    """A party's way into Kafka."""

    party: str
    signers: Mapping[str, Signer]
    sink: KafkaSink
    ledger: Ledger

    async def say(self, topic: str, items: Sequence[tuple[bytes, Meant, str]]) -> None:
        """Publish values, each with what it is meant as and whose key signs it ("" for nobody's), until Kafka has them all."""
        batch = []
        for value, meant, signer in items:
            self.ledger.meant[digest(value)] = meant
            headers = signed_headers(self.signers[signer].sign(value)) if signer else ()
            batch.append(Outgoing(0, topic, None, value, headers))
        while True:
            try:
                await self.sink.publish(batch)
            except PublishFailed:
                await asyncio.sleep(0.2)
            else:
                return


class Court:
    """Sends inquiries as long as it has leave to, and now and then a seal with its release."""

    def __init__(self, voice: Voice, made: Linkage, rng: Random, most: int) -> None:
        self._voice = voice
        self._made = made
        self._rng = rng
        self._most = most
        self._past: list[tuple[bytes, Meant, str]] = []
        self.leave = 0
        self._cases = 1000

    async def run(self) -> None:
        """For ever."""
        while True:
            number = min(self.leave, self._rng.randint(1, 16), self._most - len(self._voice.ledger.waiting))
            if number <= 0:
                await asyncio.sleep(0.02)
                continue
            items = [item for _ in range(number) for item in self._request()]
            if self._past and self._rng.random() < 0.3:
                items.append(self._rng.choice(self._past))  # said before, long ago
            self._rng.shuffle(items)
            await self._voice.say(REQUESTS, items)
            self.leave -= number

    def forget(self) -> None:
        """What was said in an earlier round is not said again: that round is judged."""
        self._past.clear()

    def _request(self) -> list[tuple[bytes, Meant, str]]:
        rng, court, ledger = self._rng, self._voice.party, self._voice.ledger
        how = rng.choices(list(HOWS), list(HOWS.values()))[0] if rng.random() > 0.002 else "oversize"
        ledger.kinds[how] += 1
        partners = rng.choice([["bank"], ["bank", CONNECTED], ["bank", "real-estate", CONNECTED], [CONNECTED], list(SCRIPTED)])
        value = message("liandong.inquiry.request.v1", court, "hub", inquiry(court=court, case=rng.randint(1, CASES), partners=partners))
        good, bad = Meant(court, "good", id_of(value)), Meant(court, "bad", "")
        match how:
            case "wrong-key":
                return [(value, bad, "bank")]
            case "unsigned":
                return [(value, bad, "")]
            case "poison":
                return [(rng.randbytes(rng.randint(1, 300)), bad, rng.choice([court, ""]))]
            case "cut-off":
                return [(value[: len(value) // 2], bad, court)]
            case "oversize":
                return [(value[:-1] + b" " * VALUE_LIMIT + b"}", bad, court)]
        ledger.sent_at[id_of(value)] = time.monotonic()
        items = [(value, good, court)] * (1 if how == "plain" else rng.randint(2, 3))
        if how == "twin":
            items = [(value, good, court), (json.dumps(json.loads(value) | {"nonce": "A" * 22}, ensure_ascii=False).encode(), good, court)]
        if len(self._past) < 500:
            self._past.append(items[0])
        return items

    async def seal_and_release(self) -> None:
        """State a case, have a vehicle sealed, and the seal released: each once the one before has its answer."""
        self._cases += 1
        court, case, ledger = self._voice.party, self._cases, self._voice.ledger
        statement = message("liandong.case.statement.v1", court, "hub", samples.statement(court, case))
        await self._say(statement)
        await _seen(ledger.noted, id_of(statement))
        original: dict[str, Any] = {}
        for action in ("seal", "release"):
            data = self._made.approved(control(action, samples.VEHICLE, "P05", court=court, case=case, **original))
            request = message("liandong.control.request.v1", court, "hub", data)
            original = {"original": id_of(request)}
            ledger.sent_at[id_of(request)] = time.monotonic()
            ledger.kinds[action] += 1
            await self._say(request)
            await _seen(ledger.done_at, id_of(request))

    async def _say(self, value: bytes) -> None:
        await self._voice.say(REQUESTS, [(value, Meant(self._voice.party, "good", id_of(value)), self._voice.party)])


class Partner:
    """Answers each task over Kafka: at once, late, without a receipt, several times, with two contents under one id."""

    def __init__(self, voice: Voice, source: KafkaSource, rng: Random, log: IO[str]) -> None:
        self._voice = voice
        self._source = source
        self._rng = rng
        self._log = log
        self._seen: set[str] = set()
        self._late: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever; cancelled between two reads."""
        self._source.seek(await self._source.open())
        try:
            while True:
                records = await self._source.take(200, 100)
                tasks = [task for task in (json.loads(record.value) for record in records) if task["type"].endswith(".task.v1")]
                said = [item for task in tasks for item in self._take(task)]
                self._log.flush()
                self._rng.shuffle(said)
                if said:
                    await self._voice.say(REPLIES, said)
                await asyncio.sleep(0)
        finally:
            await self._source.close()

    def forget(self) -> None:
        """A round is over."""
        self._seen.clear()

    def _take(self, task: Task) -> list[tuple[bytes, Meant, str]]:
        known = task["id"] in self._seen
        self._seen.add(task["id"])
        self._log.write(json.dumps({"at": time.time(), "partner": self._voice.party, "task": task["id"], "again": known}) + "\n")
        if known:
            return []
        party, rng = self._voice.party, self._rng
        receipt, reply = answer(party, task)
        replies = [reply] * rng.choice([1, 1, 1, 1, 2, 3])
        if rng.random() < 0.05:
            replies.append(json.dumps(json.loads(reply) | {"nonce": "B" * 22}).encode())
        said = [(value, Meant(party, "good", id_of(value)), party) for value in ([receipt] if rng.random() < 0.9 else []) + replies]
        if rng.random() < 0.05:
            self._voice.ledger.replying += 1
            later = asyncio.create_task(self._say_later(said[-1:], rng.uniform(0.5, 3.0)))
            self._late.add(later)
            later.add_done_callback(self._late.discard)
            said = said[:-1]
        return said

    async def _say_later(self, said: list[tuple[bytes, Meant, str]], seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._voice.say(REPLIES, said)
        self._voice.ledger.replying -= 1


async def _seen(answers: Container[str], request: str) -> None:
    while request not in answers:  # noqa: ASYNC110 - it is the watcher's dictionary, read by many
        await asyncio.sleep(0.1)


async def watch(source: KafkaSource, ledger: Ledger) -> None:
    """Read the courts' results for ever."""
    source.seek(await source.open())
    try:
        while True:
            for record in await source.take(500, 100):
                body = json.loads(record.value)
                event = body["type"].split(".")[2]
                if event in ("conclusion", "refusal"):
                    ledger.done_at.setdefault(body["correlationid"], time.monotonic())
                elif event == "noted":
                    ledger.noted.add(body["correlationid"])
            await asyncio.sleep(0)
    finally:
        await source.close()


RESULTS = [results_topic("", court) for court in COURTS]
TASKS = {party: tasks_topic("", party) for party in (*SCRIPTED, CONNECTED)}


def open_log(folder: Path) -> IO[str]:
    """The partners' log, in JSON lines."""
    return (folder / "partners.jsonl").open("a", encoding="utf-8")
