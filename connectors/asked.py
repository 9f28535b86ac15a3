"""What a connector can do with a request before it calls anybody."""

from connectors import terms
from connectors.base import Answer
from schemas.codes import CODES
from schemas.replies import Reason, ReplyKind
from schemas.subject import Company, Person


def is_named(subject: Person | Company, on_file: str) -> bool:
    """V23: whether the name on file is the name asked for, or a former one that the court gave with it.

    Raises `ProtocolFault` name-substituted (V24).
    """
    return any(terms.is_named(name, on_file) for name in (subject.name, *subject.former_names))


def refused(code: str) -> Answer:
    """What this partner cannot be asked, by a code of the contract; nothing was called."""
    words = CODES[code]
    return Answer(ReplyKind.REFUSED, b"", reason=Reason(code=code, text=f"{words.zh} / {words.en}"))
