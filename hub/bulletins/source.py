"""What a bulletin is made from: the entries of a log whose checkpoint and hashes hold, and the bars of the configuration."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from hub.rules.bulletins import Bars
from hub.settings import ConfigError
from hub.trust.checkpoints import open_checkpoint
from hub.trust.errors import LogError
from hub.trust.merkle import EMPTY_TREE
from hub.trust.notes import NoteVerifier
from hub.trust.tiles import TileReader, grown
from schemas.base import micros


@dataclass(frozen=True)
class LogEntries:
    """The first `size` entries of the log called `origin`, under the Merkle root `root` (hexadecimal)."""

    directory: Path
    origin: str
    size: int
    root: str

    @classmethod
    def open(cls, directory: Path, verifier: NoteVerifier, size: int | None = None) -> "LogEntries":
        """Hash every entry anew and hold the root against the signed checkpoint, before anything is counted.

        `size`: take only so many, as a bulletin of the past did. Raises `NoteError` for a checkpoint that is not this
        log's, `LogError`: log-damaged when the entries are not those that were signed, log-range when there are fewer
        than `size`, and what `TileReader` raises.
        """
        try:
            note = (directory / "checkpoint").read_bytes()
        except OSError as error:
            raise LogError("log-unreadable", f"{directory} has no readable checkpoint; give the log's directory") from error
        checkpoint = open_checkpoint(note, verifier)
        taken = checkpoint.size if size is None else size
        if taken > checkpoint.size:
            raise LogError("log-range", f"the log has {checkpoint.size} entries, and {taken} are needed; is it the same log?")
        reader = TileReader(directory, checkpoint.size)
        tree = grown(EMPTY_TREE, reader, taken)
        if grown(tree, reader, checkpoint.size).root != checkpoint.root:
            raise LogError("log-damaged", "the entries do not hash to the signed root")
        return cls(directory, checkpoint.origin, taken, tree.root.hex())

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(index, entry) in the log's order."""
        for index in range(self.size):
            yield index, self.entry(index)

    def entry(self, index: int) -> dict[str, Any]:
        """One entry. Raises `LogError`: log-range when the log has no such index."""
        entry: dict[str, Any] = json.loads(self._reader.entry(index))
        return entry

    @cached_property
    def _reader(self) -> TileReader:
        return TileReader(self.directory, self.size)

    @property
    def last_at(self) -> int | None:
        """The time (UTC µs) of the last entry: what the log can speak of. None while it is empty."""
        if not self.size:
            return None
        return micros(datetime.fromisoformat(self.entry(self.size - 1)["at"]))


def read_bars(file: Path) -> Bars:
    """The bars of praise and criticism. Raises `ConfigError`."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))["on_time"]
        return Bars(*(int(given[name]["per_mille"]) for name in ("praise_from", "criticise_below")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file}: [on_time] needs praise_from and criticise_below, each with its per_mille") from error
