"""What the hub says: tasks to partners; acceptance, refusal, results, silence and conclusion to courts.

A task carries the court's request unchanged and a result the partner's reply, each with its signature, so neither side
need trust the hub.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Base64, MessageId, Model, PartyId, Sha256, Text, Timestamp
from schemas.replies import ReplyKind


class SignedCopy(Model):
    """Another party's message: its exact bytes in base64 and its detached JWS."""

    value: Base64
    jws: Annotated[str, Field(max_length=1024)]


class Task(Model):
    """One partner's part of a request. A receipt is due within `receipt_within` seconds of delivery, the reply within
    `reply_within` seconds of the receipt, both by the broker's clock."""

    partner: PartyId
    request: SignedCopy
    receipt_within: Annotated[int, Field(ge=1)]
    reply_within: Annotated[int, Field(ge=1)]
    agreement: Text


class Acceptance(Model):
    """The request is registered, and these partners are asked. Plan and deadlines stay as they were now
    (`config_sha256`); a request that waits for its original names it in `waits_for`."""

    partners: tuple[PartyId, ...]
    config_sha256: Sha256
    waits_for: MessageId | None = None


class CodedReason(Model):
    """One coded reason, in both languages, with what to do (`schemas.codes` lists them all)."""

    code: Annotated[str, Field(pattern=r"\A[a-z0-9-]{2,60}\z")]
    zh: Text
    en: Text


class Refusal(Model):
    """The request is not accepted, for all of these reasons."""

    reasons: Annotated[tuple[CodedReason, ...], Field(min_length=1)]


class Result(Model):
    """A partner's message passed on. `conclusion` is cited when it came after the conclusion, which it never changes."""

    partner: PartyId
    task_id: MessageId
    message: SignedCopy
    late: bool
    conclusion: MessageId | None = None


class NonResponse(Model):
    """Silence as a signed, dated fact: never "nothing found". After a control it means that the outcome is unknown."""

    partner: PartyId
    task_id: MessageId
    awaited: Literal["receipt", "reply"]
    deadline: Timestamp
    outcome_unknown: bool


class TaskOutcome(StrEnum):
    """How one partner's part ended: one of its six answers, or none."""

    RESULT = ReplyKind.RESULT.value
    NO_RECORD = ReplyKind.NO_RECORD.value
    PARTIAL = ReplyKind.PARTIAL.value
    NOT_CONTROLLED = ReplyKind.NOT_CONTROLLED.value
    REFUSED = ReplyKind.REFUSED.value
    RETURNED = ReplyKind.RETURNED.value
    NO_RESPONSE = "no-response"
    NOT_SENT = "not-sent"


class PartnerOutcome(Model):
    """One line of a conclusion."""

    partner: PartyId
    task_id: MessageId | None = None
    outcome: TaskOutcome
    message: MessageId | None = None
    at: Timestamp | None = None


class FollowUp(Model):
    """What the linkage plan lets a court ask next, and whether that needs an approval."""

    finding: Text
    action: Text
    partner_kind: Text
    needs_approval: bool


class Conclusion(Model):
    """The one end of an accepted request; it never changes.

    `complete`: every partner answered the question (result, no-record, not-controlled). `incomplete`: at least one was
    silent, or answered without answering it (partial, refused, returned).
    """

    outcome: Literal["complete", "incomplete"]
    partners: tuple[PartnerOutcome, ...]
    follow_ups: tuple[FollowUp, ...] = ()


class Rejection(CodedReason):
    """The hub could not take this party's message in; nothing of it was done."""

    topic: Text
    partition: int
    offset: int
    sha256: Sha256
