"""The legal basis that every request of a court carries. Without one the hub refuses, whoever signed."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import DOCUMENT_LIMIT, Base64, Day, Model, Permit, Sha256, Text, Timestamp
from schemas.identifiers import CaseNumber


class Purpose(StrEnum):
    """What a request may be for: control of assets (财产查控) or locating persons and things (查人找物)."""

    ASSETS = "asset-inquiry-and-control"
    LOCATE = "locate"


class DocumentKind(StrEnum):
    """Documents named by the Civil Procedure Law, art. 253 and 255, and 法释〔2013〕20号 art. 3."""

    INQUIRY_NOTICE = "inquiry-notice"  # 协助查询通知书
    ENFORCEMENT_RULING = "enforcement-ruling"  # 执行裁定书
    ASSISTANCE_NOTICE = "assistance-notice"  # 协助执行通知书
    RELEASE_RULING = "release-ruling"  # 解除裁定书


NEEDED_DOCUMENTS: dict[str, frozenset[DocumentKind]] = {
    "inquire": frozenset({DocumentKind.INQUIRY_NOTICE}),
    "freeze": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "seal": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "queue-seal": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "advance-seal": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "renew": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "deduct": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "transfer": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "release": frozenset({DocumentKind.RELEASE_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "info": frozenset({DocumentKind.INQUIRY_NOTICE}),
    "watch": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "road-control": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "withdraw": frozenset({DocumentKind.ASSISTANCE_NOTICE}),
    "restrict": frozenset({DocumentKind.ENFORCEMENT_RULING, DocumentKind.ASSISTANCE_NOTICE}),
    "lift": frozenset({DocumentKind.RELEASE_RULING, DocumentKind.ASSISTANCE_NOTICE}),
}
"""Documents that each action needs (V17). An inquiry needs only the notice (法释〔2013〕20号 art. 3); a control needs ruling
and notice (Civil Procedure Law, art. 253 and 255). Hub and partner check it each for itself."""


class Document(Model):
    """One legal document, in-line: a registry clerk cannot act on a digest alone."""

    kind: DocumentKind
    number: Text
    issued_on: Day
    media_type: Literal["application/pdf", "application/ofd", "text/plain"]
    sha256: Sha256
    content: Annotated[Base64, Field(max_length=(DOCUMENT_LIMIT + 2) // 3 * 4)]


class Officer(Model):
    """One of two officers with two permits each (双人双证)."""

    name: Text
    work_permit: Permit
    enforcement_permit: Permit


class Rank(StrEnum):
    """Who may approve, lowest first."""

    JUDGE = "judge"  # 法官
    BUREAU_CHIEF = "bureau-chief"  # 执行局长
    PRESIDENT = "president"  # 院长


class Approval(Model):
    """An approver's decision; the approver is never the maker (V19).

    `jws` is the detached JWS of the officer's own key over the statement of `schemas.approvals`; without it an approval
    counts for nothing. `acting_for` names the absent officer whose post the approver covers (AB岗).
    """

    officer: Permit
    name: Text
    rank: Rank
    at: Timestamp
    reason: Text | None = None
    acting_for: Permit | None = None
    jws: Annotated[str, Field(max_length=1024)] | None = None


class Scope(Model):
    """What the documents allow: which kinds of partner may be asked and which actions may be taken."""

    partner_kinds: Annotated[tuple[Text, ...], Field(min_length=1, max_length=20)]
    actions: Annotated[tuple[Text, ...], Field(min_length=1, max_length=20)]


class LegalBasis(Model):
    """Case, purpose, documents, people and limits that the law asks for.

    `maker`, `handler` and `supervisor` are work permits; handler, supervisor, `target` and the envelope's expiry are,
    with the action, the five that must be fixed for each measure (五定).
    """

    case_number: CaseNumber
    purpose: Purpose
    documents: Annotated[tuple[Document, ...], Field(max_length=8)]
    officers: Annotated[tuple[Officer, ...], Field(max_length=8)]
    maker: Permit
    handler: Permit
    supervisor: Permit
    target: Text
    approvals: Annotated[tuple[Approval, ...], Field(max_length=8)] = ()
    scope: Scope
    valid_until: Timestamp
