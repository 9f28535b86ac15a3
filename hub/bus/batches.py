"""Record batches as any writer may make them: decompressed within bounds, or set aside whole.

The broker's limit is for a batch as it is sent. aiokafka decompresses it without any limit, and raises for a codec that is
not installed each time that it comes to the batch: one batch could take all memory, or stop its partition for ever. Here
gzip is decompressed up to a limit; any other compressed batch is given as one record, `Unread`, in the place of its last one.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import calc_crc32c, decode_varint

from hub.bus.topics import MESSAGE_LIMIT

EXPANDED_LIMIT = 4 * 1024 * 1024
"""Most bytes that a batch may hold once it is decompressed."""
_SHORTEST = 100  # bytes; no signed record is shorter, and a batch of shorter ones is made to be dead letters by the hundred thousand
_HEADER = _DefaultRecordBatchPy.HEADER_STRUCT
_GZIP = _DefaultRecordBatchPy.CODEC_GZIP


class Unread(bytes):
    """A whole batch as it was sent, in place of its records."""


class _SetAside:
    """Stands for a batch that is not decompressed, towards aiokafka's fetcher."""

    producer_id, is_transactional, is_control_batch = None, False, False

    def __init__(self, batch: DefaultRecordBatch, piece: memoryview) -> None:
        self.base_offset, self.next_offset = batch.base_offset, batch.next_offset
        self._record = _DefaultRecordPy(
            batch.next_offset - 1, batch.max_timestamp, batch.timestamp_type, None, Unread(piece), []
        )

    def validate_crc(self) -> bool:
        return True  # its maker did

    def __iter__(self) -> Iterator[Any]:
        return iter([self._record])


class Records(_MemoryRecordsPy):  # type: ignore[misc]  # final for others; this stands in its place
    """The batches of one fetch. Kafka 4 keeps none of a format before the second."""

    plain: type = DefaultRecordBatch

    def next_batch(self, *_: object) -> Any:
        piece = self._next_slice
        self._cache_next()
        if piece is None:
            return None
        batch = DefaultRecordBatch(piece)
        if batch.compression_type and batch.validate_crc():
            content = _expanded(batch.compression_type, piece)
            if content is None:
                return _SetAside(batch, piece)
            piece = _rewritten(piece, content)
        return self.plain(piece)


def read_within_bounds() -> None:
    """From now on every consumer of this process reads this way."""
    if not issubclass(fetcher.MemoryRecords, Records):
        fetcher.MemoryRecords = Records


def _expanded(compression: int, piece: memoryview) -> bytes | None:
    """The records of a batch, one after the other; None where they cannot be had, or are more than the hub takes."""
    gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = gzip.decompress(piece[_HEADER.size :], EXPANDED_LIMIT) if compression == _GZIP else b""
    except zlib.error:
        return None
    count: int = _HEADER.unpack_from(piece)[-1]
    return content if gzip.eof and not gzip.unused_data and _is_sound(content, count) else None


def _is_sound(content: bytes, count: int) -> bool:
    """Whether these are `count` records, none of which is larger than a batch may be when it is not compressed. What stands
    inside a record the broker has checked."""
    if count > len(content) // _SHORTEST:
        return False
    buffer, at = bytearray(content), 0
    try:
        for _ in range(count):
            length, at = decode_varint(buffer, at)
            at += length
            if not 0 <= length <= MESSAGE_LIMIT:
                return False
    except (ValueError, IndexError):
        return False
    return at == len(content)


def _rewritten(piece: memoryview, content: bytes) -> bytes:
    """The same batch, not compressed."""
    header = list(_HEADER.unpack_from(piece))
    header[1] = _HEADER.size - _DefaultRecordBatchPy.AFTER_LEN_OFFSET + len(content)
    header[5] &= ~_DefaultRecordBatchPy.CODEC_MASK
    batch = bytearray(_HEADER.pack(*header) + content)
    struct.pack_into(">I", batch, _DefaultRecordBatchPy.CRC_OFFSET, calc_crc32c(batch[_DefaultRecordBatchPy.ATTRIBUTES_OFFSET :]))
    return bytes(batch)
