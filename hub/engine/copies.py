"""Another party's message that the hub carries, copied and opened again: the reader checks the maker's own signature, not the hub's word."""

import base64

from hub.trust.errors import SignatureError
from hub.trust.jws import verify
from hub.trust.parties import Directory, Party
from schemas.base import micros
from schemas.hub import SignedCopy
from schemas.messages import AnyMessage, parse


def copied(value: bytes, jws: str) -> SignedCopy:
    """The copy of a message that the gate has let in: what is base64 by our own hand is not checked once more."""
    return SignedCopy.model_construct(value=base64.b64encode(value).decode(), jws=jws)


def open_copy(copy: SignedCopy, directory: Directory) -> tuple[AnyMessage, Party]:
    """The message and the party that signed it.

    Raises `SignatureError` (also when the key was not valid at the claimed time, or signed in another's name) and
    `pydantic.ValidationError`.
    """
    value = base64.b64decode(copy.value)
    kid = verify(copy.jws, value, directory.public_key)
    party, key = directory.owner(kid)
    message = parse(value)
    if message.source != party.id:
        raise SignatureError("source-mismatch", "the message names another sender than the key's owner")
    if key.compromised_at is not None or not key.valid_at(micros(message.time)):
        raise SignatureError("key-not-valid", "the signing key was not valid at the time that the message claims")
    return message, party
