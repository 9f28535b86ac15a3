"""A hub without Kafka: the real gate, casework and store, driven step by step under a clock of the test's own."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import delete, func, select

from hub.bus.topics import Topics
from hub.casework import Casework, admits
from hub.casework.desk import request_key
from hub.console.app import build_app
from hub.console.metrics import build_registry
from hub.console.reader import Reader
from hub.engine.clock import now_micros
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.records import Record
from hub.engine.relay import mark
from hub.engine.timers import Due
from hub.engine.work import Work
from hub.store import journal
from hub.store import tables as t
from hub.store.dialect import replacing
from hub.store.vault import Vault
from hub.trust.parties import Directory, Role
from schemas import samples
from schemas.base import format_time, from_micros
from tests import factories
from tests.rig import sample_rulebook
from tests.stores import open_store

MASTER = bytes(range(32))
TOPICS = Topics("")
SECOND = 1_000_000
NAMES = {party: names for party, *names in (
    ("court-9901", "示例市第一人民法院", "First sample court"), ("court-9902", "示例市第二人民法院", "Second sample court"),
    ("hub", "执行联动中心", "Enforcement linkage hub"), ("real-estate", "不动产登记中心", "Real estate registry"),
    ("vehicle", "车辆管理所", "Vehicle registry"), ("business-registry", "市场主体登记机关", "Business registry"),
    ("police", "公安局", "Police"), ("bank", "示例银行", "Sample bank"), ("bank-two", "示例第二银行", "Second sample bank"),
)}  # fmt: skip
PARTNERS = {"real-estate": "real-estate", "vehicle": "vehicle", "business-registry": "business-registry",
            "police": "police", "bank": "bank", "bank-two": "bank"}  # fmt: skip

ACCOUNT_FOUND = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例支行", "currency": "CNY",
                 "balance": "80000.00", "available": "80000.00", "status": "正常"}  # fmt: skip
VEHICLE_FOUND = {"kind": "vehicle", "plate": samples.VEHICLE["plate"], "vin": samples.VEHICLE["vin"],
                 "plate_class": "02", "brand": "示例牌", "registrar": "示例车管所", "mortgaged": False}  # fmt: skip
REASON = {"code": "name-mismatch", "text": "证件号码与姓名王志强不一致"}


def _named(agency: factories.Agency) -> factories.Agency:
    zh, en = NAMES[agency.id]
    old = agency.party
    return factories.Agency(
        replace(old, name_zh=zh, name_en=en), agency.signer
    )


@dataclass
class SampleHub:
    """`now` is the hub's and the broker's clock (µs); it moves by `later` alone."""

    folder: Path
    now: int = field(default_factory=now_micros)
    offsets: dict[str, int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = [
            factories.agency("hub", Role.HUB),
            *(factories.agency(court, Role.COURT) for court in samples.DESIGNATORS),
            *(factories.agency(partner, Role.PARTNER, kind) for partner, kind in PARTNERS.items()),
        ]
        self.agencies = {agency.id: _named(agency) for agency in made}
        self.directory = Directory.of(agency.party for agency in self.agencies.values())
        self.store = open_store(self.folder / "hub.db")
        self._rulebook = sample_rulebook(self.directory)
        self._casework = Casework(self._rulebook, TOPICS)
        self._gate = Gate("hub", self.directory, admits(TOPICS.requests, TOPICS.replies))
        self._composer = Composer("hub", self.agencies["hub"].signer, b"tokens")
        self._vault = Vault(MASTER)
        self.checkpoint = self.folder / "checkpoint"

    def reader(self) -> Reader:
        return Reader(self.store, self.directory, self._rulebook.linkage.calendar, MASTER, self.checkpoint, lambda: self.now)

    def app(self) -> web.Application:
        """The status page over a reader of its own."""
        reader = self.reader()
        return build_app(reader, metrics=build_registry(reader, dict), ready=lambda: {"consumer": True})

    def close(self) -> None:
        self.store.close()

    def later(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)

    # -- what arrives --------------------------------------------------------------------------------------------------

    def take(self, sender: str, value: bytes, topic: str, *, headers: bool = True) -> Record:
        """One record from `sender`, committed 20 ms after the broker had it and published 30 ms later."""
        offset = self.offsets[topic] = self.offsets.get(topic, -1) + 1
        record = factories.record(self.agencies[sender].signer, value, topic, offset=offset, at=from_micros(self.now))
        if not headers:
            record = Record(topic, 0, offset, self.now, None, value)
        self.again(record)
        return record

    def again(self, record: Record) -> None:
        """Take in a record, perhaps one that came before."""
        self.later(0.02)
        with self.store.write() as connection:
            work = Work(connection, self.now, self._composer, self._vault)
            self._casework.handle(work, [self._gate.check(record)])
            work.flush()
            moved = {"cluster": "c", "topic": record.topic, "partition": 0, "next": record.offset + 1}
            connection.execute(replacing(connection, t.offsets), moved)
        self.publish()

    def publish(self) -> None:
        """Everything made so far is with the broker."""
        self.later(0.03)
        with self.store.write() as connection:
            mark(connection, connection.scalar(select(func.max(t.outbox.c.seq))) or 0, self.now)

    def ask(self, data: factories.Data, court: str = "court-9901", **attributes: Any) -> str:
        """A court's request; returns its id."""
        message_type = f"liandong.{samples.kind_of_action(data['action'])}.request.v1"
        at = from_micros(self.now - 40_000)
        value = factories.message(message_type, court, "hub", factories.approved(data, at), **{"time": at, **attributes})
        record = self.take(court, value, TOPICS.requests)
        self.last = record
        return str(json.loads(value)["id"])

    def state_case(self, court: str = "court-9901") -> None:
        """A court registers its sample case."""
        at = from_micros(self.now - 40_000)
        value = factories.message("liandong.case.statement.v1", court, "hub", samples.statement(court), time=at)
        self.take(court, value, TOPICS.requests)

    def say(self, partner: str, request_id: str, event: str, court: str = "court-9901", /, **data: Any) -> None:
        """A partner's receipt, reply or hit about its part of a request."""
        key = request_key(court, request_id)
        with self.store.read() as connection:
            c = t.tasks.c
            task = connection.execute(select(c.task_id).where(c.request_key == key, c.partner == partner)).scalar_one()
            kind = connection.execute(select(t.requests.c.kind).where(t.requests.c.key == key)).scalar_one()
        at = from_micros(self.now - 15_000)
        value = factories.message(f"liandong.{kind}.{event}.v1", partner, "hub", {"task_id": task, **data}, time=at,
                                  correlationid=request_id)  # fmt: skip
        self.take(partner, value, TOPICS.replies)

    def receive(self, partner: str, request_id: str, court: str = "court-9901") -> None:
        self.say(partner, request_id, "receipt", court, handling="automatic")

    def reply(
        self, partner: str, request_id: str, kind: str = "no-record", court: str = "court-9901", **data: Any
    ) -> None:
        """Receipt, then after 1.2 seconds the reply."""
        self.receive(partner, request_id, court)
        self.later(1.2)
        answered_at = format_time(from_micros(self.now - 20_000))
        self.say(partner, request_id, "reply", court, kind=kind, answered_at=answered_at, **data)

    def fire(self) -> None:
        """Every deadline that has passed."""
        with self.store.write() as connection:
            c = t.timers.c
            due = [Due(*row) for row in connection.execute(select(c.kind, c.ref, c.due_at).where(c.due_at <= self.now))]
            connection.execute(delete(t.timers).where(c.due_at <= self.now))
            work = Work(connection, self.now, self._composer, self._vault)
            self._casework.fire(work, due)
            work.flush()
        self.publish()

    def sequence(self) -> None:
        """Every entry so far is in the log, and a checkpoint stands."""
        with self.store.write() as connection:
            rows = journal.unsequenced(connection, 10_000)
            size, _ = journal.read_state(connection)
            journal.commit_state(connection, size, rows[0][0], rows[-1][0], size + len(rows), b"")
        self.checkpoint.write_text("checkpoint\n")


