"""Reading records whose header names are not UTF-8.

Kafka lets any writer send such a name, and aiokafka 0.14 then raises for the whole batch, for ever: one bad record would
stop a partition. This reader takes such names with replacement characters instead. It is aiokafka's own pure Python
parser, several times slower than its compiled one, so it is put in place only once the compiled one has raised.
"""

from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy

from hub.bus.batches import Records


class _Buffer(bytearray):
    """Bytes whose slices decode what they can."""

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        part = super().__getitem__(at)
        return _Buffer(part) if isinstance(part, bytearray) else part

    def decode(self, *_: object, **__: object) -> str:
        return bytes(self).decode("utf-8", "replace")


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka types it as Any
    _buffer: Any

    def __iter__(self) -> Any:
        super().__iter__()
        self._buffer = _Buffer(self._buffer)
        return self


class _Records(Records):
    plain = _Batch


def read_leniently() -> None:
    """From now on every consumer of this process reads this way."""
    fetcher.MemoryRecords = _Records
