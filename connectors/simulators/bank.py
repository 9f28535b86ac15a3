"""A bank: XML packets that carry many requests each, answered at once by one packet with an answer to each request.

`POST /packets` takes inquiries (Cxqq) and controls (Kzqq: KZCS 01 freeze, 02 renew, 04 release, 06 deduct); the answers are accounts (Zhxx),
control results (Kzxx) or returns (Htxx). `GET /packets/{number}` finds the answer to a packet. Packet and request
numbers are idempotent: a repeated one gets its first answer and moves nothing.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from aiohttp import web

from connectors.simulators.faults import CHINA, Desk, arguments, serve
from connectors.simulators.packets import Fields, RefusedError, element, parse, xml_response

FREEZE, RENEW, RELEASE, DEDUCT = "01", "02", "04", "06"
_INQUIRY = ("QQDH", "XM", "ZJLX", "DSRZJHM", "FYMC", "CBR", "AH", "GZZBH", "GWZBH", "CKH")
_CONTROL = (*_INQUIRY, "CKWH", "KZLX", "KZCS", "ZH")
_NUMBER = re.compile("<BDHM>([^<]*)</")


class ReturnedError(Exception):
    """One request goes back (Htxx); the others of its packet are answered."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Bank:
    """The bank's customers and accounts, and what it has answered."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._contact: dict[str, str] = data["contact"]
        self._customers: list[dict[str, Any]] = data["customers"]
        self._packets: dict[str, Element] = {}
        self._answers: dict[str, Element] = {}
        self.desk = Desk(key_of=_key_of, wrong=_about_somebody_else, idempotent=("packets",))

    def application(self) -> web.Application:
        """The bank's routes."""
        return self.desk.application(
            [
                web.post("/packets", self._receive, name="packets"),
                web.get("/packets/{number}", self._lookup, name="lookup"),
            ]
        )

    async def _receive(self, request: web.Request) -> web.Response:
        try:
            packet = parse(await request.text(), "Packet")
            number = packet.findtext("BDHM", "").strip()
            requests = [child for child in packet if child.tag in ("Cxqq", "Kzqq")]
            if not number or not requests:
                raise RefusedError("E03", "缺少 BDHM 或请求")
            if any(not child.findtext("QQDH", "").strip() for child in requests):
                raise RefusedError("E03", "请求缺少 QQDH")
        except RefusedError as refused:
            return refused.response()
        answer = element("Packet", {"BDHM": number, "HFSJ": datetime.now(CHINA).isoformat(timespec="seconds")})
        answer.extend(self._answer(child.tag, Fields.of(child)) for child in requests)
        self._packets[number] = answer
        return xml_response(answer)

    async def _lookup(self, request: web.Request) -> web.Response:
        answer = self._packets.get(request.match_info["number"])
        return xml_response(answer) if answer is not None else RefusedError("E05", "无此包号", 404).response()

    def _answer(self, kind: str, fields: Fields) -> Element:
        number = fields["QQDH"]
        if number not in self._answers:
            try:
                self._answers[number] = self._inquire(fields) if kind == "Cxqq" else self._control(fields)
            except ReturnedError as returned:
                contact = {"LXR": self._contact["name"], "LXDH": self._contact["phone"]}
                self._answers[number] = element(
                    "Htxx", {**_head(fields), "THYY": returned.code, "BZXX": str(returned), **contact}
                )
        return self._answers[number]

    def _accounts(self, fields: Fields, required: tuple[str, ...]) -> list[dict[str, Any]]:
        """The customer's accounts; a number on file under another name is returned, never a best match."""
        if missing := fields.missing(required):
            raise ReturnedError("T03", f"缺少 {missing}")
        customer = next((customer for customer in self._customers if customer["number"] == fields["DSRZJHM"]), None)
        if customer is not None and customer["name"] != fields["XM"]:
            raise ReturnedError("T01", "户名与证件号码不一致")
        accounts: list[dict[str, Any]] = customer["accounts"] if customer else []
        return accounts

    def _inquire(self, fields: Fields) -> Element:
        answer = element("Cxjg", _head(fields))
        accounts = self._accounts(fields, _INQUIRY)
        if not accounts:
            answer.append(element("Zhxx", {"ZH": "查无开户信息"}))
        for account in accounts:
            found = element(
                "Zhxx",
                {
                    "ZH": account["number"],
                    "ZHLB": account["class"],
                    "ZHZT": "正常",
                    "KHWD": account["branch"],
                    "KHRQ": account["opened"],
                    "BZ": "CNY",
                    "YE": account["balance"],
                    "KYYE": _yuan(_available(account)),
                },
            )
            for flag in account["flags"]:
                SubElement(found, "TSBS").text = flag
            for measure in account["measures"]:
                fields_of = {"CSJG": "court", "CSWH": "document", "JSRQ": "to", "CSJE": "amount"}
                found.append(element("Sfcs", {tag: measure[name] for tag, name in fields_of.items()}))
            answer.append(found)
        return answer

    def _control(self, fields: Fields) -> Element:
        measures: dict[str, Callable[[Fields, dict[str, Any]], dict[str, str]]] = {
            FREEZE: self._freeze,
            RENEW: self._renew,
            RELEASE: self._release,
            DEDUCT: self._deduct,
        }
        accounts = self._accounts(fields, _CONTROL)
        measure = measures.get(fields["KZCS"])
        if measure is None or fields["KZLX"] != "1":
            raise ReturnedError("T02", "不支持该控制措施")
        head = {**_head(fields), "KZCS": fields["KZCS"], "ZH": fields["ZH"]}
        account = next((account for account in accounts if account["number"] == fields["ZH"]), None)
        if account is None:
            return element("Kzxx", {**head, **_not_controlled("该户名下无此账户")})
        result = measure(fields, account)
        return element("Kzxx", {**head, **result, "YE": account["balance"], "KYYE": _yuan(_available(account))})

    def _freeze(self, fields: Fields, account: dict[str, Any]) -> dict[str, str]:
        if missing := fields.missing(("JE", "KSRQ", "JSRQ")):
            raise ReturnedError("T03", f"冻结须载明 {missing}")
        amount = _amount(fields["JE"])
        if "WAGE_SPECIAL" in account["flags"]:
            return {**_not_controlled("农民工工资专用账户,非因本项目工资不得冻结"), "TSBS": "WAGE_SPECIAL"}
        controlled = min(amount, _available(account))
        if controlled <= 0:
            return _not_controlled("账户无可用余额")
        account["measures"].append(
            {
                "court": fields["FYMC"],
                "case": fields["AH"],
                "document": fields["CKWH"],
                "number": fields["QQDH"],
                "to": fields["JSRQ"],
                "amount": _yuan(controlled),
            }
        )
        self.desk.effect("freeze", requestNo=fields["QQDH"], account=account["number"], amount=_yuan(controlled))
        terms = {"KSRQ": fields["KSRQ"], "JSRQ": fields["JSRQ"], "DJXE": _yuan(amount)}
        return {"KZZT": "1", **terms, "SKJE": _yuan(controlled), "CESKJE": "0.00"}

    def _renew(self, fields: Fields, account: dict[str, Any]) -> dict[str, str]:
        """民诉法解释 art. 485: before the freeze ends, and for no more than the first term again."""
        original = _original(fields, account, ("KSRQ", "JSRQ"))
        if original is None or original["to"] < _today():
            return _not_controlled("无对应的原冻结或已届满失效")
        original["to"] = fields["JSRQ"]
        self.desk.effect("renew", requestNo=fields["QQDH"], original=fields["YDJDH"], account=account["number"])
        terms = {"KSRQ": fields["KSRQ"], "JSRQ": fields["JSRQ"]}
        return {"KZZT": "1", **terms, "SKJE": original["amount"], "CESKJE": "0.00"}

    def _deduct(self, fields: Fields, account: dict[str, Any]) -> dict[str, str]:
        """Pay from what is frozen into the court's account; the rest stays frozen."""
        original = _original(fields, account, ("JE", "AKZHMC", "AKZH", "AKKHH"))
        amount = _amount(fields["JE"])
        if "WAGE_SPECIAL" in account["flags"]:
            return {**_not_controlled("农民工工资专用账户,非因本项目工资不得扣划"), "TSBS": "WAGE_SPECIAL"}
        if original is None or original["to"] < _today():
            return _not_controlled("无对应的原冻结或已届满失效")
        left = Decimal(original["amount"]) - amount
        if left < 0:
            return _not_controlled("扣划金额超过已冻结金额")
        account["balance"] = _yuan(Decimal(account["balance"]) - amount)
        original["amount"] = _yuan(left)
        if not left:
            account["measures"].remove(original)
        self.desk.effect("deduct", requestNo=fields["QQDH"], account=account["number"], amount=_yuan(amount))
        return {"KZZT": "1", "SKJE": _yuan(amount), "CESKJE": "0.00"}

    def _release(self, fields: Fields, account: dict[str, Any]) -> dict[str, str]:
        original = _original(fields, account)
        if original is None:
            return _not_controlled("无对应的原冻结")
        account["measures"].remove(original)
        self.desk.effect("release", requestNo=fields["QQDH"], original=fields["YDJDH"], account=account["number"])
        return {"KZZT": "1", "SKJE": original["amount"], "CESKJE": "0.00"}


