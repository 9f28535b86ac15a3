"""Reading again what a round left behind, and judging it: topics, audit log, store, the partners' own records."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from connectors import jobs
from deploy.demo.harvest import verify_log
from hub.bus.source import KafkaSource
from hub.bus.topics import CHECKPOINTS
from hub.engine.records import Place, Record
from hub.store import tables as t
from hub.store.database import open_readonly
from hub.trust.errors import TrustError
from hub.trust.merkle import EMPTY_TREE, TreeState, leaf_hash
from hub.trust.tiles import TileReader
from tests.faults import remains
from tests.faults.history import of, once
from tests.faults.remains import Remains, Row, digest
from tests.faults.run.stage import Stage

QUICK_TRIES = 3
"""How often a connector calls in one attempt, if nothing was surely carried out; its default."""


@dataclass
class Mark:
    """Where a round begins: offsets, rows of the outbox, the log's tree, what the partner has been asked and has done."""

    positions: dict[Place, int]
    outbox: int = 0
    tree: TreeState = EMPTY_TREE
    calls: int = 0
    effects: int = 0


@dataclass
class Verdict:
    """What a round came to. `doubled` and `lost` are ids of requests; the rest counts records and messages."""

    faults: list[str]
    records: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    calls: int = 0
    effects: int = 0


async def read(play: Stage, since: Mark, ends: dict[Place, int]) -> list[Record]:
    """Every record of the round, by a reader of its own."""
    source = KafkaSource(play.made.cluster.admin, "judge", play.made.topic_names)
    try:
        await source.open()
        source.seek(since.positions)
        want = {place: end for place, end in ends.items() if end > since.positions[place]}
        found: list[Record] = []
        async with asyncio.timeout(300):
            while want:
                for record in await source.take(500, 200):
                    found.append(record)
                    if record.offset + 1 >= want.get((record.topic, record.partition), 1 << 62):
                        del want[record.topic, record.partition]
                await asyncio.sleep(0)
    finally:
        await source.close()
    return [record for record in found if record.offset < ends[record.topic, record.partition]]


async def judge(play: Stage, since: Mark) -> tuple[Verdict, Mark]:
    """The verdict on the round that began at `since`, and the mark of the next. No hub may run."""
    ends = await play.ends()
    records = await read(play, since, ends)
    asked, done = await _calls(play), await _effects(play)
    verdict, now = await asyncio.to_thread(_judge, play, since, records, asked, done)
    now.positions = ends
    return verdict, now


def _judge(play: Stage, since: Mark, records: list[Record], asked: list[dict[str, Any]], done: list[dict[str, Any]]) -> tuple[Verdict, Mark]:
    with open_readonly(play.store) as connection:
        audit = [row.leaf for row in connection.execute(
            select(t.audit.c.leaf).where(t.audit.c.log_index >= since.tree.size).order_by(t.audit.c.log_index))]  # fmt: skip
        outbox = [Row(row.topic, row.digest, row.published_at, row.key) for row in connection.execute(
            select(t.outbox.c.topic, t.messages.c.digest, t.outbox.c.published_at, t.outbox.c.key)
            .join(t.messages, t.messages.c.pk == t.outbox.c.message_pk)
            .where(t.outbox.c.seq > since.outbox).order_by(t.outbox.c.seq))]  # fmt: skip
        last = connection.scalar(select(func.max(t.outbox.c.seq))) or 0
        unlogged = connection.scalar(select(func.count()).select_from(t.audit).where(t.audit.c.log_index.is_(None))) or 0
    faults = [f"{unlogged} entries are not in the log"] if unlogged else []
    try:
        entries = _entries(play.log, since.tree.size)
    except (TrustError, ValueError, OSError, IndexError) as error:
        entries = []
        faults.append(f"the log is damaged: {error!r}")
    left = Remains(records, play.ledger.meant, entries, audit, outbox, since.tree)
    verdict = Verdict([*faults, *remains.check(left), *_order(left), *_unanswered(play, left)])
    _count(play, left, verdict)
    _partner(play, verdict, asked[since.calls :], done[since.effects :])
    tree = since.tree.extend(leaf_hash(leaf) for leaf in audit)
    return verdict, Mark({}, last, tree, len(asked), len(done))


