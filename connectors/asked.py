"""What a request asks of a partner, in the terms that every register knows: numbers, names, documents, fields."""

from connectors.base import Answer
from schemas.codes import CODES
from schemas.identifiers import resident_id_forms, same_name
from schemas.legal import DocumentKind
from schemas.messages import RequestMessage
from schemas.replies import Contact, Reason, ReplyKind
from schemas.subject import Company, Person

_FORMS = ("resident-id-18", "resident-id-15")


def numbers(subject: Person | Company) -> dict[str, str]:
    """Every form of the subject's number under which old files may hold it, by its name in a reply's `searched` (V2)."""
    if isinstance(subject, Company):
        return {"uscc": subject.uscc}
    return dict(zip(_FORMS, resident_id_forms(subject.id_number), strict=False))  # born after 1999: no 15-digit form


def is_named(subject: Person | Company, on_file: str) -> bool:
    """Whether the name on file is the name asked for, or a former one that the court gave (V23)."""
    return any(same_name(on_file, name) for name in (subject.name, *subject.former_names))


def wants(request: RequestMessage, field: str) -> bool:
    """Whether `partner-kind.field` is asked for; a request that names no field of that kind asks for all (V30)."""
    kind = field.partition(".")[0]
    named = [name for name in request.data.fields if name.partition(".")[0] == kind]
    return not named or field in named


def document_number(request: RequestMessage, kind: DocumentKind) -> str:
    """The number of the document of this kind. A task without the documents that its action needs never gets here (V17)."""
    return next(document.number for document in request.data.legal.documents if document.kind is kind)


def identity_mismatch(raw: bytes, searched: tuple[str, ...] = (), contact: Contact | None = None) -> Answer:
    """Returned, for name and number do not belong together: never best match, and nothing of the other person (V23)."""
    text = "姓名与证件号码不一致;请核实后以新版本重发 / name and number do not belong together; check both, send a new version"
    reason = Reason(code="identity-mismatch", text=text)
    return Answer(ReplyKind.RETURNED, raw, reason=reason, contact=contact, searched=searched)


def refused(code: str) -> Answer:
    """What this partner cannot be asked, by a code of the contract; nothing was called."""
    words = CODES[code]
    return Answer(ReplyKind.REFUSED, b"", reason=Reason(code=code, text=f"{words.zh} / {words.en}"))
