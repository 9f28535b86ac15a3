"""Drafts of what a court may sign next: made from the request that they follow, to be completed with documents and approvals."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from hub.casework.desk import Desk, draft_mark
from hub.rules.state import RequestState
from hub.store import cases
from schemas.base import derive_id
from schemas.hub import Drafted
from schemas.messages import RequestMessage, parse

Body = dict[str, Any]
_KEPT = ("subject", "asset", "vehicle", "restrictions")
_LEGAL = ("case_number", "purpose", "officers", "maker", "handler", "supervisor", "target", "valid_until")


def draft(desk: Desk, original: RequestState, action: str, partners: Sequence[str] = (), **members: Any) -> Drafted | None:
    """A draft of `action` that cites `original`: the same subject, asset and people, and its partners or those of them that are
    named; no documents, no approvals.

    Its number is made of the original's id and of the partners where they are not all, so that a second draft of the same is
    known as one, and drafts for two of the partners are two. None once the case has
    been erased: a timer that outlives it must not stop the others.
    """
    try:
        old = data_of(desk, original)
    except KeyError:
        return None
    scope = {"partner_kinds": old["legal"]["scope"]["partner_kinds"], "actions": [f"{original.kind}.{action}"]}
    every = [task.partner for task in original.tasks]
    some = f"-{derive_id('partners', *partners)[:8].upper()}" if partners and set(partners) != set(every) else ""
    data = {name: old[name] for name in _KEPT if name in old} | {
        "number": f"D-{draft_mark(original)}-{action.upper()}{some}", "version": 1, "action": action,
        "legal": legal(old, scope), "partners": list(partners or every),
        "original": original.request_id, **members,
    }  # fmt: skip
    return drafted(original.kind, data)


def data_of(desk: Desk, request: RequestState) -> Body:
    """What the court's own request says. Raises KeyError once the case has been erased."""
    desk.work.flush_rows()  # it may be of this very batch
    pk, _ = cases.request_message(desk.work.connection, request.key)
    message = parse(desk.work.payload(pk))
    if not isinstance(message, RequestMessage):
        raise TypeError("a request's own message is a request")
    # Without its documents, which a draft leaves to the court.
    return message.data.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"legal": {"documents"}})


def legal(old: Body, scope: Body) -> Body:
    """The legal basis of a draft that follows a request with the data `old`: same case and people, this scope."""
    return {name: old["legal"][name] for name in _LEGAL} | {"documents": [], "scope": scope}


def drafted(kind: str, data: Body) -> Drafted:
    """The draft as it travels."""
    message_type = f"liandong.{kind}.request.v1"
    body = json.dumps({"type": message_type, "data": data}, ensure_ascii=False)
    return Drafted(type=message_type, content=base64.b64encode(body.encode()).decode())
