"""Partners' answers again, after the batch that took them in."""

from dataclasses import dataclass

from hub.casework.desk import Desk
from hub.store import cases
from schemas.messages import Replied, parse


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept answer: its bytes and signature, the SHA-256 of the bytes, and the broker's time of it (µs)."""

    message: Replied
    value: bytes
    jws: str
    digest: str
    at: int


def kept_answer(desk: Desk, partner: str, message_id: str) -> Kept | None:
    """The answer with this id that `partner` gave: ids are unique to a sender only. None once its case has been erased."""
    connection = desk.work.connection
    for row in cases.kept(connection, message_id):
        try:
            value = desk.work.payload(row.pk)
        except KeyError:
            continue  # erased
        message = parse(value)
        if isinstance(message, Replied) and cases.partner_of(connection, message.data.task_id) == partner:
            return Kept(message, value, row.jws, row.digest, row.at)
    return None
