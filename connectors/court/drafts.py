"""Drafts: what a court's own system writes, before id, time, nonce, digest and signature.

A draft is a JSON object, or a file holds a list of them (a docket):

    {"type": "liandong.inquiry.request.v1", "data": { … the request of the contract … }}

with its documents as `{"kind", "number", "issued_on", "text"}`, or with "file", a path beside the draft, in place of
"text". Media type, SHA-256 and base64 are filled in. A document that has "content" already is left as it stands.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.base import without_input
from schemas.requests import AnyRequest, ControlRequest, InquiryRequest, LocateRequest

REQUESTS: dict[str, type[InquiryRequest] | type[ControlRequest] | type[LocateRequest]] = {
    "liandong.inquiry.request.v1": InquiryRequest,
    "liandong.control.request.v1": ControlRequest,
    "liandong.locate.request.v1": LocateRequest,
}
"""What a court may ask, by message type."""
MEDIA_TYPES = {".pdf": "application/pdf", ".ofd": "application/ofd", ".txt": "text/plain"}


class DraftError(Exception):
    """A draft cannot be used; the message says which one, where, and what to mend. It holds nothing of what was given."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One request, checked against the contract and ready to be signed."""

    type: str
    data: AnyRequest


def read_drafts(path: Path) -> list[Draft]:
    """The drafts in a JSON file, in order. Raises `DraftError`."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise DraftError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DraftError(f"{path}: not JSON; give an object with type and data, or a list of them") from error
    drafts = found if isinstance(found, list) else [found]
    if not drafts:
        raise DraftError(f"{path}: the list is empty; give at least one draft")
    finished = []
    for number, draft in enumerate(drafts, 1):
        try:
            finished.append(finish(draft, path.parent))
        except DraftError as error:
            raise DraftError(f"{path}: draft {number}: {error}") from error
    return finished


def finish(draft: Any, folder: Path = Path()) -> Draft:
    """`draft` with its documents filled in, files taken from `folder`, checked against the contract. Raises `DraftError`."""
    if not isinstance(draft, dict) or draft.keys() != {"type", "data"} or not isinstance(draft["data"], dict):
        raise DraftError("a draft is an object with the two members type and data")
    form = REQUESTS.get(draft["type"])
    if form is None:
        raise DraftError(f"type: give one of {', '.join(REQUESTS)}")
    return Draft(draft["type"], _checked(form, _with_documents(draft["data"], folder)))


def _checked(form: type[AnyRequest], data: dict[str, Any]) -> AnyRequest:
    try:
        # By way of JSON, because strict models read a date or a tuple from JSON and from nothing else.
        return form.model_validate_json(json.dumps(data))
    except ValidationError as error:
        lines = without_input(error).errors(include_url=False, include_context=False, include_input=False)
        faults = (f"data.{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in lines)
        raise DraftError("; ".join(faults)) from None


def _with_documents(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    legal = data.get("legal")
    documents = legal.get("documents") if isinstance(legal, dict) else None
    if not isinstance(legal, dict) or not isinstance(documents, list):
        return data  # the contract says what is missing
    filled = [_filled(item, folder) if isinstance(item, dict) else item for item in documents]
    return data | {"legal": legal | {"documents": filled}}


def _filled(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    if "content" in document:
        return document
    if ("text" in document) == ("file" in document):
        raise DraftError('data.legal.documents: give each document its "text" or its "file", one of the two')
    media_type = "text/plain"
    if "file" in document:
        path = folder / str(document["file"])
        if path.suffix not in MEDIA_TYPES:
            raise DraftError(f"{path}: give a file that ends in {', '.join(MEDIA_TYPES)}")
        media_type = MEDIA_TYPES[path.suffix]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DraftError(f"{path}: cannot be read: {error.strerror}") from error
    else:
        content = str(document["text"]).encode()
    kept = {name: value for name, value in document.items() if name not in ("text", "file")}
    return kept | {
        "media_type": media_type,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }
