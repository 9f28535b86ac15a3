"""Data of complete and valid messages about people and companies that do not exist.

The published examples, the tests and the sample docket are made of these. Every builder returns fresh JSON values and
takes changes by keyword, so that a case shows only what is particular to it.
"""

import base64
import hashlib
from typing import Any

from schemas.legal import NEEDED_DOCUMENTS, DocumentKind
from schemas.requests import CONTROLS, FIRST_CONTROLS, Kind

Data = dict[str, Any]

PEOPLE = {
    "P01": ("赵明远", "990100197805120015"),
    "P02": ("钱淑芬", "99010019850923002X"),
    "P03": ("孙立国", "990100196901080039"),
    "P04": ("李慧敏", "990100199103170041"),
    "P05": ("周建平", "990100197406300051"),
    "P06": ("吴晓东", "990100198211110076"),
    "P07": ("郑玉兰", "990100199502140069"),
    "P08": ("王志强", "990100196604050095"),
    "P09": ("冯春生", "990100197208190111"),
    "P10": ("陈海燕", "990100198812010089"),
    "P11": ("褚文斌", "990100197907250136"),
    "P12": ("卫国庆", "990100198310010150"),
    "P13": ("蒋丽华", "990100199006060107"),
    "P14": ("沈大勇", "990100197603030177"),
}
COMPANIES = {
    "C01": ("远航贸易(示例)有限公司", "91990000MA0000015Q"),
    "C02": ("宏达建筑(示例)有限公司", "91990000MA0000023K"),
    "C03": ("清源科技(示例)有限公司", "91990000MA0000031E"),
    "C04": ("金桥置业(示例)有限公司", "91990000MA000004X6"),
}
DESIGNATORS = {"court-9901": "粤9901", "court-9902": "粤9902"}
"""Court → its designator (法院代字) in case numbers."""

ACCOUNT: Data = {"kind": "account", "number": "9901000000000003012"}
UNIT: Data = {"kind": "real-estate", "unit_code": "990100001002GB00015F00010501"}
VEHICLE: Data = {"kind": "vehicle", "plate": "粤B9A005", "vin": "L9ZZZ9907TZ000002"}
EQUITY: Data = {"kind": "equity", "company": "91990000MA0000031E"}

COURT_ACCOUNT: Data = {"name": "示例市第一人民法院案款专户", "number": "9901000000000099990", "bank": "示例银行"}
TEAM = "执行一团队"

PARTNER_KINDS = ("real-estate", "vehicle", "business-registry", "police", "bank")
ISSUED_ON = "2026-03-02"
APPROVED_AT = "2026-03-02T09:00:00.000000+08:00"
VALID_UNTIL = "2028-12-31T23:59:59.000000+08:00"
"""As long as the sample agreements are in force."""

_TITLES = {
    DocumentKind.INQUIRY_NOTICE: "协助查询通知书",
    DocumentKind.ENFORCEMENT_RULING: "执行裁定书",
    DocumentKind.ASSISTANCE_NOTICE: "协助执行通知书",
    DocumentKind.RELEASE_RULING: "解除裁定书",
}
_HOLDERS = {"account": "bank", "real-estate": "real-estate", "vehicle": "vehicle", "equity": "business-registry"}


def subject(who: str) -> Data:
    """The person `P01` to `P14` or the company `C01` to `C04`."""
    if who in PEOPLE:
        name, number = PEOPLE[who]
        return {"kind": "person", "name": name, "id_number": number}
    name, number = COMPANIES[who]
    return {"kind": "company", "name": name, "uscc": number}


def case_number(court: str = "court-9901", case: int = 123) -> str:
    """The number of a sample court's enforcement case of 2026."""
    return f"（2026）{DESIGNATORS[court]}执{case}号"


def document(kind: DocumentKind, case: str) -> Data:
    """One document of the case numbered `case`: a short text with its SHA-256."""
    title = _TITLES[kind]
    content = f"{title}\n{case}\n示例文书,不具法律效力。Sample document without legal force.\n".encode()
    return {
        "kind": kind.value,
        "number": f"{case}{title}",
        "issued_on": ISSUED_ON,
        "media_type": "text/plain",
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }


def legal_basis(action: str, *, court: str = "court-9901", case: int = 123, **changes: Any) -> Data:
    """What the law asks for `action`: its documents, two officers with two permits each, an approver who is not the maker.

    It covers every kind of partner and this one action.
    """
    number, kind, digits = case_number(court, case), kind_of_action(action), court[-4:]
    return {
        "case_number": number,
        "purpose": "locate" if kind is Kind.LOCATE else "asset-inquiry-and-control",
        "documents": [document(needed, number) for needed in sorted(NEEDED_DOCUMENTS[action])],
        "officers": [
            {"name": "何承办", "work_permit": f"GZ-{digits}-001", "enforcement_permit": f"ZX-{digits}-001"},
            {"name": "吕协办", "work_permit": f"GZ-{digits}-002", "enforcement_permit": f"ZX-{digits}-002"},
        ],
        "maker": f"GZ-{digits}-001",
        "handler": f"GZ-{digits}-001",
        "supervisor": f"GZ-{digits}-003",
        "target": "被执行人名下财产及下落 / the debtor's assets and whereabouts",
        "approvals": [
            {
                "officer": f"GZ-{digits}-003",
                "name": "施局长",
                "rank": "bureau-chief",
                "at": APPROVED_AT,
            }
        ],
        "scope": {"partner_kinds": list(PARTNER_KINDS), "actions": [f"{kind}.{action}"]},
        "valid_until": VALID_UNTIL,
    } | changes


def kind_of_action(action: str) -> Kind:
    """The kind of request that this action belongs to."""
    if action == "inquire":
        return Kind.INQUIRY
    if action in ("restrict", "lift"):
        return Kind.NOTICE
    return Kind.CONTROL if action in CONTROLS else Kind.LOCATE


def inquiry(who: str = "P01", *, court: str = "court-9901", case: int = 123, **changes: Any) -> Data:
    """Data of an inquiry about all assets of `who`, to whomever the linkage plan asks."""
    return _request("inquire", who, court, case) | changes


def control(
    action: str = "freeze", asset: Data = ACCOUNT, who: str = "P03", *, court: str = "court-9901", case: int = 123,
    **changes: Any,
) -> Data:  # fmt: skip
    """Data of a control of one asset, to the partner that holds it. What cites an `original` still needs it by keyword."""
    data = _request(action, who, court, case) | {"partners": [_HOLDERS[asset["kind"]]], "asset": dict(asset)}
    if action in FIRST_CONTROLS or action == "deduct":
        data["amount"] = "50000.00"
    if action in FIRST_CONTROLS or action == "renew":
        data["term_months"] = 12
    if action == "deduct":
        data["court_account"] = dict(COURT_ACCOUNT)
    if action == "transfer":
        data["transferee"] = subject("P14")
    return data | changes


def locate(
    action: str = "watch", who: str = "P07", *, court: str = "court-9901", case: int = 123, **changes: Any
) -> Data:
    """Data of a request to the police for information, a watch or road control."""
    data = _request(action, who, court, case) | {"partners": ["police"]}
    if action in ("watch", "road-control"):
        data["until"] = "2028-06-30T18:00:00.000000+08:00"
    if action == "road-control":
        data["vehicle"] = dict(VEHICLE)
    return data | changes


def notice(action: str = "restrict", who: str = "C01", *, court: str = "court-9901", case: int = 123, **changes: Any) -> Data:
    """Data of a restriction or its lift, to the business registry. A lift still needs its `original` by keyword."""
    data = _request(action, who, court, case) | {"partners": ["business-registry"], "restrictions": ["investment"]}
    return data | changes


def statement(court: str = "court-9901", case: int = 123, **changes: Any) -> Data:
    """Data of the statement of an open case with a claim of five million."""
    digits = court[-4:]
    return {
        "case_number": case_number(court, case),
        "version": 1,
        "status": "open",
        "claim": "5000000.00",
        "costs": "50000.00",
        "recovered": "0.00",
        "holder": {"court": court, "team": TEAM},
        "handler": f"GZ-{digits}-001",
        "supervisor": f"GZ-{digits}-003",
        "duty": f"GZ-{digits}-002",
        "filed_on": "2026-03-02",
    } | changes


def _request(action: str, who: str, court: str, case: int) -> Data:
    return {
        "number": f"R{case}-{action.upper()}",
        "version": 1,
        "action": action,
        "legal": legal_basis(action, court=court, case=case),
        "subject": subject(who),
    }
