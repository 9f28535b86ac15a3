"""Drafts of what a court may sign next: made from the request that they follow, to be completed with documents and approvals."""

import base64
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from hub.casework.desk import Desk
from hub.rules import measures
from hub.rules.cases import CaseState
from hub.rules.measures import MeasureState
from hub.rules.plan import FollowUpRule
from hub.rules.proposals import asset_of
from hub.rules.state import RequestState
from hub.store import cases
from schemas.base import derive_id
from schemas.findings import EquityFinding, Finding
from schemas.hub import Drafted
from schemas.legal import Purpose
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
        old = _data(desk, original)
    except KeyError:
        return None
    scope = {"partner_kinds": old["legal"]["scope"]["partner_kinds"], "actions": [f"{original.kind}.{action}"]}
    every = [task.partner for task in original.tasks]
    some = f"-{derive_id('partners', *partners)[:8].upper()}" if partners and set(partners) != set(every) else ""
    data = {name: old[name] for name in _KEPT if name in old} | {
        "number": f"D-{original.request_id[:13].upper()}-{action.upper()}{some}", "version": 1, "action": action,
        "legal": _legal(old, scope), "partners": list(partners or every),
        "original": original.request_id, **members,
    }  # fmt: skip
    return _drafted(original.kind, data)


class FollowUps:
    """Drafts of what the answers to one request let its court ask next: about the same debtor, in the same case, by the same people."""

    def __init__(self, desk: Desk, request: RequestState, asked: Body) -> None:
        self._desk = desk
        self._request = request
        self._old = asked

    def draft(self, rule: FollowUpRule, partner: str, finding: Finding) -> Drafted:
        """A draft of what `rule` lets the court ask about what `partner` found.

        A freeze states the legal maximum of its term and what of the claim no measure covers yet; the estimated value of
        what is sealed is the court's to state. An inquiry is about the company that the debtor has a share in.
        """
        kind, action = rule.action.split(".")
        desk, old, asset = self._desk, self._old, asset_of(finding)
        name = asset.name if asset is not None else finding.kind
        scope = {"partner_kinds": [rule.partner_kind], "actions": [rule.action]}
        legal = _legal(old, scope) | ({"purpose": Purpose.LOCATE.value} if kind == "locate" else {})
        same = desk.linkage.partner_kinds.get(partner) == rule.partner_kind
        data: Body = {
            "number": f"F-{self._request.request_id[:13].upper()}-{desk.work.composer.token('asset', name)[:12].upper()}", "version": 1,
            "action": action, "legal": legal, "subject": old["subject"],
            "partners": [partner] if same else list(desk.linkage.of_kind((rule.partner_kind,))),
        }  # fmt: skip
        plain = asset.model_dump(mode="json", exclude_none=True) if asset is not None else None
        if kind == "control" and asset is not None:
            data |= {"asset": plain, "term_months": desk.linkage.terms.max_term_months[asset.kind]}
            amount = self._uncovered if action == "freeze" else None
            data |= {"amount": amount} if amount is not None else {}
        elif kind == "locate" and finding.kind == "vehicle":
            data |= {"vehicle": plain, "until": legal["valid_until"]}
        elif kind == "inquiry" and isinstance(finding, EquityFinding):
            data["subject"] = {"kind": "company", "name": finding.company_name, "uscc": finding.company}
        return _drafted(kind, data)

    @cached_property
    def _uncovered(self) -> str | None:
        """How much of the claim no measure covers yet (V20), where the case is registered and something is left."""
        states, token = self._desk.states, self._request.case_token
        case = states.get(CaseState, token)
        if case is None:
            return None
        left = case.ceiling - measures.used(states.of_case(MeasureState, token))
        return f"{left:.2f}" if left > 0 else None


def _data(desk: Desk, request: RequestState) -> Body:
    """What the court's own request says."""
    desk.work.flush_rows()  # it may be of this very batch
    pk, _ = cases.request_message(desk.work.connection, request.key)
    message = parse(desk.work.payload(pk))
    if not isinstance(message, RequestMessage):
        raise TypeError("a request's own message is a request")
    return _plain(message)


def _plain(message: RequestMessage) -> Body:
    """The data of a request as JSON, without its documents, which a draft leaves to the court."""
    return message.data.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"legal": {"documents"}})


def _legal(old: Body, scope: Body) -> Body:
    return {name: old["legal"][name] for name in _LEGAL} | {"documents": [], "scope": scope}


def _drafted(kind: str, data: Body) -> Drafted:
    message_type = f"liandong.{kind}.request.v1"
    body = json.dumps({"type": message_type, "data": data}, ensure_ascii=False)
    return Drafted(type=message_type, content=base64.b64encode(body.encode()).decode())
