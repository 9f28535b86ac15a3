"""What the benchmark sends: full inquiries of five partners, each with its own case and person, and what partners answer.

Persons, numbers and documents are made up; identity numbers are of division 99 with a right check character.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.engine.records import Headers
from hub.engine.work import signed_headers
from hub.trust.jws import Signer
from schemas.base import CHINA, format_time, micros, new_id
from tests.strategies import with_resident_check

COURT = "court-9901"
PARTNERS = ("real-estate", "vehicle", "business-registry", "police", "bank")

_NOTICE = (
    "协助查询通知书\n本院在执行申请执行人与被执行人一案中,依照《中华人民共和国民事诉讼法》第二百五十三条的规定,"
    "请协助查询被执行人名下的财产状况,并将查询结果书面反馈本院。查询内容:不动产登记、机动车登记、市场主体登记及股权、"
    "居住及旅店住宿信息、存款账户及余额。附:执行公务证复印件二份。\n"
) * 2


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed record, as a court or a partner puts it on a topic."""

    request_id: str
    key: bytes
    value: bytes
    headers: Headers


def inquiries(count: int, court: Signer, first: int = 0) -> list[Sent]:
    """`count` signed inquiries, each of another person in another case, so that each needs a case key of its own."""
    return [_signed(message["id"], message, court) for message in map(_inquiry, range(first, first + count))]


def replies(tasks: Sequence[bytes], signers: dict[str, Signer]) -> list[Sent]:
    """The signed answer to each of these tasks (their record values), in the same order."""
    answers = []
    for value in tasks:
        task = json.loads(value)
        partner, now = task["recipient"], datetime.now(CHINA)
        message = _envelope(partner, "hub", "liandong.inquiry.reply.v1", task["correlationid"], now)
        message |= {"subject": task["subject"], "causationid": task["id"], "data": {
            "task_id": task["id"], "answered_at": format_time(now), "searched": ["姓名", "公民身份号码"],
            "raw_sha256": hashlib.sha256(value).hexdigest(), **_ANSWERS[partner],
        }}  # fmt: skip
        answers.append(_signed(task["correlationid"], message, signers[partner]))
    return answers


def _signed(request_id: str, message: dict[str, Any], signer: Signer) -> Sent:
    value = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return Sent(request_id, message["subject"].encode(), value, signed_headers(signer.sign(value)))


def _envelope(source: str, recipient: str, message_type: str, request_id: str | None, now: datetime) -> dict[str, Any]:
    own = new_id(micros(now))
    return {
        "specversion": "1.0", "id": own, "source": source, "recipient": recipient, "type": message_type,
        "time": format_time(now), "expires": format_time(now + timedelta(hours=6)), "correlationid": request_id or own,
        "nonce": secrets.token_urlsafe(16), "datacontenttype": "application/json",
    }  # fmt: skip


def _inquiry(index: int) -> dict[str, Any]:
    now = datetime.now(CHINA)
    message = _envelope(COURT, "hub", "liandong.inquiry.request.v1", None, now)
    case = f"（2026）粤9901执{index + 1}号"
    notice = (case + _NOTICE).encode()
    return message | {"subject": hashlib.sha256(case.encode()).hexdigest()[:32], "data": {
        "number": f"BENCH-{index:06d}", "version": 1, "action": "inquire",
        "subject": {"kind": "person", "name": "赵明远",
                    "id_number": with_resident_check(f"99{index // 1000:04d}19780512{index % 1000:03d}")},
        "legal": {
            "case_number": case, "purpose": "asset-inquiry-and-control", "target": "查明被执行人名下财产",
            "documents": [{"kind": "inquiry-notice", "number": f"协查{index + 1}号", "issued_on": "2026-11-02",
                           "media_type": "text/plain", "sha256": hashlib.sha256(notice).hexdigest(),
                           "content": base64.b64encode(notice).decode()}],
            "officers": [{"name": "钱法官", "work_permit": "GZ-9901-001", "enforcement_permit": "ZX-9901-001"},
                         {"name": "孙书记员", "work_permit": "GZ-9901-002", "enforcement_permit": "ZX-9901-002"}],
            "maker": "GZ-9901-002", "handler": "GZ-9901-001", "supervisor": "GZ-9901-003",
            "approvals": [{"officer": "GZ-9901-003", "name": "李局长", "rank": "bureau-chief", "at": format_time(now)}],
            "scope": {"partner_kinds": list(PARTNERS), "actions": ["inquiry.inquire"]},
            "valid_until": format_time(now + timedelta(days=90)),
        },
    }}  # fmt: skip


_ANSWERS: dict[str, dict[str, Any]] = {
    "real-estate": {"kind": "result", "findings": [{
        "kind": "real-estate", "unit_code": "990100001001GB00001F00010001", "location": "示例市示例路1号101室",
        "certificate": "粤(2020)示例市不动产权第0000001号", "holder": "赵明远", "mortgaged": True,
        "measures": [{"authority": "示例市第二人民法院", "document": "(2025)粤9902执9号", "until": "2028-01-01"}],
    }]},
    "vehicle": {"kind": "result", "findings": [{
        "kind": "vehicle", "plate": "粤B12345", "vin": "LSVAA4182E2000019", "plate_class": "小型汽车", "brand": "示例牌",
        "registrar": "示例市车辆管理所", "registered_on": "2021-03-04", "mortgaged": False,
    }]},
    "business-registry": {"kind": "no-record"},
    "police": {"kind": "result", "findings": [
        {"kind": "whereabouts", "fact": "residence", "place": "示例市示例区示例街道2号"},
    ]},
    "bank": {"kind": "result", "findings": [{
        "kind": "account", "number": "6222990100000001", "branch": "示例支行", "currency": "CNY", "balance": "80000.00",
        "available": "80000.00", "status": "正常",
    }]},
}  # fmt: skip
