"""What the pages show, as plain data. Times are UTC microseconds, durations microseconds; nothing here is unmasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from hub.casework.maintenance import Registered
from hub.rules.collect import Outages
from hub.rules.letters import LetterState
from hub.trust.parties import Party

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class TopicLine:
    """One topic as the hub uses it: `records` read from it, or messages made for it, of which `pending` are unpublished."""

    topic: str
    direction: Literal["in", "out"]
    records: int
    pending: int
    last_at: int | None


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """One partner's board. `oldest_due` is the deadline that passes first; answer times run from the making of the task
    to the reply at the broker."""

    party: Party
    asked: int
    received: int
    outcomes: Mapping[str, int]
    silent: int
    late: int
    hits: int
    waiting: int
    oldest_due: int | None
    oldest_key: str | None
    answers: int
    answer_time: int
    last_answer_time: int | None
    last_seen: int | None
    maintenance: tuple[int, int] | None = None
    """The agreed window that is now or comes next."""

    @property
    def mean_answer_time(self) -> int | None:
        return self.answer_time // self.answers if self.answers else None

    @property
    def answered(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class CourtLine:
    """Requests that one court has sent, and messages that the hub has for it."""

    party: Party
    requests: int
    results: int


@dataclass(frozen=True, slots=True)
class KindLine:
    """Requests of one kind, by where they stand."""

    kind: str
    waiting: int
    open: int
    complete: int
    incomplete: int
    refused: int

    @property
    def total(self) -> int:
        return self.waiting + self.open + self.complete + self.incomplete + self.refused


@dataclass(frozen=True, slots=True)
class LogState:
    """The audit log: entries in the tree, entries still to be sequenced, and when its last checkpoint was written."""

    size: int
    unsequenced: int
    checkpoint_at: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the first page, from one consistent view of the store."""

    now: int
    topics: tuple[TopicLine, ...]
    courts: tuple[CourtLine, ...]
    partners: tuple[PartnerLine, ...]
    kinds: tuple[KindLine, ...]
    log: LogState
    dead_letters: Mapping[str, int]
    """Code → how many."""


@dataclass(frozen=True, slots=True)
class TaskMark:
    """One partner's part, as a list shows it."""

    partner: str
    state: str
    """The outcome once it is settled, else planned, sent or received."""
    late: int
    hits: int


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One line of the list of requests."""

    key: str
    request_id: str
    court: str
    kind: str
    action: str
    status: str
    outcome: str | None
    received_at: int
    concluded_at: int | None
    tasks: tuple[TaskMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[Line]):
    """Lines, newest first, and where to go on: `more` is the cursor of the next page, `searched_to` the time down to
    which a filter has been applied when it ran out of budget before the page was full."""

    lines: tuple[Line, ...]
    more: str | None
    searched_to: int | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter without its content, by the id that `liandong dead-letters` knows it by."""

    id: str
    state: LetterState
    moved_at: int
    replays: int
    at: int
    code: str
    stage: str
    error_class: str
    party: str
    """Its sender, or the partner of a silent task; empty where no signature made it known."""
    place: str | None
    """Where a record stood in its topic; None for a silent task."""
    request_key: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class CodeLine:
    """How many dead letters have this code, and when the last one came."""

    code: str
    count: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One masked statement about a message. `form` says how `values` become words: as they are, or as names of parties,
    codes, terms, or terms with a count (`account*2`), in the reader's language."""

    label: str
    values: tuple[str, ...]
    form: Literal["text", "term", "party", "code", "count"] = "text"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a signature anew came to: `code` is None when it holds."""

    kid: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Hop:
    """One message on its way, with what is known of its times: signed, at the broker, handled, published."""

    direction: Literal["in", "out"]
    message_id: str
    source: str
    recipient: str
    event: str
    digest: str
    signed_at: int | None
    broker_at: int | None
    handled_at: int
    published_at: int | None
    verdict: Verdict
    carried: Verdict | None
    """Of the other party's message that this one carries unchanged."""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One audited decision with the messages that it took in and made. `log_index` is None until it is sequenced."""

    seq: int
    kind: str
    at: int
    log_index: int | None
    hops: tuple[Hop, ...]
    facts: tuple[Fact, ...] = ()
    """What its entry says beyond them."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One deadline of one partner: `done_at` is when what was due came. Without it, `now` decides."""

    partner: str
    awaited: Literal["receipt", "reply"]
    started_at: int
    due_at: int
    done_at: int | None
    maintenance: Outages = ()
    """Agreed windows in which this clock stood still; and when the bus gave no answer, so that it stood still too."""
    outages: Outages = ()
    registered: Registered | None = None
    """The log's entry that tells the windows."""

    def slack(self, now: int) -> int:
        """What is left, or was left, until the deadline; negative by how much it is, or was, missed."""
        return self.due_at - (self.done_at if self.done_at is not None else now)


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One partner's part of a request, and its outcome."""

    partner: str
    task_id: str
    agreement: str
    state: str
    settled_at: int | None
    late: int
    hits: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a conclusion lets the court ask next."""

    finding: str
    action: str
    partner_kind: str
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of one request."""

    now: int
    line: RequestLine
    subject: tuple[Fact, ...]
    expires_at: int
    conclusion_id: str | None
    original: tuple[str, str] | None
    """Key and id of the request that this one undoes."""
    config_sha256: str
    steps: tuple[Step, ...]
    cut: bool
    """There is more than the page shows."""
    clocks: tuple[Clock, ...]
    tasks: tuple[TaskLine, ...]
    proposals: tuple[Proposal, ...]
