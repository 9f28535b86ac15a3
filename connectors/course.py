"""The course of a job: what may come next, by its row, the time and what its protocol declares. Pure; times in UTC microseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from connectors.base import Job, Recovery, TransientFault
from connectors.jobs import JobRow, JobStatus

SECOND = 1_000_000
ASKED_AFTER = 7 * 24 * 3600 * SECOND
"""How long after its expiry a partner is still asked what became of a task that it has, in µs."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard one partner may be worked: calls at a time, quick tries, backoff bounds in seconds."""

    concurrency: int = 4
    quick_tries: int = 3
    quick_wait: float = 0.2
    shortest: float = 1.0
    longest: float = 300.0
    poll: float = 0.2
    pause: float = 2.0  # how long an open circuit pauses at first

    def backoff(self, attempt: int, share: float) -> float:
        """Seconds until the next attempt: 1, 2, 4 … by default, of which `share` (at most 1) is waited."""
        return share * min(self.shortest * 2.0 ** min(attempt - 1, 20), self.longest)


class Next(Enum):
    """What is done about a call whose outcome is unknown."""

    CALL = auto()
    ASK = auto()
    MANUAL = auto()
    EXPIRE = auto()


def after_unknown(recovery: Recovery, action: str, state: Mapping[str, str], *, late: bool) -> Next:
    """Repeat, ask, or leave it to a person, as the protocol declares.

    `late`: the task has expired meanwhile. What the partner has already (`state`) may still be asked after; what it
    may not have is never given to it again (V26). Of an inquiry, which has no effect, nothing is left to find out then.
    """
    if recovery is Recovery.LOOKUP:
        return Next.ASK
    if recovery is Recovery.IDEMPOTENT and (state or not late):
        return Next.CALL
    return Next.EXPIRE if late and action == "inquire" and not state else Next.MANUAL


def packet_of(free: Sequence[JobRow], size: int) -> Sequence[JobRow]:
    """Which of these jobs, the most pressing first, go in the next call. New inquiries fill a packet of `size`; whatever else
    there is goes alone."""
    if free and _new_inquiry(free[0]):
        return [row for row in free if _new_inquiry(row)][:size]
    return free[:1]


def is_over(row: JobRow, now: int) -> bool:
    """V26: what has expired is never given to the partner; what it has already (`state`) is asked after a while more."""
    if row.status is JobStatus.QUEUED:
        return row.expires_at <= now
    return bool(row.state) and row.expires_at + ASKED_AFTER <= now


def resting(job: Job) -> JobStatus:
    """Where a job goes back to: one that the partner has already stays with it."""
    return JobStatus.WAITING if job.state else JobStatus.QUEUED


def surely_harmless(error: BaseException) -> bool:
    """Worth a quick try: the transport failed, nothing was carried out, and the partner named no time."""
    return isinstance(error, TransientFault) and not error.unknown and error.retry_after is None


def _new_inquiry(row: JobRow) -> bool:
    """It has no effect and has not been called yet, so that it may share a call with others that none has spoilt."""
    return row.status is JobStatus.QUEUED and row.action == "inquire" and not row.alone
