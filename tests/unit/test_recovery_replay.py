"""An old store put back: decided again by the log, it is what it was, byte for byte; what stands is never said in other words."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Table, select

from hub.casework import maintenance
from hub.engine.records import Outgoing, Record, digest_of
from hub.recovery import log_files, topics, unlogged
from hub.recovery.replay import Group, Replayer, groups
from hub.store import journal, sqlite, standing
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError
from hub.store.vault import Vault
from hub.trust import keys
from hub.trust.errors import LogError
from hub.trust.merkle import TreeState, leaf_hash
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import TileLog
from tests.factories import REQUESTS, control, inquiry, message
from tests.faults.lanes import Lanes
from tests.letters import all_letters, obey, order
from tests.rig import MASTER, Rig, agree, tasks_in
from tests.unit.test_linkage_casework import ACCOUNT, VEHICLE

SIGNER = NoteSigner.of(keys.generate("log"))
SAME: tuple[Table, ...] = (t.requests, t.tasks, t.timers, t.aggregates, t.numbers, t.inbox, t.offsets, t.outages, t.dead_letters,
                           t.letters, t.audit)  # fmt: skip
"""What must be the same afterwards, all of it."""
NOT = {t.audit: {"log_index"}}


class Life:
    """A hub that keeps every record that it read, by its place, and a clock that moves between any two transactions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rig = Rig(folder / "hub")
        self.records: dict[tuple[str, int, int], Record] = {}
        with self.rig.store.write() as connection:
            rows = [{"cluster": "here", "topic": topic, "partition": 0, "next": 0} for topic in (REQUESTS, "hub.replies.v1")]
            connection.execute(t.offsets.insert(), rows)

    def feed(self, records: Sequence[Record]) -> list[Outgoing]:
        self.rig.advance(0.5)
        out = self.rig.feed(records)
        with self.rig.store.write() as connection:
            for each in records:
                self.records[each.topic, each.partition, each.offset] = each
                connection.execute(t.offsets.update().where(t.offsets.c.topic == each.topic).values(next=each.offset + 1))
        return out

    def backup(self) -> Path:
        path = self.folder / "restored.db"
        assert isinstance(self.rig.store.where, Path)
        sqlite.copy_into(self.rig.store.where, path)
        return path

    def busy(self) -> None:
        """Answers, a hit of silence, a duplicate, a stranger's bytes, a control and its release; windows are agreed."""
        rig = self.rig
        rig.advance(0.5)
        far = rig.now + 900 * 24 * 3600 * 1_000_000
        with rig.work() as work:
            maintenance.register(work, agree(rig, rig.clock + timedelta(days=900), maintenance=((far, far + 1),)))
        tasks = {each.recipient: each for each in tasks_in(self.feed([rig.request(inquiry("P03", partners=["bank", "police", "vehicle"]))[1]]))}
        self.feed([rig.receipt(tasks["bank"]), rig.receipt(tasks["vehicle"])])
        found = rig.reply(tasks["vehicle"], "result", findings=[VEHICLE])
        self.feed([found, rig.reply(tasks["bank"], "result", findings=[ACCOUNT])])
        self.feed([replace(found, offset=next(rig._offsets))])
        self.feed([Record(REQUESTS, 0, next(rig._offsets), rig.now, b"k", b"not a message")])
        self.feed([rig.record("court-9902", message("liandong.case.statement.v1", "court-9902", "hub", {"nonsense": 1}, time=rig.clock), REQUESTS)])
        asked, freeze = rig.request(control("freeze"))
        (task,) = tasks_in(self.feed([freeze]))
        self.feed([rig.receipt(task), rig.reply(task, "result")])
        rig.run_until(rig.now + 20 * 24 * 3600 * 1_000_000)
        self.feed([rig.reply(tasks["police"])])
        self.feed([rig.request(control("release", original=asked))[1]])

    def log(self) -> tuple[TreeState, list[bytes]]:
        """The log is sequenced and signed: its tree, and every leaf."""
        self.rig.sequence(self.folder / "log", SIGNER)
        with self.rig.store.read() as connection:
            state = TreeState(*journal.read_state(connection))
            return state, list(connection.scalars(select(t.audit.c.leaf).order_by(t.audit.c.seq)))


@pytest.fixture
def life(tmp_path: Path) -> Any:
    made = Life(tmp_path)
    yield made
    made.rig.close()


def remember(life: Life, store: Database) -> None:
    """Everything that the hub has said and the old store does not know of stands in the topics."""
    with life.rig.store.read() as connection, store.write() as restored:
        rows = connection.execute(select(t.outbox.c.topic, t.outbox.c.published_at, t.messages).join(t.messages, t.messages.c.pk == t.outbox.c.message_pk)).all()
        for row in rows:
            if standing.unknown(restored, [row.message_id]):
                value = life.rig.vault.open(connection, row.case_token, row.sealed)
                own = topics.own(Record(row.topic, 0, 0, 0, None, value))
                cause, at = (own.cause, own.at) if own is not None else (None, None)
                found = standing.Stands(value, row.jws, row.published_at, cause, at)
                standing.put(restored, Vault(MASTER), row.topic, row.message_id, row.case_token, found)


