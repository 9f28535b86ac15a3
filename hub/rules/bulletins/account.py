"""One pass over the log: what happened in a period, and what stands at its end.

Only facts of the hub's own entries are read (see `docs/architecture.md`); an entry of a kind that no bulletin speaks of
costs a look-up. What is settled before the period begins is forgotten at once, so that the memory is that of the period
and of what is open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.rules.bulletins.period import Period
from schemas.base import micros

Key = tuple[str, ...]
_NAMES: dict[str, tuple[str, ...]] = {
    "task": ("court", "request", "partner"), "measure": ("court", "measure"), "renewal": ("court", "measure"),
    "watch": ("court", "watch"), "lead": ("court", "lead"), "matter": ("court", "matter"),
    "objection": ("court", "objection"),
}  # fmt: skip
"""The facts that tell one thing of a kind from another."""
_SETTLES: dict[str, tuple[str, ...]] = {
    "task.received": ("receipt",), "task.answered": ("receipt", "reply"),
    "matter.accepted": ("matter-start",), "matter.progress": ("matter-start",),
    "matter.returned": ("matter-start", "matter-report"), "matter.done": ("matter-start", "matter-report"),
    "matter.withdrawn": ("matter-start", "matter-report"), "objection.upheld": ("objection-review",), "objection.rejected": ("objection-review",),
    "lead.confirmed": ("lead-check",), "lead.unfounded": ("lead-check",), "lead.acted": ("lead-check",),
    "watch.handed-over": ("hit",), "watch.missed": ("hit",), "watch.withdrawn": ("hit",), "watch.expired": ("hit",),
}  # fmt: skip
"""Which key nodes an entry brings to an end."""
_IN_FORCE = {"measure.effective", "measure.renewed", "measure.promoted"}
_ENDED = {"measure.released", "measure.lapsed", "measure.void", "measure.disposed"}


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: its index in the log, its time (UTC µs), its kind and all its members."""

    index: int
    at: int
    kind: str
    facts: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A fact as text; `unknown` where the entry does not have it."""
        return str(self.facts.get(name, "unknown"))

    @property
    def court(self) -> str:
        return self.text("court")

    @property
    def partner(self) -> str:
        return self.text("partner")

    @property
    def key(self) -> Key:
        """What the entry is about."""
        return tuple(self.text(name) for name in _NAMES[self.kind.split(".")[0]])


@dataclass(slots=True)
class Delay:
    """A key node (关键节点) that passed its deadline: from the entry that says so to the one that ends it."""

    node: str
    party: str
    began: Event
    ended: Event | None = None

    def seconds(self, as_of: int) -> int:
        """How long it lasted, in whole seconds; an open one until `as_of`."""
        return max(0, (as_of if self.ended is None else self.ended.at) - self.began.at) // 1_000_000


@dataclass(slots=True)
class Standing:
    """A measure in force or queued: the entry that made it so, and its reminders since."""

    state: Event
    reminded: Event | None = None
    escalated: Event | None = None

    @property
    def queued(self) -> bool:
        return self.state.kind == "measure.queued"


@dataclass(slots=True)
class Account:
    """The books of one period, kept by `read`."""

    period: Period
    as_of: int
    happened: dict[str, list[Event]] = field(default_factory=dict)
    awaited: dict[Key, Event] = field(default_factory=dict)
    delays: list[Delay] = field(default_factory=list)
    measures: dict[Key, Standing] = field(default_factory=dict)
    watches: dict[Key, Event] = field(default_factory=dict)
    hits: dict[Key, Event] = field(default_factory=dict)
    leads: dict[Key, tuple[Event, Event | None]] = field(default_factory=dict)
    _open: dict[tuple[str, Key], Delay] = field(default_factory=dict)

    @classmethod
    def read(cls, entries: Iterable[tuple[int, Mapping[str, Any]]], period: Period, as_of: int) -> "Account":
        """Keep the books from `entries`, in the log's order; those after `as_of` (UTC µs) or the period are not seen."""
        account = cls(period, period.cut(as_of))
        for index, entry in entries:
            kind = entry.get("kind", "")
            if "at" not in entry or "." not in kind:
                continue
            at = micros(datetime.fromisoformat(entry["at"]))
            if at <= account.as_of and at < period.end:
                account._take(Event(index, at, kind, entry))
        account.delays.extend(account._open.values())
        account.delays.sort(key=lambda delay: delay.began.index)
        return account

    def of(self, *kinds: str) -> Iterable[Event]:
        """What happened in the period, of these kinds."""
        for kind in kinds:
            yield from self.happened.get(kind, ())

    def in_period(self, event: Event) -> bool:
        return event.at >= self.period.start

    def _take(self, event: Event) -> None:
        if self.in_period(event):
            self.happened.setdefault(event.kind, []).append(event)
        topic = event.kind.split(".")[0]
        if topic == "request":
            self._send(event)
        elif topic in _NAMES:
            self._late(event)
            if topic == "task":
                if event.kind in ("task.answered", "task.silent"):
                    self.awaited.pop(event.key, None)
            elif topic in ("measure", "renewal"):
                self._measure(event)
            elif topic == "watch":
                self._watch(event)
            elif topic == "lead":
                self._lead(event)

    def _send(self, event: Event) -> None:
        """Whom an entry has sent tasks to stands in the list of its messages."""
        for message in event.facts.get("out", ()):
            if message["type"].endswith(".task.v1"):
                self.awaited[event.court, event.text("request"), message["recipient"]] = event

    def _late(self, event: Event) -> None:
        for node in _SETTLES.get(event.kind, ()):
            delay = self._open.pop((node, event.key), None)
            if delay is not None and self.in_period(event):
                delay.ended = event
                self.delays.append(delay)
        begins = _begins(event)
        if begins is not None:
            node, party = begins
            self._open.setdefault((node, event.key), Delay(node, party, event))

    def _measure(self, event: Event) -> None:
        known = self.measures.get(event.key)
        if event.kind in _IN_FORCE or event.kind == "measure.queued":
            self.measures[event.key] = Standing(event)
        elif event.kind in _ENDED:
            self.measures.pop(event.key, None)
        elif known is not None and event.kind == "renewal.due":
            known.reminded = event
        elif known is not None and event.kind == "renewal.escalated":
            known.escalated = event

    def _watch(self, event: Event) -> None:
        if event.kind == "watch.armed":
            self.watches[event.key] = event
        elif event.kind == "watch.alerted":  # a hit that the duty officer was told to attend to; one after the end is none
            self.hits[event.key] = event
        elif event.kind in ("watch.handed-over", "watch.missed", "watch.expired", "watch.withdrawn"):
            self.hits.pop(event.key, None)
            if event.kind != "watch.missed":  # whoever was missed is still looked for
                self.watches.pop(event.key, None)

    def _lead(self, event: Event) -> None:
        if event.kind == "lead.received" and self.in_period(event):
            self.leads[event.key] = (event, None)
        elif event.kind == "lead.converted" and event.key in self.leads:
            received, converted = self.leads[event.key]
            self.leads[event.key] = (received, converted or event)


def _begins(event: Event) -> tuple[str, str] | None:
    """The key node whose deadline this entry says has passed, and whose it is."""
    match event.kind:
        case "task.silent":
            return event.text("awaited"), event.partner
        case "matter.overdue":
            return f"matter-{event.text('node')}", event.text("to")
        case "objection.overdue":
            return "objection-review", event.court
        case "lead.overdue":
            return "lead-check", event.court
        case "watch.unattended":
            return "hit", event.court
    return None