def fill(hub: SampleHub) -> dict[str, str]:
    """A morning's work, with every outcome; returns request keys by what happened to them."""
    keys: dict[str, str] = {}

    def note(name: str, request_id: str, court: str = "court-9901") -> str:
        keys[name] = request_key(court, request_id)
        return request_id

    found = note("found", hub.ask(factories.inquiry("P01")))
    hub.later(0.4)
    for partner in PARTNERS:
        match partner:
            case "bank":
                hub.reply(partner, found, "result", findings=[ACCOUNT_FOUND, ACCOUNT_FOUND])
            case "vehicle":
                hub.reply(partner, found, "result", findings=[VEHICLE_FOUND])
            case _:
                hub.reply(partner, found)
    hub.state_case()
    freeze = note("frozen", hub.ask(factories.control("freeze")))
    release = note("released", hub.ask(factories.control("release", original=freeze)))
    measure = {"state": "effective", "reference": "DJ-2026-0001", "controlled": "50000.00"}
    hub.reply("bank", freeze, "result", measure=measure)
    hub.reply("bank", release, "result", measure={"state": "released", "reference": "DJ-2026-0001"})
    namesake = note(
        "returned", hub.ask(factories.inquiry("P08", court="court-9902", case=7), "court-9902"), "court-9902"
    )
    for partner in PARTNERS:
        if partner in ("bank", "vehicle"):
            hub.reply(partner, namesake, "returned", "court-9902", reason=REASON)
        elif partner != "bank-two":
            hub.reply(partner, namesake, court="court-9902")
    watch = note("watched", hub.ask(factories.locate("watch")))
    hub.reply("police", watch, "result", measure={"state": "armed", "reference": "LK-1"})
    contact = {"name": "郑警官", "phone": "0990-5550100"}
    hub.say(
        "police", watch, "hit", event="E1", at=format_time(from_micros(hub.now)), place="示例路1号", contact=contact
    )
    legal = factories.legal_basis("inquire") | {"documents": []}
    note("refused", hub.ask(factories.inquiry("P05", legal=legal)))
    hub.again(hub.last)
    for value in (b"not json", b"{}", b"[]"):
        hub.take("court-9901", value, TOPICS.requests)
    hub.take("court-9901", b"P01", TOPICS.requests, headers=False)
    hub.later(40)
    hub.fire()
    hub.reply("bank-two", namesake, court="court-9902")
    hub.sequence()
    pending = note("open", hub.ask(factories.inquiry("P11"), expires=from_micros(hub.now) + timedelta(hours=1)))
    hub.later(2)
    hub.reply("vehicle", pending, "result", findings=[VEHICLE_FOUND])
    hub.receive("bank", pending)
    second = hub.ask(factories.control("freeze", who="P10"))
    note("waiting", hub.ask(factories.control("release", who="P10", original=second)))
    return keys
