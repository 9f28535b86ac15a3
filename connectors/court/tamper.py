"""What the sample docket does to a record on its way, so that it can be seen what the hub makes of it."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.court.drafts import Draft
from connectors.court.sdk import CourtClient, SignedRequest
from hub.engine.records import Outgoing
from hub.engine.work import signed_headers

Tampering = Callable[[CourtClient, Draft, Outgoing, str], list[Outgoing]]
"""From client, draft, good record and request id to the records that are sent instead."""


def _duplicate(_client: CourtClient, _draft: Draft, record: Outgoing, _id: str) -> list[Outgoing]:
    """The very same bytes twice: one request."""
    return [record, record]


def _other_content(client: CourtClient, draft: Draft, record: Outgoing, request_id: str) -> list[Outgoing]:
    """The request, and then another one under its id: the first stands, the second raises an alarm."""
    request = draft.request
    if request is None:
        raise TypeError("only requests are tampered with")
    other = request.model_copy(update={"version": request.version + 1})
    return [record, client.sign(replace(draft, data=other), request_id).record]


def _forged(_client: CourtClient, _draft: Draft, record: Outgoing, _id: str) -> list[Outgoing]:
    """One digit altered after signing."""
    return [replace(record, value=record.value.replace(b'"version":1', b'"version":9', 1))]


def _not_json(client: CourtClient, _draft: Draft, record: Outgoing, _id: str) -> list[Outgoing]:
    """Half a message, with a good signature over that half."""
    half = record.value[: len(record.value) // 2]
    return [replace(record, value=half, headers=signed_headers(client.signer.sign(half)))]


def _attached(client: CourtClient, _draft: Draft, record: Outgoing, _id: str) -> list[Outgoing]:
    """The payload inside the JWS, where it could differ from the value."""
    head, _, signature = client.signer.sign(record.value).split(".")
    payload = base64.urlsafe_b64encode(record.value).rstrip(b"=").decode()
    return [replace(record, headers=signed_headers(f"{head}.{payload}.{signature}"))]


def _unsigned(_client: CourtClient, _draft: Draft, record: Outgoing, _id: str) -> list[Outgoing]:
    """Without its `jws` header."""
    return [replace(record, headers=tuple(header for header in record.headers if header[0] != "jws"))]


TAMPERINGS: Mapping[str, Tampering] = {
    "duplicate": _duplicate,
    "other-content": _other_content,
    "forged": _forged,
    "not-json": _not_json,
    "attached": _attached,
    "unsigned": _unsigned,
}


def records_of(client: CourtClient, draft: Draft, signed: SignedRequest, tamper: str | None) -> list[Outgoing]:
    """What is sent for `signed`: its record, or what `tamper`, a key of `TAMPERINGS`, makes of it."""
    return TAMPERINGS[tamper](client, draft, signed.record, signed.request_id) if tamper else [signed.record]
