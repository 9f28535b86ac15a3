"""What the rules know of a request and of each partner's part in it. Times are UTC microseconds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from schemas.hub import TaskOutcome
from schemas.requests import Kind


class RequestStatus(StrEnum):
    """The life of a request."""

    HELD = "held"  # accepted; its own time has not come (hold_until)
    WAITING = "waiting"  # accepted; its original has not settled yet
    STANDING = "standing"  # accepted; its rounds are asked in its place (终本定期查询)
    OPEN = "open"
    CONCLUDED = "concluded"
    REFUSED = "refused"


Priority = Literal["ordinary", "livelihood", "urgent"]
"""What a partner should do first: the urgent lane, then people's living (民生案件: wages, support, injury)."""


class TaskStatus(StrEnum):
    """The life of one partner's part."""

    PLANNED = "planned"  # the request waits
    SENT = "sent"
    RECEIVED = "received"  # the partner's receipt is here; the reply clock runs
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class TaskState:
    """One partner's part of a request.

    `receipt_within` and `reply_within` in seconds. Where `reply_working_days` stands, it is the deadline of the reply, and
    `reply_within` only the least that it comes to.
    """

    task_id: str
    partner: str
    status: TaskStatus
    receipt_within: int
    reply_within: int
    agreement: str
    reply_working_days: int | None = None
    priority: Priority = "ordinary"
    received_at: int | None = None
    settled_at: int | None = None
    outcome: TaskOutcome | None = None
    message_id: str | None = None
    late: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class RequestState:
    """One accepted request. `key` is the hub's own name for it, unique across courts. `entrusted` is the matter that it was made
    under in another court's case, `lead` the lead that it follows; `follow_ups` are the marks of `hub.rules.proposals`."""

    key: str
    court: str
    request_id: str
    kind: Kind
    action: str
    case_token: str
    asset_token: str | None
    status: RequestStatus
    expires_at: int
    tasks: tuple[TaskState, ...]
    original_key: str | None = None
    conclusion_id: str | None = None
    outcome: str | None = None
    follow_ups: frozenset[str] = frozenset()
    subject_token: str | None = None
    entrusted: str | None = None
    lead: str | None = None
