"""A store that does not know what was done before it: an old backup that was put back, or a new store where there was another.

The store that a connector works on holds the one row of `serving`; a backup is made without it. Whoever starts on a store without
that row notes that whatever is open in it, and every task that stands in the partner's topic by then, may have been carried out
already: its outcome is unknown, and the protocol's recovery, or a person, comes before any call.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy import URL, Column, Connection, Table, delete, select

from connectors.jobs import metadata, not_known
from hub.bus.connection import BusError
from hub.engine.processor import Processor, Source
from hub.engine.records import Place, Record
from hub.engine.work import Work
from hub.store import copies, offsets
from hub.store.database import Database, open_readonly
from hub.store.dialect import Integer, String
from hub.store.errors import StoreError
from hub.store.presence import require_nobody

log = structlog.get_logger()

serving = Table("serving", metadata, Column("since", Integer, primary_key=True))  # µs; one row at most

read_before = Table(
    "read_before", metadata,  # what stands before these offsets may have been read, and carried out, on another store
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("until_offset", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip


def back_up(where: Path | URL, out: Path) -> None:
    """Make the folder `out` with a copy that knows that it is one. Raises `StoreError`, and leaves nothing half-made."""
    with copies.new_folder(out) as folder:
        copies.copy_out(where, folder, without=serving.name)


def put_back(where: Path | URL, source: Path) -> Path | None:
    """The backup's store in the place of the present one, which is kept aside (returned). A database is put back with pg_restore
    before. However the copy was made, the next start asks what became of everything. Raises `StoreError` while a connector runs."""
    aside = copies.put_back(where, source)
    if not isinstance(where, Path):
        require_nobody(lambda: open_readonly(where))
    store = Database(where, metadata)
    try:
        with store.write() as connection:
            connection.execute(delete(serving))
    finally:
        store.close()
    return aside


async def begin(processor: Processor, source: Callable[[], Source]) -> None:
    """Before anything is read or called: make this the store that is worked on, if it is not. `source` reads the partner's topic.

    Raises `BusError` when Kafka does not say how far that goes, `StoreError` when it no longer keeps what came since the backup.
    """
    if await processor.persist(lambda work: _serves(work.connection)):
        return
    topic = source()
    try:
        first = await topic.open()
        ends = await topic.log_ends()
    except (KafkaError, OSError) as error:  # a TimeoutError, too
        raise BusError("bus-unreachable", f"Kafka went away before it said how far the tasks go: {type(error).__name__}") from error
    finally:
        await topic.close()
    found, unread = await processor.persist(lambda work: _begin(work, topic.cluster, first, ends))
    if found or unread:
        log.warning("connector.asks-after-everything", open=found, unread=unread,
                    advice="this store is new or was put back: what became of these is found out before anything is called")  # fmt: skip


def may_be_done(connection: Connection, record: Record) -> bool:
    """Whether this task stood in the topic before the store was put back, so that it may have been carried out."""
    c = read_before.c
    here = c.topic == record.topic, c.partition == record.partition, c.until_offset > record.offset
    return connection.execute(select(c.topic).where(*here)).first() is not None


def _serves(connection: Connection) -> bool:
    return connection.execute(select(serving)).first() is not None


def _begin(work: Work, cluster: str, first: Mapping[Place, int], ends: Mapping[Place, int]) -> tuple[int, int]:
    """Note it all; how many jobs are open, and how many records this store has yet to read. Nothing, when another process was quicker."""
    if _serves(work.connection):
        return 0, 0
    kept = offsets.kept(work.connection, cluster)
    lost = [place for place, offset in first.items() if kept.get(place, offset) < offset]
    if lost:
        raise StoreError("restore-too-old", f"Kafka no longer keeps all that came to {lost[0][0]} since the backup: take a newer one")
    found = not_known(work.connection)
    work.connection.execute(delete(read_before))
    for (topic, partition), end in ends.items():
        work.add(read_before, {"topic": topic, "partition": partition, "until_offset": end})
    work.connection.execute(serving.insert(), {"since": work.now})
    unread = sum(max(0, end - kept.get(place, first[place])) for place, end in ends.items())
    work.decide("store.taken-over", None, None, {"open": found, "unread": unread})
    return found, unread