def replayer(life: Life, store: Database) -> Replayer:
    rig = life.rig
    return Replayer(store, rig.gate, rig.casework, rig.composer, Vault(MASTER), "here")


def again(life: Life, store: Database, leaves: Sequence[bytes]) -> list[Group]:
    """Decide everything again that the old store does not have; the groups that came out otherwise."""
    with store.read() as connection:
        known = len(connection.scalars(select(t.audit.c.seq)).all())
    work = replayer(life, store)
    return [group for group in groups(leaves[known:], known) if not work.again(group, [life.records[spot] for spot in group.spots])]


def content(store: Database, table: Table) -> list[dict[str, Any]]:
    with store.read() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(table))]
    kept = [{name: value for name, value in row.items() if name not in NOT.get(table, ())} for row in rows]
    return sorted(kept, key=str)


def test_decided_again_the_store_is_what_it_was(life: Life) -> None:
    life.feed([life.rig.request(inquiry("P01", partners=["bank", "vehicle"]))[1]])
    old = life.backup()
    life.busy()
    _, leaves = life.log()
    store = Database(old)
    remember(life, store)
    assert again(life, store, leaves) == []
    first, life.rig.store = life.rig.store, store
    assert life.rig.fire() == [], "a timer that did nothing then, and so left no entry, does nothing now"
    life.rig.store = first
    for table in SAME:
        assert content(store, table) == content(life.rig.store, table), table.name
    with store.read() as restored, life.rig.store.read() as connection:
        c = t.messages.c
        said = select(c.message_id, c.digest, c.type, c.at).where(c.direction == "out").order_by(c.message_id, c.digest)
        assert restored.execute(said).all() == connection.execute(said).all()
        assert standing.count(restored) == 0, "every message that stands is explained"
        pending = restored.execute(select(t.outbox.c.message_id).where(t.outbox.c.published_at.is_(None))).all()
        assert pending == [], "and none goes out again"
    store.close()


@pytest.mark.parametrize("when", ["before it is read", "while it is put off"])
def test_a_reply_that_was_put_off_is_decided_again_as_it_was(life: Life, when: str) -> None:
    rig = life.rig
    (task,) = tasks_in(life.feed([rig.request(inquiry("P03", partners=["bank"]))[1]]))
    life.feed([rig.receipt(task)])
    rig.advance(60)
    late = rig.reply(task)
    old = life.backup() if when == "before it is read" else None
    life.feed([late])
    old = old or life.backup()
    rig.advance(1)
    assert len(rig.fire()) == 3
    _, leaves = life.log()
    store = Database(old)
    remember(life, store)
    assert again(life, store, leaves) == []
    for table in SAME:
        assert content(store, table) == content(rig.store, table), table.name
    store.close()


def test_an_order_stays_with_the_request_that_its_letter_is_of(life: Life) -> None:
    rig = life.rig
    life.feed([rig.request(inquiry("P01", partners=["bank"]))[1]])
    rig.run_until(rig.now + 3600 * 1_000_000)
    life.feed([Record(REQUESTS, 0, next(rig._offsets), rig.now, b"k", b"not a message")])
    old = life.backup()
    for letter in all_letters(rig):
        rig.advance(1)
        obey(rig, order(rig, "reveal", letter.id))
    _, leaves = life.log()
    store = Database(old)
    assert again(life, store, leaves) == []
    assert content(store, t.audit) == content(rig.store, t.audit)
    assert sorted(bool(row["request_key"]) for row in content(store, t.audit) if row["kind"] == "letter.revealed") == [False, True]
    store.close()


def test_what_is_redone_later_is_said_in_the_words_that_stand(life: Life) -> None:
    """Without an entry of it in the log, the hub decides at another time, and would make other bytes under the same ids."""
    old = life.backup()
    _, record = life.rig.request(inquiry("P03", partners=["bank", "vehicle"]))
    said = {out.seq: out.value for out in life.feed([record])}
    store = Database(old)
    remember(life, store)
    rig = life.rig
    first, rig.store, rig.restored = rig.store, store, True
    rig.advance(3600)
    rig.vault.forget()
    assert rig.feed([record]) == [], "nothing is published anew"
    first.close()
    with store.read() as connection:
        query = select(t.messages.c.digest).where(t.messages.c.direction == "out").order_by(t.messages.c.pk.desc()).limit(len(said))
        assert set(connection.scalars(query)) == {digest_of(value) for value in said.values()}
        assert standing.count(connection) == 0
        entry = connection.scalar(select(t.audit.c.leaf).where(t.audit.c.kind == "request.accepted"))
        assert entry is not None
        assert all(digest_of(value).encode() in entry for value in said.values()), "and that is what the log names"


