"""Lists in pages: a page begins where the one before ended (keyset), so the hundredth costs what the first does.

A filter looks at a bounded number of rows; when they are used up before the page is full, the page says down to what
time it has searched and where to go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from hub.console.views import DeadLetter, Page, RequestLine, TaskMark
from hub.rules.letters import LetterState
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


def dead_letters(connection: Connection, code: str | None, state: LetterState | None, cursor: str | None) -> Page[DeadLetter]:
    """Dead letters and silent tasks, newest first, down the index of each state; their content is never read. Raises `ValueError`
    for a malformed cursor."""
    c = t.letters.c
    place = tuple_(c.at, c.id)
    below = None
    if cursor is not None:
        at, _, letter_id = cursor.partition("~")
        below = place < (_number(at), letter_id)
    found: list[Any] = []
    floors: list[tuple[int, str]] = []
    for one in (state,) if state is not None else LetterState:
        base = select(t.letters).where(c.state == one).order_by(c.at.desc(), c.id.desc())
        base = base if below is None else base.where(below)
        last = connection.execute(base.with_only_columns(c.at, c.id).offset(BUDGET - 1).limit(1)).first()
        if last is not None:
            floors.append((last.at, last.id))
            base = base.where(place >= (last.at, last.id))
        found += connection.execute((base if code is None else base.where(c.code == code)).limit(PAGE + 1)).all()
    floor = max(floors, default=None)
    rows = sorted((row for row in found if floor is None or (row.at, row.id) >= floor), key=lambda row: (row.at, row.id), reverse=True)
    lines = _letter_lines(connection, rows[:PAGE])
    if len(rows) > PAGE:
        return Page(lines, f"{lines[-1].at}~{lines[-1].id}")
    return Page(lines, None) if floor is None else Page(lines, f"{floor[0]}~{floor[1]}", floor[0])


def _letter_lines(connection: Connection, rows: Sequence[Any]) -> tuple[DeadLetter, ...]:
    m, task, entry = t.messages.c, t.tasks.c, t.audit.c
    tasks = {row.id for row in rows if row.partner is not None}
    kept = select(m.message_id, m.audit_seq, m.digest).where(m.message_id.in_([row.message_id for row in rows]), m.direction == "out")
    digests = {each.message_id if each.message_id in tasks else str(each.audit_seq): each.digest for each in connection.execute(kept)}
    about: dict[str, str | None] = {task_id: key for task_id, key in connection.execute(
        select(task.task_id, task.request_key).where(task.task_id.in_(tasks)))}  # fmt: skip
    set_aside = select(entry.seq, entry.request_key).where(entry.seq.in_([int(row.id) for row in rows if row.partner is None]))
    about |= {str(seq): key for seq, key in connection.execute(set_aside)}
    return tuple(
        DeadLetter(
            row.id, LetterState(row.state), row.moved_at, row.replays, row.at, row.code, row.stage, row.error_class, row.partner or row.party,
            row.message_id if row.partner is None else None, about.get(row.id), digests.get(row.id, ""),
        ) for row in rows
    )  # fmt: skip


def _number(text: str) -> int:
    """A number of a cursor. Raises `ValueError`, also for one that no row could have."""
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError("out of range")
    return number
