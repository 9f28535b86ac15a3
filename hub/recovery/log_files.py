"""The audit log's directory beside the store: whether it bears out a checkpoint, and what it holds beyond."""

from collections.abc import Iterator
from pathlib import Path

from hub.store.errors import StoreError
from hub.trust.checkpoints import Checkpoint, open_checkpoint
from hub.trust.errors import LogError, ProofError
from hub.trust.merkle import TreeState, consistency_proof, verify_consistency
from hub.trust.notes import NoteVerifier
from hub.trust.tile_log import CHECKPOINT
from hub.trust.tiles import TILE_WIDTH, TileReader, grown, tile_path


def published(directory: Path, verifier: NoteVerifier) -> Checkpoint | None:
    """The checkpoint in the directory. Raises `NoteError` when it is not this log's."""
    try:
        return open_checkpoint((directory / CHECKPOINT).read_bytes(), verifier)
    except FileNotFoundError:
        return None


def entries(directory: Path, state: TreeState, checkpoint: Checkpoint) -> Iterator[bytes]:
    """The entries after `state` up to `checkpoint`, once they are known to hash to its root. Raises `LogError`."""
    reader = TileReader(directory, checkpoint.size)
    try:
        root = grown(state, reader, checkpoint.size).root
    except LogError as error:
        raise LogError("log-behind", f"a checkpoint of {checkpoint.size} entries is published, and {directory} does not hold them all "
                       f"({error.message}). Nothing may be signed without them: put the newest copy of that directory back") from error  # fmt: skip
    if root != checkpoint.root:
        raise LogError("log-fork", f"the entries in {directory} do not hash to the checkpoint that is published for {checkpoint.size}; "
                       "the store or the directory is of another log")  # fmt: skip
    return (reader.entry(index) for index in range(state.size, checkpoint.size))


def check_against(directory: Path, state: TreeState, checkpoint: Checkpoint) -> None:
    """Raises `StoreError` when the store's tree is behind a checkpoint, `LogError` when it does not continue it."""
    if checkpoint.size > state.size:
        raise StoreError("store-behind", f"a checkpoint of {checkpoint.size} entries is published, and the store has {state.size}: it was set "
                         "back. `liandong store adopt` brings it up to what was signed and said")  # fmt: skip
    try:
        proof = consistency_proof(checkpoint.size, state.size, TileReader(directory, state.size))
        verify_consistency(checkpoint.size, state.size, checkpoint.root, state.root, proof)
    except ProofError as error:
        raise LogError("log-fork", "the store's log does not continue the checkpoint that is published; do not sign: find out who "
                       "wrote it") from error  # fmt: skip


def unpublished(directory: Path, size: int) -> Iterator[bytes]:
    """What was written after `size` entries and never signed, as far as it is whole: decided, and perhaps sent."""
    while True:
        number, done = divmod(size, TILE_WIDTH)
        widths = [TILE_WIDTH] if (directory / tile_path("entries", number)).exists() else _widths(directory, number)
        width = max(widths, default=0)
        if width <= done:
            return
        reader = TileReader(directory, number * TILE_WIDTH + width)
        try:
            yield from [reader.entry(index) for index in range(size, number * TILE_WIDTH + width)]
        except LogError:
            return  # torn when the power went
        size = number * TILE_WIDTH + width


def _widths(directory: Path, number: int) -> list[int]:
    partial = (directory / tile_path("entries", number, 1)).parent
    return [int(path.name) for path in partial.iterdir() if path.name.isdecimal()] if partial.is_dir() else []
