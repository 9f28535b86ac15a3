"""The error tree of the trust layer: every error has a stable `code` for programs and a message for people."""


class TrustError(Exception):
    """Base of all errors of this layer.

    `code` is stable and may be stored, logged and sent to a peer; the message says what is wrong and what to do.
    Neither ever holds signed content, personal data or key material.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class KeyFileError(TrustError):
    """A key or key file cannot be used."""


class SignatureError(TrustError):
    """A message signature (JWS) is refused."""


class NoteError(TrustError):
    """A signed note, verifier key or checkpoint is refused."""


class ProofError(TrustError):
    """An inclusion or consistency proof is refused."""


class LogError(TrustError):
    """The audit log's directory cannot be opened, read or extended."""
