"""Reading one request: every audited decision in order, with the messages that it took in and made.

Each message's kept bytes are opened once, to check their digest and signature anew and to make masked lines of them.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from hub.console.clocks import Course, read_clocks
from hub.console.entry_facts import entry_facts
from hub.console.lists import request_line
from hub.console.masked import facts_of, proposals, subject_facts
from hub.console.tally import event_of
from hub.console.views import Fact, Hop, Step, TaskLine, Timeline, Verdict
from hub.engine.records import digest_of
from hub.rules.calendar import Calendar
from hub.store import contact
from hub.store import tables as t
from hub.store.vault import Vault
from hub.trust.errors import SignatureError
from hub.trust.jws import verify
from hub.trust.parties import Directory
from schemas.base import micros
from schemas.hub import Result, SignedCopy, Task
from schemas.messages import AnyMessage, RequestMessage, parse

LIMIT = 200
"""Most decisions that a page shows: a watch may hit for years."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One kept message, opened; `message` is None once its case has been erased."""

    hop: Hop
    message: AnyMessage | None


def read_timeline(
    connection: Connection, vault: Vault, directory: Directory, calendar: Calendar, key: str, now: int
) -> Timeline | None:
    """All of the request with this key, or None."""
    row = connection.execute(select(t.requests).where(t.requests.c.key == key)).first()
    if row is None:
        return None
    entry, c = t.audit.c, t.messages.c
    decided = connection.execute(
        select(entry.seq, entry.kind, entry.at, entry.log_index, entry.leaf).where(entry.request_key == key).order_by(entry.seq)
        .limit(LIMIT + 1)
    ).all()  # fmt: skip
    cut, decided = len(decided) > LIMIT, decided[:LIMIT]
    kept = connection.execute(
        select(t.messages, _published()).where(c.request_key == key, c.audit_seq <= decided[-1].seq).order_by(c.pk)
    ).all()  # fmt: skip
    read = [(item.audit_seq, _open(connection, vault, directory, item)) for item in kept]
    opened = [one.message for _, one in read if one.message is not None]
    leaves = [(step, json.loads(step.leaf)) for step in decided]
    steps = tuple(_step(step, leaf, tuple(one.hop for seq, one in read if seq == step.seq)) for step, leaf in leaves)
    first = {(step.kind, leaf["partner"]): step.seq for step, leaf in reversed(leaves) if "partner" in leaf}
    tasks = connection.execute(
        select(t.tasks).where(t.tasks.c.request_key == key).order_by(t.tasks.c.partner)
    ).all()  # fmt: skip
    course = Course(tuple(hop for step in steps for hop in step.hops), first, contact.outages(connection, row.decided_at))
    return Timeline(
        now=now,
        line=request_line(row, ()),
        subject=_subject(opened),
        expires_at=row.expires_at,
        conclusion_id=row.conclusion_id,
        original=_original(connection, row.original_key),
        config_sha256=row.config_sha256,
        steps=steps,
        cut=cut,
        clocks=read_clocks(connection, tasks, course, directory, calendar),
        tasks=tuple(
            TaskLine(
                task.partner,
                task.task_id,
                task.agreement,
                task.outcome or task.status,
                task.settled_at,
                task.late,
                task.hits,
            )
            for task in tasks
        ),
        proposals=tuple(item for message in opened for item in proposals(message)),
    )


def _step(row: Any, entry: dict[str, Any], hops: tuple[Hop, ...]) -> Step:
    said = {fact.label for hop in hops for fact in hop.facts}
    return Step(row.seq, row.kind, row.at, row.log_index, hops, entry_facts(entry, said))


def _published() -> Any:
    """When the broker first had this message: a duplicate's answer is sent again."""
    out = t.outbox.c
    return (
        select(func.min(out.published_at))
        .where(out.message_id == t.messages.c.message_id, out.message_pk == t.messages.c.pk)
        .scalar_subquery()
        .label("published_at")
    )


def _open(connection: Connection, vault: Vault, directory: Directory, row: Any) -> _Read:
    try:
        value = vault.open(connection, row.case_token, row.sealed)
        message = parse(value)
    except (KeyError, ValidationError):
        value, message = b"", None
    incoming = row.direction == "in"
    verdict, signed_at, carried = Verdict(None, "case-erased"), None, None
    facts: tuple[Fact, ...] = ()
    if message is not None:
        signed_at = micros(message.time)
        verdict = judge(directory, row.jws, value, row.source, (signed_at, row.at))
        if digest_of(value) != row.digest:
            verdict = Verdict(verdict.kid, "digest-mismatch")
        carried = _carried(directory, message)
        facts = facts_of(message)
    return _Read(
        Hop(
            direction=row.direction, message_id=row.message_id, source=row.source, recipient=row.recipient,
            event=event_of(row.type), digest=row.digest, signed_at=signed_at, broker_at=row.at if incoming else None,
            handled_at=row.handled_at, published_at=row.published_at, verdict=verdict, carried=carried, facts=facts,
        ),
        message,
    )  # fmt: skip


def judge(directory: Directory, jws: str, value: bytes, source: str, times: Iterable[int] = ()) -> Verdict:
    """Whether `jws` signs `value` with a key of `source` that was valid at `times` (µs) and is not compromised (V27)."""
    try:
        kid = verify(jws, value, directory.public_key)
    except SignatureError as error:
        return Verdict(None, error.code)
    party, key = directory.owner(kid)
    if party.id != source:
        return Verdict(kid, "source-mismatch")
    if key.compromised_at is not None:
        return Verdict(kid, "key-compromised")
    return Verdict(kid, None if key.valid_at(*times) else "key-not-valid")


def _carried(directory: Directory, message: AnyMessage) -> Verdict | None:
    copy: SignedCopy
    match message.data:
        case Task(request=copy) | Result(message=copy):
            value = base64.b64decode(copy.value)
            try:
                inner = parse(value)
            except ValidationError:
                return Verdict(None, "shape-invalid")
            return judge(directory, copy.jws, value, inner.source, (micros(inner.time),))
        case _:
            return None


def _subject(messages: Iterable[AnyMessage]) -> tuple[Fact, ...]:
    return next((subject_facts(message.data) for message in messages if isinstance(message, RequestMessage)), ())


def _original(connection: Connection, key: str | None) -> tuple[str, str] | None:
    if key is None:
        return None
    return key, connection.execute(select(t.requests.c.request_id).where(t.requests.c.key == key)).scalar_one()