def _original(fields: Fields, account: dict[str, Any], more: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """The freeze that a control cites, if it stands on this account and is of that case; `more` must be given too."""
    if missing := fields.missing(("YDJAH", "YDJDH", *more)):
        raise ReturnedError("T03", f"须载明 {missing}")
    found = next((m for m in account["measures"] if m.get("number") == fields["YDJDH"]), None)
    return found if found is not None and found["case"] == fields["YDJAH"] else None


def _today() -> str:
    return datetime.now(CHINA).date().isoformat()


def _head(fields: Fields) -> dict[str, str]:
    return {name: fields.get(name, "") for name in ("QQDH", "XM", "DSRZJHM")}


def _not_controlled(reason: str) -> dict[str, str]:
    return {"KZZT": "2", "WNKZYY": reason, "SKJE": "0.00", "CESKJE": "0.00"}


def _available(account: dict[str, Any]) -> Decimal:
    frozen = sum((Decimal(measure["amount"]) for measure in account["measures"]), Decimal(0))
    return max(Decimal(account["balance"]) - frozen, Decimal(0))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise ReturnedError("T04", "金额无效")
    return amount


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _key_of(request: web.Request, text: str) -> str | None:
    found = _NUMBER.search(text)
    return found[1].strip() if found else request.match_info.get("number")


def _about_somebody_else(text: str) -> str:
    """The packet with another person in every answer."""
    text = re.sub("<XM>[^<]*<", "<XM>何人也<", text)
    return re.sub("<DSRZJHM>[^<]*<", "<DSRZJHM>990100197001010013<", text)


def main() -> None:
    """Run the bank until SIGTERM."""
    options = arguments("bank", __doc__).parse_args()
    serve(Bank(json.loads(options.data.read_text(encoding="utf-8"))).application(), options.port)


if __name__ == "__main__":
    main()
