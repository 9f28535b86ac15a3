"""Counts that only grow, kept up by reading what is new since the last look.

`messages`, `audit` and `dead_letters` are append-only and numbered in the order of commits, so each row is counted once:
a look costs what has come since the last one, however large the store is. The first look after a start reads
everything, in pages, so the counts are those of the store and not of the process. Lives on the reader's thread.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, case, func, select

from hub.console.views import CodeLine
from hub.store import tables as t
from hub.trust.parties import Directory

PAGE = 20_000
"""Most rows of one table that one look reads in one transaction."""


@dataclass(slots=True)
class Lane:
    """Messages in one direction of one topic."""

    count: int = 0
    last_at: int = 0


@dataclass(slots=True)
class PartnerTally:
    """What one partner was asked and has said so far."""

    asked: int = 0
    received: int = 0
    replies: int = 0
    hits: int = 0
    silent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    answer_time: int = 0
    last_answer_time: int | None = None
    last_seen: int | None = None

    @property
    def late(self) -> int:
        """Replies that settled nothing, because silence had been recorded before."""
        return self.replies - self.answers


class Tally:
    """The counts, by topic, partner, kind of request and code."""

    def __init__(self, directory: Directory) -> None:
        self._speaks_as = {party.id: party.speaks_as for party in directory.parties.values()}
        self._messages = self._audit = self._dead = 0
        self.lanes: dict[tuple[str, str], Lane] = defaultdict(Lane)
        self.partners: dict[str, PartnerTally] = defaultdict(PartnerTally)
        self.sent_by: Counter[str] = Counter()
        """Party → messages that the hub has taken in from it."""
        self.made_for: Counter[str] = Counter()
        """Party → messages that the hub has made for it."""
        self.decisions: Counter[tuple[str, str, str]] = Counter()
        """(audit kind, kind of request, outcome of its conclusion or "") → how many."""
        self.dead_letters: dict[str, CodeLine] = {}
        """Records that were set aside, by code."""
        self.silences = CodeLine("no-response", 0, 0)
        """Silent tasks, each of which is a letter, too."""

    def advance(self, connection: Connection) -> bool:
        """Count what is new, at most a page of each table; True once nothing is left."""
        readers: tuple[tuple[Table, Any, str, Callable[[Connection, int, int], None]], ...] = (
            (t.messages, t.messages.c.pk, "_messages", self._read_messages),
            (t.audit, t.audit.c.seq, "_audit", self._read_audit),
            (t.dead_letters, t.dead_letters.c.pk, "_dead", self._read_dead_letters),
        )
        done = True
        for table, number, mark, read in readers:
            after = getattr(self, mark)
            last = connection.scalar(select(func.max(number)).select_from(table)) or 0
            upto = min(last, after + PAGE)
            if upto > after:
                read(connection, after, upto)
                setattr(self, mark, upto)
            done = done and upto == last
        return done

    def _read_messages(self, connection: Connection, after: int, upto: int) -> None:
        c = t.messages.c
        query = select(c.direction, c.topic, c.source, c.recipient, c.type, func.count(), func.max(c.at)).where(
            c.pk > after, c.pk <= upto, c.direction.in_(["in", "out"])
        )
        groups = connection.execute(query.group_by(c.direction, c.topic, c.source, c.recipient, c.type))
        for direction, topic, source, recipient, kind, count, at in groups:
            lane = self.lanes[direction, topic]
            lane.count += count
            lane.last_at = max(lane.last_at, at)
            (self.sent_by if direction == "in" else self.made_for)[source if direction == "in" else recipient] += count
            event = event_of(kind)
            if direction == "out" and event == "task":
                self.partners[recipient].asked += count
            elif direction == "in" and event in ("receipt", "reply", "hit"):
                partner = self.partners[self._speaks_as.get(source, source)]
                partner.last_seen = max(partner.last_seen or 0, at)
                partner.received += count if event == "receipt" else 0
                partner.replies += count if event == "reply" else 0
                partner.hits += count if event == "hit" else 0
        self._read_answers(connection, after, upto)

    def _read_answers(self, connection: Connection, after: int, upto: int) -> None:
        """Replies among these messages that settled their task: outcome, and time since the task was made."""
        reply, task, asked = t.messages.c, t.tasks.c, t.messages.alias("asked")
        query = (
            select(task.partner, task.outcome, task.settled_at, asked.c.at)
            .select_from(t.messages)
            .join(t.tasks, (task.request_key == reply.request_key) & (task.message_id == reply.message_id))
            .join(asked, (asked.c.request_key == task.request_key) & (asked.c.message_id == task.task_id))
            .where(
                reply.pk > after,
                reply.pk <= upto,
                reply.direction == "in",
                reply.type.endswith(".reply.v1"),
                asked.c.direction == "out",
            )
            .order_by(reply.pk)
        )
        for partner, outcome, settled_at, asked_at in connection.execute(query):
            line = self.partners[partner]
            line.outcomes[outcome] += 1
            line.answers += 1
            line.last_answer_time = max(0, settled_at - asked_at)
            line.answer_time += line.last_answer_time

    def _read_audit(self, connection: Connection, after: int, upto: int) -> None:
        entry, request = t.audit.c, t.requests.c
        new = (entry.seq > after, entry.seq <= upto)
        outcome = case((entry.kind == "request.concluded", func.coalesce(request.outcome, "")), else_="")
        query = (
            select(entry.kind, request.kind.label("of"), outcome.label("outcome"), func.count())
            .select_from(t.audit)
            .join(t.requests, request.key == entry.request_key)
            .where(*new, entry.kind.startswith("request."))
            .group_by(entry.kind, "of", "outcome")
        )
        for kind, of, ended, count in connection.execute(query):
            self.decisions[kind, of, ended] += count
        for leaf, at in connection.execute(select(entry.leaf, entry.at).where(*new, entry.kind == "task.silent").order_by(entry.seq)):
            self.partners[json.loads(leaf)["partner"]].silent += 1
            self.silences = CodeLine("no-response", self.silences.count + 1, at)

    def _read_dead_letters(self, connection: Connection, after: int, upto: int) -> None:
        c = t.dead_letters.c
        query = select(c.code, func.count(), func.max(c.at)).where(c.pk > after, c.pk <= upto).group_by(c.code)
        for code, count, at in connection.execute(query):
            before = self.dead_letters.get(code)
            self.dead_letters[code] = CodeLine(code, count + (before.count if before else 0), at)


def event_of(message_type: str) -> str:
    """`task` of `liandong.inquiry.task.v1`; anything else (a dead letter) is its own event."""
    parts = message_type.split(".")
    return parts[2] if len(parts) == 4 else message_type
