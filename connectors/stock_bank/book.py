"""The bank's own system: its customers, what stands frozen, and a journal row for each task. Knows nothing of Kafka."""

import base64
import calendar
import hashlib
import json
import re
import sqlite3
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Answer = tuple[Json, Json | None]
"""The reply's members (V29), and the effect to note in the journal."""
CHINA = timezone(timedelta(hours=8))
DOCUMENTS = {"inquire": {"inquiry-notice"}, "freeze": {"enforcement-ruling", "assistance-notice"},
             "release": {"release-ruling", "assistance-notice"}}  # fmt: skip
"""What this bank may be asked, and the documents that it takes (Civil Procedure Law art. 253; 法释〔2013〕20号 art. 3)."""
EXEMPT = {"WAGE_SPECIAL", "WAGE_DEPOSIT", "PARTY_DUES", "SOCIAL_SECURITY"}
"""Accounts that may not be frozen, such as migrant workers' wages (农民工工资专用账户)."""


class Book:
    """`data` is the customer file; the journal survives a crash, so that nothing is answered or frozen twice."""

    def __init__(self, data: Json, journal: Path) -> None:
        self._customers = {customer["number"]: customer for customer in data["customers"]}
        self._contact = data["contact"]
        self._journal = sqlite3.connect(journal, isolation_level=None)
        self._journal.execute("PRAGMA synchronous = FULL")
        self._journal.execute(
            "CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, request TEXT UNIQUE, sha256 TEXT, messages TEXT, effect TEXT)"
        )

    def recall(self, task_id: str) -> tuple[str, list[list[str]]] | None:
        """Digest of the task of this id and the signed messages that answered it, if it came before."""
        row = self._journal.execute("SELECT sha256, messages FROM tasks WHERE id = ?", [task_id]).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def knows(self, request: str) -> bool:
        """Whether the request of this name was answered for a task before."""
        return self._journal.execute("SELECT 1 FROM tasks WHERE request = ?", [request]).fetchone() is not None

    def note(self, task_id: str, request: str | None, sha256: str, messages: list[list[str]], effect: Json | None) -> None:
        """Write answer and effect to disk, as one. `request` is the name of what was carried out, None of what was not."""
        row = task_id, request, sha256, json.dumps(messages), effect and json.dumps(effect)
        self._journal.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        self._journal.close()

    def answer(self, request: Json) -> Answer:
        """Carry out a court's request. Name and number must both agree with the bank's file: there is no best match."""
        data, subject = request["data"], request["data"]["subject"]
        form, number = (
            ("resident-id-18", subject["id_number"]) if subject["kind"] == "person" else ("uscc", subject["uscc"])
        )
        customer = self._customers.get(number)
        if customer is not None and _comparable(customer["name"]) != _comparable(subject["name"]):
            words = "户名与证件号码不一致 / the number is on file under another name"
            reply, effect = without("returned", "identity-mismatch", words)
            return {**reply, "contact": self._contact, "searched": [form]}, effect
        accounts = customer["accounts"] if customer else []
        if data["action"] == "inquire":
            found = [self._finding(account) for account in accounts]
            return ({"kind": "result", "findings": found} if found else {"kind": "no-record"}) | {"searched": [form]}, None
        account = next((account for account in accounts if account["number"] == data["asset"].get("number")), None)
        if account is None:
            return without("not-controlled", "account-unknown", "该户名下无此账户 / no such account of this customer")
        return self._freeze(request, account) if data["action"] == "freeze" else self._release(request, account)

    def _finding(self, account: Json) -> Json:
        """Account and balance: the agreement grants no more (V30)."""
        shown = {name: account[name] for name in ("number", "branch", "balance", "flags")}
        return shown | {"kind": "account", "currency": "CNY", "status": "正常", "available": f"{self._available(account):.2f}"}

    def _standing(self, account: Json) -> dict[str, Json]:
        """The freezes that stand on an account, by the request that ordered each."""
        standing: dict[str, Json] = {}
        for (text,) in self._journal.execute("SELECT effect FROM tasks WHERE effect IS NOT NULL ORDER BY rowid"):
            effect = json.loads(text)
            if effect["account"] != account["number"]:
                continue
            if "releases" in effect:
                del standing[effect["releases"]]
            else:
                standing[effect["request"]] = effect
        return standing

    def _available(self, account: Json) -> Decimal:
        frozen = sum((Decimal(freeze["amount"]) for freeze in self._standing(account).values()), Decimal(0))
        return Decimal(account["balance"]) - frozen

    def _freeze(self, request: Json, account: Json) -> Answer:
        if EXEMPT & set(account["flags"]):
            return without("not-controlled", "account-exempt", "专用账户,不得冻结 / a protected account")
        amount = min(Decimal(request["data"]["amount"]), self._available(account))
        if amount <= 0:
            return without("not-controlled", "nothing-available", "账户无可用余额 / nothing is available")
        start = datetime.now(CHINA).date()
        year, month = divmod(start.year * 12 + start.month - 1 + request["data"]["term_months"], 12)
        end = date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
        effect = {"request": name_of(request), "account": account["number"],
                  "reference": f"DJ-{request['id']}", "amount": f"{amount:.2f}"}  # fmt: skip
        measure = {"state": "effective", "reference": effect["reference"], "controlled": effect["amount"],
                   "starts": start.isoformat(), "ends": end.isoformat()}  # fmt: skip
        return {"kind": "result", "measure": measure}, effect

    def _release(self, request: Json, account: Json) -> Answer:
        original = f"{request['source']}/{request['data']['original']}"
        freeze = self._standing(account).get(original)
        if freeze is None:
            return without("not-controlled", "original-unknown", "无对应的原冻结 / no such freeze stands")
        measure = {"state": "released", "reference": freeze["reference"], "controlled": freeze["amount"]}
        return {"kind": "result", "measure": measure}, {"releases": original, "account": account["number"]}


def name_of(request: Json) -> str:
    """A request's name: an id is its court's own."""
    return f"{request['source']}/{request['id']}"


def objection(request: Json) -> str | None:
    """The code of why this bank does not act on a court's request: out of force, not for a bank, documents missing."""
    legal, action = request["data"]["legal"], request["data"]["action"]
    if min(map(datetime.fromisoformat, (request["expires"], legal["valid_until"]))) <= datetime.now(CHINA):
        return "expired"
    if action not in DOCUMENTS:
        return "action-not-supported"
    if not DOCUMENTS[action] <= {document["kind"] for document in legal["documents"]}:
        return "documents-missing"
    if any(hashlib.sha256(base64.b64decode(d["content"])).hexdigest() != d["sha256"] for d in legal["documents"]):
        return "document-digest-mismatch"
    return None


def without(kind: str, code: str, text: str) -> Answer:
    """An answer that does nothing, and why."""
    return {"kind": kind, "reason": {"code": code, "text": text}}, None


def _comparable(name: str) -> str:
    """V23: NFKC, one kind of middle dot, no outer space."""
    return re.sub("[·•‧・∙⋅]", "·", unicodedata.normalize("NFKC", name)).strip()
