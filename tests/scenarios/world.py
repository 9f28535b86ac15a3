"""The world of the scenarios: a hub on a virtual clock, what every party sent and heard, and the words a judge uses for them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hub.bus.topics import Topics
from hub.casework import Casework, admits
from hub.casework.desk import request_key
from hub.engine.gate import Gate
from hub.engine.records import Outgoing, Record
from hub.rules import measures
from hub.rules.measures import MeasureState
from hub.store import tables as t
from hub.store.aggregates import States
from hub.trust.jws import Signer
from hub.trust.parties import Cover, Directory, Role
from schemas import samples
from schemas.approvals import content_sha256, statement
from schemas.base import CHINA, format_time, micros
from schemas.legal import Approval
from schemas.messages import Replied, TaskSent, parse
from schemas.requests import FIRST_CONTROLS
from tests import factories
from tests.factories import REPLIES, REQUESTS, Data, agency, message, officer_key
from tests.rig import IN_FORCE, Rig, said, sample_rulebook

COURTS = {"甲法院": "court-9901", "乙法院": "court-9902", "上级法院": "court-99"}
BANKS = {"第一银行": "bank", "第二银行": "bank-two", "第三银行": "bank-three"}
PARTNERS = BANKS | {"不动产登记中心": "real-estate", "车辆管理所": "vehicle", "市场监管部门": "business-registry",
                    "公安机关": "police"}  # fmt: skip
WHO = COURTS | PARTNERS
ACTIONS = {"冻结": "freeze", "查封": "seal", "轮候查封": "queue-seal", "续行": "renew", "解除": "release", "扣划": "deduct"}
STATES = {"生效": "effective", "轮候": "queued", "已解除": "released", "已失效": "lapsed", "已处置": "disposed",
          "轮候失效": "void", "未形成": "refused", "情况不明": "unknown", "待反馈": "requested"}  # fmt: skip
UNTIL = "2036-12-31T00:00:00.000000+08:00"


@dataclass(frozen=True, slots=True)
class Thing:
    """An asset as the scenarios call it: the contract's asset, who keeps its register, and whose it is."""

    asset: Data
    keeper: str
    owner: str


ASSETS = {
    "第一银行账户": Thing(samples.ACCOUNT, "bank", "P03"),
    "第二银行账户": Thing({"kind": "account", "number": "9901000000000003020"}, "bank-two", "P03"),
    "第三银行账户": Thing({"kind": "account", "number": "9901000000000003038"}, "bank-three", "P03"),
    "房产": Thing(samples.UNIT, "real-estate", "P03"),
    "车辆": Thing(samples.VEHICLE, "vehicle", "P03"),
    "股权": Thing(samples.EQUITY, "business-registry", "P03"),
}


