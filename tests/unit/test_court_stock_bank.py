"""The bank on another stack, against the hub's own contract and signatures, without a bus."""

import ast
import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from joserfc.jwk import KeySet, OKPKey

from connectors.stock_bank.__main__ import Agency, Unfit
from connectors.stock_bank.book import Book
from hub.engine.gate import Gate
from hub.engine.records import Inbound
from hub.trust import keys
from hub.trust.enrol import enrol
from hub.trust.jws import Signer
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA
from schemas.legal import DocumentKind
from schemas.messages import Received, Replied
from tests.factories import message, record

SOURCES = sorted(Path("connectors/stock_bank").glob("*.py"))
CUSTOMERS = json.loads(Path("config/samples/partners/bank-two.json").read_text(encoding="utf-8"))
ACCOUNT = {"kind": "account", "number": "9902000000000010015"}
WAGES = {"number": "9902-WAGES", "branch": "示例", "balance": "900.00", "flags": ["WAGE_SPECIAL"]}


class World:
    """Keys for everybody, and a bank at work on them."""

    def __init__(self, folder: Path) -> None:
        enrol(Path("config/parties"), folder)
        self.folder = folder
        self.directory = Directory.load(folder / "parties")
        self.books: list[Book] = []
        self.bank = self.agency()

    def signer(self, party: str) -> Signer:
        return Signer(keys.load(self.folder / "keys" / f"{party}.jwk"))

    def agency(self, customers: Any = CUSTOMERS) -> Agency:
        """The bank, started anew on its journal."""
        own = json.loads((self.folder / "keys/bank-two.jwk").read_text())
        jwks = KeySet.import_key_set(json.loads((self.folder / "jwks.json").read_text()))
        self.books.append(Book(customers, self.folder / "journal.db"))
        return Agency("bank-two", "hub", ["court-9901"], OKPKey.import_key(own), jwks, self.books[-1])

    def request(self, data: samples.Data, court: str = "court-9901", signed_by: str = "", hub: str = "hub",
                **attributes: Any) -> tuple[bytes, str]:  # fmt: skip
        kind = samples.kind_of_action(data["action"])
        value = message(f"liandong.{kind}.request.v1", court, hub, data, **attributes)
        return value, self.signer(signed_by or court).sign(value)

    def task(self, request: tuple[bytes, str], **attributes: Any) -> bytes:
        value, token = request
        asked = json.loads(value)
        copy = {"value": base64.b64encode(value).decode(), "jws": token}
        data = {"partner": "bank-two", "request": copy, "receipt_within": 10, "reply_within": 20, "agreement": "x"}
        attributes = {"correlationid": asked["id"]} | attributes
        return message(asked["type"].replace("request", "task"), "hub", "bank-two", data, **attributes)

    def ask(self, task: bytes, *tokens: str, by: str = "hub") -> list[list[str]]:
        headers = [("jws", token.encode()) for token in tokens or (self.signer(by).sign(task),)]
        return self.bank.messages(Mock(headers=lambda: headers, value=lambda: task))

    def reply(self, data: samples.Data, **attributes: Any) -> Any:
        """The reply's data, after both messages have passed the hub's own gate."""
        gate = Gate("hub", self.directory, lambda *_: True)
        verdicts = []
        for value, token in self.ask(self.task(self.request(data, **attributes))):
            arrived = record(self.signer("bank-two"), value.encode())
            assert dict(arrived.headers)["jws"].decode().split(".")[2] == token.split(".")[2], "the very same signature"
            verdicts.append(gate.check(arrived))
        received, replied = verdicts
        assert isinstance(received, Inbound)
        assert isinstance(received.message, Received)
        assert isinstance(replied, Inbound), replied
        assert isinstance(replied.message, Replied)
        return replied.message.data


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for book in made.books:
        book.close()


def test_it_imports_nothing_of_ours() -> None:
    ours = {"hub", "schemas", "connectors", "deploy", "tests"}
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [n for n in names if n.split(".")[0] in ours and n != "connectors.stock_bank.book"], source


def test_name_and_number_must_agree(world: World) -> None:
    assert world.reply(samples.inquiry("P10")).kind == "result"
    assert world.reply(samples.inquiry("P02")).kind == "no-record"
    other = world.reply(samples.inquiry("P10", subject=samples.subject("P10") | {"name": "陈海艳"}))
    assert (other.kind, other.reason.code, other.findings) == ("returned", "identity-mismatch", ())
    former = samples.subject("P10") | {"name": "陈燕", "former_names": ["陈海燕"]}
    assert world.reply(samples.inquiry("P10", subject=former)).kind == "returned", "a name that is given up is no name"


