"""What was decided in the last moments and left no entry on disk: which records, and when, by what the hub said because of them.

It is decided on before any hub runs: a partner's answer may stand in another partition than the request that its task came of, and
a hub that read the answer first would know of no such task.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from heapq import merge

from hub.bus.source import KafkaSource
from hub.engine.gate import Gate
from hub.engine.records import Inbound, Place, Record
from hub.recovery import topics


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Records of one partition, up to the offset `last`, that had been decided on at `at` (µs)."""

    at: int
    place: Place
    last: int


async def stretches(source: KafkaSource, positions: Mapping[Place, int], times: Mapping[str, int], gate: Gate) -> list[Stretch]:
    """Where the messages of these ids stand behind `positions`, in the order of when they were decided on (`times`, µs). What stands
    before such a one in its partition had been read by then."""
    left, found = dict(times), defaultdict(list)
    if not left:
        return []
    async with aclosing(topics.read_on(source, positions)) as records:
        async for record in records:
            own = topics.own(record)
            if own is None or own.id not in left or not isinstance(gate.check(record), Inbound):
                continue
            place = record.topic, record.partition
            found[place].append(Stretch(left.pop(own.id), place, record.offset))
            if not left:
                break
    return list(merge(*found.values()))


async def records_of(source: KafkaSource, stretch: Stretch, first: int) -> AsyncIterator[Record]:
    """Its records, from the offset `first`."""
    async with aclosing(topics.read_on(source, {stretch.place: first})) as records:
        async for record in records:
            yield record
            if record.offset >= stretch.last:
                return
