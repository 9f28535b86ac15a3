"""Offline proofs that an entry is in the audit log (c2sp.org/tlog-proof@v1, files `*.tlog-proof`)."""

import re
from dataclasses import dataclass
from pathlib import Path

from hub.trust.checkpoints import Checkpoint, open_checkpoint
from hub.trust.encoding import b64_decode, b64_encode
from hub.trust.errors import ProofError
from hub.trust.merkle import HASH_SIZE, inclusion_proof, leaf_hash, verify_inclusion
from hub.trust.notes import NoteVerifier
from hub.trust.tiles import TileReader

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})")


@dataclass(frozen=True)
class LogProof:
    """The place of an entry, its audit path (leaf's sibling first), and the signed checkpoint it leads to."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The proof as a file. No `extra` line is written: it would not be authenticated."""
        lines = [_HEADER, f"index {self.index}", *map(b64_encode, self.hashes), "", ""]
        return "\n".join(lines).encode("ascii") + self.checkpoint

    @classmethod
    def decode(cls, data: bytes) -> "LogProof":
        """Inverse of `encode`; `ProofError` with code proof-malformed for anything else."""
        head, separator, checkpoint = data.partition(b"\n\n")
        try:
            header, index, *encoded = head.decode("ascii").split("\n")
            match = _INDEX.fullmatch(index)
            hashes = tuple(b64_decode(line) for line in encoded)
        except ValueError as error:
            raise ProofError("proof-malformed", "the proof is not index, base64 hashes and a checkpoint") from error
        if not separator or header != _HEADER or match is None or any(len(node) != HASH_SIZE for node in hashes):
            raise ProofError("proof-malformed", f"the proof is not of the form {_HEADER}")
        return cls(int(match[1]), hashes, checkpoint)

    def verify(self, entry: bytes, log: NoteVerifier) -> Checkpoint:
        """Check that `entry` is in `log` at this index, and return the checkpoint that says so.

        Raises `NoteError` when the checkpoint is not signed by `log`, `ProofError` when the entry is not under it.
        """
        checkpoint = open_checkpoint(self.checkpoint, log)
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, checkpoint.root, self.hashes)
        return checkpoint


class Prover:
    """Makes proofs under one signed checkpoint from the log's directory."""

    def __init__(self, directory: Path, checkpoint: bytes, log: NoteVerifier) -> None:
        self._signed = checkpoint
        self.checkpoint = open_checkpoint(checkpoint, log)
        self._reader = TileReader(directory, self.checkpoint.size)

    def entry(self, index: int) -> bytes:
        """The bytes of an entry as the directory has them."""
        return self._reader.entry(index)

    def prove(self, index: int) -> LogProof:
        """The proof for entry `index`, verified before it is given out.

        Raises `ProofError` when the index is outside the checkpoint or the directory does not hash to it, and
        `LogError` when a file is missing.
        """
        hashes = inclusion_proof(index, self.checkpoint.size, self._reader)
        # The checkpoint was verified when it was opened.
        verify_inclusion(leaf_hash(self.entry(index)), index, self.checkpoint.size, self.checkpoint.root, hashes)
        return LogProof(index, tuple(hashes), self._signed)
