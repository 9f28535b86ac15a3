"""Lists in pages: a page begins where the one before ended (keyset), so the hundredth costs what the first does.

A filter looks at a bounded number of rows; when they are used up before the page is full, the page says down to what
time it has searched and where to go on.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from hub.console.views import DeadLetter, Page, RequestLine, TaskMark
from hub.store import tables as t
from hub.trust.parties import Directory, Role

PAGE = 50
BUDGET = 5_000
"""Most rows that one page looks at for a filter."""


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Empty strings filter nothing. `text` is the beginning of a request's id, in lower case."""

    status: str = ""
    kind: str = ""
    court: str = ""
    text: str = ""


def requests(
    connection: Connection, directory: Directory, wanted: RequestFilter, cursor: str | None
) -> Page[RequestLine]:
    """Requests by time of receipt, newest first. Raises `ValueError` for a malformed cursor."""
    c = t.requests.c
    place = tuple_(c.received_at, c.key)
    newest = (c.received_at.desc(), c.key.desc())
    base = select(t.requests).order_by(*newest)
    if wanted.text:
        base = base.where(c.key.in_(_keys_of(directory, wanted.text)))
    if cursor is not None:
        at, _, key = cursor.partition("~")
        base = base.where(place < (_number(at), key))
    last = connection.execute(base.with_only_columns(c.received_at, c.key).offset(BUDGET - 1).limit(1)).first()
    query = base if last is None else base.where(place >= (last.received_at, last.key))
    for column, value in ((c.status, wanted.status), (c.kind, wanted.kind), (c.court, wanted.court)):
        if value:
            query = query.where(column == value)
    rows = connection.execute(query.limit(PAGE + 1)).all()
    marks = _marks(connection, [row.key for row in rows[:PAGE]])
    lines = tuple(request_line(row, marks.get(row.key, ())) for row in rows[:PAGE])
    if len(rows) > PAGE:
        return Page(lines, f"{lines[-1].received_at}~{lines[-1].key}")
    return Page(lines, None) if last is None else Page(lines, f"{last.received_at}~{last.key}", last.received_at)


def request_line(row: Any, tasks: tuple[TaskMark, ...]) -> RequestLine:
    """A row of `requests` as a list shows it."""
    return RequestLine(row.key, row.request_id, row.court, row.kind, row.action, row.status, row.outcome,
                       row.received_at, row.concluded_at, tasks)  # fmt: skip


def _keys_of(directory: Directory, text: str) -> Select[tuple[str]]:
    """Requests whose id begins with `text`: the inbox is ordered by sender and id."""
    courts = [party.id for party in directory.with_role(Role.COURT)]
    seen, message = t.inbox.c, t.messages.c
    query = select(message.request_key).join(t.inbox, seen.message_pk == message.pk)
    return query.where(seen.sender.in_(courts), seen.message_id >= text, seen.message_id < text + "~").limit(BUDGET)


def _marks(connection: Connection, keys: list[str]) -> dict[str, tuple[TaskMark, ...]]:
    c = t.tasks.c
    marks: dict[str, tuple[TaskMark, ...]] = {}
    for row in connection.execute(select(t.tasks).where(c.request_key.in_(keys)).order_by(c.partner)):
        mark = TaskMark(row.partner, row.outcome or row.status, row.late, row.hits)
        marks[row.request_key] = (*marks.get(row.request_key, ()), mark)
    return marks


def dead_letters(connection: Connection, code: str | None, cursor: str | None) -> Page[DeadLetter]:
    """Dead letters, newest first; their content is never read. Raises `ValueError` for a malformed cursor."""
    c = t.dead_letters.c
    base = select(t.dead_letters).order_by(c.pk.desc())
    if cursor is not None:
        base = base.where(c.pk < _number(cursor))
    last = connection.execute(base.with_only_columns(c.pk, c.at).offset(BUDGET - 1).limit(1)).first()
    query = base if last is None else base.where(c.pk >= last.pk)
    if code is not None:
        query = query.where(c.code == code)
    rows = connection.execute(query.limit(PAGE + 1)).all()
    lines = tuple(
        DeadLetter(row.pk, row.at, row.code, row.stage, row.error_class, row.topic, row.partition, row.offset,
                   row.sender, row.digest, row.size)
        for row in rows[:PAGE]
    )  # fmt: skip
    if len(rows) > PAGE:
        return Page(lines, str(lines[-1].pk))
    return Page(lines, None) if last is None else Page(lines, str(last.pk), last.at)


def _number(text: str) -> int:
    """A number of a cursor. Raises `ValueError`, also for one that no row could have."""
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError("out of range")
    return number
