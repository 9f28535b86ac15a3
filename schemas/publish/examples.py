"""One valid message of each type: three requests with everything that follows from them.

An inquiry that the vehicle registry answers, a freeze that the bank carries out, a watch that the police arm and that
hits. Copies inside tasks and results are signed with the published test keys.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from schemas import samples
from schemas.base import format_time, from_micros
from schemas.codes import CODES
from schemas.publish.case_examples import case_examples
from schemas.publish.keys import b64url, sign
from schemas.publish.text import compact
from schemas.samples import Data

START = from_micros(1_772_415_000_000_000)
"""2026-03-02 09:30 in China, when all examples begin."""
COURT, HUB = "court-9901", "hub"


def example_id(name: str) -> str:
    """The id of the example called `name`."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"liandong/{name}"))


def envelope(message_type: str, source: str, recipient: str, data: Data, *, request: str, minute: int = 0) -> Data:
    """A message about the example request named `request`, `minute` minutes after the start."""
    digest = hashlib.sha256(f"{message_type}/{request}".encode()).digest()
    at = START + timedelta(minutes=minute)
    return {
        "specversion": "1.0",
        "id": example_id(request if message_type.endswith(".request.v1") else message_type),
        "source": source,
        "recipient": recipient,
        "type": message_type,
        "subject": hashlib.sha256(b"case").hexdigest()[:32],
        "time": format_time(at),
        "expires": format_time(at + timedelta(days=30)),
        "correlationid": example_id(request),
        "nonce": b64url(digest[:16]),
        "datacontenttype": "application/json",
        "data": data,
    }


@dataclass(frozen=True)
class _Story:
    """One request and what became of it: `partner` answers with `answer`; a second one, if there is one, is `silent`.

    A refusal, and silence where there is one partner, are told beside it as what might have come instead.
    """

    kind: str
    data: Data
    partner: str
    answer: Data
    silent: str = ""
    proposes: tuple[Data, ...] = ()

    def tell(self) -> list[Data]:
        request = self._say(0, "request", COURT, HUB, self.data)
        task = self._say(1, "task", HUB, self.partner, {
            "partner": self.partner, "request": copied(COURT, request), "receipt_within": 600, "reply_within": 86400,
            "agreement": "示例协议 / sample agreement",
        })  # fmt: skip
        task_id = task["id"]
        reply = self._say(3, "reply", self.partner, HUB, {
            "task_id": task_id, "kind": "result", "answered_at": at(3), **self.answer,
            "contact": {"name": "查控窗口", "phone": "0990-0000001"}, "raw_sha256": hashlib.sha256(b"raw").hexdigest(),
        })  # fmt: skip
        answered = {
            "partner": self.partner,
            "task_id": task_id,
            "outcome": "result",
            "message": reply["id"],
            "at": at(3),
        }
        unanswered = {
            "partner": self.silent,
            "task_id": example_id(f"{self.kind}/silent"),
            "outcome": "no-response",
            "at": at(11),
        }
        outcomes, silent = ([answered, unanswered], unanswered) if self.silent else ([answered], answered)
        return [
            request,
            self._say(1, "acceptance", HUB, COURT, {
                "partners": [outcome["partner"] for outcome in outcomes],
                "config_sha256": hashlib.sha256(b"linkage plan").hexdigest(),
            }),
            self._say(1, "refusal", HUB, COURT, {"reasons": [_reason("documents-missing"), _reason("officers-missing")]}),
            task,
            self._say(2, "receipt", self.partner, HUB, {"task_id": task_id, "handling": "automatic"}),
            reply,
            self._say(4, "result", HUB, COURT, {
                "partner": self.partner, "task_id": task_id, "message": copied(self.partner, reply), "late": False,
            }),
            self._say(12, "non-response", HUB, COURT, {
                "partner": silent["partner"], "task_id": silent["task_id"], "awaited": "receipt", "deadline": at(11),
                "outcome_unknown": self.kind == "control",
            }),
            self._say(10, "nudge", HUB, self.partner, {"task_id": task_id, "level": 1, "deadline": at(11)}),
            self._say(12, "conclusion", HUB, COURT, {
                "outcome": "incomplete" if self.silent else "complete", "partners": outcomes,
                "follow_ups": list(self.proposes),
            }),
        ]  # fmt: skip

    def _say(self, minute: int, event: str, source: str, recipient: str, data: Data) -> Data:
        message_type = f"liandong.{self.kind}.{event}.v1"
        return envelope(message_type, source, recipient, data, request=self.kind, minute=minute)


_FOUND_VEHICLE = {
    "kind": "vehicle", "plate": "粤B9A001", "vin": "L9ZZZ9905TZ000001", "plate_class": "02", "brand": "示例牌SL7150轿车",
    "registrar": "示例市公安局交通管理局车辆管理所", "registered_on": "2019-05-06", "mortgaged": False, "measures": [],
}  # fmt: skip
_STORIES = (
    _Story("inquiry", samples.inquiry(), "vehicle", {"findings": [_FOUND_VEHICLE], "searched": ["车辆登记库"]},
           silent="real-estate",
           proposes=({"finding": "vehicle", "action": "locate.road-control", "partner_kind": "police", "needs_approval": True},)),
    _Story("control", samples.control(), "bank",
           {"measure": {"state": "effective", "reference": "DJ-20260302-0001", "starts": "2026-03-02", "ends": "2027-03-01",
                        "controlled": "50000.00"}}),
    _Story("locate", samples.locate(), "police", {"measure": {"state": "armed", "reference": "LK-20260302-0001"}}),
    _Story("notice", samples.notice(), "business-registry",
           {"measure": {"state": "restricted", "reference": "XZ-20260302-0001"}}),
)  # fmt: skip


def examples() -> list[Data]:
    """One message of each type; each is valid for itself, and together they show the order in which they come."""
    messages = [message for story in _STORIES for message in story.tell()]
    messages.append(envelope("liandong.locate.hit.v1", "police", HUB, {
        "task_id": example_id("liandong.locate.task.v1"), "event": "HIT-0001", "at": at(90), "place": "示例市高铁站进站口",
        "contact": {"name": "示例市公安局指挥中心值班民警", "phone": "0999-5550110"},
    }, request="locate", minute=91))  # fmt: skip
    messages += case_examples(envelope, copied)
    messages.append(envelope("liandong.party.rejection.v1", HUB, COURT, {
        **_reason("expired"), "topic": "hub.requests.v1", "partition": 0, "offset": 42,
        "sha256": hashlib.sha256(b"the rejected value").hexdigest(),
    }, request="inquiry"))  # fmt: skip
    return messages


def at(minute: int) -> str:
    """The time `minute` minutes after the start."""
    return format_time(START + timedelta(minutes=minute))


def _reason(code: str) -> dict[str, Any]:
    return {"code": code, "zh": CODES[code].zh, "en": CODES[code].en}


def copied(party: str, message: Data) -> Data:
    """`message` as another party's message carries it: its bytes and its signature."""
    value = compact(message)
    return {"value": base64.b64encode(value).decode(), "jws": sign(party, value)}
