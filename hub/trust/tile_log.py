"""The writer of the audit log: appends entries to the tile directory and publishes signed checkpoints.

Order of work, which the caller's SQL store takes part in:

1. `append` writes and syncs entry bundles and tiles, and returns the new tree state;
2. the store commits that state, by compare-and-set on the size it had before;
3. `publish` signs the checkpoint and renames it into place.

A crash after 1 leaves files that no checkpoint speaks of; appending the same entries again writes the same bytes. A
crash after 2 leaves only the checkpoint to be published. If the store refuses the state, drop this object and open
another with the committed one: never publish what was not committed, because a log that signs two roots for one size
has lost its word.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.trust.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from hub.trust.durable import replace_file, write_files
from hub.trust.errors import LogError, NoteError, ProofError
from hub.trust.merkle import EMPTY_TREE, TreeState, consistency_proof, leaf_hash, verify_consistency
from hub.trust.notes import NoteSigner
from hub.trust.tiles import TILE_HEIGHT, TILE_WIDTH, Kind, TileReader, pack_entry, tile_path

CHECKPOINT = "checkpoint"


class TileLog:
    """One log in one directory, for one sequencer thread at a time."""

    def __init__(self, directory: Path, signer: NoteSigner, state: TreeState = EMPTY_TREE) -> None:
        """Open the log at the `state` that the store committed last.

        Raises `LogError`: log-unreadable (files are missing or short), log-damaged (they do not hash to `state`),
        log-ahead (the published checkpoint covers more than `state`: the store is older than the log), log-fork (the
        published checkpoint contradicts `state`), log-checkpoint (it is not signed by this log's key).
        """
        self._directory = directory
        self._signer = signer
        self._state = state
        self._completed: list[str] = []  # tiles and bundles filled since the last publication
        reader = TileReader(directory, state.size)
        self._bundle = [pack_entry(entry) for entry in reader.items("entries", state.size // TILE_WIDTH)]
        self._tails: list[list[bytes]] = []  # the hashes in the last, partial tile of each level
        count = state.size
        while count:
            self._tails.append(list(reader.items(len(self._tails), count // TILE_WIDTH)))
            count >>= TILE_HEIGHT
        self._check_tails(reader)
        published = self._published()
        if published is not None:
            self._check_grown(published[0], reader)

    @property
    def state(self) -> TreeState:
        return self._state

    def append(self, entries: Sequence[bytes]) -> TreeState:
        """Write and sync `entries` (each at most 65,535 bytes) after those already here; nothing is published.

        The cost does not grow with the log: one partial file per level that gained a hash is rewritten. When it
        raises, this object still stands where it stood, and the same call may be made again.
        """
        if not entries:
            return self._state
        files: dict[str, bytes] = {}
        bundle, _ = _fill(files, "entries", self._state.size, self._bundle, [pack_entry(entry) for entry in entries])
        leaves = [leaf_hash(entry) for entry in entries]
        tails = list(self._tails)
        level, nodes = 0, leaves
        while nodes:
            if level == len(tails):
                tails.append([])
            count = self._state.size >> TILE_HEIGHT * level
            tails[level], full = _fill(files, level, count, tails[level], nodes)
            nodes = [EMPTY_TREE.extend(hashes).root for hashes in full]
            level += 1
        write_files(self._directory, files)
        self._completed += [path for path in files if ".p/" not in path]
        self._bundle, self._tails = bundle, tails
        self._state = self._state.extend(leaves)
        return self._state

    def publish(self) -> bytes:
        """Sign the checkpoint of the committed state, rename it into place, and return it.

        Publishing an unchanged log again returns the checkpoint that stands, whatever signatures were added to it.
        Raises `LogError` as opening does when the checkpoint in place is ahead or contradicts.
        """
        published = self._published()
        if published is not None and published[0].size == self._state.size:
            return published[1]
        signed = sign_checkpoint(self._state.size, self._state.root, self._signer)
        replace_file(self._directory / CHECKPOINT, signed)
        for path in self._completed:  # the full file stands in for its partial ones (tlog-tiles, Partial Tiles)
            shutil.rmtree(self._directory / f"{path}.p", ignore_errors=True)
        self._completed.clear()
        return signed

    def _published(self) -> tuple[Checkpoint, bytes] | None:
        """The checkpoint in place, once it is known not to be ahead of the state nor to differ at the same size."""
        try:
            signed = (self._directory / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None
        try:
            checkpoint = open_checkpoint(signed, self._signer.verifier)
        except NoteError as error:
            raise LogError("log-checkpoint", f"the checkpoint in place is not this log's: {error.message}") from error
        if checkpoint.size > self._state.size:
            raise LogError(
                "log-ahead",
                f"the published checkpoint has {checkpoint.size} entries, the given state {self._state.size}; "
                "the store was set back: `liandong store adopt` brings it up to what was signed",
            )
        if checkpoint.size == self._state.size and checkpoint.root != self._state.root:
            raise LogError("log-fork", "another root is published for this size; do not sign: find out who wrote it")
        return checkpoint, signed

    def _check_tails(self, reader: TileReader) -> None:
        """The partial files on disk must be those of the state, or everything appended to them would be wrong."""
        edge = b"".join(EMPTY_TREE.extend(tail).edge for tail in reversed(self._tails))
        leaves = [leaf_hash(entry) for entry in reader.items("entries", self._state.size // TILE_WIDTH)]
        if edge != self._state.edge or (self._tails and leaves != self._tails[0]):
            raise LogError("log-damaged", "the last tiles do not hash to the given state; restore the directory")

    def _check_grown(self, published: Checkpoint, reader: TileReader) -> None:
        """The state must be a continuation of what was published."""
        try:
            proof = consistency_proof(published.size, self._state.size, reader)
            verify_consistency(published.size, self._state.size, published.root, self._state.root, proof)
        except ProofError as error:
            raise LogError("log-fork", "the given state does not continue the published checkpoint") from error


def _fill(
    files: dict[str, bytes], kind: Kind, count: int, tail: Sequence[bytes], items: Iterable[bytes]
) -> tuple[list[bytes], list[list[bytes]]]:
    """Put `items` after `tail`, the last partial file of `kind` after `count` items, and add to `files` what changes.

    Returns the new tail and the contents of the files that are now full.
    """
    row = [*tail, *items]
    first = count // TILE_WIDTH
    full = [row[at : at + TILE_WIDTH] for at in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)]
    rest = row[len(full) * TILE_WIDTH :]
    files |= {tile_path(kind, first + at): b"".join(part) for at, part in enumerate(full)}
    if rest:
        files[tile_path(kind, first + len(full), len(rest))] = b"".join(rest)
    return rest, full
