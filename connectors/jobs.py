"""The job table: what is to be called, is being called, waits, or needs a person. Times in UTC microseconds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, Index, MetaData, Select, Table, bindparam, case, func, select, update

from hub.store.dialect import Integer, String
from hub.store.tables import partial_index

metadata = MetaData()


class JobStatus(StrEnum):
    """The life of a job."""

    QUEUED = "queued"
    CALLING = "calling"  # journalled before the call; found after a crash, its outcome is unknown
    UNKNOWN = "unknown"  # a call may have been carried out: recover before anything else
    WAITING = "waiting"  # the partner has it
    DONE = "done"
    MANUAL = "manual"  # a person must look
    EXPIRED = "expired"


READY = (JobStatus.QUEUED, JobStatus.UNKNOWN, JobStatus.WAITING)
OPEN = (JobStatus.QUEUED, JobStatus.CALLING, JobStatus.UNKNOWN, JobStatus.WAITING, JobStatus.MANUAL)
OVER = (JobStatus.DONE, JobStatus.EXPIRED)
PRIORITIES = {"urgent": 0, "livelihood": 1, "ordinary": 2}
"""What goes first among the jobs that are due: the urgent lane, then people's livelihood (涉民生), then the rest."""
TOGETHER = "packet:"
"""Before the code of a fault of a whole packet: its jobs go alone from now on, so that one cannot spoil the others."""

