"""Checkpoints: the audit log's signed tree heads (c2sp.org/tlog-checkpoint)."""

import re
from dataclasses import dataclass

from hub.trust.encoding import b64_decode, b64_encode
from hub.trust.errors import NoteError
from hub.trust.notes import NoteSigner, NoteVerifier, open_note

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,17})\n([^\n]+)\n")


@dataclass(frozen=True)
class Checkpoint:
    """The log called `origin` has `size` entries under the Merkle tree hash `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed: origin, decimal size, base64 root. This log writes no extension lines."""
        return f"{self.origin}\n{self.size}\n{b64_encode(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Inverse of `text`; `NoteError` for anything else."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise NoteError("checkpoint-malformed", "a checkpoint has three lines: origin, size and root")
        try:
            root = b64_decode(match[3])
        except ValueError as error:
            raise NoteError("checkpoint-malformed", "the checkpoint's root is not base64") from error
        if len(root) != 32:
            raise NoteError("checkpoint-malformed", "the checkpoint's root is not 32 bytes")
        return cls(match[1], int(match[2]), root)


def sign_checkpoint(size: int, root: bytes, signer: NoteSigner) -> bytes:
    """The signed checkpoint of the log that `signer` is named after."""
    return signer.sign(Checkpoint(signer.name, size, root).text())


def open_checkpoint(note: bytes, verifier: NoteVerifier) -> Checkpoint:
    """Verify a signed checkpoint of the log whose key is `verifier`; `NoteError` when it is not that log's."""
    checkpoint = Checkpoint.parse(open_note(note, [verifier]).text)
    if checkpoint.origin != verifier.name:
        raise NoteError("checkpoint-origin", f"the checkpoint is not of the log {verifier.name}")
    return checkpoint
