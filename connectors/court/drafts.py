"""Drafts: what a court's own system writes, before id, time, nonce, digest and signature.

A draft is a JSON object, or a file holds a list of them (a docket):

    {"type": "liandong.inquiry.request.v1", "data": { … the request of the contract … }}

of a request or of anything else that a court says (the statement of a case, a decision, an entrusted matter …), with its
documents as `{"kind", "number", "issued_on", "text"}`, or with "file", a path beside the draft or below, in place of
"text": a draft may come from elsewhere, and what it names is sent out. Media type, SHA-256 and base64 are filled in. A document that has "content" already is left as it stands.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from schemas.base import Model, without_input
from schemas.messages import RequestMessage, SharedMessage, StatementMessage
from schemas.requests import AnyRequest

FORMS: dict[str, type[Model]] = {
    get_args(message.model_fields["type"].annotation)[0]: message.model_fields["data"].annotation
    for message in get_args(RequestMessage | StatementMessage | SharedMessage)
}
"""The data of everything that a court may say, by message type."""
MEDIA_TYPES = {".pdf": "application/pdf", ".ofd": "application/ofd", ".txt": "text/plain"}


class DraftError(Exception):
    """A draft cannot be used; the message says which one, where, and what to mend. It holds nothing of what was given."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One message, checked against the contract and ready to be signed."""

    type: str
    data: Model

    @property
    def request(self) -> AnyRequest | None:
        """Its data if it is a request, which officers approve and partners carry out."""
        return self.data if isinstance(self.data, AnyRequest) else None

    @property
    def case_number(self) -> str | None:
        """The number of the case that it is made in, as far as it names one."""
        request = self.request
        return request.legal.case_number if request is not None else getattr(self.data, "case_number", None)

    @property
    def name(self) -> str:
        """How people know it: the court's own number of it, or the case's, or what it is."""
        return getattr(self.data, "number", None) or self.case_number or self.type.split(".")[2]


def read_drafts(path: Path) -> list[Draft]:
    """The drafts in a JSON file, in order. Raises `DraftError`."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise DraftError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
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
    form = FORMS.get(str(draft["type"]))
    if form is None:
        raise DraftError(f"type: give one of {', '.join(FORMS)}")
    return Draft(str(draft["type"]), _checked(form, _with_documents(draft["data"], folder)))


def write_draft(draft: Draft, path: Path) -> None:
    """Write `draft` as a file that `read_drafts` reads again."""
    body = {"type": draft.type, "data": draft.data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)}
    write_private(path, body)


def write_private(path: Path, body: Any) -> Path:
    """Write JSON for people to complete, into a file that only its owner can read: a draft holds personal data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def reading_of(message_id: str, officer: str, reason: str) -> Draft:
    """The note that `officer` (work permit) reads this message, and why. Raises `DraftError`."""
    data = {"messages": [message_id], "officer": officer, "reason": reason}
    return finish({"type": "liandong.case.reading.v1", "data": data})


def drafts_of(request_id: str) -> Draft:
    """The request for drafts of what the answers to this request let its court ask next."""
    return finish({"type": "liandong.case.drafts-request.v1", "data": {"request": request_id}})


def _checked(form: type[Model], data: dict[str, Any]) -> Model:
    try:
        # By way of JSON, because strict models read a date or a tuple from JSON and from nothing else.
        return form.model_validate_json(json.dumps(data))
    except RecursionError:
        raise DraftError("data: too deeply nested") from None
    except ValidationError as error:
        lines = without_input(error).errors(include_url=False, include_context=False, include_input=False)
        faults = (f"data.{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in lines)
        raise DraftError("; ".join(faults)) from None


def _with_documents(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Documents stand in a request's legal basis, or in an entrusting letter itself."""
    if isinstance(data.get("legal"), dict):
        return data | {"legal": _with_documents(data["legal"], folder)}
    documents = data.get("documents")
    if not isinstance(documents, list):
        return data  # the contract says what is missing
    return data | {"documents": [_filled(item, folder) if isinstance(item, dict) else item for item in documents]}


def _filled(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    if "content" in document:
        return document
    if ("text" in document) == ("file" in document):
        raise DraftError('documents: give each document its "text" or its "file", one of the two')
    media_type = "text/plain"
    if "file" in document:
        content, media_type = _beside(folder, str(document["file"]))
    else:
        try:
            content = str(document["text"]).encode()
        except UnicodeEncodeError:
            raise DraftError("documents: a text holds half a character (a lone surrogate)") from None
    kept = {name: value for name, value in document.items() if name not in ("text", "file")}
    return kept | {
        "media_type": media_type,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }


def _beside(folder: Path, name: str) -> tuple[bytes, str]:
    """What a file in `folder` or below holds, wherever links lead, and its media type."""
    path = folder / name
    if path.suffix not in MEDIA_TYPES:
        raise DraftError(f"{path}: give a file that ends in {', '.join(MEDIA_TYPES)}")
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise DraftError(f"{path}: give a file beside the draft")
        return path.read_bytes(), MEDIA_TYPES[path.suffix]
    except (OSError, ValueError) as error:
        raise DraftError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'no path'}") from error
