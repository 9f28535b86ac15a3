"""Topics and access lists as data: who may read and write what. Pure.

Every agency has a Kafka user and a consumer group, both named by its party id. A court may only write requests and read
its own results; a partner may only read its own tasks and write replies. Access lists name each topic whole (LITERAL):
a list by prefix would also admit to whatever is created under that prefix later.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

REQUESTS = "hub.requests.v1"
REPLIES = "hub.replies.v1"
DEAD_LETTERS = "hub.dead-letters.v1"
CHECKPOINTS = "hub.checkpoints.v1"

MESSAGE_LIMIT = 2 * 1024 * 1024
"""Greatest record batch that a topic takes, in bytes."""
QUOTA = MESSAGE_LIMIT
"""Bytes a second that an agency may write to each broker, unless told otherwise: some 900 inquiries a second, half of what
one hub decides and far more than one court or partner has to say; and the greatest batch passes without waiting."""

_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,120}")
_SHARED_LANES = 3
_DAY_MS = 24 * 3600 * 1000
_FOR_EVER = -1


def tasks_topic(prefix: str, partner: str) -> str:
    """Where `partner` reads what it is asked."""
    return f"{prefix}hub.tasks.{partner}.v1"


def results_topic(prefix: str, court: str) -> str:
    """Where `court` reads what became of its requests."""
    return f"{prefix}hub.results.{court}.v1"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it must be: its partitions, copies and configuration."""

    name: str
    partitions: int
    replication_factor: int
    limit: int = MESSAGE_LIMIT
    retention_ms: int = 180 * _DAY_MS

    @property
    def config(self) -> Mapping[str, str]:
        """LogAppendTime: whether a reply was in time is told by the broker's clock, not by its sender's."""
        return MappingProxyType({
            "max.message.bytes": str(self.limit),
            "retention.ms": str(self.retention_ms),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": "2" if self.replication_factor > 2 else "1",
        })


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One permission of one party's user: READ or WRITE of one topic, or READ (membership) of one consumer group."""

    party: str
    resource: Literal["topic", "group"]
    name: str
    operation: Literal["READ", "WRITE"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that Kafka must hold for a hub, its courts and its partners.

    `prefix` stands before every topic's name, so that several runs can share a cluster. Raises `ValueError` for a
    prefix that Kafka does not allow, or a party in two roles: its lists would add up to more than either role has.
    `quota` is what each agency may write to each broker, in bytes a second; 0 is no limit.
    """

    courts: tuple[str, ...]
    partners: tuple[str, ...]
    prefix: str = ""
    replication_factor: int = 1
    hub: str = "hub"
    quota: int = QUOTA

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError("a topic prefix has at most 120 ASCII letters, digits, '.', '_' and '-'")
        if len(set(self.parties)) < len(self.parties):
            raise ValueError("a party has one role: hub, court or partner")

    @property
    def parties(self) -> tuple[str, ...]:
        """Every party with a Kafka user."""
        return (self.hub, *self.courts, *self.partners)

    @property
    def topics(self) -> tuple[TopicSpec, ...]:
        """The topics to create. Dead letters and checkpoints have one partition: few records, read in order, kept for
        ever; a dead letter carries more headers than the record that it was. The rest is kept as long as the hub's own
        messages are valid."""
        shared = [
            self.prefix + REQUESTS,
            self.prefix + REPLIES,
            *(tasks_topic(self.prefix, partner) for partner in self.partners),
            *(results_topic(self.prefix, court) for court in self.courts),
        ]
        single = [self.prefix + DEAD_LETTERS, self.prefix + CHECKPOINTS]
        return (
            *(TopicSpec(name, _SHARED_LANES, self.replication_factor) for name in shared),
            *(TopicSpec(name, 1, self.replication_factor, 2 * MESSAGE_LIMIT, _FOR_EVER) for name in single),
        )

    @property
    def quotas(self) -> Mapping[str, int]:
        """What each agency may write. Not the hub: it must be able to answer all of them at once."""
        return dict.fromkeys((*self.courts, *self.partners), self.quota)

    def access_list(self, party: str) -> frozenset[Access]:
        """All that `party` may do; whatever is not here, the broker refuses. Raises `KeyError` for a stranger."""
        requests, replies = self.prefix + REQUESTS, self.prefix + REPLIES
        dead_letters, checkpoints = self.prefix + DEAD_LETTERS, self.prefix + CHECKPOINTS
        if party == self.hub:
            said = [
                *(tasks_topic(self.prefix, partner) for partner in self.partners),
                *(results_topic(self.prefix, court) for court in self.courts),
                dead_letters,
            ]
            reads = [requests, replies, *said]  # its own words too: set back to a backup it looks up what it has said since
            writes = [*said, checkpoints]
        elif party in self.courts:
            reads, writes = [results_topic(self.prefix, party)], [requests]
        elif party in self.partners:
            reads, writes = [tasks_topic(self.prefix, party)], [replies]
        else:
            raise KeyError(party)
        return frozenset([
            Access(party, "group", party, "READ"),
            *(Access(party, "topic", name, "READ") for name in [*reads, checkpoints]),
            *(Access(party, "topic", name, "WRITE") for name in writes),
        ])

    @property
    def access(self) -> frozenset[Access]:
        """The access lists of all parties."""
        return frozenset().union(*(self.access_list(party) for party in self.parties))


@dataclass(frozen=True, slots=True)
class Topics:
    """How the topics are called behind one prefix."""

    prefix: str = ""

    @property
    def requests(self) -> str:
        return self.prefix + REQUESTS

    @property
    def replies(self) -> str:
        return self.prefix + REPLIES

    @property
    def dead_letters(self) -> str:
        return self.prefix + DEAD_LETTERS

    @property
    def checkpoints(self) -> str:
        return self.prefix + CHECKPOINTS

    def tasks(self, partner: str) -> str:
        return tasks_topic(self.prefix, partner)

    def results(self, court: str) -> str:
        return results_topic(self.prefix, court)
