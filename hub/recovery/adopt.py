"""After an old store was put back: take over what the hub's own topics, checkpoints and log show, before anything is decided anew.

1. Every message of the hub's that the store does not know of is remembered as it stands in its topic (`hub.store.standing`).
2. Everything that a published checkpoint covers is decided again as it was (`hub.recovery.replay`), and so is what was written to the log
   after it, as far as that is whole; the tree is that of the checkpoint again, and so no second root can be signed for its size.
3. What was decided in the last moments and left no entry is decided anew, as of the times and in the words that stand in the topics
   (`hub.recovery.unlogged`).

Each step can be cut short and done again.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import func, select

from hub.bus.source import KafkaSource
from hub.bus.topics import Topics
from hub.casework import Casework, admits
from hub.config import load_rulebook
from hub.engine.clock import now_micros
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.records import Place, Record
from hub.engine.work import Work
from hub.recovery import log_files, topics, unlogged
from hub.recovery.replay import Group, Outcome, Replayer, Spot, differs, groups
from hub.settings import Secrets, Settings
from hub.store import journal, offsets, standing
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError
from hub.store.presence import require_nobody
from hub.store.vault import NO_CASE, Vault
from hub.trust import keys
from hub.trust.checkpoints import Checkpoint
from hub.trust.errors import LogError
from hub.trust.jws import Signer
from hub.trust.merkle import TreeState, leaf_hash
from hub.trust.notes import NoteSigner
from hub.trust.parties import Directory, Role

_MARGIN = 3_600_000_000
"""So long before the last that the store knows of, its topics are read from (µs): clocks differ."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came of it: sizes of the log before and now, entries decided again, records without an entry decided as of then, messages that
    stand and are not explained yet, and the places in the log of operators' orders that must be given again."""

    before: int
    size: int
    entries: int
    records: int
    standing: int
    orders: tuple[int, ...]


async def adopt(settings: Settings) -> Adopted:
    """Do it, while no hub runs on this store. Raises `StoreError`, `LogError`, `BusError`; it can be done again."""
    store = Database(settings.store_at())
    try:
        return await _Adoption(settings, store).run()
    finally:
        store.close()


