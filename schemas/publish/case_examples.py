"""Examples of what a court tells the hub of its cases, of entrusted matters and leads, and of what the hub says of them."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from schemas import samples
from schemas.codes import CODES
from schemas.legal import DocumentKind
from schemas.publish.text import compact
from schemas.samples import Data

COURT, OTHER, HUB, CENTRE = "court-9901", "court-9902", "hub", "governance-centre"
_AT = "2026-03-02T10:00:00.000000+08:00"


def case_examples(envelope: Callable[..., Data], copied: Callable[[str, Data], Data]) -> list[Data]:
    """One message of each of these types. `envelope` makes a message, `copied` encloses one in another."""

    def said(kind: str, event: str, source: str, recipient: str, data: Data, minute: int = 0) -> Data:
        return envelope(f"liandong.{kind}.{event}.v1", source, recipient, data, request=f"{kind}/{event}", minute=minute)

    permit, control = {"officer": "GZ-9901-001"}, envelope("liandong.control.request.v1", COURT, HUB, {}, request="control")["id"]
    statement = said("case", "statement", COURT, HUB, samples.statement())
    objection = said("case", "objection", "bank", HUB, {
        "original": control, "ground": "exempt", "by": "partner", "text": "该账户为农民工工资专用账户"})  # fmt: skip
    matter = said("entrust", "request", COURT, HUB, {
        "number": "WT-0001", "version": 1, "case_number": samples.case_number(), "to": OTHER, "matter": "visit",
        "subject": samples.subject("P01"), "place": "示例市示例路 1 号", "what": "走访被执行人住所,了解财产状况",
        "documents": [samples.document(DocumentKind.ASSISTANCE_NOTICE, samples.case_number())],
        "handler": "GZ-9901-001", "supervisor": "GZ-9901-003", "contact": {"name": "何承办", "phone": "0990-0000002"},
    })  # fmt: skip
    step = said("entrust", "step", OTHER, HUB, {"matter": matter["id"], "step": "accepted", "officer": "GZ-9902-001",
                                                "text": "已受理"})  # fmt: skip
    lead = said("lead", "submission", CENTRE, HUB, {
        "number": "XS-0001", "court": COURT, "case_number": samples.case_number(), "by": "governance-centre", "about": "vehicle",
        "subject": samples.subject("P05"), "asset": samples.VEHICLE, "place": "示例镇集市", "text": "见被执行人驾驶该车",
        "urgent": True,
    })  # fmt: skip
    verdict = said("lead", "verdict", COURT, HUB, {"lead": lead["id"], "outcome": "confirmed", "requests": [], **permit,
                                                   "reason": "车辆确为被执行人使用"})  # fmt: skip
    draft = {"type": "liandong.control.request.v1", "data": {"action": "renew", "original": control}}
    sha256 = hashlib.sha256(b"reply").hexdigest()
    return [
        statement,
        said("case", "disposal", COURT, HUB, {"original": control, "extent": "partial", "on": "2026-06-01"}),
        objection,
        said("case", "objection-decision", COURT, HUB, {"objection": objection["id"], "outcome": "upheld", **permit,
                                                        "reason": "账户性质属实"}),
        said("case", "handover", COURT, HUB, {"hit": control, "outcome": "handed-over", **permit}),
        said("case", "review", COURT, HUB, {"standing": control, "round": 1, "outcome": "resumed", **permit,
                                            "reason": "查得可供执行财产"}),
        said("case", "certificate-request", COURT, HUB, {"case_number": samples.case_number(), "subject": samples.subject("P01")}),
        said("case", "drafts-request", COURT, HUB, {"request": control}),
        said("case", "reading", COURT, HUB, {"messages": [control], **permit, "reason": "制作裁定前核对"}),
        said("case", "register-request", COURT, HUB, {"subject": samples.subject("P01"), **permit, "reason": "专项监督"}),
        matter, step, lead, verdict,
        *(said(kind, "noted", HUB, COURT, {"about": about["id"]}) for kind, about in
          (("case", statement), ("entrust", matter), ("lead", verdict))),
        *(said(kind, "refusal", HUB, COURT, {"reasons": [_coded("reference-unknown")]}) for kind in ("case", "entrust", "lead")),
        said("case", "event", HUB, COURT, {
            **_coded("renewal-due", "event"), "about": control, "partner": "bank", "measure": "DJ-20260302-0001", "level": 1,
            "addressee": "GZ-9901-001", "due": "2027-03-01T23:59:59.000000+08:00", "ends": "2027-03-01",
            "draft": {"type": draft["type"], "content": base64.b64encode(compact(draft)).decode()},
        }),
        said("case", "forward", HUB, COURT, {"of": "bank", "message": copied("bank", objection), "due": "2026-03-17T10:00:00.000000+08:00"}),
        said("entrust", "matter", HUB, OTHER, {"of": COURT, "message": copied(COURT, matter), "due": "2026-03-17T23:59:59.000000+08:00"}),
        said("entrust", "progress", HUB, COURT, {"of": OTHER, "message": copied(OTHER, step)}),
        said("lead", "forward", HUB, COURT, {"of": CENTRE, "message": copied(CENTRE, lead), "due": "2026-03-05T23:59:59.000000+08:00"}),
        said("lead", "answer", HUB, CENTRE, {"of": COURT, "message": copied(COURT, verdict)}),
        said("case", "certificate", HUB, COURT, {
            "subject_sha256": sha256, "identifiers": ["resident-id-18", "resident-id-15"],
            "answers": [{"partner": "bank", "request": control, "message": objection["id"], "sha256": sha256,
                         "outcome": "no-record", "answered_at": _AT, "searched": ["resident-id-18"]}],
            "config_sha256": sha256, "restricted": True, "three_months": False, "closing_possible": False,
        }),
        said("case", "drafts", HUB, COURT, {"request": control, "follow_ups": [
            {"finding": "account", "action": "control.freeze", "partner_kind": "bank", "needs_approval": True, "cause": objection["id"],
             "draft": {"type": draft["type"], "content": base64.b64encode(compact(draft)).decode()}}]}),
        said("case", "lift-certificate", HUB, COURT, {"lifted": [
            {"request": control, "partner": "bank", "action": "freeze", "ended_as": "released", "proof": objection["id"]}]}),
        said("case", "register", HUB, COURT, {"complete": True, "lines": [
            {"court": COURT, "request": control, "action": "inquire", "purpose": "asset-inquiry-and-control", "at": _AT,
             "outcome": "complete", "readings": 1}]}),
    ]  # fmt: skip


def _coded(code: str, member: str = "code") -> dict[str, Any]:
    return {member: code, "zh": CODES[code].zh, "en": CODES[code].en}