def _entries(log: Path, since: int) -> list[dict[str, Any]]:
    """The entries from `since` on, of a log that is whole from its first entry on."""
    size = verify_log(log)
    reader = TileReader(log, size)
    return [json.loads(reader.entry(index)) for index in range(since, size)]


def _order(left: Remains) -> Iterable[str]:
    """What has one key stands in one partition, in the order in which it was decided, however often it was sent."""
    first: dict[tuple[str, str], tuple[int, int]] = {}
    for record in left.records:
        name, spot = (record.topic, digest(record.value)), (record.partition, record.offset)
        first[name] = min(spot, first.get(name, spot))
    last: dict[tuple[str, bytes], tuple[int, int]] = {}
    for row in left.outbox:
        name = row.topic, row.digest
        if row.key is not None and name in first:
            at = first.pop(name)  # its later rows give the same answer again to who asks again: no news
            before = last.setdefault((row.topic, row.key), at)
            if at[0] != before[0] or at < before:
                yield f"{row.topic} {at}: stands before {before}, which was decided earlier under the same key"
            last[row.topic, row.key] = max(at, before)


def _unanswered(play: Stage, left: Remains) -> Iterable[str]:
    """Whatever the parties were told that Kafka has stands in a topic."""
    there = {digest(record.value) for record in left.asked}
    yield from (f"a message of {meant.party} is lost" for value, meant in play.ledger.meant.items() if value not in there)


def _count(play: Stage, left: Remains, verdict: Verdict) -> None:
    conclusions = Counter(said.request for said in once(of(left.messages, "conclusion")))
    tasks = Counter((said.request, said.body["data"]["partner"]) for said in once(of(left.messages, "task")))
    verdict.lost = {request for request in play.ledger.sent_at if not conclusions[request]}
    verdict.doubled = {request for request, count in conclusions.items() if count > 1}
    verdict.doubled |= {request for (request, _), count in tasks.items() if count > 1}
    verdict.records = Counter(record.topic.split(".")[1] for record in left.records)
    said = [(record.topic, digest(record.value)) for record in left.records if record.topic != CHECKPOINTS]
    verdict.repeated = len(said) - len(set(said))
    verdict.faults += [f"outcome {said.body['data']['outcome']} of {said.request}" for said in once(of(left.messages, "conclusion"))
                       if said.body["data"]["outcome"] != "complete"]  # fmt: skip


def _partner(play: Stage, verdict: Verdict, asked: list[dict[str, Any]], done: list[dict[str, Any]]) -> None:
    """What the system behind the connector did it did once, and it was not asked more often than the connector's journal says."""
    with open_readonly(play.connector_store) as connection:
        attempts = {row.task_id: row.attempt for row in connection.execute(select(jobs.jobs.c.task_id, jobs.jobs.c.attempt))}
        unfinished = connection.scalar(select(func.count()).select_from(jobs.jobs).where(jobs.jobs.c.status.not_in(["done", "expired"])))
    if unfinished:
        verdict.faults.append(f"{unfinished} jobs of the connector are not done")
    carried_out = Counter(effect["requestNo"] for effect in done)
    verdict.faults += [f"task {key}: carried out {count} times" for key, count in carried_out.items() if count != 1]
    made = defaultdict[str, int](int)
    for call in asked:
        made[call["key"]] += 1
    verdict.faults += [f"task {key}: {count} calls of {attempts.get(key, 0)} attempts" for key, count in made.items()
                       if count > QUICK_TRIES * attempts.get(key, 0)]  # fmt: skip
    verdict.calls, verdict.effects = len(asked), len(done)


async def _calls(play: Stage) -> list[dict[str, Any]]:
    """Every call that the partner's system has had."""
    async with play.partner.get("/_calls") as answer:
        return list(json.loads(await answer.read()))


async def _effects(play: Stage) -> list[dict[str, Any]]:
    """All that the partner's system has carried out."""
    async with play.partner.get("/_effects") as answer:
        return list(json.loads(await answer.read()))