class _Adoption:
    def __init__(self, settings: Settings, store: Database) -> None:
        directory, secrets = Directory.load(settings.parties_dir), Secrets.read(settings.secret_file)
        self._party = settings.party
        self._connection = settings.kafka.connection()
        self._topics = Topics(self._connection.prefix)
        self._log = settings.data_dir / "log"
        self._verifier = NoteSigner.of(keys.load(settings.log_key)).verifier
        self._store = store
        self._vault = Vault(secrets.master)
        self._composer = Composer(settings.party, Signer(keys.load(settings.signing_key)), secrets.tokens, directory.batch_readers)
        self._gate = Gate(settings.party, directory, admits(self._topics.requests, self._topics.replies))
        self._casework = Casework(load_rulebook(settings.config_dir, settings.agreements_dir, directory), self._topics)
        partners, courts = ([party.id for party in directory.with_role(role)] for role in (Role.PARTNER, Role.COURT))
        self._said = [*map(self._topics.tasks, partners), *map(self._topics.results, courts), self._topics.dead_letters]

    async def run(self) -> Adopted:
        if self._store.shared:
            require_nobody(self._store.read)
        with self._store.read() as connection:
            state = TreeState(*journal.read_state(connection))
        checkpoint = await self._published()
        await self._remember()
        signed = log_files.entries(self._log, state, checkpoint) if checkpoint is not None and checkpoint.size > state.size else iter(())
        size = max(state.size, checkpoint.size if checkpoint is not None else 0)
        outcome = await self._replay(state, signed, size)
        if size > state.size or outcome.entries or outcome.records:
            self._note(state.size, size, outcome)
        with self._store.read() as connection:
            left = standing.count(connection)
        return Adopted(state.size, size, outcome.entries, outcome.records, left, tuple(outcome.orders))

    async def _published(self) -> Checkpoint | None:
        """The newest checkpoint that anybody can have: in the topic, or in the directory."""
        here = log_files.published(self._log, self._verifier)
        there = await topics.last_checkpoint(self._connection, self._party, self._topics.checkpoints, self._verifier)
        both = [each for each in (here, there) if each is not None]
        return max(both, key=lambda each: each.size, default=None)

    async def _remember(self) -> None:
        with self._store.read() as connection:
            since = max(0, (connection.scalar(select(func.max(t.messages.c.handled_at))) or 0) - _MARGIN)
        there = await asyncio.to_thread(self._connection.existing, self._said)
        async with topics.opened(self._connection, self._party, there) as (source, _):
            page: list[tuple[topics.Own, Record]] = []
            async for record in topics.read_on(source, await source.offsets_since(since)):
                if (own := topics.own(record)) is not None:
                    page.append((own, record))
                if len(page) == 500:
                    self._remember_page(page)
                    page.clear()
            self._remember_page(page)

    def _remember_page(self, page: list[tuple[topics.Own, Record]]) -> None:
        with self._store.write() as connection:
            unknown = standing.unknown(connection, [own.id for own, _ in page])
            for own, record in page:
                if own.id in unknown:
                    dead = record.topic == self._topics.dead_letters
                    case_token = NO_CASE if dead or not record.key else record.key.decode()
                    jws = "" if dead else dict(record.headers).get("jws", b"").decode()
                    found = standing.Stands(record.value, jws, record.timestamp, own.cause, own.at)
                    standing.put(connection, self._vault, record.topic, own.id, case_token, found)

    async def _replay(self, state: TreeState, signed: Iterator[bytes], size: int) -> Outcome:
        """Up to `size` all must come out as it was; beyond it, what does."""
        async with topics.opened(self._connection, self._party, [self._topics.requests, self._topics.replies]) as (source, first):
            feed = _Feed(source, first, self._positions(source.cluster, first))
            replayer = Replayer(self._store, self._gate, self._casework, self._composer, self._vault, source.cluster)
            leaves = self._not_known(state, signed, size)
            for group in groups(leaves, state.size + self._unsequenced()):
                fits = replayer.again(group, await feed.get(group))
                if not fits and group.first < size:
                    raise differs(group)
                if not fits:
                    break
            self._sequence(state, size)
            await self._unlogged(source, first, replayer)
        return replayer.outcome

    async def _unlogged(self, source: KafkaSource, first: dict[Place, int], replayer: Replayer) -> None:
        """What the log says nothing of, and the topics do."""
        with self._store.read() as connection:
            times = standing.decided_at(connection)
        positions = {place: max(offset, first[place]) for place, offset in self._positions(source.cluster, first).items()}
        for stretch in await unlogged.stretches(source, positions, times, self._gate):
            async for record in unlogged.records_of(source, stretch, positions[stretch.place]):
                replayer.anew(stretch.at, record)
            positions[stretch.place] = stretch.last + 1

    def _unsequenced(self) -> int:
        with self._store.read() as connection:
            return connection.scalar(select(func.count()).where(t.audit.c.log_index.is_(None))) or 0

    def _not_known(self, state: TreeState, signed: Iterable[bytes], size: int) -> Iterator[bytes]:
        """The log's entries after those that the store has; those it has must be the log's."""
        with self._store.read() as connection:
            known = connection.scalars(select(t.audit.c.leaf).where(t.audit.c.log_index.is_(None)).order_by(t.audit.c.seq)).all()
        for index, leaf in enumerate(chain(signed, log_files.unpublished(self._log, size))):
            if index >= len(known):
                yield leaf
            elif known[index] == leaf:
                continue
            elif state.size + index < size:
                raise LogError("log-fork", f"entry {state.size + index} stands otherwise in the store; it is of another log, or the "
                               "hub has run on it since it was put back")  # fmt: skip
            else:
                return

    def _positions(self, cluster: str, first: dict[Place, int]) -> dict[Place, int]:
        with self._store.write() as connection:
            return offsets.begun(connection, cluster, first)

    def _sequence(self, state: TreeState, size: int) -> None:
        """The rows that a checkpoint covers have their places in the log, and the tree is that of the checkpoint."""
        if size == state.size:
            return
        with self._store.write(alone=True) as connection:  # a whole log may follow
            rows = journal.unsequenced(connection, size - state.size)
            grown = state.extend(leaf_hash(leaf) for _, leaf in rows)
            if not journal.commit_state(connection, state.size, rows[0][0], rows[-1][0], size, grown.edge):
                raise StoreError("store-in-use", "a hub is at work on this store; end it first")

    def _note(self, before: int, size: int, outcome: Outcome) -> None:
        """Everybody can see in the log that the store was put back, and up to where it is what it was."""
        with self._store.write() as connection:
            work = Work(connection, now_micros(), self._composer, self._vault)
            work.decide("store.restored", None, None, {"from": before, "to": size, "again": outcome.entries, "orders": len(outcome.orders)})
            work.flush()


class _Feed:
    """Records by their place, read in the order of their partitions and kept until asked for."""

    def __init__(self, source: KafkaSource, first: dict[Place, int], positions: dict[Place, int]) -> None:
        self._first = first
        self._waiting: dict[Spot, Record] = {}
        self._records = topics.read_on(source, positions)

    async def get(self, group: Group) -> list[Record]:
        """Those of this group."""
        wanted = [] if group.ordered else group.spots
        for topic, partition, offset in wanted:
            if offset < self._first.get((topic, partition), 0):
                raise StoreError("restore-too-old", f"Kafka no longer keeps offset {offset} of {topic}/{partition}: the backup is older than "
                                 "what the topics keep")  # fmt: skip
        while any(spot not in self._waiting for spot in wanted):
            record = await anext(self._records, None)
            if record is None:
                raise StoreError("restore-incomplete", f"entry {group.first} of the log rests on a record that {wanted[0][0]} does not hold")
            self._waiting[record.topic, record.partition, record.offset] = record
        return [self._waiting.pop(spot) for spot in wanted]
