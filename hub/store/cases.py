"""Requests and tasks in the store, as the rules' states."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.store import tables as t
from hub.store.dialect import at_once
from schemas.hub import TaskOutcome
from schemas.requests import Kind

Number = tuple[str, str, int, str]
"""Court, token of its request number, version, action."""
REJECTION = "liandong.party.rejection.v1"

# What every batch asks and writes; to build a statement costs more than to run it.
_TASK_FIELDS = [each.name for each in fields(TaskState)]
_TASKS = select(t.tasks.c.request_key, *(t.tasks.c[name] for name in _TASK_FIELDS)).where(t.tasks.c.request_key.in_(bindparam("keys", expanding=True)))
_REQUEST_FIELDS = [each.name for each in fields(RequestState) if each.name != "tasks"]
_REQUESTS = select(*(t.requests.c[name] for name in _REQUEST_FIELDS)).where(t.requests.c.key.in_(bindparam("keys", expanding=True)))
_KEYS_OF_TASKS = select(t.tasks.c.task_id, t.tasks.c.request_key).where(t.tasks.c.task_id.in_(bindparam("ids", expanding=True)))
_NUMBERS = select(*(t.numbers.c[name] for name in ("court", "number_token", "version", "action", "request_key"))).where(
    t.numbers.c.court.in_(bindparam("courts", expanding=True)), t.numbers.c.number_token.in_(bindparam("tokens", expanding=True))
)
_SENT_AT = select(t.outbox.c.message_id, func.min(t.outbox.c.published_at)).where(
    t.outbox.c.message_id.in_(bindparam("ids", expanding=True)), t.outbox.c.published_at.is_not(None)
).group_by(t.outbox.c.message_id)  # fmt: skip
_SAVE_REQUEST = update(t.requests).where(t.requests.c.key == bindparam("k")).values(
    status=bindparam("status"), outcome=bindparam("outcome"), conclusion_id=bindparam("conclusion_id"),
    follow_ups=bindparam("follow_ups"),
    # A late answer or a hit touches a concluded request again; the time of its conclusion stays.
    concluded_at=func.coalesce(t.requests.c.concluded_at, bindparam("at")),
)  # fmt: skip
_SAVE_TASK = update(t.tasks).where(t.tasks.c.request_key == bindparam("r"), t.tasks.c.task_id == bindparam("k"))


def load(connection: Connection, keys: Iterable[str]) -> dict[str, RequestState]:
    """The requests with these keys, their tasks with them."""
    wanted = list(keys)
    if not wanted:
        return {}
    tasks: dict[str, list[TaskState]] = {}
    for key, *row in at_once(connection, _TASKS, {"keys": wanted}):
        tasks.setdefault(key, []).append(_task(row))
    found = at_once(connection, _REQUESTS, {"keys": wanted})
    return {key: _request([key, *row], tasks.get(key, ())) for key, *row in found}


def keys_of_tasks(connection: Connection, task_ids: Sequence[str]) -> dict[str, str]:
    """Task id → request key, for those that exist."""
    return {task_id: key for task_id, key in at_once(connection, _KEYS_OF_TASKS, {"ids": [*task_ids]})}


def waiting_for(connection: Connection, original_key: str) -> list[str]:
    """Keys of the requests that wait until this one settles, oldest first."""
    columns = t.requests.c
    query = select(columns.key).where(columns.original_key == original_key, columns.status == RequestStatus.WAITING)
    return list(connection.scalars(query.order_by(columns.received_at)))


def is_cited(connection: Connection, key: str) -> bool:
    """Whether an accepted request acts on this one."""
    columns = t.requests.c
    query = select(columns.key).where(columns.original_key == key, columns.status != RequestStatus.REFUSED)
    return connection.execute(query.limit(1)).first() is not None


def unsent_in(connection: Connection, case_token: str) -> list[str]:
    """Keys of the requests of a case that are held until their time, or wait for another, oldest first."""
    columns = t.requests.c
    query = select(columns.key).where(columns.case_token == case_token, columns.status.in_([RequestStatus.HELD, RequestStatus.WAITING]))
    return list(connection.scalars(query.order_by(columns.received_at)))


def kept(connection: Connection, message_id: str) -> Sequence[Any]:
    """Row number, signature, digest and broker's time of the kept messages of parties with this id."""
    c = t.messages.c
    query = select(c.pk, c.jws, c.digest, c.at).where(c.message_id == message_id, c.direction == "in").order_by(c.pk)
    return connection.execute(query).all()