async def test_what_left_no_entry_is_decided_as_of_then_in_the_order_of_then(life: Life) -> None:
    """An answer stands in another topic than its request; what came too late to be decided on is left to the hub that runs next."""
    rig = life.rig
    bus = Lanes("hub.replies.v1", REQUESTS)  # the answers are read first
    old = life.backup()
    _, request = rig.request(inquiry("P03", partners=["bank", "vehicle"]))
    tasks = {each.recipient: each for each in tasks_in(life.feed([request]))}
    answered, late = rig.reply(tasks["bank"], "result", findings=[ACCOUNT]), rig.reply(tasks["vehicle"], "result", findings=[VEHICLE])
    life.feed([rig.receipt(tasks["bank"]), answered])
    bus.put(request, life.records[next(spot for spot in life.records if spot[0] != REQUESTS)], answered, late)
    store = Database(old)
    remember(life, store)
    work = replayer(life, store)
    with store.read() as connection:
        times = standing.decided_at(connection)
    first = await bus.open()
    found = await unlogged.stretches(cast("Any", bus), first, times, rig.gate)
    assert [(each.place[0], each.last) for each in found] == [(REQUESTS, 0), ("hub.replies.v1", 1)]
    for stretch in found:
        async for record in unlogged.records_of(cast("Any", bus), stretch, first[stretch.place]):
            work.anew(stretch.at, record)
    assert work.outcome.records == 3
    for table in (t.requests, t.tasks, t.timers, t.numbers):
        assert content(store, table) == content(rig.store, table), table.name
    with store.read() as connection:
        assert standing.count(connection) == 0, "everything that stands is explained"
        assert standing.decided_at(connection) == {}, "doing it again finds nothing"
    before, rig.store = rig.store, store
    rig.vault.forget()
    assert [json.loads(out.value)["type"] for out in rig.feed([late])] == ["liandong.inquiry.result.v1", "liandong.inquiry.conclusion.v1"]
    before.close()


def test_what_comes_out_otherwise_is_undone_and_reported(life: Life) -> None:
    old = life.backup()
    life.feed([life.rig.request(inquiry("P03", partners=["bank"]))[1]])
    _, leaves = life.log()
    store = Database(old)
    before = {table.name: content(store, table) for table in SAME}
    wrong = leaves[-1].replace(b'"awaited":1', b'"awaited":2')
    assert len(again(life, store, [*leaves[:-1], wrong if wrong != leaves[-1] else leaves[-1].replace(b"accepted", b"excepted")])) == 1
    assert {table.name: content(store, table) for table in SAME} == before
    store.close()


# -- the log's directory -----------------------------------------------------------------------------------------------


def test_the_log_is_believed_only_as_far_as_it_hashes_to_what_was_signed(life: Life, tmp_path: Path) -> None:
    life.busy()
    state, leaves = life.log()
    checkpoint = log_files.published(tmp_path / "log", SIGNER.verifier)
    assert checkpoint is not None
    old = TreeState().extend(leaf_hash(leaf) for leaf in leaves[:3])
    assert list(log_files.entries(tmp_path / "log", old, checkpoint)) == leaves[3:]
    other = TreeState().extend(leaf_hash(leaf) for leaf in [*leaves[:2], b"{}"])
    with pytest.raises(LogError, match="log-fork"):
        log_files.entries(tmp_path / "log", other, checkpoint)
    bigger = replace(checkpoint, size=checkpoint.size + 1)
    with pytest.raises(LogError, match="log-behind"):
        log_files.entries(tmp_path / "log", old, bigger)
    with pytest.raises(StoreError, match="store-behind"):
        log_files.check_against(tmp_path / "log", state, bigger)
    with pytest.raises(LogError, match="log-fork"):
        log_files.check_against(tmp_path / "log", state, replace(checkpoint, root=b"x" * 32))
    log_files.check_against(tmp_path / "log", state, checkpoint)


def test_what_was_written_and_never_signed_is_found_as_far_as_it_is_whole(tmp_path: Path) -> None:
    log = TileLog(tmp_path / "log", SIGNER)
    first = [f"entry {number}".encode() for number in range(250)]
    log.append(first)
    log.publish()
    more = [f"more {number}".encode() for number in range(20)]
    log.append(more)
    assert list(log_files.unpublished(tmp_path / "log", 250)) == more, "over the edge of a bundle"
    (torn,) = (tmp_path / "log" / "tile" / "entries" / "001.p").iterdir()
    torn.write_bytes(torn.read_bytes()[:-3])
    assert list(log_files.unpublished(tmp_path / "log", 250)) == more[:6]
    shutil.rmtree(tmp_path / "log" / "tile" / "entries")
    assert list(log_files.unpublished(tmp_path / "log", 250)) == []
