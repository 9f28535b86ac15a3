"""What a court asks: inquiry, control, locate, notice. One request is one subject or asset and one action.

It may ask several partners, so it holds nothing that one of them may not see.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.asset import AccountNumber, Asset, Vehicle
from schemas.base import Day, MessageId, Model, PartyId, Text, Timestamp
from schemas.identifiers import Money
from schemas.legal import LegalBasis
from schemas.subject import Subject

CONTROLS = ("freeze", "seal", "queue-seal", "advance-seal", "renew", "release", "deduct", "transfer")
"""冻结、查封、轮候查封、预查封、续行(续冻、续封)、解除、扣划、产权过户文书送达."""
FIRST_CONTROLS = frozenset({"freeze", "seal", "queue-seal", "advance-seal"})
"""Controls that begin a measure; the others cite one."""

RequestNumber = Annotated[str, Field(pattern=r"\A[A-Z0-9][A-Z0-9-]{3,39}\z")]
FieldName = Annotated[str, Field(pattern=r"\A[a-z-]{2,30}\.[a-z-]{2,40}\z")]


class Kind(StrEnum):
    """The kinds of request."""

    INQUIRY = "inquiry"  # 查询
    CONTROL = "control"  # 控制
    LOCATE = "locate"  # 查人找物
    NOTICE = "notice"  # 限制措施通知


class Request(Model):
    """Common to all requests. `number` and `version` are the court's own; a corrected request is a new version.

    `partners` names partners to ask; empty leaves the choice to the linkage plan. `fields` names what is asked for
    (`partner-kind.field`); empty asks for all that each partner's agreement grants. `urgent` asks for the urgent lane of each
    agreement. With `hold_until` the hub keeps the signed order until that time and sends it then (履行宽限期); performance of
    the debt before it cancels the order. `entrusted` names the matter under which a court acts in another court's case,
    `lead` the lead that this request follows.
    """

    number: RequestNumber
    version: Annotated[int, Field(ge=1, le=999)]
    legal: LegalBasis
    partners: Annotated[tuple[PartyId, ...], Field(max_length=20)] = ()
    fields: Annotated[tuple[FieldName, ...], Field(max_length=100)] = ()
    urgent: bool | None = None
    hold_until: Timestamp | None = None
    entrusted: MessageId | None = None
    lead: MessageId | None = None


MOST_ROUNDS = 20
"""Most rounds of one standing inquiry; the law asks for ten."""


class Standing(Model):
    """A standing inquiry (终本案件定期查询): the hub asks it again every `every_months` months, `times` times in all.

    The court's one signature covers all rounds; the task of a round says which it is. `closed_on` takes over a round that was closed
    on that day, before this hub kept the ledger: its rounds count from there, and those whose time has passed are not asked.
    """

    every_months: Annotated[int, Field(ge=1, le=12)]
    times: Annotated[int, Field(ge=1, le=MOST_ROUNDS)]
    closed_on: Day | None = None


class InquiryRequest(Request):
    """Which assets has this subject? (协助查询)

    A recent answer about the same subject may be passed on in place of a new question; `fresh` forbids that.
    """

    action: Literal["inquire"]
    subject: Subject
    fresh: bool | None = None
    standing: Standing | None = None


class CourtAccount(Model):
    """The court's account for execution money (案款专户), which a deduction pays into."""

    name: Text
    number: AccountNumber
    bank: Text


class ControlRequest(Request):
    """Control of one asset (查控). Terms are in months, from effect (V15).

    `amount` is what a freeze or a deduction is for, and the estimated value of what is sealed. What cites an `original`
    request (renew, release, deduct, transfer) waits until that one has settled and so never overtakes it.
    `use_permitted` is a live seizure (活查封). `over_ceiling` and `exempt_reason` give the reason for going beyond the claim
    (V20), or for touching an account that is protected (V21); both need an approval of their own. A `release` may name the
    `objection` that it answers. `court_account` takes a deduction, `transferee` a transfer (产权过户).
    """

    action: Literal["freeze", "seal", "queue-seal", "advance-seal", "renew", "release", "deduct", "transfer"]
    subject: Subject
    asset: Asset
    amount: Money | None = None
    term_months: Annotated[int, Field(ge=1, le=36)] | None = None
    original: MessageId | None = None
    use_permitted: bool | None = None
    over_ceiling: Text | None = None
    exempt_reason: Text | None = None
    objection: MessageId | None = None
    court_account: CourtAccount | None = None
    transferee: Subject | None = None


class LocateRequest(Request):
    """Find a person or a vehicle: information (协查), watch (临控), road control of a vehicle (路面控车), or the withdrawal
    (撤控) of the watch or road control that `original` asked for, which may name the `objection` that it answers."""

    action: Literal["info", "watch", "road-control", "withdraw"]
    subject: Subject
    vehicle: Vehicle | None = None
    until: Timestamp | None = None
    original: MessageId | None = None
    objection: MessageId | None = None
    note: Text | None = None


class NoticeRequest(Request):
    """A restriction (限制消费、纳入失信名单等), or its lift, for partners that carry it out; `original` is what a lift ends,
    `objection` the one that it answers, if any.

    With `hold_until` a restriction is a pre-sanction warning (预惩戒): it comes into force unless the debt is performed.
    """

    action: Literal["restrict", "lift"]
    subject: Subject
    restrictions: Annotated[
        tuple[Literal["consumption", "dishonest-list", "exit", "credit", "investment"], ...], Field(min_length=1, max_length=5)
    ]
    original: MessageId | None = None
    objection: MessageId | None = None


AnyRequest = InquiryRequest | ControlRequest | LocateRequest | NoticeRequest
