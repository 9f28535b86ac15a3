"""Judging what a run left behind: the topics, the audit log, the store. It uses nothing of the engine's.

Every record has one fate. Of those who speak under one name one is heard, and the others are refused; whatever is bad is
refused, and nothing else. What is left then must keep every promise of `tests.faults.history`, and these: the log holds what
the store holds, and has one end for each task; every row of the outbox stands in its topic, and nothing else does.
"""

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from hub.bus.topics import CHECKPOINTS, DEAD_LETTERS, REPLIES, REQUESTS
from hub.engine.records import Record
from hub.trust.merkle import EMPTY_TREE, TreeState, leaf_hash
from tests.faults import history
from tests.faults.history import Said, of, once

_AGAIN = {"message.rejected", "message.duplicate"}
Spot = tuple[str, int, int]
"""Topic, partition and offset."""


@dataclass(frozen=True)
class Meant:
    """What a message was meant as. Of those with one `rival` name exactly one is to be taken, and the others refused;
    a bad one is to be refused always."""

    party: str
    how: Literal["good", "bad"]
    rival: str


@dataclass(frozen=True)
class Row:
    """One row of the outbox. `digest` is that of its value."""

    topic: str
    digest: str
    published_at: int | None
    key: bytes | None


@dataclass
class Remains:
    """What a stretch of a run leaves behind. `before` is the log's tree at its beginning."""

    records: list[Record]
    meant: Mapping[str, Meant]
    entries: list[dict[str, Any]]
    audit: list[bytes]
    outbox: list[Row]  # in its order
    before: TreeState = EMPTY_TREE

    @cached_property
    def asked(self) -> list[Record]:
        """What others have sent to the hub."""
        return [record for record in self.records if record.topic in (REQUESTS, REPLIES)]

    @cached_property
    def fates(self) -> Mapping[Spot, list[str]]:
        """What became of each record, by the log; that it was put off first is not what became of it."""
        found = defaultdict[Spot, list[str]](list)
        for entry in self.entries:
            if "in" in entry and entry["kind"] != "reply.held":
                found[entry["in"]["topic"], entry["in"]["partition"], entry["in"]["offset"]].append(entry["kind"])
        return found

    @cached_property
    def refused(self) -> set[Spot]:
        return {spot for spot, kinds in self.fates.items() if "message.rejected" in kinds}

    @cached_property
    def heard(self) -> Counter[str]:
        """How often each content was taken up: neither refused nor known already."""
        return Counter(digest(record.value) for record in self.asked for kind in self.fates[spot(record)] if kind not in _AGAIN)

    @cached_property
    def messages(self) -> list[Said]:
        """Every message that was heard, or is the hub's own about such."""
        kept = [record for record in self.records if record.topic not in (REQUESTS, REPLIES) or self.heard[digest(record.value)]]
        return [said for said in history.read(kept, "") if said.event != "rejection"]


def check(left: Remains) -> list[str]:
    """All that is wrong, in words."""
    logged = {each["sha256"] for entry in left.entries for each in [entry.get("in"), *entry.get("out", [])] if each}
    return [*_fates(left), *_dead_letters(left), *history.check(left.messages, logged), *_contents(left), *_ends(left),
            *_outbox(left), *_log(left)]  # fmt: skip


def spot(record: Record) -> Spot:
    return record.topic, record.partition, record.offset


def digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def id_of(value: bytes) -> str:
    try:
        return str(json.loads(value)["id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _fates(left: Remains) -> Iterable[str]:
    """件件有登记: each record is taken up once; of rivals one content is heard; the bad are refused."""
    rivals = defaultdict[str, set[str]](set)
    for record in left.asked:
        kinds, value = left.fates[spot(record)], digest(record.value)
        meant = left.meant.get(value) or Meant("connector", "good", id_of(record.value))
        if len(kinds) != 1:
            yield f"record {spot(record)} of {meant.party} has {len(kinds)} entries: {', '.join(kinds)}"
        if meant.how == "good":
            rivals[meant.rival].add(value)
        if left.heard[value] and (meant.how == "bad" or "message.rejected" in kinds):
            yield f"record {spot(record)} of {meant.party} was {meant.how}, and is {', '.join(kinds)}"
    for rival, values in rivals.items():
        heard = sum(left.heard[value] for value in values)
        if heard != 1:
            yield f"{rival}: {heard} heard"


def _dead_letters(left: Remains) -> Iterable[str]:
    """Each refused record has one dead letter, and one answer where its sender is known; nothing else has."""
    letters = defaultdict[Spot, set[str]](set)
    for record in left.records:
        if record.topic == DEAD_LETTERS:
            headers = {name: value.decode() for name, value in record.headers if name.startswith("kafka_dlt-")}
            place = headers["kafka_dlt-original-topic"], int(headers["kafka_dlt-original-partition"]), int(headers["kafka_dlt-original-offset"])
            letters[place].add(digest(record.value))
    yield from (f"record {place}: no dead letter" for place in left.refused - letters.keys())
    yield from (f"record {place}: a dead letter of what was not refused" for place in letters.keys() - left.refused)
    kept = [record for record in left.records if record.topic not in (REQUESTS, REPLIES)]
    answers = Counter(
        (data["topic"], data["partition"], data["offset"])
        for data in (said.body["data"] for said in once(of(history.read(kept, ""), "rejection")))
    )
    yield from (f"record {place}: answered as refused {count} times" for place, count in answers.items()
                if count != 1 or place not in left.refused)  # fmt: skip


def _contents(left: Remains) -> Iterable[str]:
    """No two contents for one id: every task holds the very request that was heard."""
    requests = {said.body["id"]: said.value for said in of(left.messages, "request")}
    for said in of(left.messages, "task"):
        if base64.b64decode(said.body["data"]["request"]["value"]) != requests.get(said.request):
            yield f"task {said.name}: it holds another request than was heard"


def _ends(left: Remains) -> Iterable[str]:
    """One end for each task in the log: an answer or a silence; after a silence at most one answer that came late."""
    ends, late = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for entry in left.entries:
        if entry["kind"] in ("task.answered", "task.silent"):
            (late if "late" in entry else ends)[entry["request"], entry["partner"]] += 1
    for said in of(once(left.messages), "task"):
        task = said.request, said.body["data"]["partner"]
        if ends[task] != 1 or late[task] > 1:
            yield f"task {task}: {ends[task]} ends, {late[task]} late answers in the log"


def _outbox(left: Remains) -> Iterable[str]:
    """Nothing committed is unsent, nothing is said that was not committed."""
    there = {(record.topic, digest(record.value)) for record in left.records if record.topic not in (REQUESTS, REPLIES, CHECKPOINTS)}
    rows = {(row.topic, row.digest) for row in left.outbox}
    yield from (f"outbox: a message to {topic} was never sent" for topic, _ in rows - there)
    yield from (f"outbox: a message in {topic} stands in no outbox" for topic, _ in there - rows)
    yield from (f"outbox: a message to {row.topic} is not marked" for row in left.outbox if row.published_at is None)


def _log(left: Remains) -> Iterable[str]:
    """The log holds what the store holds, in its order; every announced head is one of its own."""
    if [json.loads(leaf) for leaf in left.audit] != left.entries:
        yield f"the log has {len(left.entries)} entries, the store {len(left.audit)}, or in another order"
    tree = left.before
    roots = {tree.size: tree.root}
    for number, leaf in enumerate(left.audit, tree.size + 1):
        tree = tree.extend([leaf_hash(leaf)])
        roots[number] = tree.root
    for record in left.records:
        if record.topic == CHECKPOINTS:
            _, size, root = record.value.decode().split("\n")[:3]
            if roots.get(int(size)) != base64.b64decode(root):
                yield f"checkpoint of {size}: another root than the log's"