def lead_message(connection: Connection, message_id: str, case_token: str) -> tuple[int, str]:
    """Row number and signature of the submission of the lead with this id. One of another sender with the same id can only have
    been refused before it: the last one is the lead."""
    c = t.messages.c
    query = select(c.pk, c.jws).where(
        c.message_id == message_id, c.case_token == case_token, c.direction == "in", c.type.endswith(".submission.v1")
    )
    row = connection.execute(query.order_by(c.pk.desc()).limit(1)).one()
    return row.pk, row.jws


def is_rejection(connection: Connection, message_id: str | None) -> bool:
    """Whether this is the id of a rejection that the hub has sent."""
    c = t.messages.c
    query = select(c.pk).where(c.message_id == message_id, c.direction == "out", c.type == REJECTION)
    return message_id is not None and connection.execute(query.limit(1)).first() is not None


def partner_of(connection: Connection, task_id: str) -> str | None:
    """Whose part this task is."""
    return connection.scalar(select(t.tasks.c.partner).where(t.tasks.c.task_id == task_id))


def answers_about(
    connection: Connection, subject_token: str, partners: Iterable[str], since: int, outcomes: Iterable[TaskOutcome]
) -> Sequence[Any]:
    """What these partners have answered to inquiries about a subject since then (µs), newest first, at most 100."""
    r, k = t.requests.c, t.tasks.c
    query = select(r.key, r.message_pk, k.partner, k.message_id).join(t.tasks, k.request_key == r.key).where(
        r.subject_token == subject_token, r.kind == Kind.INQUIRY, r.status.in_([RequestStatus.OPEN, RequestStatus.CONCLUDED]),
        k.partner.in_(list(partners)), k.outcome.in_(list(outcomes)), k.settled_at >= since, k.message_id.is_not(None),
    )  # fmt: skip
    return connection.execute(query.order_by(k.settled_at.desc()).limit(100)).all()


def answers_in(connection: Connection, case_token: str, subject_token: str) -> Sequence[Any]:
    """Partner, request, message, outcome and time of all answers to a case's inquiries about one subject."""
    r, k = t.requests.c, t.tasks.c
    query = select(k.partner, r.request_id, k.message_id, k.outcome, k.settled_at).join(t.tasks, k.request_key == r.key).where(
        r.case_token == case_token, r.subject_token == subject_token, r.kind == Kind.INQUIRY, k.message_id.is_not(None),
    )  # fmt: skip
    return connection.execute(query).all()


def subjects_inquired(connection: Connection, case_token: str) -> set[str]:
    """The tokens of all about whom a case's accepted inquiries were."""
    r = t.requests.c
    query = select(r.subject_token).where(r.case_token == case_token, r.kind == Kind.INQUIRY, r.status != RequestStatus.REFUSED)
    return set(connection.scalars(query.distinct()))


def request_of_hit(connection: Connection, message_id: str) -> str | None:
    """Key of the request that a hit is about; another sender's message may have the same id."""
    c = t.messages.c
    return connection.scalar(select(c.request_key).where(c.message_id == message_id, c.direction == "in", c.type.endswith(".hit.v1")))


def numbers_taken(connection: Connection, numbers: Sequence[Number]) -> dict[Number, str]:
    """Number → request key, for those of `numbers` that are taken."""
    if not numbers:
        return {}
    named = {"courts": [*{court for court, *_ in numbers}], "tokens": [*{token for _, token, *_ in numbers}]}
    return {(court, token, version, action): key for court, token, version, action, key in connection.execute(_NUMBERS, named)}


def sent_at(connection: Connection, task_ids: Iterable[str]) -> dict[str, int]:
    """Task id → when the broker first had it (µs), for those that were published: a replay begins no time anew."""
    return {task_id: at for task_id, at in at_once(connection, _SENT_AT, {"ids": [*task_ids]})}


def first_answer(connection: Connection, key: str) -> list[int]:
    """Row numbers of the hub's first answer to a request: its acceptance or its refusal."""
    c = t.messages.c
    answer = c.type.endswith(".acceptance.v1") | c.type.endswith(".refusal.v1")
    return list(connection.scalars(select(c.pk).where(c.request_key == key, c.direction == "out", answer)))