class World(Rig):
    """A rig that remembers. `heard` is all that the hub ever said, `now_heard` what it said since the last step that acted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, courts=())
        self.heard: list[Any] = []
        self.now_heard: list[Any] = []
        self.outgoing: list[Outgoing] = []
        self.sent: dict[tuple[str, str, str], str] = {}
        self.numbers: dict[tuple[str, str], str] = {}
        self.last_request = ""
        self.last_record: Record | None = None
        self.kept: bytes = b""
        self.replies: dict[str, Record] = {}
        self.ids: dict[str, str] = {}
        self.statements: dict[str, Data] = {}
        self.agreement_changes: dict[str, Any] = {}
        self._asked: list[TaskSent] = []
        self._govern()

    # -- who there is and what they agreed -----------------------------------------------------------------------------

    def _govern(self) -> None:
        """Let the hub work by the parties as they are now, under agreements that are extended to 2037."""
        directory = Directory.of(each.party for each in self.parties.values())
        rules = sample_rulebook(directory)
        changes = {"in_force_until": micros(IN_FORCE["valid_until"]), **self.agreement_changes}
        agreements = {partner: replace(each, **changes) for partner, each in rules.linkage.agreements.items()}
        agreements["bank-three"] = replace(agreements["bank-two"], partner="bank-three")
        linkage = replace(rules.linkage, agreements={name: agreements[name] for name in agreements if name in self.parties})
        self.directory = directory
        self.gate = Gate("hub", directory, admits(REQUESTS, REPLIES))
        self.casework = Casework(replace(rules, linkage=linkage), Topics())

    def agree(self, **changes: Any) -> None:
        """Change a member of every agreement."""
        self.agreement_changes |= changes
        self._govern()

    def connect_third_bank(self) -> None:
        self.parties["bank-three"] = agency("bank-three", Role.PARTNER, "bank", **IN_FORCE)
        self._govern()

    def revoke(self, court: str, permit: str, at: int) -> None:
        """The officer's registration ends early, at `at` (µs)."""
        each = self.parties[court]
        officers = tuple(replace(o, revoked_at=at) if o.work_permit == permit else o for o in each.party.officers)
        self.parties[court] = replace(each, party=replace(each.party, officers=officers))
        self._govern()

    def cover(self, court: str, absent: str, deputy: str, since: int, until: int) -> None:
        """A deputy takes an absent officer's post from `since` until `until` (µs)."""
        each = self.parties[court]
        covers = (*each.party.covers, Cover(absent, deputy, since, until))
        self.parties[court] = replace(each, party=replace(each.party, covers=covers))
        self._govern()

    # -- what happens --------------------------------------------------------------------------------------------------

    def note(self, out: Iterable[Outgoing]) -> None:
        """What the hub said to the last act."""
        self.outgoing = list(out)
        self.now_heard = said(self.outgoing)
        self.heard += self.now_heard
        self._asked += [each for each in self.now_heard if isinstance(each, TaskSent)]

    def deliver(self, record: Record) -> None:
        self.last_record = record
        self.note(self.feed([record]))

    def travel(self, at: datetime) -> None:
        """Let time pass; every timer fires at its own moment."""
        self.note(self.run_until(micros(at)))

    def state_case(self, court: str, by: str | None = None, **changes: Any) -> None:
        """The case's court, or another for it, states the case as it is now: what it last stated, with `changes`."""
        old = self.statements.get(court)
        new = (old | {"version": old["version"] + 1} if old is not None else samples.statement(court, costs="0.00")) | changes
        self.statements[court] = new
        self.deliver(self.statement(new, "statement", court=by or court)[1])

    def tell(self, court: str, event: str, data: Data, kind: str = "case") -> str:
        """Any other statement of a court; its id."""
        message_id, record = self.statement(data, event, kind, court)
        self.deliver(record)
        return message_id

    def sign(self, data: Data, court: str, asset: str = "", days: int = 30) -> bytes:
        """A court signs a request now, approvals included, to be carried out within `days`; when it arrives is another matter."""
        kind = samples.kind_of_action(data["action"])
        value = message(f"liandong.{kind}.request.v1", court, "hub", factories.approved(data, self.clock), time=self.clock,
                        expires=self.clock + timedelta(days=days))  # fmt: skip
        self.last_request = parse(value).id
        if data["action"] in FIRST_CONTROLS and asset:
            self.sent[court, "begin", asset] = self.last_request
            self.numbers[court, asset] = data["number"]
        self.sent[court, data["action"], asset] = self.last_request
        return value

    def send(self, data: Data, court: str, asset: str = "", days: int = 30) -> None:
        self.deliver(self.record(court, self.sign(data, court, asset, days), REQUESTS))

    # -- what requests look like ---------------------------------------------------------------------------------------

    def order(self, action: str, court: str, asset: str, *, case_of: str | None = None, **changes: Any) -> Data:
        """A court's control of an asset, approved today by its bureau chief, in its own case or in `case_of` another court."""
        thing = ASSETS[asset]
        data = factories.control(action, thing.asset, thing.owner, court=court, partners=[thing.keeper], **changes)
        if "original" not in changes and action not in FIRST_CONTROLS:
            data["original"] = self.begun(asset, court, case_of)
        return self.signable(data, case_of or court)

    def signable(self, data: Data, case_of: str) -> Data:
        """`data` in the case of this court, its approvals given now, valid through the scenario."""
        legal = data["legal"] | {"case_number": samples.case_number(case_of), "valid_until": UNTIL}
        legal["approvals"] = [each | {"at": format_time(self.clock)} for each in legal["approvals"]]
        return {**data, "legal": legal}

    def approved_by(self, data: Data, permit: str, rank: str, **members: Any) -> Data:
        """`data` with its one approval given by this officer instead."""
        approvals = [data["legal"]["approvals"][0] | {"officer": permit, "rank": rank, **members}]
        return {**data, "legal": data["legal"] | {"approvals": approvals}}

    def signed_by(self, data: Data, key_of: str, over: Data | None = None) -> Data:
        """`data`, its one approval signed with the key of `key_of`, over the content of `over` where that is another."""
        given = data["legal"]["approvals"][0]
        model = factories.REQUESTS_BY_KIND[samples.kind_of_action(data["action"])]
        content = content_sha256(model.model_validate_json(_json(over or data)))
        jws = Signer(officer_key(key_of)).sign(statement(Approval.model_validate_json(_json(given)), content))
        return {**data, "legal": data["legal"] | {"approvals": [given | {"jws": jws}]}}

    def begun(self, asset: str, *courts: str | None) -> str:
        """The request by which one of these courts last began a measure on the asset."""
        return next(self.sent[court, "begin", asset] for court in courts if court and (court, "begin", asset) in self.sent)

    # -- partners ------------------------------------------------------------------------------------------------------

    def task_of(self, partner: str) -> TaskSent:
        """The newest task of this partner."""
        return next(task for task in reversed(self._asked) if task.recipient == partner)

    def tasks_now(self) -> list[TaskSent]:
        return [each for each in self.now_heard if isinstance(each, TaskSent)]

    def answers(self, partner: str, kind: str, **members: Any) -> None:
        """The partner answers its newest task."""
        record = self.reply(self.task_of(partner), kind, **members)
        self.replies[partner] = record
        self.deliver(record)

    def reply_id(self, partner: str) -> str:
        message_of = parse(self.replies[partner].value)
        if not isinstance(message_of, Replied):
            raise TypeError("a reply is expected")
        return message_of.id

    # -- what the hub knows --------------------------------------------------------------------------------------------

    def measure(self, court: str, asset: str) -> MeasureState | None:
        with self.store.read() as connection:
            return States(connection).get(MeasureState, request_key(court, self.begun(asset, court)))

    def on_asset(self, asset: str) -> list[MeasureState]:
        """All measures on the asset, whatever became of them."""
        with self.store.read() as connection:
            states, every = States(connection), []
            for (court, action, name), request_id in self.sent.items():
                found = states.get(MeasureState, request_key(court, request_id))
                if action == "begin" and name == asset and found is not None and found.ref:
                    every = states.about(MeasureState, found.ref)
            return every

    def controlled(self, court: str) -> Decimal:
        """What the measures of the court's own case control in all."""
        token = self.composer.token("case", samples.case_number(court))
        with self.store.read() as connection:
            return measures.used(States(connection).of_case(MeasureState, token))

    def audit(self) -> list[dict[str, Any]]:
        """The log's entries, oldest first."""
        with self.store.read() as connection:
            return [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf).order_by(t.audit.c.seq))]

    def to(self, who: str) -> list[Any]:
        """What this party has heard since the last step that acted."""
        return [each for each in self.now_heard if each.recipient == WHO[who]]


def _json(data: Data) -> str:
    return json.dumps(data)


def moment(text: str) -> datetime:
    """`2027年11月22日23时59分59秒`, with as many parts as it has."""
    parts = [int(part) for part in re.findall(r"\d+", text)]
    return datetime(*parts, tzinfo=CHINA)  # type: ignore[misc, arg-type]


def day(text: str) -> str:
    """`2027年11月22日` as the contract writes it."""
    return moment(text).date().isoformat()


def yuan(text: str) -> str:
    """An amount of so many yuan as a decimal string."""
    return f"{Decimal(text):.2f}"
