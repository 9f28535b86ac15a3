"""A police gateway (公安机关): requests are accepted by JSON; answers and watch hits come later by a signed webhook.

POST /gateway/requests · GET /gateway/requests/{requestNo} · POST …/withdraw. Events: info-answer, armed, hit, returned.
POST /_hit {"requestNo": …} steers the simulator: a watch (临控) in force finds whom it waits for.
"""

import asyncio
import itertools
import json
import math
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field, model_validator

from connectors.simulators.faults import CHINA, LATER, Desk, Later, arguments, json_response, serve
from connectors.simulators.forms import Form, about_another, checked, key_of, order, problem
from connectors.simulators.police_records import Register, known
from connectors.simulators.webhook import Webhook, is_loopback


class Request(Form):
    """Information on a person, a watch for a person, or road control of a vehicle (路面控车) whose owner is `name`."""

    request_no: str = Field(min_length=1)
    kind: Literal["info", "watch", "vehicle-control"]
    name: str = Field(min_length=1)
    id_number: str | None = None
    plate: str | None = None
    case_number: str = Field(min_length=1)
    until: AwareDatetime | None = None
    callback: str

    @model_validator(mode="after")
    def _is_whole(self) -> "Request":
        if (self.plate if self.kind == "vehicle-control" else self.id_number) is None:
            raise ValueError("a person needs idNumber, a vehicle needs plate")
        if self.kind != "info" and self.until is None:
            raise ValueError("a watch needs until")
        return self

    @property
    def is_past(self) -> bool:
        """Whether a watch's end has passed."""
        return self.until is not None and self.until <= datetime.now(CHINA)


class Withdrawal(Form):
    """End a watch."""

    case_number: str = Field(min_length=1)


class HitOrder(Form):
    """Fire a hit now."""

    request_no: str


@dataclass
class Filed:
    """A request as accepted. `reached` is ACCEPTED, ANSWERED, RETURNED, ARMED, HIT or WITHDRAWN."""

    asked: Request
    accept_no: str
    reached: str = "ACCEPTED"
    answer: dict[str, Any] | None = None

    @property
    def state(self) -> str:
        """What it has reached, but EXPIRED for a watch past its end."""
        return "EXPIRED" if self.reached in ("ARMED", "HIT") and self.asked.is_past else self.reached

    @property
    def in_force(self) -> bool:
        """Whether it is a watch that may still hit."""
        return self.state in ("ARMED", "HIT")


