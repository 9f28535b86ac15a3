"""Leads (执行线索): what grid assistants, governance centres and creditors know of a debtor's assets or whereabouts."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.asset import Asset
from schemas.base import MessageId, Model, PartyId, Permit, Text, Timestamp
from schemas.identifiers import CaseNumber
from schemas.replies import Contact
from schemas.subject import Subject


class LeadSubmission(Model):
    """One lead, to the court that has the case. Verified within 7 days, an `urgent` one within 3 (法释〔2017〕8号 art. 2).

    The sender is told what came of it, either way. Sent by a partner, or by a court for a creditor or a grid assistant.
    """

    number: Annotated[str, Field(pattern=r"\A[A-Z0-9][A-Z0-9-]{3,39}\z")]
    court: PartyId
    case_number: CaseNumber | None = None
    by: Literal["grid-assistant", "governance-centre", "liaison", "creditor", "other"]
    about: Literal["asset", "person", "vehicle"]
    subject: Subject
    asset: Asset | None = None
    place: Text | None = None
    seen_at: Timestamp | None = None
    text: Text
    urgent: bool = False
    contact: Contact | None = None
    """Where the sender may be asked, if they wish to be."""


class LeadVerdict(Model):
    """What the court found: confirmed, unfounded, or acted on by the requests named. `lead` is the submission's id."""

    lead: MessageId
    outcome: Literal["confirmed", "unfounded", "acted"]
    requests: Annotated[tuple[MessageId, ...], Field(max_length=20)] = ()
    officer: Permit
    reason: Text
