"""What the hub says: tasks to partners; acceptance, refusal, results, silence and conclusion to courts.

A task carries the court's request unchanged and a result the partner's reply, each with its signature, so neither side
need trust the hub.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Base64, Day, MessageId, Model, PartyId, Permit, Sha256, Text, Timestamp, derive_id
from schemas.identifiers import Balance
from schemas.legal import Purpose
from schemas.replies import ReplyKind


class SignedCopy(Model):
    """Another party's message: its exact bytes in base64 and its detached JWS."""

    value: Base64
    jws: Annotated[str, Field(max_length=1024)]


class Task(Model):
    """One partner's part of a request. A receipt is due within `receipt_within` seconds of delivery, the reply within
    `reply_within` seconds of the receipt, both by the broker's clock; or, where `reply_working_days` stands, by the end of
    that many working days after the receipt. `priority` tells what goes first; `round` which round of a standing inquiry
    this is, whose id is then made of the request's and the round's (`round_id`)."""

    partner: PartyId
    request: SignedCopy
    receipt_within: Annotated[int, Field(ge=1)]
    reply_within: Annotated[int, Field(ge=1)]
    agreement: Text
    reply_working_days: Annotated[int, Field(ge=1, le=60)] | None = None
    priority: Literal["ordinary", "livelihood", "urgent"] | None = None
    round: Annotated[int, Field(ge=1, le=20)] | None = None


def round_id(request: str, number: int) -> str:
    """The id that round `number` of the standing inquiry `request` is known by."""
    return derive_id("round", request, str(number))


class Acceptance(Model):
    """The request is registered, and these partners are asked. Plan and deadlines stay as they were now
    (`config_sha256`); a request that waits for its original names it in `waits_for`."""

    partners: tuple[PartyId, ...]
    config_sha256: Sha256
    waits_for: MessageId | None = None


class CodedReason(Model):
    """One coded reason, in both languages, with what to do (`schemas.codes` lists them all); `about` names the partners that
    it concerns, where it concerns partners."""

    code: Annotated[str, Field(pattern=r"\A[a-z0-9-]{2,60}\z")]
    zh: Text
    en: Text
    about: Annotated[tuple[PartyId, ...], Field(max_length=200)] | None = None


class Refusal(Model):
    """The request is not accepted, for all of these reasons."""

    reasons: Annotated[tuple[CodedReason, ...], Field(min_length=1)]


class Reused(Model):
    """Which request and task a reused answer was given to."""

    request: MessageId
    task_id: MessageId
    answered_at: Timestamp


class Result(Model):
    """A partner's message passed on. `conclusion` is cited when it came after the conclusion, which it never changes.

    `reused` stands where the partner was not asked again, because it answered the same question a short while ago.
    """

    partner: PartyId
    task_id: MessageId
    message: SignedCopy
    late: bool
    conclusion: MessageId | None = None
    reused: Reused | None = None


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


class Drafted(Model):
    """A request to be completed (documents, approvals), signed and sent by the court; nothing is sent without that.

    `content` is the draft's JSON object with type and data, in base64.
    """

    type: Text
    content: Base64


class FollowUp(Model):
    """What the linkage plan lets a court ask next, and whether that needs an approval.

    `cause` is the reply whose finding led to it. `draft`, given where a court asks for drafts, is the request ready to be completed.
    """

    finding: Text
    action: Text
    partner_kind: Text
    needs_approval: bool
    cause: MessageId | None = None
    draft: Drafted | None = None


class Conclusion(Model):
    """The one end of an accepted request; it never changes.

    `complete`: every partner answered the question (result, no-record, not-controlled). `incomplete`: at least one was
    silent, or answered without answering it (partial, refused, returned).
    """

    outcome: Literal["complete", "incomplete"]
    partners: tuple[PartnerOutcome, ...]
    follow_ups: tuple[FollowUp, ...] = ()


class Drafts(Model):
    """What the answers to one request let its court ask next, a draft for each asset that was found; at most ten by one rule."""

    request: MessageId
    follow_ups: Annotated[tuple[FollowUp, ...], Field(max_length=200)]


class Rejection(CodedReason):
    """The hub could not take this party's message in; nothing of it was done."""

    topic: Text
    partition: int
    offset: int
    sha256: Sha256


class Noted(Model):
    """What a court or a sender of leads said is registered, and in force from now on."""

    about: MessageId


class CaseEvent(Model):
    """Something in a case needs a person, or has changed by itself (`schemas.codes.EVENTS` lists the codes).

    `about` is the request, matter, lead or objection that it concerns, `measure` its reference at the registry;
    `addressee` the work permit of who should act, `level` the rung of an escalation, `due` until when; `cause` the
    message that led to it, `draft` what may be signed next.
    """

    event: Annotated[str, Field(pattern=r"\A[a-z0-9-]{2,60}\z")]
    zh: Text
    en: Text
    about: MessageId
    partner: PartyId | None = None
    measure: Text | None = None
    addressee: Permit | None = None
    level: Annotated[int, Field(ge=1, le=9)] | None = None
    due: Timestamp | None = None
    ends: Day | None = None
    amount: Balance | None = None
    cause: MessageId | None = None
    draft: Drafted | None = None


class Nudge(Model):
    """A partner is reminded (催办) of a task that it has not answered; `level` 1 before the deadline, higher after it (督办)."""

    task_id: MessageId
    level: Annotated[int, Field(ge=1, le=9)]
    deadline: Timestamp


class Forwarded(Model):
    """Another party's message about an entrusted matter, a lead or an objection, passed on as it came. `due` is when the next
    step is."""

    of: PartyId
    message: SignedCopy
    due: Timestamp | None = None


class CertifiedAnswer(Model):
    """One partner's explicit answer, by its message, and under which identifiers it searched."""

    partner: PartyId
    request: MessageId
    message: MessageId
    sha256: Sha256
    outcome: TaskOutcome
    answered_at: Timestamp
    searched: Annotated[tuple[Text, ...], Field(max_length=20)]


class Certificate(Model):
    """Completeness (穷尽措施): every partner that the plan requires has answered explicitly about this subject in this case.

    `subject_sha256` is the SHA-256 of the subject's canonical JSON, which only who knows the subject can make. `restricted` and
    `three_months` are the further needs of a closing of the round (终本规定 art. 1): a consumption restriction, and three
    months since filing. `good_until` is the last day on which the round may be closed with it: it is as old as its oldest answer.
    """

    subject_sha256: Sha256
    identifiers: Annotated[tuple[Text, ...], Field(max_length=20)]
    answers: Annotated[tuple[CertifiedAnswer, ...], Field(min_length=1, max_length=200)]
    config_sha256: Sha256
    restricted: bool
    three_months: bool
    closing_possible: bool
    good_until: Day | None = None


class LiftedMeasure(Model):
    """One measure or watch, and the partner's message that proves its end."""

    request: MessageId
    partner: PartyId
    action: Text
    ended_as: Text
    proof: MessageId | None = None


class LiftCertificate(Model):
    """Credit repair (信用修复): the debt is performed, and every measure, watch and restriction of the case has ended."""

    lifted: tuple[LiftedMeasure, ...]


class RegisterLine(Model):
    """One request about the subject: who asked, when, on what basis, and what came of it."""

    court: PartyId
    request: MessageId
    action: Text
    purpose: Purpose
    at: Timestamp
    outcome: Text
    readings: Annotated[int, Field(ge=0)]


class Register(Model):
    """The register of inquiries about one subject, for oversight; the newest 500."""

    lines: Annotated[tuple[RegisterLine, ...], Field(max_length=500)]
    complete: bool
