"""Partners' answers again, after the batch that took them in."""

from dataclasses import dataclass

from hub.casework.desk import Desk
from hub.rules.state import RequestState
from hub.store import cases
from schemas.messages import Replied, RequestMessage, parse


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


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a court asked, and what settled each partner's part of it."""

    asked: RequestMessage
    answers: tuple[tuple[str, Replied], ...]


def exchange(desk: Desk, request: RequestState) -> Exchange:
    """The request and the answers that settled it, as they were sent: what is not of this batch in one query. Raises KeyError once
    the case has been erased."""
    settled = [(task, task.message_id) for task in request.tasks if task.message_id is not None]
    wanted = [message_id for task, message_id in settled if (task.partner, message_id) not in desk.replies]
    rows = cases.exchanged(desk.work.connection, request.key, wanted)
    if not any(row.own for row in rows):
        desk.work.flush_rows()  # the request is of this very batch
        rows = cases.exchanged(desk.work.connection, request.key, wanted)
    asked, found = None, dict[tuple[str, str], Replied]()
    for row in rows:
        message = parse(desk.work.open(row.case_token, row.sealed))
        if row.own and isinstance(message, RequestMessage):
            asked = message
        elif isinstance(message, Replied):
            found[message.data.task_id, message.id] = message
    if asked is None:
        raise LookupError("a request's own message is kept with it")
    answers = ((task.partner, found.get((task.task_id, each)) or _given_before(desk, task.partner, each)) for task, each in settled)
    return Exchange(asked, tuple((partner, answer) for partner, answer in answers if answer is not None))


def _given_before(desk: Desk, partner: str, message_id: str) -> Replied | None:
    """An answer that is at hand, or that was given to another request."""
    known = desk.replies.get((partner, message_id))
    kept = kept_answer(desk, partner, message_id) if known is None else None
    return kept.message if kept is not None else known
