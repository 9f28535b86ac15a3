"""Why a bundle cannot be made or read."""

from hub.trust.errors import TrustError


class EvidenceError(TrustError):
    """A bundle cannot be made: the message says why, and what to do."""


class ArchiveError(TrustError):
    """The archive is not in its one canonical spelling; `file` is the one at fault, or `archive`."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__("archive-damaged", message)
        self.file = file
