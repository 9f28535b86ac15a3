"""A real-estate registry (不动产登记中心): XML over HTTP, submit and poll by ticket.

`POST /cxBdcQL` inquires and `POST /kzBdcQL` seals (KZCS 11), renews (12), seals in advance (13), releases (14) or takes
the documents of a transfer (15); both answer with a ticket (SLH), and `GET /feedCxBdcQL?ticket=` or `/feedkzBdcQL?ticket=` says 处理中 until the registry has answered. `GET /lookup?number=`
finds the ticket of a request number. A repeated request number gets its first ticket again.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from aiohttp import web

from connectors.simulators.faults import CHINA, LATER, Desk, arguments, serve
from connectors.simulators.packets import Fields, RefusedError, document, element, fill, parse, xml_response

SEAL, RENEW, ADVANCE_SEAL, RELEASE, TRANSFER = "11", "12", "13", "14", "15"
_INQUIRY = ("CXQQDH", "XM", "ZJLX", "ZJH", "FYMC", "AH", "CKH")
_CONTROL = ("KZQQDH", "XM", "ZJLX", "ZJH", "FYMC", "AH", "CKH", "KZCS", "BDCDYH")
_NUMBER = re.compile("<(?:CX|KZ)QQDH>([^<]*)</")


@dataclass(frozen=True)
class Ticket:
    """One submission: its answer, and when (monotonic seconds) the answer can be had."""

    number: str
    feed: str
    acknowledgement: Element
    answer: str
    ready_at: float


class Registry:
    """The registry's book, and the tickets it has given."""

    def __init__(self, data: dict[str, Any], delay: float) -> None:
        self._name: str = data["registry"]
        self._contact: dict[str, str] = data["contact"]
        self._owners: list[dict[str, Any]] = data["owners"]
        self._delay = delay
        self._tickets: dict[str, Ticket] = {}
        self.desk = Desk(
            key_of=_key_of,
            wrong=_about_somebody_else,
            idempotent=("cxBdcQL", "kzBdcQL"),
            deferred=("cxBdcQL", "kzBdcQL"),
        )

    def application(self) -> web.Application:
        """The registry's routes."""
        return self.desk.application(
            [
                web.post("/cxBdcQL", self._submit_inquiry, name="cxBdcQL"),
                web.post("/kzBdcQL", self._submit_control, name="kzBdcQL"),
                web.get("/feedCxBdcQL", self._feed, name="feedCxBdcQL"),
                web.get("/feedkzBdcQL", self._feed, name="feedkzBdcQL"),
                web.get("/lookup", self._lookup, name="lookup"),
            ]
        )

    async def _submit_inquiry(self, request: web.Request) -> web.Response:
        return await self._submit(request, "CXQQ", _INQUIRY, "feedCxBdcQL", self._inquire)

    async def _submit_control(self, request: web.Request) -> web.Response:
        return await self._submit(request, "KZQQ", _CONTROL, "feedkzBdcQL", self._control)

    async def _submit(
        self,
        request: web.Request,
        root: str,
        required: tuple[str, ...],
        feed: str,
        work: Callable[[Fields, Element], None],
    ) -> web.Response:
        try:
            fields = Fields.of(parse(await request.text(), root))
            if missing := fields.missing(required):
                raise RefusedError("E03", f"缺少 {missing}")
        except RefusedError as refused:
            return refused.response()
        ticket = f"SL{len(self._tickets) + 1:08d}"
        number_tag = required[0]
        head = {"SLH": ticket, number_tag: fields[number_tag]}
        answer = element(
            root.replace("QQ", "FK"),
            {**head, "XM": fields["XM"], "ZJH": fields["ZJH"], "DJJG": self._name, "ZT": "已反馈"},
        )
        work(fields, answer)
        later = request[LATER]
        self._tickets[ticket] = Ticket(
            number=fields[number_tag],
            feed=feed,
            acknowledgement=element("SLHZ", {**head, "ZT": "处理中"}),
            answer=later.damage(document(answer)),
            ready_at=time.monotonic() + max(self._delay, later.silent_for),
        )
        return xml_response(self._tickets[ticket].acknowledgement)

    async def _feed(self, request: web.Request) -> web.Response:
        ticket = self._tickets.get(request.query.get("ticket", ""))
        if ticket is None or ticket.feed != request.match_info.route.name:
            return RefusedError("E04", "受理号不存在", 404).response()
        if time.monotonic() < ticket.ready_at:
            return xml_response(ticket.acknowledgement, 202)
        return web.Response(text=ticket.answer, content_type="application/xml", charset="utf-8")

    async def _lookup(self, request: web.Request) -> web.Response:
        number = request.query.get("number", "")
        found = next((ticket for ticket in self._tickets.values() if ticket.number == number), None)
        return xml_response(found.acknowledgement) if found else RefusedError("E05", "无此请求单号", 404).response()

    def _owner(self, fields: Fields, answer: Element) -> dict[str, Any] | None:
        """Whose number it is, if anybody's; a holder of another name is a return (退回), never a best match."""
        numbers = {fields["ZJH"], fields.get("FIFTEENZJH")}
        owner = next((owner for owner in self._owners if owner["number"] in numbers), None)
        if owner is not None and owner["name"] != fields["XM"]:
            self._return(answer, "T01", "姓名与证件号码不一致", owner["name"])
            return None
        if owner is None:
            SubElement(answer, "JG").text = "查无登记信息"
        return owner

    def _return(self, answer: Element, code: str, words: str, name_on_file: str = "") -> None:
        SubElement(answer, "JG").text = "退回"
        contact = {"LXR": self._contact["name"], "LXDH": self._contact["phone"]}
        answer.append(element("Htxx", {"THYY": code, "BZ": words, "DJXM": name_on_file, **contact}))

    def _inquire(self, fields: Fields, answer: Element) -> None:
        owner = self._owner(fields, answer)
        if owner is None:
            return
        SubElement(answer, "JG").text = "有登记信息"
        rights = SubElement(answer, "QLLIST")
        for unit in owner["units"]:
            right = element(
                "QL",
                {
                    "BDCDYH": unit["code"],
                    "QLLX": unit["right"],
                    "ZL": unit["location"],
                    "BDCQZH": unit["certificate"],
                    "QLR": owner["name"],
                    "QLRZJH": owner["number"],
                    "MJ": unit["area"],
                    "DYQK": "已抵押" if unit["mortgaged"] else "无抵押",
                },
            )
            seizures = SubElement(right, "CFLIST")
            for place, seizure in enumerate(unit["seizures"]):
                seizures.append(
                    element(
                        "CF",
                        {
                            "CFJG": seizure["court"],
                            "CFLX": "轮候查封" if place else "查封",
                            "CFWH": seizure["document"],
                            "FJ": seizure.get("remark", ""),
                            "KSRQ": "" if place else seizure["from"],
                            "JSRQ": "" if place else seizure["to"],
                        },
                    )
                )
            rights.append(right)

    def _control(self, fields: Fields, answer: Element) -> None:
        owner = self._owner(fields, answer)
        if owner is None:
            return
        fill(answer, {"KZCS": fields["KZCS"], "BDCDYH": fields["BDCDYH"]})
        unit = next((unit for unit in owner["units"] if unit["code"] == fields["BDCDYH"]), None)
        if unit is None:
            _not_controlled(answer, "该权利人名下无此不动产单元")
        elif fields["KZCS"] in (SEAL, ADVANCE_SEAL):
            self._seal(fields, unit["seizures"], answer)
        elif fields["KZCS"] == RENEW:
            self._renew(fields, unit["seizures"], answer)
        elif fields["KZCS"] == RELEASE:
            self._release(fields, unit["seizures"], answer)
        elif fields["KZCS"] == TRANSFER:
            self._transfer(fields, owner, unit, answer)
        else:
            self._return(answer, "T02", "不支持该控制措施")

    def _seal(self, fields: Fields, seizures: list[dict[str, str]], answer: Element) -> None:
        if missing := fields.missing(("CKWH", "KSRQ", "JSRQ")):
            self._return(answer, "T03", f"查封须载明 {missing}")
            return
        queued = bool(seizures)
        seizures.append(
            {
                "court": fields["FYMC"],
                "case": fields["AH"],
                "document": fields["CKWH"],
                "number": fields["KZQQDH"],
                "from": fields["KSRQ"],
                "to": fields["JSRQ"],
                "remark": fields.get("BZ", ""),
            }
        )
        kind = "queue-seal" if queued else "advance-seal" if fields["KZCS"] == ADVANCE_SEAL else "seal"
        self.desk.effect(kind, requestNo=fields["KZQQDH"], unit=fields["BDCDYH"])
        if queued:  # it has a length, and no end until it takes effect
            fill(answer, {"KZZT": "1", "CFLX": "轮候查封", "LHSX": str(len(seizures) - 1)})
        else:
            in_force = "预查封" if kind == "advance-seal" else "查封"
            fill(answer, {"KZZT": "1", "CFLX": in_force, "KSRQ": fields["KSRQ"], "JSRQ": fields["JSRQ"]})

    def _original(
        self, fields: Fields, seizures: list[dict[str, str]], answer: Element, more: tuple[str, ...] = ()
    ) -> dict[str, str] | None:
        """The seal that a control cites; without one, or without what the form needs, the answer says so."""
        if missing := fields.missing(("CKWH", "YDJAH", "YDJDH", *more)):
            self._return(answer, "T03", f"须载明 {missing}")
            return None
        original = next((seizure for seizure in seizures if seizure.get("number") == fields["YDJDH"]), None)
        if original is None or original["case"] != fields["YDJAH"]:
            _not_controlled(answer, "无对应的原查封登记")
            return None
        return original

    def _renew(self, fields: Fields, seizures: list[dict[str, str]], answer: Element) -> None:
        """民诉法解释 art. 485: before its end. A seal that waits has no end yet."""
        original = self._original(fields, seizures, answer, ("KSRQ", "JSRQ"))
        if original is None:
            return
        if seizures[0] is not original or original["to"] < datetime.now(CHINA).date().isoformat():
            _not_controlled(answer, "原查封为轮候查封或已届满失效，无从续封")
            return
        original["to"] = fields["JSRQ"]
        self.desk.effect("renew", requestNo=fields["KZQQDH"], original=fields["YDJDH"], unit=fields["BDCDYH"])
        fill(answer, {"KZZT": "1", "CFLX": "续封", "KSRQ": fields["KSRQ"], "JSRQ": fields["JSRQ"]})

    def _transfer(self, fields: Fields, owner: dict[str, Any], unit: dict[str, Any], answer: Element) -> None:
        """The unit becomes the transferee's; with it the seal ends, and those that wait for it have no object any more."""
        original = self._original(fields, unit["seizures"], answer, ("SRRXM", "SRRZJLX", "SRRZJH"))
        if original is None:
            return
        if unit["seizures"][0] is not original:
            _not_controlled(answer, "原查封为轮候查封，不得处分")
            return
        name, number = fields["SRRXM"], fields["SRRZJH"]
        new = next((each for each in self._owners if each["number"] == number), None)
        if new is not None and new["name"] != name:
            self._return(answer, "T01", "受让人姓名与证件号码不一致", new["name"])
            return
        if new is None:
            new = {"name": name, "number": number, "units": []}
            self._owners.append(new)
        owner["units"].remove(unit)
        new["units"].append(unit | {"seizures": []})
        self.desk.effect("transfer", requestNo=fields["KZQQDH"], original=fields["YDJDH"], unit=fields["BDCDYH"])
        SubElement(answer, "KZZT").text = "1"

    def _release(self, fields: Fields, seizures: list[dict[str, str]], answer: Element) -> None:
        original = self._original(fields, seizures, answer)
        if original is None:
            return
        was_first = seizures[0] is original
        seizures.remove(original)
        self.desk.effect("release", requestNo=fields["KZQQDH"], original=fields["YDJDH"], unit=fields["BDCDYH"])
        if was_first and seizures:  # 法发〔2004〕5号 art. 20: the first in the queue takes effect by itself
            self.desk.effect("queue-converted", requestNo=seizures[0].get("number"), unit=fields["BDCDYH"])
        SubElement(answer, "KZZT").text = "1"


def _not_controlled(answer: Element, reason: str) -> None:
    fill(answer, {"KZZT": "2", "WNKZYY": reason})


def _key_of(request: web.Request, text: str) -> str | None:
    found = _NUMBER.search(text)
    return found[1].strip() if found else request.query.get("ticket") or request.query.get("number")


def _about_somebody_else(text: str) -> str:
    """The answer with another person in it; an acknowledgement, which names nobody, gets another request number."""
    if "<XM>" not in text:
        return re.sub("<((?:CX|KZ)QQDH)>[^<]*<", r"<\1>99-0000<", text)
    text = re.sub("<(XM|QLR)>[^<]*<", r"<\1>何人也<", text)
    return re.sub("<(ZJH|QLRZJH)>[^<]*<", r"<\1>990100197001010013<", text)


def main() -> None:
    """Run the registry until SIGTERM."""
    parser = arguments("real-estate", __doc__)
    parser.add_argument("--delay", type=float, default=0.3, help="seconds until an answer is ready")
    options = parser.parse_args()
    data = json.loads(options.data.read_text(encoding="utf-8"))
    serve(Registry(data, options.delay).application(), options.port)


if __name__ == "__main__":
    main()