class PoliceGateway:
    """The gateway's state, its answers and its events."""

    def __init__(self, register: Register, webhook: Webhook, answer_after: float, hit_after: float) -> None:
        self._register = register
        self._persons = {person.id_number: person for person in register.persons}
        self._owners = {vehicle.plate: vehicle.owner for vehicle in register.vehicles}
        self._webhook = webhook
        self._answer_after = answer_after
        self._hit_after = hit_after
        self._filed: dict[str, Filed] = {}
        self._accept_numbers = itertools.count(1)
        self._desk = Desk(
            key_of=key_of,
            wrong=about_another(name="褚文斌", idNumber="990100197907250136", plate="粤B00000"),
            idempotent={"submit", "withdraw"},
            deferred={"submit"},
        )

    def application(self) -> web.Application:
        """The gateway behind its faults."""
        app = self._desk.application(
            [
                web.post("/gateway/requests", self.submit, name="submit"),
                web.get("/gateway/requests/{requestNo}", self.lookup, name="lookup", allow_head=False),
                web.post("/gateway/requests/{requestNo}/withdraw", self.withdraw, name="withdraw"),
                web.post("/_hit", self.hit),
            ]
        )
        app.cleanup_ctx.append(self._webhook.lifetime)
        return app

    async def submit(self, request: web.Request) -> web.Response:
        """202 and an acceptNo; a requestNo that came before gets its first acceptNo, with other content 409."""
        asked = await order(request, Request)
        if not is_loopback(asked.callback):
            raise problem(web.HTTPBadRequest, "CALLBACK_NOT_LOOPBACK", "give a callback on http://127.0.0.1")
        filed = self._filed.get(asked.request_no)
        if filed is None:
            filed = Filed(asked, f"GA{next(self._accept_numbers):08}")
            self._filed[asked.request_no] = filed
            self._webhook.start(self._work(filed, request[LATER]))
        elif filed.asked != asked:
            raise problem(web.HTTPConflict, "NUMBER_REUSED", "this requestNo stands for other content; use a new one")
        return json_response({"requestNo": asked.request_no, "acceptNo": filed.accept_no}, status=202)

    async def lookup(self, request: web.Request) -> web.Response:
        """State and answer of a request, for a client that missed the event."""
        filed = self._find(request.match_info["requestNo"])
        return json_response(_head(filed) | {"state": filed.state, "answer": filed.answer})

    async def withdraw(self, request: web.Request) -> web.Response:
        """End a watch; 409 when there is none in force."""
        asked = await order(request, Withdrawal)
        filed = self._find(request.match_info["requestNo"])
        if not filed.in_force:
            raise problem(web.HTTPConflict, "NOT_IN_FORCE", "only a watch in force can be withdrawn; look it up")
        if filed.asked.case_number != asked.case_number:
            raise problem(web.HTTPConflict, "OTHER_CASE", "only the case that asked for a watch can withdraw it")
        filed.reached = "WITHDRAWN"
        self._desk.effect("withdraw", requestNo=filed.asked.request_no)
        return json_response(_head(filed) | {"state": filed.state})

    async def hit(self, request: web.Request) -> web.Response:
        """Fire a hit on demand."""
        filed = self._find(checked(HitOrder, await request.read()).request_no)
        if not filed.in_force:
            raise problem(web.HTTPConflict, "NOT_IN_FORCE", "only a watch in force can hit")
        self._webhook.start(self._fire(filed, self._register.patrol))
        return json_response(_head(filed), status=202)

    def _find(self, request_no: str) -> Filed:
        filed = self._filed.get(request_no)
        if filed is None:
            raise problem(web.HTTPNotFound, "REQUEST_UNKNOWN", "no such requestNo; submit it")
        return filed

    async def _work(self, filed: Filed, later: Later) -> None:
        if math.isinf(later.silent_for):
            return
        await asyncio.sleep(self._answer_after + later.silent_for)
        filed.reached, facts = self._decide(filed.asked)
        filed.answer = _event(filed, facts)
        if filed.in_force:
            self._desk.effect(filed.asked.kind, requestNo=filed.asked.request_no)
        await self._send(filed, filed.answer, later)
        person = self._persons.get(filed.asked.id_number or "")
        if filed.in_force and person is not None and person.seen_at is not None:
            await asyncio.sleep(self._hit_after)
            if filed.in_force:
                await self._fire(filed, person.seen_at)

    def _decide(self, asked: Request) -> tuple[str, dict[str, Any]]:
        """The next state and what its event says. Name and number must agree; there is no best match."""
        person = self._persons.get(asked.id_number or "")
        on_file = self._owners.get(asked.plate or "") if asked.kind == "vehicle-control" else person and person.name
        if on_file is not None and on_file != asked.name:
            return "RETURNED", self._returned("IDENTITY_MISMATCH", "登记的姓名与来文不一致")
        if asked.kind == "info":
            return "ANSWERED", {"type": "info-answer"} | known(person)
        if on_file is None:
            return "RETURNED", self._returned("NOT_ON_FILE", "无此人员或车辆登记")
        if asked.is_past:
            return "RETURNED", self._returned("UNTIL_PAST", "布控截止时间已过")
        return "ARMED", {"type": "armed", "until": asked.until and asked.until.isoformat()}

    def _returned(self, code: str, text: str) -> dict[str, Any]:
        contact = self._register.duty_officer.fields()
        return {"type": "returned", "reason": {"code": code, "text": text}, "contact": contact}

    async def _fire(self, filed: Filed, place: str) -> None:
        filed.reached = "HIT"
        contact = self._register.duty_officer.fields()
        self._desk.effect("hit", requestNo=filed.asked.request_no)
        await self._send(filed, _event(filed, {"type": "hit", "place": place, "dutyOfficer": contact}), Later())

    async def _send(self, filed: Filed, event: dict[str, Any], later: Later) -> None:
        body = later.damage(json.dumps(event, ensure_ascii=False))
        await self._webhook.deliver(filed.asked.callback, event["eventId"], body)


def _head(filed: Filed) -> dict[str, Any]:
    asked = filed.asked
    head = {"requestNo": asked.request_no, "acceptNo": filed.accept_no, "kind": asked.kind, "name": asked.name}
    return head | ({"plate": asked.plate} if asked.kind == "vehicle-control" else {"idNumber": asked.id_number})


def _event(filed: Filed, facts: dict[str, Any]) -> dict[str, Any]:
    at = datetime.now(CHINA).isoformat(timespec="microseconds")
    return {"eventId": str(uuid.uuid4()), "at": at} | _head(filed) | facts


def main() -> None:
    """Run the gateway."""
    parser = arguments("police", __doc__)
    parser.add_argument("--secret", default=os.environ.get("POLICE_WEBHOOK_SECRET", "police-demo-secret"))
    parser.add_argument("--answer-after", type=float, default=0.2, help="seconds until the answer or the arming")
    parser.add_argument("--hit-after", type=float, default=1.5, help="seconds from arming until somebody is seen")
    parser.add_argument("--attempts", type=int, default=8, help="how often an event is sent before giving up")
    options = parser.parse_args()
    register = Register.model_validate_json(options.data.read_bytes())
    webhook = Webhook(options.secret, options.attempts)
    serve(PoliceGateway(register, webhook, options.answer_after, options.hit_after).application(), options.port)


if __name__ == "__main__":
    main()