jobs = Table(
    "jobs", metadata,
    Column("number", Integer, primary_key=True),
    Column("task_id", String, nullable=False, unique=True),
    Column("message_pk", Integer, nullable=False),
    Column("action", String, nullable=False),
    Column("request", String),  # court and id of the request, unless it was refused
    Column("original", String),  # likewise of the request that it cites
    Column("asset_token", String),
    Column("priority", Integer, nullable=False, server_default="2"),  # see `PRIORITIES`
    Column("status", String, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("due_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("state", String, nullable=False, server_default="{}"),
    Column("fault", String),
    partial_index("jobs_due", "priority", "due_at", "number", where="status IN ('queued','unknown','waiting')"),
    Index("jobs_by_request", "request", unique=True),
    partial_index("jobs_by_asset", "asset_token", "number", where="asset_token IS NOT NULL"),
)  # fmt: skip

events = Table(
    "events", metadata, Column("event", String, primary_key=True), Column("task_id", String, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip


_earlier = jobs.alias("earlier")
_goes_first = (
    ((_earlier.c.asset_token == jobs.c.asset_token) | (_earlier.c.request == jobs.c.original))
    & (_earlier.c.number < jobs.c.number)
    & _earlier.c.status.in_(OPEN)
)
"""A later job on the same asset, or one that cites an earlier job's request, never overtakes it."""
_ready = jobs.c.status.in_(bindparam("ready", [each.value for each in READY], expanding=True, literal_execute=True))
"""Said in the statement itself: of values that are given beside it SQLite cannot know that `jobs_due` holds them all, and reads every
job there ever was."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of the table."""

    task_id: str
    message_pk: int
    action: str
    status: JobStatus
    attempt: int
    expires_at: int
    state: Mapping[str, str]
    original: str | None = None
    alone: bool = False


def due(connection: Connection, now: int, most: int) -> list[JobRow]:
    """Jobs to work on now, the most pressing and then the oldest first; one that must not overtake another waits for it."""
    blocked = select(_earlier.c.number).where(_goes_first).exists()
    query = _query().where(_ready, jobs.c.due_at <= now, ~blocked)
    return [_row(row) for row in connection.execute(query.order_by(jobs.c.priority, jobs.c.due_at, jobs.c.number).limit(most))]


def find(connection: Connection, task_id: str) -> JobRow | None:
    """The job of this task."""
    row = connection.execute(_query().where(jobs.c.task_id == task_id)).first()
    return None if row is None else _row(row)


def filed_before(connection: Connection, request: str) -> bool:
    """Whether a job of this request (court and id) is in the table."""
    return connection.execute(select(jobs.c.number).where(jobs.c.request == request)).first() is not None


def measure_of(connection: Connection, request: str) -> str:
    """The request that began what `request` acts on: a renewal is known to the partner by the measure that it renewed."""
    query = select(jobs.c.original).where(jobs.c.request == request, jobs.c.action == "renew")
    return connection.scalar(query) or request


def put(connection: Connection, task_ids: Sequence[str], status: JobStatus, **values: Any) -> int:
    """Give these jobs a status and further column values; `state` is a mapping. Returns how many it changed.

    A job that is over stays so: the partner may have answered by itself while a call to it was under way.
    """
    if "state" in values:
        values["state"] = json.dumps(dict(values["state"]))
    still_open = jobs.c.task_id.in_(task_ids) & jobs.c.status.not_in(OVER)
    return connection.execute(update(jobs).where(still_open).values(status=status, **values)).rowcount


def retry(connection: Connection, task_id: str, now: int) -> JobStatus | None:
    """Give a job that waits for a person back to the connector; its new status, or None if there is no such job.

    One that was ever called has an unknown outcome, and its protocol's recovery comes before any other call. It keeps an
    attempt, so that it can never pass for one that was not called; its backoff begins anew.
    """
    row = _left_to_a_person(connection, task_id)
    if row is None:
        return None
    called = row.attempt > 0 or row.state != {}
    status = JobStatus.UNKNOWN if called else JobStatus.QUEUED
    put(connection, [task_id], status, attempt=int(called), fault=None, due_at=now)
    return status


def close(connection: Connection, task_id: str, _now: int) -> JobStatus | None:
    """Close a job that waits for a person, who has settled it with the partner by hand: nothing more is called or said of it, and
    what waits behind it goes on. Its new status, or None if there is no such job."""
    if _left_to_a_person(connection, task_id) is None:
        return None
    put(connection, [task_id], JobStatus.DONE)
    return JobStatus.DONE


def _left_to_a_person(connection: Connection, task_id: str) -> JobRow | None:
    row = find(connection, task_id)
    return row if row is not None and row.status is JobStatus.MANUAL else None


def hasten(connection: Connection, task_id: str, now: int) -> bool:
    """Make a job that waits for its next time due at once. Whether there was one to bring forward."""
    waits = (jobs.c.task_id == task_id) & jobs.c.status.in_(READY) & (jobs.c.due_at > now)
    return connection.execute(update(jobs).where(waits).values(due_at=now)).rowcount > 0


def after_crash(connection: Connection) -> int:
    """Jobs found `calling` at start-up have an unknown outcome. Returns how many."""
    statement = update(jobs).where(jobs.c.status == JobStatus.CALLING).values(status=JobStatus.UNKNOWN, due_at=0)
    return connection.execute(statement).rowcount


def not_known(connection: Connection) -> int:
    """After a restore: every open job may have been carried out since, or given back by a person. Returns how many there are.

    One that a person has to look at stays with him; given back, it cannot pass for one that was never called.
    """
    status = case((jobs.c.status == JobStatus.MANUAL, jobs.c.status), else_=JobStatus.UNKNOWN)
    attempt = case((jobs.c.attempt == 0, 1), else_=jobs.c.attempt)
    return connection.execute(update(jobs).where(jobs.c.status.in_(OPEN)).values(status=status, attempt=attempt)).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """How many jobs there are of each status."""
    return {status: n for status, n in connection.execute(select(jobs.c.status, func.count()).group_by(jobs.c.status))}


def _query() -> Select[Any]:
    """Jobs, each with the task id of the original that it cites, if that came to this connector."""
    cited = jobs.alias("cited")
    original = select(cited.c.task_id).where(cited.c.request == jobs.c.original).limit(1).scalar_subquery()
    return select(jobs, original.label("original_task"))


def manual(connection: Connection) -> list[tuple[str, str]]:
    """(task id, fault) of the jobs that a person must look at."""
    query = select(jobs.c.task_id, jobs.c.fault).where(jobs.c.status == JobStatus.MANUAL).order_by(jobs.c.number)
    return [(task_id, fault or "") for task_id, fault in connection.execute(query)]


def waiting(connection: Connection) -> list[tuple[str, str, str]]:
    """(task id, earlier task id, its status) of the jobs that wait until an earlier one is over, on the same asset or cited."""
    query = (
        select(jobs.c.task_id, _earlier.c.task_id, _earlier.c.status)
        .join(_earlier, _goes_first)
        .where(jobs.c.status.in_(READY))
        .order_by(jobs.c.number, _earlier.c.number.desc())
    )
    first = {task_id: (earlier, status) for task_id, earlier, status in connection.execute(query)}
    return [(task_id, earlier, status) for task_id, (earlier, status) in first.items()]


def _row(row: Any) -> JobRow:
    return JobRow(row.task_id, row.message_pk, row.action, JobStatus(row.status), row.attempt, row.expires_at,
                  json.loads(row.state), row.original_task, (row.fault or "").startswith(TOGETHER))  # fmt: skip