def request_message(connection: Connection, key: str) -> tuple[int, str]:
    """Row number and signature of the court's own request."""
    query = select(t.messages.c.pk, t.messages.c.jws).join(t.requests, t.requests.c.message_pk == t.messages.c.pk)
    row = connection.execute(query.where(t.requests.c.key == key)).one()
    return row.pk, row.jws


def sent_messages(connection: Connection, message_ids: Collection[str]) -> dict[str, Any]:
    """Message id → recipient, request key and case of it, for those that the hub has made."""
    c, out = t.messages.c, t.outbox.c
    query = select(c.message_id, c.recipient, c.request_key, c.case_token).join(t.outbox, out.message_pk == c.pk)
    rows = connection.execute(query.where(out.message_id.in_(message_ids), c.direction == "out"))
    return {row.message_id: row for row in rows}


def about_subject(connection: Connection, subject_token: str, courts: Collection[str], limit: int) -> list[Any]:
    """The rows of the newest requests of these courts about one subject, at most `limit`."""
    c = t.requests.c
    query = select(t.requests).where(c.subject_token == subject_token, c.court.in_(courts))
    return list(connection.execute(query.order_by(c.received_at.desc(), c.key).limit(limit)))


def save(connection: Connection, requests: Iterable[RequestState], tasks: Iterable[tuple[str, TaskState]], now: int) -> None:
    """Write changed states back; a task with the key of its request."""
    changed = [
        {"k": request.key, "status": request.status, "outcome": request.outcome, "conclusion_id": request.conclusion_id,
         "at": now if request.status is RequestStatus.CONCLUDED else None,
         "follow_ups": ",".join(sorted(request.follow_ups))}
        for request in requests
    ]  # fmt: skip
    if changed:
        connection.execute(_SAVE_REQUEST, changed)
    parts = [
        {"r": key, "k": task.task_id, "status": task.status, "outcome": task.outcome, "received_at": task.received_at,
         "settled_at": task.settled_at, "message_id": task.message_id, "late": task.late, "hits": task.hits}
        for key, task in tasks
    ]  # fmt: skip
    if parts:
        connection.execute(_SAVE_TASK, parts)


def request_row(
    request: RequestState, *, message_pk: int, config_sha256: str, signed_at: int, received_at: int, decided_at: int
) -> dict[str, Any]:
    """A new request as a row; `message_pk` is the court's own signed message. Times in µs."""
    return {
        "key": request.key, "court": request.court, "request_id": request.request_id, "kind": request.kind,
        "action": request.action, "case_token": request.case_token, "asset_token": request.asset_token,
        "subject_token": request.subject_token, "original_key": request.original_key, "entrusted": request.entrusted,
        "lead": request.lead, "status": request.status, "message_pk": message_pk, "config_sha256": config_sha256,
        "signed_at": signed_at, "received_at": received_at, "decided_at": decided_at, "expires_at": request.expires_at,
        "follow_ups": "",
    }  # fmt: skip


def task_row(request_key: str, task: TaskState) -> dict[str, Any]:
    """A new task as a row."""
    return {"task_id": task.task_id, "request_key": request_key, "partner": task.partner, "status": task.status,
            "receipt_within": task.receipt_within, "reply_within": task.reply_within,
            "agreement": task.agreement, "reply_working_days": task.reply_working_days, "priority": task.priority}  # fmt: skip


def _task(values: Sequence[Any]) -> TaskState:
    row = dict(zip(_TASK_FIELDS, values, strict=True))
    came_to = row["outcome"]
    return TaskState(**row | {"status": TaskStatus(row["status"]), "outcome": TaskOutcome(came_to) if came_to else None})


def _request(values: Sequence[Any], tasks: Iterable[TaskState]) -> RequestState:
    row = dict(zip(_REQUEST_FIELDS, values, strict=True))
    marks = frozenset(filter(None, row["follow_ups"].split(",")))
    row |= {"kind": Kind(row["kind"]), "status": RequestStatus(row["status"]), "follow_ups": marks}
    return RequestState(**row, tasks=tuple(sorted(tasks, key=attrgetter("partner"))))
