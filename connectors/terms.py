"""Terms that every partner's protocol shares: numbers to search by, the name on file, documents. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.base import Answer, Job, ProtocolFault
from schemas.envelope import VALUE_LIMIT
from schemas.identifiers import resident_id_forms, same_name
from schemas.legal import DocumentKind, LegalBasis
from schemas.replies import Contact, Reason, ReplyKind
from schemas.subject import Person, Subject

KEEP = 30 * 24 * 3600 * 1_000_000
"""How long what a connector signs stays valid, in µs."""
MOST_FINDINGS = 500
"""As many as one reply may hold."""
MOST_BYTES = VALUE_LIMIT - 64 * 1024
"""As many bytes of findings as leave room in a signed value for the longest envelope, reason, contact and `searched`."""
USE_PERMITTED = "活查封：允许继续使用，不得处分"
"""The remark that makes a seal a live one (活查封): no registry has a code of its own for it."""
_SUBSTITUTES = frozenset("?？*＊□■〓\ufffd")
"""What stands in old files for a character that they could not hold."""


def number_forms(subject: Subject) -> dict[str, str]:
    """The numbers that old and new files may hold the subject under, by the words that `Answer.searched` uses (V2)."""
    if not isinstance(subject, Person):
        return {"uscc": subject.uscc}
    return {f"resident-id-{len(form)}": form for form in resident_id_forms(subject.id_number)}


def is_named(asked: str, on_file: str) -> bool:
    """V23: whether the name on file is the name asked for. A number alone never identifies.

    Raises `ProtocolFault` name-substituted where they differ only by a stand-in for a rare character: a person decides
    whether that is the one meant (V24).
    """
    if same_name(asked, on_file):
        return True
    one, other = asked.strip(), on_file.strip()
    if len(one) == len(other) and all(b in (a, *_SUBSTITUTES) for a, b in zip(one, other, strict=True)):
        raise ProtocolFault("name-substituted")
    return False


def identity_mismatch(raw: bytes, searched: Sequence[str], contact: Contact | None = None) -> Answer:
    """V23: the number is on file under another name. The reply says so and holds nothing of that other person."""
    reason = Reason(
        code="identity-mismatch",
        text="该证件号码登记在另一姓名或名称之下;请核对后以新版本重发"
        " / the number is on file under another name; correct it and send a new version",
    )
    return Answer(ReplyKind.RETURNED, raw, reason=reason, contact=contact, searched=tuple(searched))


def fitting(answer: Answer) -> Answer:
    """The answer with as many findings as one reply may hold; what was cut makes it a partial one that says so."""
    kept = size = 0
    for finding in answer.findings[:MOST_FINDINGS]:
        size += len(finding.model_dump_json(exclude_none=True).encode()) + 1
        if size > MOST_BYTES:
            break
        kept += 1
    if kept == len(answer.findings):
        return answer
    reason = Reason(
        code="too-many-findings",
        text=f"共 {len(answer.findings)} 条,仅载前 {kept} 条;请缩小范围"
        f" / {len(answer.findings)} found, the first {kept} are given; ask for less",
    )
    return replace(answer, kind=ReplyKind.PARTIAL, findings=answer.findings[:kept], reason=reason)


def asked_for(job: Job, field: str) -> bool:
    """V30: whether `partner-kind.field` was asked for; a request that names none of this kind's asks for all granted."""
    kind = field.partition(".")[0] + "."
    named = [name for name in job.request.data.fields if name.startswith(kind)]
    return not named or field in named


def notice_number(legal: LegalBasis) -> str:
    """The number of the notice that asks for assistance (协助查询、协助执行通知书). Raises `ProtocolFault` documents-missing."""
    return _number_of(legal, DocumentKind.ASSISTANCE_NOTICE, DocumentKind.INQUIRY_NOTICE)


def ruling_number(legal: LegalBasis, action: str) -> str:
    """The number of the ruling that orders or ends a measure. Raises `ProtocolFault` documents-missing."""
    ends = action in ("release", "lift")
    return _number_of(legal, DocumentKind.RELEASE_RULING if ends else DocumentKind.ENFORCEMENT_RULING)


def _number_of(legal: LegalBasis, *kinds: DocumentKind) -> str:
    for kind in kinds:
        for document in legal.documents:
            if document.kind is kind:
                return document.number
    raise ProtocolFault("documents-missing")
