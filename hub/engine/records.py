"""What passes through the engine: a raw record, what verifying made of it, and what is to be published."""

import hashlib
from dataclasses import dataclass, field

from hub.trust.parties import Party
from schemas.messages import AnyMessage

Headers = tuple[tuple[str, bytes], ...]
Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record; `timestamp` is the broker's (LogAppendTime), in UTC microseconds.

    `fault` is a code where the record could not even be read; `value` is then what was found in its place. `held`: it was read
    before, and put off until now.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: Headers = ()
    fault: str = ""
    held: bool = False

    @property
    def reference(self) -> str:
        """Its place, as dead letters and replies that were put off are named: topic/partition/offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Inbound:
    """A record that is what it claims to be: signed by `party`, for us, in time, and of the contract.

    `approvals` holds for each approval of a request the code of what is wrong with its signature, or None.
    """

    record: Record
    message: AnyMessage
    digest: str
    jws: str
    party: Party
    approvals: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfit:
    """A record that cannot be taken in. `party` is known only when its signature verified; `message` if it parsed."""

    record: Record
    code: str
    stage: str
    digest: str
    party: Party | None = None
    message: AnyMessage | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One outbox row, ready to publish."""

    seq: int
    topic: str
    key: bytes | None
    value: bytes
    headers: Headers = field(default=())


@dataclass(frozen=True, slots=True)
class Replay:
    """A dead letter's next try: which letter, its message's row, what it died of, by which order, how many there were with this
    one, and the token of the operator."""

    letter: str
    message_pk: int
    code: str
    order_id: str
    count: int
    by: str

    @property
    def headers(self) -> Headers:
        """What is added to the record's own headers; its key and value stay as they were."""
        return (("hub-replay-id", self.order_id.encode()), ("hub-replay-count", str(self.count).encode()),
                ("hub-replayed-by", self.by.encode()))  # fmt: skip


def digest_of(value: bytes) -> str:
    """SHA-256 in hexadecimal, the name of a message in the audit log."""
    return hashlib.sha256(value).hexdigest()
