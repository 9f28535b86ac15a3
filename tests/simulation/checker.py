"""Judging a run of the simulation by what is left of it: the topics, the log's directory, the store's file.

Beside what `tests.faults.remains` judges: the log is whole; nobody is called silent who answered in time; what a connector
carried out took effect once.
"""

import sqlite3
from collections.abc import Iterable

from hub.bus.topics import CHECKPOINTS, DEAD_LETTERS
from hub.trust.errors import TrustError
from tests.faults import logs, remains
from tests.faults.history import of, once
from tests.faults.remains import Remains, Row, digest
from tests.simulation.connector import PARTY, System
from tests.simulation.plan import RECEIPT_WITHIN, REPLY_WITHIN
from tests.simulation.world import World

_SECOND = 1_000_000


def check(world: World) -> list[str]:
    """All that is wrong, in words."""
    try:
        entries = logs.entries(world.folder / "log")
    except (TrustError, AssertionError, ValueError, OSError, IndexError) as error:
        return [f"the log is damaged: {error!r}"]
    with sqlite3.connect(f"file:{world.folder / 'hub.db'}?mode=ro", uri=True) as store:
        audit = [leaf for (leaf,) in store.execute("SELECT leaf FROM audit ORDER BY log_index")]
        outbox = [Row(*row) for row in store.execute(
            "SELECT o.topic, m.digest, o.published_at, o.key FROM outbox o JOIN messages m ON m.pk = o.message_pk ORDER BY o.seq")]  # fmt: skip
    store.close()
    records = [record for lane in world.broker.lanes.values() for record in lane]
    left = Remains(records, world.meant, entries, audit, outbox)
    return [*remains.check(left), *_silence(left), *_effects(left, world.system)]


def _silence(left: Remains) -> Iterable[str]:
    """Nobody is called silent, nor late, of whom an answer stands in the topic in time, by the broker's clock.

    The windows here are the shortest that they can have been: an outage only prolongs them.
    """
    first: dict[str, int] = {}
    for record in left.records:
        if record.topic not in (CHECKPOINTS, DEAD_LETTERS):
            key = digest(record.value)
            first[key] = min(record.timestamp, first.get(key, record.timestamp))
    said_at = {said.name: first[said.digest] for said in left.messages}
    receipts = {said.body["data"]["task_id"]: said_at[said.name] for said in of(left.messages, "receipt")}
    replies = {said.body["data"]["task_id"]: said_at[said.name] for said in of(left.messages, "reply")}
    silent = {said.body["data"]["task_id"] for said in of(left.messages, "non-response")}
    for said in of(once(left.messages), "task"):
        task = said.body["id"]
        due = said_at[said.name] + RECEIPT_WITHIN * _SECOND
        if receipts.get(task, due + 1) <= due:
            due = max(due, receipts[task] + REPLY_WITHIN * _SECOND)
        if task in silent and replies.get(task, due + 1) <= due:
            yield f"task {said.name}: {said.body['recipient']} is called silent, and answered in time"


def _effects(left: Remains, system: System | None) -> Iterable[str]:
    """What took effect at the partner behind our connector did so once, and it is what its signed reply says."""
    if system is None:
        return
    yield from (f"task {key}: carried out {count} times" for key, count in system.carried_out.items() if count != 1)
    for said in once(of(left.messages, "reply")):
        answer = system.answers.get(said.body["data"]["task_id"])
        if said.body["source"] == PARTY and answer != said.body["data"]["kind"]:
            yield f"reply {said.name}: {said.body['data']['kind']}, and the partner's system said {answer}"
