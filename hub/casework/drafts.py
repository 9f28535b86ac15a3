"""Drafts of what a court may sign next: made from the request that they cite, to be completed with documents and approvals."""

import base64
import json
from typing import Any

from hub.casework.desk import Desk
from hub.rules.state import RequestState
from hub.store import cases
from schemas.hub import Drafted
from schemas.messages import RequestMessage, parse

_KEPT = ("subject", "asset", "vehicle", "restrictions")


def draft(desk: Desk, original: RequestState, action: str, **members: Any) -> Drafted:
    """A draft of `action` that cites `original`: the same subject, asset, partner and people; no documents, no approvals.

    Its number is made of the original's id, so that a second draft of the same is known as one. Raises KeyError once the
    case has been erased.
    """
    pk, _ = cases.request_message(desk.work.connection, original.key)
    message = parse(desk.work.payload(pk))
    if not isinstance(message, RequestMessage):
        raise TypeError("a request's own message is a request")
    old = message.data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    legal = {name: old["legal"][name] for name in ("case_number", "purpose", "officers", "maker", "handler", "supervisor",
                                                   "target", "valid_until")}  # fmt: skip
    scope = {"partner_kinds": old["legal"]["scope"]["partner_kinds"], "actions": [f"{original.kind}.{action}"]}
    data = {name: old[name] for name in _KEPT if name in old} | {
        "number": f"D-{original.request_id[:13].upper()}-{action.upper()}", "version": 1, "action": action,
        "legal": legal | {"documents": [], "scope": scope}, "partners": [task.partner for task in original.tasks],
        "original": original.request_id, **members,
    }  # fmt: skip
    body = {"type": message.type, "data": data}
    return Drafted(type=message.type, content=base64.b64encode(json.dumps(body, ensure_ascii=False).encode()).decode())
