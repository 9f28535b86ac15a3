"""Partners' answers again, after the batch that took them in."""

import json
from dataclasses import dataclass
from typing import Any

from hub.casework.desk import Desk
from hub.rules.state import RequestState, RequestStatus
from hub.store import cases
from schemas.messages import Replied, parse
from schemas.requests import Kind


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
    """What a court asked (the request's data as they were sent), and what settled each partner's part of it."""

    asked: dict[str, Any]
    answers: tuple[tuple[str, Replied], ...]


def exchange(desk: Desk, request: RequestState) -> Exchange:
    """The request and the answers that settled it. Raises KeyError once the case has been erased."""
    if request.key not in desk.exchanged:
        _read(desk, request)
    asked, found = None, dict[tuple[str, str], Replied]()
    for row in desk.exchanged[request.key]:
        value = desk.work.open(row.case_token, row.sealed)
        if row.own:
            asked = json.loads(value)["data"]
        elif isinstance(message := parse(value), Replied):
            found[message.data.task_id, message.id] = message
    if asked is None:
        raise LookupError("a request's own message is kept with it")
    settled = [(task, task.message_id) for task in request.tasks if task.message_id is not None]
    answers = (
        (task.partner, desk.replies.get((task.partner, each)) or found.get((task.task_id, each)) or _given_before(desk, task.partner, each))
        for task, each in settled
    )  # fmt: skip
    return Exchange(asked, tuple((partner, answer) for partner, answer in answers if answer is not None))


def _read(desk: Desk, request: RequestState) -> None:
    """Read for every open inquiry of the batch, at the first that needs it: one at a time cost as much as deciding."""
    desk.work.flush_rows()  # some may be of this very batch
    inquiries = [each for each in desk.cases.values() if each.kind is Kind.INQUIRY and each.status is RequestStatus.OPEN]
    keys = {request.key, *(each.key for each in inquiries)} - desk.exchanged.keys()
    wanted = {
        task.message_id for each in (request, *inquiries) for task in each.tasks
        if task.message_id is not None and (task.partner, task.message_id) not in desk.replies
    }  # fmt: skip
    desk.exchanged |= {key: [] for key in keys}
    for row in cases.exchanged(desk.work.connection, keys, wanted):
        desk.exchanged[row.key].append(row)


def _given_before(desk: Desk, partner: str, message_id: str) -> Replied | None:
    """An answer that was given to another request."""
    kept = kept_answer(desk, partner, message_id)
    return kept.message if kept is not None else None
