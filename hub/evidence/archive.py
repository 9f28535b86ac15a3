"""A ZIP archive with exactly one spelling for its contents, so that no byte of it can change unnoticed.

Files are stored without compression, sorted by name, with a fixed date and fixed attributes, and nothing else is in the
archive (APPNOTE.TXT, 4.3). Any ZIP tool reads it. It is read here by its local headers, strictly, so that what one tool
sees is what every tool sees, and no archive takes more memory than its own size.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping

from hub.evidence.errors import ArchiveError, EvidenceError

LARGEST = 256 * 1024 * 1024
"""Most bytes of an archive."""
MOST_FILES = 0xFFFF
"""More would need ZIP64."""
ARCHIVE = "archive"
"""Stands for the archive itself where no file of it is at fault."""

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LISTED = b"PK\x01\x02"
_VERSION, _UNIX = 20, 3 << 8
_DATE = 1 << 5 | 1  # 1980-01-01, the earliest there is
_MODE = 0o100644 << 16
_NAMED = 10  # most files that one error names
_NAME = re.compile(rb"[a-z0-9](?:[a-z0-9_-]|[./](?=[a-z0-9_-])){0,99}")  # no `..`, so that no tool unpacks a file elsewhere


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of `files` (name → content; at least one). Raises `EvidenceError` when they are too many or too much."""
    size = _END.size + sum(_LOCAL.size + _CENTRAL.size + 2 * len(name) + len(content) for name, content in files.items())
    if len(files) > MOST_FILES or size > LARGEST:
        raise EvidenceError("bundle-too-large", "this is more than fits into one archive")
    parts = [part for name in sorted(files) for part in (_local(name, files[name]), files[name])]
    return b"".join([*parts, *(record for _, record in _directory(files)), _end(files)])


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive that `pack` wrote; `ArchiveError` for any other."""
    if len(data) > LARGEST:
        raise ArchiveError(f"the archive has more than {LARGEST} bytes", ARCHIVE)
    files: dict[str, bytes] = {}
    at = 0
    while not data.startswith(_LISTED, at):
        head = data[at : at + _LOCAL.size]
        if len(head) < _LOCAL.size or len(files) == MOST_FILES:
            raise _damaged(data, at)
        *_, size, _, length, _ = _LOCAL.unpack(head)
        start = at + _LOCAL.size + length
        raw, content = data[at + _LOCAL.size : start], data[start : start + size]
        name = raw.decode("latin-1")
        if not _NAME.fullmatch(raw) or name in files or data[at:start] != _local(name, content):
            raise _damaged(data, at)
        files[name] = content
        at = start + size
    directory = at
    for name, record in _directory(files):
        if not data.startswith(record, at):
            raise _unlisted(data[directory:], files, name)
        at += len(record)
    if data[at:] != _end(files):
        raise ArchiveError(f"the archive's end is not as it must be, from byte {at} on", ARCHIVE)
    return files


def _local(name: str, content: bytes) -> bytes:
    size = len(content)
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, zlib.crc32(content), size, size, len(name), 0) + name.encode()


def _directory(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Name and record of each file in the archive's directory."""
    offset = 0
    for name in sorted(files):
        content = files[name]
        size = len(content)
        yield name, _CENTRAL.pack(_LISTED, _UNIX | _VERSION, _VERSION, 0, 0, 0, _DATE, zlib.crc32(content), size, size,
                                  len(name), 0, 0, 0, 0, _MODE, offset) + name.encode()  # fmt: skip
        offset += _LOCAL.size + len(name) + size


def _end(files: Mapping[str, bytes]) -> bytes:
    count = len(files)
    length = sum(_CENTRAL.size + len(name) for name in files)
    start = sum(_LOCAL.size + len(name) + len(content) for name, content in files.items())
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, length, start, 0)


def _damaged(data: bytes, at: int) -> ArchiveError:
    """The error for the file that begins at byte `at`, named as the archive's directory has it (4.3.12: each record ends
    with the file's offset and its name). The last such record is the archive's own: others stand in archives inside it."""
    listed = re.findall(rb"PK\x01\x02.{38}" + re.escape(struct.pack("<I", at)) + b"(" + _NAME.pattern + b")", data, re.DOTALL)
    if not listed:
        return ArchiveError(f"the archive is damaged at byte {at}", ARCHIVE)
    return ArchiveError(f"a header or checksum does not fit, from byte {at} on", listed[-1].decode("ascii"))


def _unlisted(directory: bytes, files: Mapping[str, bytes], name: str) -> ArchiveError:
    """The error for a directory that is not that of `files`, from the record of `name` on: where names differ, those that
    stand on one side only, because either may have been changed."""
    listed = {found.decode("ascii") for found in re.findall(rb"PK\x01\x02.{42}(" + _NAME.pattern + b")", directory, re.DOTALL)}
    changed = sorted(listed ^ files.keys())[:_NAMED] or [name]
    return ArchiveError("the archive's directory is not that of its files", *changed)
