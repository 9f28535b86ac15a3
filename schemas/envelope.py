"""The envelope: CloudEvents 1.0 in structured JSON. The record value's bytes are what is signed, hashed and kept.

Kafka headers are hints; everything that matters stands inside the signed value.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import MessageId, Model, PartyId, Timestamp

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
VALUE_LIMIT = 1024 * 1024
"""Greatest size of a signed value from a party, in bytes; the broker's own limit stands above it, so that a task, which
carries its request in base64, still fits."""

CaseToken = Annotated[str, Field(pattern=r"\A[0-9a-f]{32}\z")]


class Envelope(Model):
    """CloudEvents attributes common to every message.

    `source` and `recipient` are parties; `subject` is the case's token, opaque to all but its maker; `expires` is
    mandatory; `correlationid` is the request that all of this is about, `causationid` the message that led to this one;
    `nonce` (128 bits) keeps the digest in the public log from being guessed back to an identity number.
    """

    specversion: Literal["1.0"]
    id: MessageId
    source: PartyId
    recipient: PartyId
    subject: CaseToken
    time: Timestamp
    expires: Timestamp
    correlationid: MessageId
    causationid: MessageId | None = None
    nonce: Annotated[str, Field(pattern=r"\A[A-Za-z0-9_-]{22}\z")]
    datacontenttype: Literal["application/json"]
