"""A hub without a bus: the real gate, casework, work and store, fed record by record under a clock of the test's own."""

import base64
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from hub.bus.topics import Topics
from hub.casework import Casework, admits
from hub.config import Rulebook, load_linkage, load_registers
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Due
from hub.engine.records import Outgoing, Record
from hub.engine.work import Work
from hub.rules import cases
from hub.rules.intake import Context
from hub.rules.plan import Linkage
from hub.store import tables as t
from hub.store.database import Database
from hub.store.vault import Vault
from hub.trust.approvals import check_approvals
from hub.trust.parties import Directory, Role
from schemas import samples
from schemas.base import CHINA, from_micros, micros
from schemas.messages import CaseStated, RequestMessage, parse
from schemas.samples import kind_of_action
from tests.factories import REPLIES, REQUESTS, Agency, Data, agency, approved, message, record

FINDING = {"kind": "whereabouts", "fact": "residence", "place": "某处"}
CONFIG = Path(__file__).parent.parent / "config"
STATES = {"release": "released", "watch": "armed", "road-control": "armed", "renew": "renewed", "deduct": "deducted",
          "transfer": "transferred", "withdraw": "withdrawn", "restrict": "restricted", "lift": "lifted"}  # fmt: skip
PARTNERS = {"real-estate": "real-estate", "vehicle": "vehicle", "business-registry": "business-registry",
            "police": "police", "bank": "bank", "bank-two": "bank"}  # fmt: skip


def sample_linkage() -> Linkage:
    """The plan and the agreements of the samples, deadlines of seconds."""
    return load_linkage(CONFIG, CONFIG / "samples" / "agreements", Directory.load(CONFIG / "parties"))


def sample_rulebook(directory: Directory) -> Rulebook:
    """The samples' plan, with the officers and superior courts of `directory`."""
    superiors = {court.id: court.superior for court in directory.with_role(Role.COURT)}
    return Rulebook(sample_linkage(), load_registers(directory), superiors)


def case_context(request: RequestMessage, linkage: Linkage, at: datetime) -> Context:
    """What the hub knows when `request` is of a sample court in a registered, open case, and its approvals are as they say."""
    court = agency(request.source, Role.COURT).party
    registers = load_registers(Directory.of([court]))
    statement = parse(message("liandong.case.statement.v1", court.id, "hub", samples.statement(court.id), time=at))
    if not isinstance(statement, CaseStated):
        raise TypeError("a statement is expected")
    case = cases.state(None, statement.data, court.id, "c" * 32, court.superior, 0)
    return Context(
        linkage=linkage, designator=court.designator, register=registers[court.id], now=micros(at), at=micros(at),
        case_token="c" * 32, case=case if not isinstance(case, str) else None,
        signed=dict(enumerate(check_approvals(request.data, court))),
    )  # fmt: skip


