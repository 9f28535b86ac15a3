"""Batches of records as a hostile writer may compress them: none takes more memory than its limit, none stops the reading."""

import gzip
import itertools
import struct
import tracemalloc
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchBuilderPy, _DefaultRecordBatchPy
from aiokafka.record.util import calc_crc32c, encode_varint

from hub.bus.batches import EXPANDED_LIMIT, Records, Unread
from hub.bus.topics import MESSAGE_LIMIT

HEADER = _DefaultRecordBatchPy.HEADER_STRUCT
VALUE = b"x" * 300


def batch(values: list[bytes], codec: int = 0, first: int = 40) -> bytes:
    """As a producer makes it; the broker then gives it its place."""
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 64 * 1024 * 1024)
    for at, value in enumerate(values):
        builder.append(at, 0, b"key", value, [("jws", b"signature")])
    made = bytearray(builder.build())
    struct.pack_into(">q", made, 0, first)
    return bytes(made)


def compressed(content: bytes, count: int, codec: int = 1) -> bytes:
    """A batch that says it holds `count` records, in `content` as it stands."""
    header = list(HEADER.unpack_from(batch([VALUE] * 2)))
    header[0], header[1] = 40, HEADER.size - _DefaultRecordBatchPy.AFTER_LEN_OFFSET + len(content)
    header[5], header[6], header[12] = codec, count - 1, count
    made = bytearray(HEADER.pack(*header) + content)
    struct.pack_into(">I", made, _DefaultRecordBatchPy.CRC_OFFSET, calc_crc32c(made[_DefaultRecordBatchPy.ATTRIBUTES_OFFSET :]))
    return bytes(made)


def sized(length: int) -> bytes:
    """One record with a body of so many bytes, none of which means anything."""
    prefix = bytearray()
    encode_varint(length, prefix.append)
    return bytes(prefix) + bytes(length)


def read(data: bytes) -> list[Any]:
    """All records of what was fetched, as aiokafka's fetcher reads them."""
    records, found = Records(data), []
    while records.has_next():
        piece = records.next_batch()
        assert piece.validate_crc()
        assert not piece.is_control_batch
        found += list(piece)
        assert piece.next_offset > found[-1].offset
    return found


@pytest.mark.parametrize("codec", [0, 1], ids=["plain", "gzip"])
def test_what_stands_in_a_batch_is_read_as_it_is(codec: int) -> None:
    values = [b"%d" % n * 100 for n in range(50)]
    found = read(batch(values, codec) + batch([VALUE], codec, first=90))
    assert [record.value for record in found] == [*values, VALUE]
    assert [record.offset for record in found] == [*range(40, 90), 90]
    assert {(record.key, tuple(record.headers)) for record in found} == {(b"key", (("jws", b"signature"),))}


RECORD = batch([VALUE])[HEADER.size :]
BOMB = gzip.compress(sized(200)) + gzip.compress(bytes(EXPANDED_LIMIT))


@pytest.mark.parametrize("hostile", [
    pytest.param(compressed(RECORD, 1, codec=2), id="snappy"),
    pytest.param(compressed(RECORD, 1, codec=3), id="lz4"),
    pytest.param(compressed(RECORD, 1, codec=4), id="zstd"),
    pytest.param(compressed(RECORD, 1, codec=7), id="a codec that does not exist"),
    pytest.param(compressed(b"", 1), id="nothing"),
    pytest.param(compressed(b"no gzip at all", 1), id="no gzip"),
    pytest.param(compressed(gzip.compress(RECORD)[:-9], 1), id="cut short"),
    pytest.param(compressed(gzip.compress(RECORD) + b"more", 1), id="more after its end"),
    pytest.param(compressed(gzip.compress(bytes(200 * 1024 * 1024)), 1), id="a bomb"),
    pytest.param(compressed(BOMB, 2), id="a bomb in its second member"),
    pytest.param(compressed(gzip.compress(sized(MESSAGE_LIMIT + 1)), 1), id="a record larger than a plain batch may be"),
    pytest.param(compressed(gzip.compress(sized(6) * 1000), 1000), id="a thousand records of nothing"),
    pytest.param(compressed(gzip.compress(sized(300)), 2), id="a record less than it says"),
    pytest.param(compressed(gzip.compress(sized(300) * 2), 1), id="a record more than it says"),
    pytest.param(compressed(gzip.compress(b"\xff" * 300), 1), id="a length without end"),
    pytest.param(compressed(gzip.compress(b"\x01" * 300), 1), id="a length below nothing"),
])  # fmt: skip
def test_a_batch_that_cannot_be_had_within_bounds_is_one_record_and_the_next_is_read(hostile: bytes) -> None:
    tracemalloc.start()
    found = read(batch([VALUE], first=39) + hostile + batch([VALUE], first=5000))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * EXPANDED_LIMIT
    before, aside, after = found
    assert (before.value, before.offset, after.value, after.offset) == (VALUE, 39, VALUE, 5000)
    assert type(aside.value) is Unread
    assert aside.value == hostile
    assert aside.offset == DefaultRecordBatch(hostile).next_offset - 1


def test_a_batch_of_just_the_limit_is_read() -> None:
    rows = list(itertools.repeat(sized(1_000_000), 4))
    rows.append(sized(EXPANDED_LIMIT - sum(map(len, rows)) - 3))
    content = b"".join(rows)
    assert len(content) == EXPANDED_LIMIT
    (piece,) = [Records(compressed(gzip.compress(content), len(rows))).next_batch()]
    assert piece.compression_type == 0
    one_more = compressed(gzip.compress(content + sized(200)), len(rows) + 1)
    assert type(read(one_more)[0].value) is Unread
