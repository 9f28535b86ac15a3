"""What an approver signs: a statement about one request's content, so that an approval fits no other request.

The request's data are taken without its approvals and in canonical form (RFC 8785), since the approver sees them before
the court's system makes the message around them.
"""

import hashlib
import json
from typing import Any

from schemas.base import Model
from schemas.legal import Approval


def content_sha256(data: Model) -> str:
    """SHA-256 of a request's data in canonical form, without approvals.

    Members at their default are left out, so that optional ones that version 1 gains later change no digest.
    """
    content = data.model_dump(mode="json", exclude_defaults=True, exclude={"legal": {"approvals"}})
    return hashlib.sha256(_canonical(content)).hexdigest()


def statement(approval: Approval, content: str) -> bytes:
    """The bytes that the approver's JWS is over: who approves what, in which rank, when and why."""
    words = approval.model_dump(mode="json", exclude={"jws", "name"}, exclude_none=True)
    return _canonical({"approves": content, **words})


def _canonical(value: Any) -> bytes:
    """RFC 8785 for what a request holds: names in ASCII, text, small integers, truth values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
