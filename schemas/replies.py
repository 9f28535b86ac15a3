"""What comes back from a partner: receipt, reply, hit.

Every reply is one of six business answers; none of them is ever retried, and silence is none of them.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from schemas.base import Day, MessageId, Model, Sha256, Text, Timestamp
from schemas.findings import Finding
from schemas.identifiers import Balance


class ReplyKind(StrEnum):
    """The business answers (反馈)."""

    RESULT = "result"
    NO_RECORD = "no-record"  # 查无: an explicit "nothing found"
    PARTIAL = "partial"
    NOT_CONTROLLED = "not-controlled"  # 未能控制
    REFUSED = "refused"
    RETURNED = "returned"  # 退回: to be corrected and sent again as a new version


KNOWN_REASONS = frozenset({
    "account-exempt", "account-protected", "account-unknown", "action-not-supported", "amount-invalid", "basis-expired",
    "court-signature", "document-digest-mismatch", "documents-missing", "expired", "field-missing", "holder-mismatch",
    "identity-mismatch", "measure-not-supported", "not-a-request", "not-controlled", "not-in-force", "not-on-file",
    "nothing-available", "original-unknown", "other-case", "owner-mismatch", "recipient-wrong", "restriction-unsupported",
    "returned-by-partner", "term-too-long", "too-many-findings", "until-past",
})  # fmt: skip
"""Reason codes that the connectors give. The log holds these alone: a partner's own code could say anything."""


class Reason(Model):
    """Why not: the partner's code and words."""

    code: Annotated[str, Field(pattern=r"\A[a-z0-9][a-z0-9-]{1,40}\z")]
    text: Text


class Contact(Model):
    """Whom the court may ask."""

    name: Text
    phone: Text


class MeasureOutcome(Model):
    """What a control or a watch came to.

    `state` effective, queued (轮候), renewed, released, deducted or transferred; armed or withdrawn for a watch; restricted
    or lifted for a notice. `controlled` is the amount actually controlled (CNY), of a deduction what was paid; an equity
    freeze takes effect with its `publicity` notice (法释〔2021〕20号 art. 6).
    """

    state: Literal[
        "effective", "queued", "renewed", "released", "deducted", "transferred", "armed", "withdrawn", "restricted", "lifted"
    ]
    reference: Text
    starts: Day | None = None
    ends: Day | None = None
    controlled: Balance | None = None
    over_limit: Balance | None = None
    publicity: Text | None = None
    rank: Annotated[int, Field(ge=1)] | None = None


class Receipt(Model):
    """The partner has the task; the reply clock starts with the broker's time of this message."""

    task_id: MessageId
    handling: Literal["automatic", "manual"]


_FOUND: JsonDict = {
    "anyOf": [
        {"required": ["findings"], "properties": {"findings": {"minItems": 1}}},
        {"required": ["measure"], "properties": {"measure": {"type": "object"}}},
    ]
}
_REASONED: JsonDict = {"required": ["reason"], "properties": {"reason": {"type": "object"}}}


def _when(*kinds: ReplyKind) -> JsonDict:
    return {"properties": {"kind": {"enum": [kind.value for kind in kinds]}}}


_SHAPES: list[JsonValue] = [
    {"if": _when(ReplyKind.RESULT, ReplyKind.PARTIAL), "then": _FOUND, "else": {"not": _FOUND}},
    {"if": {"not": _when(ReplyKind.RESULT, ReplyKind.NO_RECORD)}, "then": _REASONED},
]
"""V29 as JSON Schema, for those who validate without this code."""


class Reply(Model):
    """A partner's answer to one task. `raw_sha256` is the digest of its system's raw response, for a later dispute."""

    model_config = ConfigDict(json_schema_extra={"allOf": _SHAPES})

    task_id: MessageId
    kind: ReplyKind
    answered_at: Timestamp
    findings: Annotated[tuple[Finding, ...], Field(max_length=500)] = ()
    measure: MeasureOutcome | None = None
    reason: Reason | None = None
    contact: Contact | None = None
    searched: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    raw_sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _shape(self) -> Self:
        """V29: each kind has its own shape, and they exclude each other."""
        found = bool(self.findings) or self.measure is not None
        if self.kind in (ReplyKind.RESULT, ReplyKind.PARTIAL) and not found:
            raise ValueError("a result or a partial result holds findings or a measure")
        if self.kind not in (ReplyKind.RESULT, ReplyKind.PARTIAL) and found:
            raise ValueError("only a result or a partial result holds findings or a measure")
        if self.kind not in (ReplyKind.RESULT, ReplyKind.NO_RECORD) and self.reason is None:
            raise ValueError("this kind of reply needs a reason")
        return self


class Hit(Model):
    """A watch or a road control has found whom or what it waits for (命中); it may come after the conclusion."""

    task_id: MessageId
    event: Annotated[str, Field(pattern=r"\A[A-Za-z0-9-]{1,64}\z")]
    at: Timestamp
    place: Text
    contact: Contact
