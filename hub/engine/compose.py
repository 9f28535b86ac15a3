"""Making a message: its bytes are made once, signed when its batch is written, kept in the outbox and never rebuilt.

Ids are deterministic (a hash of cause, recipient and stage), so a redo after a crash makes the same id; the nonce is an
HMAC of the id, so that the digest in the public log cannot be guessed back.
"""

import base64
import hmac
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.trust.jws import Signer
from schemas.base import Model, format_time, from_micros


@lru_cache(maxsize=256)  # a batch says one time many times over
def wire_time(at: int) -> str:
    """UTC microseconds as they stand on the wire."""
    return format_time(from_micros(at))


@dataclass(frozen=True, slots=True)
class Composed:
    """A message before it is signed."""

    id: str
    source: str
    type: str
    recipient: str
    value: bytes


class Composer:
    """Composes and signs in one party's name. `secret` keys nonces and tokens and never leaves the process.

    `readers` are the parties that read batch signatures; what goes to others is signed one by one.
    """

    def __init__(self, party: str, signer: Signer, secret: bytes, readers: Collection[str] = ()) -> None:
        self.party = party
        self._signer = signer
        self._secret = secret
        self._readers = frozenset(readers)

    def sign(self, made: Composed) -> str:
        """The detached JWS over one message."""
        return self._signer.sign(made.value)

    def sign_all(self, made: Sequence[Composed]) -> list[str]:
        """A signature over each message, in order."""
        batch = [each.value for each in made if each.recipient in self._readers]
        together = iter(self._signer.sign_all(batch))
        return [next(together) if each.recipient in self._readers else self.sign(each) for each in made]

    def token(self, *parts: str) -> str:
        """A keyed hash (HMAC-SHA-256, 128 bits, hexadecimal) that stands for personal or case data."""
        return hmac.digest(self._secret, "\x1f".join(parts).encode(), "sha256")[:16].hex()

    def compose(
        self, *, id: str, type: str, recipient: str, subject: str, correlation: str, cause: str | None, at: int,  # noqa: A002 - CloudEvents' own attribute names
        expires: int, data: Model,
    ) -> Composed:  # fmt: skip
        """The message with `data` under the envelope's attributes; times in UTC microseconds."""
        # The data are serialised by pydantic in one pass and spliced in: this is the hot path.
        return self.compose_json(id=id, type=type, recipient=recipient, subject=subject, correlation=correlation, cause=cause,
                                 at=at, expires=expires, data=data.model_dump_json(exclude_none=True))  # fmt: skip

    def compose_json(
        self, *, id: str, type: str, recipient: str, subject: str, correlation: str, cause: str | None, at: int,  # noqa: A002 - as above
        expires: int, data: str,
    ) -> Composed:  # fmt: skip
        """Likewise, with data that are JSON already."""
        nonce = base64.urlsafe_b64encode(hmac.digest(self._secret, b"nonce" + id.encode(), "sha256")[:16])
        head = {
            "specversion": "1.0", "id": id, "source": self.party, "recipient": recipient, "type": type,
            "subject": subject, "time": wire_time(at), "expires": wire_time(expires),
            "correlationid": correlation, "causationid": cause, "nonce": nonce.decode().rstrip("="),
            "datacontenttype": "application/json",
        }  # fmt: skip
        if cause is None:
            del head["causationid"]
        value = f'{json.dumps(head, separators=(",", ":"))[:-1]},"data":{data}}}'
        return Composed(id, self.party, type, recipient, value.encode())
