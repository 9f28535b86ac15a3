"""Entrusted matters (委托事项): one court asks another to act for it, with a clock on both steps."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import MessageId, Model, PartyId, Permit, Text
from schemas.identifiers import CaseNumber
from schemas.legal import Document
from schemas.replies import Contact
from schemas.subject import Subject

MatterKind = Literal["inquire", "seal", "freeze", "release", "serve", "visit", "search", "other"]
"""What is entrusted: 查询 · 查封 · 冻结 · 解除 · 送达 · 走访调查 · 搜查 · 其他."""


class EntrustRequest(Model):
    """The entrusting court's letter (委托函), with what the entrusted court needs to act at once.

    Members that a matter of its kind needs and that are missing are refused before anything is sent: most returns come from
    there. From its acceptance until it is done the entrusted court may act in the case, as far as the matter covers.
    """

    number: Annotated[str, Field(pattern=r"\A[A-Z0-9][A-Z0-9-]{3,39}\z")]
    version: Annotated[int, Field(ge=1, le=999)] = 1
    case_number: CaseNumber
    to: PartyId
    matter: MatterKind
    subject: Subject | None = None
    place: Text | None = None
    what: Text
    documents: Annotated[tuple[Document, ...], Field(max_length=8)] = ()
    handler: Permit
    supervisor: Permit
    contact: Contact | None = None


class EntrustStep(Model):
    """What the entrusted court does with it: signed for, accepted, returned with a coded reason, progress, done.

    `matter` is the id of the entrusting request.
    """

    matter: MessageId
    step: Literal["signed-for", "accepted", "returned", "progress", "done"]
    reason_code: Literal["documents-missing", "address-unclear", "subject-unclear", "not-competent", "other"] | None = None
    officer: Permit
    text: Text
