"""Why a bundle cannot be made or read."""

from hub.trust.errors import TrustError


class EvidenceError(TrustError):
    """A bundle cannot be made: the message says why, and what to do."""


class ArchiveError(TrustError):
    """The archive is not in its one canonical spelling; `files` are those that may be at fault, or `archive` itself."""

    def __init__(self, message: str, *files: str) -> None:
        super().__init__("archive-damaged", message)
        self.files = files
