"""The audit log as files (c2sp.org/tlog-tiles): their names, their contents, and a reader for proofs.

A tile of level L holds up to 256 consecutive nodes `(8·L, index)` of the Merkle tree; an entry bundle holds the
entries below a tile of level 0. A full file never changes. The last, partial one of each kind exists once for every
published width until the full one does.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from hub.trust.errors import LogError
from hub.trust.merkle import EMPTY_TREE, HASH_SIZE, TreeState, leaf_hash

TILE_WIDTH = 256
TILE_HEIGHT = 8
LARGEST_ENTRY = 0xFFFF

Kind = int | Literal["entries"]
"""The level of a tile, or `entries` for the bundles."""


def tile_path(kind: Kind, number: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile or bundle in the log's directory; 1 ≤ `width` ≤ 256, where 256 is a full one."""
    groups = f"{number:03d}" if number < 1000 else f"{number:0{-(-len(str(number)) // 3) * 3}d}"
    parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
    full = "/".join(["tile", str(kind), *(f"x{part}" for part in parts[:-1]), parts[-1]])
    return full if width == TILE_WIDTH else f"{full}.p/{width}"


def pack_entry(entry: bytes) -> bytes:
    """An entry as it stands in a bundle: its length in two bytes, most significant first, then its bytes."""
    if len(entry) > LARGEST_ENTRY:
        raise LogError("log-entry-too-large", f"a log entry has at most {LARGEST_ENTRY} bytes; log a digest instead")
    return len(entry).to_bytes(2, "big") + entry


class TileReader:
    """Reads nodes and entries of the log's first `size` entries from its directory; usable as a `HashReader`.

    What it gives is as the disk has it: check proofs against a signed checkpoint. Raises `LogError`: log-range outside
    the first `size` entries, log-unreadable when a file is missing or cut off. A bounded number of files is kept.
    """

    def __init__(self, directory: Path, size: int) -> None:
        self._directory = directory
        self._size = size
        self._cached = lru_cache(maxsize=32)(self._read)

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of the complete node `(level, index)`."""
        if (index + 1) << level > self._size:
            raise LogError("log-range", f"node {index} of level {level} is not in a log of {self._size} entries")
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, position = divmod(index << height, TILE_WIDTH)
        return EMPTY_TREE.extend(self.items(tile_level, number)[position : position + (1 << height)]).root

    def entry(self, index: int) -> bytes:
        """The bytes of entry `index`."""
        if not 0 <= index < self._size:
            raise LogError("log-range", f"entry {index} is not in a log of {self._size} entries")
        return self.items("entries", index // TILE_WIDTH)[index % TILE_WIDTH]

    def items(self, kind: Kind, number: int) -> tuple[bytes, ...]:
        """The hashes of a tile or the entries of a bundle, up to the reader's size: at most 256, perhaps none."""
        return self._cached(kind, number)

    def _read(self, kind: Kind, number: int) -> tuple[bytes, ...]:
        count, parse = (
            (self._size, _parse_bundle) if kind == "entries" else (self._size >> TILE_HEIGHT * kind, _parse_tile)
        )
        width = min(TILE_WIDTH, count - number * TILE_WIDTH)
        if width <= 0:
            return ()
        path = tile_path(kind, number, width)
        try:
            items = parse(self._load(path, tile_path(kind, number)))
        except ValueError as error:
            raise LogError("log-unreadable", f"{path} is cut off; restore the log's directory from a copy") from error
        if len(items) < width:
            raise LogError("log-unreadable", f"{path} is too short; restore the log's directory from a copy")
        return tuple(items[:width])

    def _load(self, path: str, full: str) -> bytes:
        """A file's bytes; once the full file exists, the partial ones may be gone."""
        for candidate in (path, full):
            try:
                return (self._directory / candidate).read_bytes()
            except FileNotFoundError:
                continue
        raise LogError("log-unreadable", f"{path} is missing; restore the log's directory from a copy")


def grown(tree: TreeState, reader: TileReader, size: int) -> TreeState:
    """`tree` with the entries up to `size`, each hashed anew. Raises what `reader` raises."""
    while tree.size < size:
        bundle, start = divmod(tree.size, TILE_WIDTH)
        items = reader.items("entries", bundle)[start : start + size - tree.size]
        if not items:
            raise LogError("log-range", f"entry {tree.size} is not in the log")
        tree = tree.extend(map(leaf_hash, items))
    return tree


def _parse_tile(data: bytes) -> list[bytes]:
    if len(data) % HASH_SIZE:
        raise ValueError("not a whole number of hashes")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def _parse_bundle(data: bytes) -> list[bytes]:
    entries, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            raise ValueError("the last entry is cut off")
        entries.append(data[start:at])
    return entries
