"""The tests' hub without a bus, and the sample parties that speak to it."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import select

from deploy.demo.virtual import VirtualHub
from hub.bus.topics import Topics
from hub.casework import Casework
from hub.config import Rulebook, load_linkage, load_registers, load_rulebook
from hub.engine.records import Outgoing, Record
from hub.rules import cases
from hub.rules.aggregate import Aggregate
from hub.rules.intake import Context
from hub.rules.plan import Linkage
from hub.store import tables as t
from hub.trust.approvals import check_approvals
from hub.trust.parties import Directory, Role
from schemas import samples
from schemas.base import CHINA, micros
from schemas.messages import CaseStated, RequestMessage, parse
from schemas.samples import kind_of_action
from tests.factories import REPLIES, REQUESTS, Agency, Data, agency, approved, message
from tests.stores import open_store

A = TypeVar("A", bound=Aggregate)
FINDING = {"kind": "whereabouts", "fact": "residence", "place": "某处"}
MASTER = b"m" * 32
IN_FORCE: dict[str, Any] = {"valid_from": datetime(2026, 1, 1, tzinfo=CHINA), "valid_until": datetime(2037, 1, 1, tzinfo=CHINA)}
"""From when until when the parties' keys are valid: as long as their officers, whatever day the tests run on."""
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
    return load_rulebook(CONFIG, CONFIG / "samples" / "agreements", directory)


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


class Rig(VirtualHub):
    """A virtual hub of sample parties, with ways to speak for each of them."""

    def __init__(self, folder: Path, master: bytes = MASTER, courts: Iterable[str] = tuple(samples.DESIGNATORS)) -> None:
        """`courts` are those whose sample case is registered already."""
        self.parties = {"hub": agency("hub", Role.HUB, **IN_FORCE)}
        self.parties |= {court: agency(court, Role.COURT, **IN_FORCE) for court in ("court-9901", "court-9902", "court-99")}
        self.parties |= {partner: agency(partner, Role.PARTNER, kind, **IN_FORCE) for partner, kind in PARTNERS.items()}
        directory = Directory.of(each.party for each in self.parties.values())
        super().__init__(
            open_store(folder / "hub.db"), directory, sample_rulebook(directory), self.parties["hub"].signer, secret=b"t" * 32, master=master,
            now=micros(datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)),
        )  # fmt: skip
        for court in courts:
            self.register_case(court)

    def record(self, who: str | Agency, value: bytes, topic: str) -> Record:
        """`value` signed by a party, at the next offset, at the broker now."""
        sender = self.parties[who] if isinstance(who, str) else who
        return self.record_of(sender.signer, value, topic)

    def request(self, data: Data, court: str = "court-9901", **attributes: Any) -> tuple[str, Record]:
        """A court's request: its id and its record."""
        kind, signed = kind_of_action(data["action"]), {"time": self.clock, **attributes}
        value = message(f"liandong.{kind}.request.v1", court, "hub", approved(data, signed["time"]), **signed)
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


def agree(rig: Rig, until: datetime, **changes: Any) -> Linkage:
    """Let every agreement last until then, with `changes`."""
    rulebook = sample_rulebook(rig.directory)
    agreements = {name: replace(each, in_force_until=micros(until), **changes) for name, each in rulebook.linkage.agreements.items()}
    linkage = replace(rulebook.linkage, agreements=agreements)
    rig.casework = Casework(replace(rulebook, linkage=linkage), Topics())
    return linkage


def tasks_in(out: Sequence[Outgoing]) -> list[Any]:
    """The tasks among these."""
    return [each for each in said(out) if each.type.endswith(".task.v1")]


def entries(rig: Rig, prefix: str = "") -> list[Data]:
    """The log's entries whose kind begins so, in order."""
    with rig.store.read() as connection:
        query = select(t.audit.c.leaf).where(t.audit.c.kind.startswith(prefix)).order_by(t.audit.c.seq)
        return [json.loads(leaf) for leaf in connection.scalars(query)]


def kept(rig: Rig, kind: type[A]) -> list[A]:
    """All aggregates of one kind that the hub keeps, by key."""
    adapter = TypeAdapter(kind)
    query = select(t.aggregates.c.body).where(t.aggregates.c.kind == kind.KIND).order_by(t.aggregates.c.key)
    with rig.store.read() as connection:
        return [adapter.validate_json(body) for body in connection.scalars(query)]


def parse_request(task: Any) -> Any:
    """The court's request that a task carries."""
    return parse(base64.b64decode(task.data.request.value))


def said(out: Sequence[Outgoing], topic: str | None = None) -> list[Any]:
    """The messages in `out`, parsed; dead letters left out."""
    return [parse(each.value) for each in out if each.topic != "hub.dead-letters.v1" and topic in (None, each.topic)]


def types(out: Sequence[Outgoing]) -> list[str]:
    """Kind and event of each, in order: `inquiry.task`."""
    return [".".join(each.type.split(".")[1:3]) for each in said(out)]