class Rig:
    """Everything of a hub but Kafka."""

    def __init__(self, folder: Path) -> None:
        self.parties = {"hub": agency("hub", Role.HUB)}
        self.parties |= {court: agency(court, Role.COURT) for court in ("court-9901", "court-9902", "court-99")}
        self.parties |= {partner: agency(partner, Role.PARTNER, kind) for partner, kind in PARTNERS.items()}
        self.directory = Directory.of(each.party for each in self.parties.values())
        self.store = Database(folder / "hub.db")
        self.composer = Composer("hub", self.parties["hub"].signer, b"t" * 32)
        self.gate = Gate("hub", self.directory, admits(REQUESTS, REPLIES))
        self.casework = Casework(sample_rulebook(self.directory), Topics())
        self.vault = Vault(os.urandom(32))
        self.now = micros(datetime(2026, 11, 23, 9, 0, tzinfo=CHINA))
        self._offsets = itertools.count()
        for court in samples.DESIGNATORS:
            self.register_case(court)

    @property
    def clock(self) -> datetime:
        return from_micros(self.now)

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)

    @contextmanager
    def work(self) -> Iterator[Work]:
        """One transaction, as the processor runs it."""
        with self.store.write() as connection:
            work = Work(connection, self.now, self.composer, self.vault)
            yield work
            work.flush()

    def feed(self, records: Sequence[Record]) -> list[Outgoing]:
        """One batch through gate and casework; what it published counts as published at once."""
        with self.work() as work:
            self.casework.handle(work, self.gate.check_all(records))
        self._publish()
        return work.outgoing

    def fire(self) -> list[Outgoing]:
        """Every timer that is due now."""
        with self.work() as work:
            rows = work.connection.execute(t.timers.select().where(t.timers.c.due_at <= self.now)).all()
            work.connection.execute(t.timers.delete().where(t.timers.c.due_at <= self.now))
            self.casework.fire(work, [Due(*row) for row in rows])
        self._publish()
        return work.outgoing

    def _publish(self) -> None:
        with self.store.write() as connection:
            connection.execute(update(t.outbox).where(t.outbox.c.published_at.is_(None)).values(published_at=self.now))

    def record(self, who: str | Agency, value: bytes, topic: str) -> Record:
        """`value` signed by a party, at the next offset, at the broker now."""
        sender = self.parties[who] if isinstance(who, str) else who
        return record(sender.signer, value, topic, offset=next(self._offsets), at=self.clock)

    def request(self, data: Data, court: str = "court-9901", **attributes: Any) -> tuple[str, Record]:
        """A court's request: its id and its record."""
        kind = kind_of_action(data["action"])
        value = message(f"liandong.{kind}.request.v1", court, "hub", approved(data), **{"time": self.clock, **attributes})
        return parse(value).id, self.record(court, value, REQUESTS)

    def statement(self, data: Data, event: str, kind: str = "case", court: str = "court-9901", **attributes: Any) -> tuple[str, Record]:
        """What a court says that is no request: its id and its record."""
        value = message(f"liandong.{kind}.{event}.v1", court, "hub", data, **{"time": self.clock, **attributes})
        return parse(value).id, self.record(court, value, REQUESTS)

    def register_case(self, court: str = "court-9901", case: int = 123, **changes: Any) -> list[Outgoing]:
        """A court states its case: open, with a claim of five million, unless `changes` say otherwise."""
        return self.feed([self.statement(samples.statement(court, case, **changes), "statement", court=court)[1]])

    def answer(self, task: Any, event: str, data: Data, sender: str | None = None, **attributes: Any) -> Record:
        """A partner's message about `task`, a parsed `TaskSent`."""
        kind = task.type.split(".")[1]
        sender = sender or task.recipient
        values = {"time": self.clock, "correlationid": task.correlationid, "causationid": task.id, **attributes}
        value = message(f"liandong.{kind}.{event}.v1", sender, "hub", {"task_id": task.id, **data}, **values)
        return self.record(sender, value, REPLIES)

    def receipt(self, task: Any) -> Record:
        return self.answer(task, "receipt", {"handling": "automatic"})

    def reply(self, task: Any, kind: str = "no-record", **data: Any) -> Record:
        """A reply of this kind, with what its shape needs."""
        needs: Data = {} if kind in ("result", "no-record") else {"reason": {"code": "test", "text": "试"}}
        if kind in ("result", "partial"):
            action = parse_request(task).data.action
            state = STATES.get(action, "effective")
            found: Data = {"findings": [FINDING]} if action in ("inquire", "info") else {}
            needs |= found or {"measure": {"state": state, "reference": "X1"}}
        at = self.clock + timedelta(0)
        return self.answer(task, "reply", {"kind": kind, "answered_at": at.isoformat(timespec="microseconds"), **needs, **data})

    def close(self) -> None:
        self.store.close()


def parse_request(task: Any) -> Any:
    """The court's request that a task carries."""
    return parse(base64.b64decode(task.data.request.value))


def said(out: Sequence[Outgoing], topic: str | None = None) -> list[Any]:
    """The messages in `out`, parsed; dead letters left out."""
    return [parse(each.value) for each in out if each.topic != "hub.dead-letters.v1" and topic in (None, each.topic)]


def types(out: Sequence[Outgoing]) -> list[str]:
    """Kind and event of each, in order: `inquiry.task`."""
    return [".".join(each.type.split(".")[1:3]) for each in said(out)]