def test_a_freeze_takes_what_there_is_and_a_release_gives_it_back(world: World) -> None:
    def available() -> str:
        return str(world.reply(samples.inquiry("P10")).findings[0].available)

    freeze = world.request(samples.control("freeze", ACCOUNT, "P10", amount="5000.00"))
    world.ask(world.task(freeze))
    assert available() == "120.00"
    assert world.reply(samples.control("freeze", ACCOUNT, "P10", amount="500.00")).measure.controlled == "120.00"
    assert world.reply(samples.control("freeze", ACCOUNT, "P10", amount="500.00")).kind == "not-controlled"
    release = samples.control("release", ACCOUNT, "P10", original=json.loads(freeze[0])["id"])
    assert world.reply(release).measure.state == "released"
    assert available() == "5000.00"
    assert world.reply(release).kind == "not-controlled", "once"


def test_a_request_under_another_task_id_changes_nothing(world: World) -> None:
    freeze = world.request(samples.control("freeze", ACCOUNT, "P10", amount="5000.00"))
    release = world.request(samples.control("release", ACCOUNT, "P10", original=json.loads(freeze[0])["id"]))
    for request, available in ((freeze, "120.00"), (release, "5120.00")):
        world.ask(world.task(request))
        with pytest.raises(Unfit, match="id-reused"):
            world.ask(world.task(request))
        assert world.reply(samples.inquiry("P10")).findings[0].available == available


def test_a_protected_account_is_not_frozen(world: World) -> None:
    customers = {**CUSTOMERS, "customers": [{"name": "陈海燕", "number": "990100198812010089", "accounts": [WAGES]}]}
    world.bank = world.agency(customers)
    answer = world.reply(samples.control("freeze", {"kind": "account", "number": "9902-WAGES"}, "P10"))
    assert (answer.kind, answer.reason.code) == ("not-controlled", "account-exempt")


def test_a_task_that_comes_again_gets_the_same_bytes_also_after_a_restart(world: World) -> None:
    task = world.task(world.request(samples.control("freeze", ACCOUNT, "P10", amount="5000.00")))
    first = world.ask(task)
    world.bank = world.agency()
    assert world.ask(task) == first
    assert world.reply(samples.inquiry("P10")).findings[0].available == "120.00", "frozen once"
    again = json.loads(task) | {"nonce": "A" * 22}
    with pytest.raises(Unfit, match="id-reused"):
        world.ask(json.dumps(again).encode())


def test_documents_larger_than_the_library_expects(world: World) -> None:
    notice = samples.document(DocumentKind.INQUIRY_NOTICE, samples.case_number())
    legal = samples.legal_basis("inquire", documents=[notice | _content("字" * 60_000)])
    assert world.reply(samples.inquiry("P10", legal=legal)).kind == "result"


def _content(text: str) -> samples.Data:
    return {"content": base64.b64encode(text.encode()).decode(), "sha256": hashlib.sha256(text.encode()).hexdigest()}


YESTERDAY = datetime.now(CHINA) - timedelta(days=1)


@pytest.mark.parametrize(
    ("request_of", "code"),
    [
        pytest.param(lambda w: w.request(samples.inquiry("P10"), signed_by="court-9902"), "source-mismatch", id="court-forged"),
        pytest.param(lambda w: w.request(samples.inquiry("P10"), "court-9902"), "not-a-request", id="no-court-of-ours"),
        pytest.param(lambda w: w.request(samples.inquiry("P10"), "vehicle"), "not-a-request", id="no-court-at-all"),
        pytest.param(lambda w: w.request(samples.inquiry("P10"), expires=YESTERDAY), "expired", id="expired"),
        pytest.param(lambda w: w.request(samples.inquiry("P10"), hub="hub-two"), "recipient-wrong", id="another-hub"),
        pytest.param(
            lambda w: w.request(samples.inquiry("P10", legal=samples.legal_basis("inquire", documents=[]))),
            "documents-missing", id="no-documents",
        ),
        pytest.param(lambda w: w.request(samples.control("seal", ACCOUNT, "P10")), "action-not-supported", id="no-bank-matter"),
    ],
)  # fmt: skip
def test_what_the_law_does_not_allow_is_refused(world: World, request_of: Any, code: str) -> None:
    _, reply = world.ask(world.task(request_of(world)))
    data = json.loads(reply[0])["data"]
    assert (data["kind"], data["reason"]["code"]) == ("refused", code)


def test_only_the_hubs_own_detached_signature_counts(world: World) -> None:
    task = world.task(world.request(samples.inquiry("P10")))
    good = world.signer("hub").sign(task)
    head, _, signature = good.split(".")
    attached = f"{head}.{base64.urlsafe_b64encode(task).decode().rstrip('=')}.{signature}"
    for tokens, code in [
        ((attached,), "jws-attached"), ((good, good), "jws-duplicated"),
        ((world.signer("vehicle").sign(task),), "source-mismatch"), ((f"{head}..{signature[:-4]}AAAA",), "jws-bad-signature"),
    ]:  # fmt: skip
        with pytest.raises(Unfit, match=code):
            world.ask(task, *tokens)
    with pytest.raises(Unfit, match="jws-bad-signature"):
        world.ask(task.replace(b"bank-two", b"bank-six"), good)
    with pytest.raises(Unfit, match="expired"):
        world.ask(world.task(world.request(samples.inquiry("P10")), expires=YESTERDAY))
    assert len(world.ask(task)) == 2
