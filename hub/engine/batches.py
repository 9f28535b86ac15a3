"""What is decided on in one transaction: so many records, so many bytes."""

from collections.abc import Iterator, Sequence

from hub.engine.records import Record

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
