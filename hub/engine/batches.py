"""What is decided on in one transaction: so many records, so many bytes, as of one time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from hub.engine.records import Inbound, Place, Record, Unfit

BATCH = 250
BATCH_BYTES = 8 * 1024 * 1024
"""Most bytes of values decided on in one transaction, unless one record has more: a request becomes a task for each partner, in
base64, so that this may make seven times as much."""


def in_parts(records: Sequence[Record], most: int = BATCH_BYTES) -> Iterator[list[Record]]:
    """The records, in order, in batches of at most so many bytes."""
    part: list[Record] = []
    size = 0
    for record in records:
        if part and size + len(record.value) > most:
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record.value)
    if part:
        yield part


def as_then(
    batch: Sequence[Inbound | Unfit], times: Mapping[str, int]
) -> Iterator[tuple[int | None, list[Inbound | Unfit]]]:
    """`batch` in parts, each with when it was decided before (none: it was not). `times` are those of some messages; what stands
    before such a one in its partition had been read by then."""
    later: dict[Place, int | None] = {}
    whens: list[int | None] = []
    for item in reversed(batch):
        place = item.record.topic, item.record.partition
        own = times.get(item.message.id) if item.message is not None else None
        later[place] = own or later.get(place)
        whens.append(later[place])
    for when, part in groupby(zip(reversed(whens), batch, strict=True), key=itemgetter(0)):
        yield when, [item for _, item in part]
