"""The Connector interface: what a partner's protocol must say, and nothing of Kafka, stores or retries.

A connector maps one task to calls of its partner's own system and the answer back to a reply. The runner does the rest:
it journals `calling` before each call, gives a stable idempotency key, retries transport faults, waits, and signs.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

import aiohttp
from aiohttp import web

from schemas.base import MessageId, Model, Text, Timestamp
from schemas.findings import Finding
from schemas.hub import CodedReason
from schemas.leads import LeadSubmission
from schemas.messages import RequestMessage
from schemas.replies import Contact, MeasureOutcome, Reason, ReplyKind


class Recovery(StrEnum):
    """What may be done with a call whose outcome is unknown (a crash or a time-out between call and answer)."""

    IDEMPOTENT = "idempotent"  # repeat it: the partner recognises the key
    LOOKUP = "lookup"  # ask the partner what became of it
    MANUAL = "manual"  # only a person can tell


@dataclass(frozen=True, slots=True)
class Job:
    """One task to carry out. `state` is the protocol's own note (a ticket), never personal data.

    `key` is the same for every attempt: send it as Idempotency-Key or as the protocol's own request number. `original`
    is the key of the job that carried out the request which this one cites, if this connector had it; `court` is the
    court's name (法院名称).
    """

    key: str
    request: RequestMessage
    attempt: int
    state: Mapping[str, str] = field(default_factory=dict)
    original: str | None = None
    court: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The partner's business answer; it is signed and sent, and the job is done. `raw` is the response it came in."""

    kind: ReplyKind
    raw: bytes
    findings: tuple[Finding, ...] = ()
    measure: MeasureOutcome | None = None
    reason: Reason | None = None
    contact: Contact | None = None
    searched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """The partner has it and is not done: continue with `state` after `seconds`, or when it calls us."""

    state: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class HitNote:
    """A watch has hit (命中). `event` is the partner's own id of it, which makes a repeated notice one hit."""

    event: str
    at: datetime
    place: str
    contact: Contact


class TransientFault(Exception):  # noqa: N818 - faults are the field's word
    """The transport failed; try again, not before `retry_after` seconds where the partner said so.

    `unknown`: the partner may have carried the call out, so the protocol's recovery decides what is next.
    """

    def __init__(self, code: str, *, retry_after: float | None = None, unknown: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        self.unknown = unknown


class ProtocolFault(Exception):  # noqa: N818
    """The partner's answer makes no sense to this connector; a person must look. It is never turned into an answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LeadAnswer(Model):
    """The court's verdict on a lead, as far as its source is told: not who found it, nor by which requests it acted."""

    outcome: Literal["confirmed", "unfounded", "acted"]
    reason: Text
    at: Timestamp


class LeadStanding(Model):
    """Where a lead stands: sent, noted by the hub, refused for `reasons`, or answered by its court's `verdict`."""

    number: Text
    lead: MessageId
    state: Literal["sent", "noted", "refused", "answered"]
    reasons: tuple[CodedReason, ...] = ()
    verdict: LeadAnswer | None = None


class NumberReused(Exception):  # noqa: N818
    """The source has used this number for another lead."""


Outcome = Answer | Pending | ProtocolFault
"""A `ProtocolFault` here is about one job of a packet; raised, it is about all of them."""


class Mailbox(Protocol):
    """Where a connector with a webhook hands in what its partner sends by itself. Every call is durable on return."""

    async def answered(self, key: str, answer: Answer, event: str) -> None:
        """The answer to job `key`; a repeated `event` changes nothing. Raises KeyError for an unknown job."""

    async def hit(self, key: str, note: HitNote) -> None:
        """A hit of the watch that job `key` armed."""

    async def lead(self, submission: LeadSubmission) -> LeadStanding:
        """A lead for a court; a repeated one changes nothing. Raises `NumberReused`."""

    async def lead_standing(self, number: str) -> LeadStanding | None:
        """Where the lead of the source's own `number` stands."""


class Connector(ABC):
    """One partner's protocol. `options` is the connector's own section of its configuration file."""

    kind: ClassVar[str]
    packet_size: ClassVar[int] = 1
    """Most inquiries that one call may carry. Whatever else is asked goes alone, so that one lost answer leaves one
    outcome unknown."""

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        self.http = http
        self.options = options

    @abstractmethod
    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """Begin or continue these jobs (at most `packet_size`): outcome by key; a job left out is tried again later.

        Raises `TransientFault` or `ProtocolFault` for all of them.
        """

    @abstractmethod
    def recovery(self, job: Job) -> Recovery:
        """What may be done with this job when the outcome of its last call is unknown."""

    async def lookup(self, job: Job) -> Outcome | None:
        """For `Recovery.LOOKUP`: what the partner made of this job, or None if it never had it."""
        raise NotImplementedError(f"{type(self).__name__} declares lookup for {job.request.data.action} but has none")

    def webhook(self, mailbox: Mailbox) -> web.Application | None:
        """The HTTP application that the partner calls, if its protocol has one."""
        del mailbox
        return None
