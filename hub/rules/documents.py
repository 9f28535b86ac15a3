"""Documents (法律文书): those that an action needs are there, and each is what its digest says (V17)."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from schemas.legal import Document, DocumentKind


def check(given: Sequence[Document], needed: AbstractSet[DocumentKind]) -> list[str]:
    """The codes of what is wrong with the documents `given`."""
    codes = [] if needed <= {document.kind for document in given} else ["documents-missing"]
    for document in given:
        try:
            content = base64.b64decode(document.content, validate=True)
        except binascii.Error:
            content = b""
        if hashlib.sha256(content).hexdigest() != document.sha256:
            codes.append("document-digest-mismatch")
    return codes
