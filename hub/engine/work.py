"""The unit of work: what one batch changes, gathered while it is decided and written in one SQL transaction.

Every decision is one audit entry, which holds the digest of the message that caused it and of each that it sends: so
every message's digest stands in the log, and never its content.
"""

import base64
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, delete, func, select

from hub.engine.compose import Composed, Composer, wire_time
from hub.engine.records import Headers, Inbound, Outgoing, Record, Replay, Unfit, digest_of
from hub.rules.letters import Fingerprint, LetterState
from hub.store import letters, standing
from hub.store import tables as t
from hub.store.dialect import replacing
from hub.store.vault import NO_CASE, Vault
from schemas.base import Model, micros
from schemas.codes import CODES
from schemas.envelope import CONTENT_TYPE

Facts = dict[str, str | int]
_LAST = select(*(select(func.max(column)).scalar_subquery() for column in (t.messages.c.pk, t.outbox.c.seq, t.audit.c.seq)))
_SEEN = select(t.inbox.c.sender, t.inbox.c.message_id, t.inbox.c.digest).where(
    t.inbox.c.sender.in_(bindparam("senders", expanding=True)), t.inbox.c.message_id.in_(bindparam("ids", expanding=True))
)
_DISARM = delete(t.timers).where(t.timers.c.kind == bindparam("k"), t.timers.c.ref == bindparam("r"))
HELD = "held"
"""The direction of a kept message that has not been decided on when it was read."""
_TOLD = frozenset({"partner", "reply", "outcome", "code", "codes", "stage", "awaited", "late", "alarm"})
"""Facts of a decision that also stand in the process's own log."""


def jcs(entry: dict[str, Any]) -> bytes:
    """JSON Canonicalization Scheme (RFC 8785) for what entries are made of: ASCII names, text, small integers.

    A property test holds it against a full implementation, which is ten times slower.
    """
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(slots=True)
class Decision:
    """One audit entry in the making."""

    seq: int
    kind: str
    request_key: str | None
    entry: dict[str, Any]
    out: list[dict[str, str]] = field(default_factory=list)


class Work:
    """Gathers rows by table and writes them at the end. Blocking; lives on the store's thread for one transaction."""

    def __init__(self, connection: Connection, now: int, composer: Composer, vault: Vault, *, restored: bool = False) -> None:
        """`restored`: the store was set back, and something may stand in the topics that it does not know of."""
        self.connection = connection
        self._restored = restored
        self.now = now
        self.composer = composer
        self._vault = vault
        self._rows: dict[Table, list[dict[str, Any]]] = {}
        self._decisions: list[Decision] = []
        self._disarmed: list[dict[str, Any]] = []
        self._armed: dict[tuple[str, str], int] = {}
        self._unsigned: list[tuple[Composed, int, dict[str, Any]]] = []
        """Messages with their place in `outgoing` and their row, which the signature goes into."""
        self.outgoing: list[Outgoing] = []
        self._message_pk, self._outbox_seq, self._audit_seq = (last or 0 for last in connection.execute(_LAST).one())

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """A row to insert with this transaction."""
        self._rows.setdefault(table, []).append(row)

    # -- reading -------------------------------------------------------------------------------------------------------

    def seen(self, batch: Iterable[Inbound]) -> dict[tuple[str, str], str]:
        """(sender, message id) → digest for those of `batch` that are in the inbox already."""
        ids = {(item.message.source, item.message.id) for item in batch}
        named = {"senders": [*{sender for sender, _ in ids}], "ids": [*{message_id for _, message_id in ids}]}
        return {(sender, message_id): digest for sender, message_id, digest in self.connection.execute(_SEEN, named)}

    def prepare_cases(self, case_tokens: Collection[str]) -> None:
        """Have the payload keys of these cases at hand, made where they are new."""
        self._vault.prepare(self.connection, case_tokens)

    def payload(self, message_pk: int) -> bytes:
        """The exact bytes of a kept message."""
        return read_payload(self.connection, self._vault, message_pk)

    def seal(self, case_token: str, plain: bytes) -> bytes:
        """`plain` encrypted under the case's key, for a table of the application's own."""
        return self._vault.seal(self.connection, case_token, plain)

    # -- deciding ------------------------------------------------------------------------------------------------------

    def decide(self, kind: str, request_key: str | None, cause: Inbound | Unfit | None, facts: Facts) -> Decision:
        """Begin the audit entry of one decision. `facts` hold codes, ids and counts, never personal data."""
        self._audit_seq += 1
        entry: dict[str, Any] = {"v": 1, "kind": kind, "hub": self.composer.party,
                                 "at": wire_time(self.now), **facts}  # fmt: skip
        if cause is not None:
            record = cause.record
            entry["in"] = {"sha256": cause.digest, "topic": record.topic, "partition": record.partition,
                           "offset": record.offset}  # fmt: skip
            if record.held:
                entry["held"] = 1
            if isinstance(cause, Inbound):
                message = cause.message
                entry["in"] |= {"id": message.id, "source": message.source, "type": message.type,
                                "time": wire_time(record.timestamp)}  # fmt: skip
                entry.setdefault("request", message.correlationid)
        decision = Decision(self._audit_seq, kind, request_key, entry)
        self._decisions.append(decision)
        return decision

    def led_to(self, decision: Decision) -> str | None:
        """The key of the request that the first of the later decisions with one is about."""
        return next((each.request_key for each in self._decisions if each.seq > decision.seq and each.request_key), None)

    def keep(self, item: Inbound, request_key: str | None, case_token: str, decision: Decision) -> int:
        """Remember a message for good: its inbox row and its exact bytes. Returns its row number."""
        message, record = item.message, item.record
        pk = self._message(
            message_id=message.id, direction="in", source=message.source, recipient=message.recipient,
            type=message.type, request_key=request_key, case_token=case_token, digest=item.digest, jws=item.jws,
            value=record.value, at=record.timestamp, topic=record.topic, partition=record.partition,
            offset=record.offset, audit_seq=decision.seq,
        )  # fmt: skip
        self.add(t.inbox, {"sender": message.source, "message_id": message.id, "digest": item.digest,
                           "message_pk": pk, "expires_at": micros(message.expires)})  # fmt: skip
        return pk

    def hold(self, item: Inbound, case_token: str, decision: Decision) -> str:
        """Remember a message until it is decided on, in no inbox and with no request; under its place, which is returned."""
        message, record = item.message, item.record
        self._message(
            message_id=record.reference, direction=HELD, source=message.source, recipient=message.recipient, type=message.type, request_key=None,
            case_token=case_token, digest=item.digest, jws=item.jws, value=record.value, at=record.timestamp, topic=record.topic,
            partition=record.partition, offset=record.offset, audit_seq=decision.seq,
        )  # fmt: skip
        return record.reference

    def let_go(self, place: str) -> Record | None:
        """The record with this place, if it was put off, with its place and broker's time. Its key and headers, but for the signature, are
        hints, and not kept. Raises KeyError once its case has been erased."""
        c = t.messages.c
        row = self.connection.execute(select(t.messages).where(c.message_id == place, c.direction == HELD)).first()
        if row is None:
            return None
        value, headers = self.payload(row.pk), signed_headers(row.jws)
        return Record(row.topic, row.partition, row.offset, row.at, None, value, headers, held=True)

    def send(
        self, decision: Decision, topic: str, *, id: str, type: str, recipient: str, case_token: str,  # noqa: A002 - CloudEvents' own attribute names
        correlation: str, cause: str | None, expires: int, data: Model, request_key: str | None,
    ) -> None:  # fmt: skip
        """Compose and enqueue one message as an effect of `decision`."""
        made = self.composer.compose(id=id, type=type, recipient=recipient, subject=case_token, at=self.now,
                                     correlation=correlation, cause=cause, expires=expires, data=data)  # fmt: skip
        self.enqueue(decision, made, topic, case_token, request_key)

    def enqueue(
        self, decision: Decision, made: Composed, topic: str, case_token: str, request_key: str | None
    ) -> None:
        """Put a finished message into the outbox as an effect of `decision`; what stands in the topic under its id is its bytes."""
        stands = self._stands(topic, made.id)
        if stands is not None:
            made = replace(made, value=stands.value)
        digest = digest_of(made.value)
        decision.out.append({"id": made.id, "recipient": made.recipient, "type": made.type, "sha256": digest})
        pk = self._message(
            message_id=made.id, direction="out", source=made.source, recipient=made.recipient, type=made.type,
            request_key=request_key, case_token=case_token, digest=digest, jws=stands.jws if stands else "",
            value=made.value, at=self.now, topic=topic, partition=None, offset=None, audit_seq=decision.seq,
        )  # fmt: skip
        if stands is None:
            self._unsigned.append((made, len(self.outgoing), self._rows[t.messages][-1]))
        self._outbox(pk, made.id, topic, case_token.encode(), made.value, (), stands=stands)

    def send_again(self, message_pk: int, more: Headers = ()) -> None:
        """Answer a duplicate with the very bytes of the first answer; or send a task again, `more` headers saying by whose order."""
        row = self.connection.execute(select(t.messages).where(t.messages.c.pk == message_pk)).one()
        key, value = row.case_token.encode(), self.payload(message_pk)
        headers = signed_headers(row.jws) + more
        self._outbox(message_pk, row.message_id, row.topic, key, value, headers, pack_headers(headers) if more else None)

    def dead_letter(self, item: Unfit, topic: str, decision: Decision) -> None:
        """Keep what no retry can save for a person: the same key and value, headers as Spring Kafka names them."""
        record = item.record
        error_class = CODES[item.code].error_class
        sender = item.party.id if item.party else None
        headers = _dead_headers(item)
        self.add(t.dead_letters, {
            "topic": record.topic, "partition": record.partition, "offset": record.offset, "code": item.code,
            "stage": item.stage, "error_class": error_class, "sender": sender,
            "digest": item.digest, "size": len(record.value), "at": self.now,
        })  # fmt: skip
        reference = record.reference
        pk = self._message(
            message_id=reference, direction="out", source="", recipient="", type=letters.DEAD_LETTER, request_key=None,
            case_token=NO_CASE, digest=item.digest, jws="", value=record.value, at=self.now, topic=topic,
            partition=None, offset=None, audit_seq=decision.seq,
        )  # fmt: skip
        stands = self._stands(topic, reference)
        self._outbox(pk, reference, topic, record.key, record.value, headers, pack_headers(headers), stands)
        kind = item.message.type if item.message else ""
        fingerprint = Fingerprint(error_class, item.stage, item.code, sender or "", kind)
        self.add(t.letters, letters.row(str(decision.seq), fingerprint, reference, self.now))

    def dead_again(self, item: Unfit, topic: str, replay: Replay) -> None:
        """A dead letter that was read again and still cannot be taken in: the same letter, with what it died of now."""
        record = item.record
        headers = _dead_headers(item) + replay.headers
        self._outbox(replay.message_pk, record.reference, topic, record.key, record.value,
                     headers, pack_headers(headers))  # fmt: skip
        letters.move(self.connection, replay.letter, [LetterState.PENDING], LetterState.DEAD, self.now, code=item.code,
                     stage=item.stage, error_class=CODES[item.code].error_class, party=item.party.id if item.party else "",
                     type=item.message.type if item.message else "")  # fmt: skip

    def _message(self, *, value: bytes, case_token: str, **row: Any) -> int:
        self._message_pk += 1
        sealed = self._vault.seal(self.connection, case_token, value)
        self.add(t.messages, {"pk": self._message_pk, "case_token": case_token, "sealed": sealed,
                              "handled_at": self.now, **row})  # fmt: skip
        return self._message_pk

    def _outbox(
        self, message_pk: int, message_id: str, topic: str, key: bytes | None, value: bytes, headers: Headers,
        packed: bytes | None = None, stands: standing.Stands | None = None,
    ) -> None:  # fmt: skip
        self._outbox_seq += 1
        self.add(t.outbox, {"seq": self._outbox_seq, "message_pk": message_pk, "message_id": message_id, "topic": topic,
                            "key": key, "headers": packed, "published_at": stands and stands.published_at})  # fmt: skip
        if stands is None:
            self.outgoing.append(Outgoing(self._outbox_seq, topic, key, value, headers))

    def _stands(self, topic: str, message_id: str) -> standing.Stands | None:
        return standing.take(self.connection, self._vault, topic, message_id) if self._restored else None

    def _sign(self) -> None:
        """Sign what has been composed since the last time, all at once: a signature over many costs what one costs."""
        signatures = self.composer.sign_all([made for made, *_ in self._unsigned])
        for (_, index, row), jws in zip(self._unsigned, signatures, strict=True):
            row["jws"] = jws
            out = self.outgoing[index]
            self.outgoing[index] = Outgoing(out.seq, out.topic, out.key, out.value, signed_headers(jws))
        self._unsigned.clear()

    def lines(self) -> list[dict[str, str | int]]:
        """What to write to the process's own log of these decisions, once they are committed."""
        return [
            {"event": decision.kind, "correlation_id": decision.entry.get("request", ""), "entry": decision.seq,
             **{name: decision.entry[name] for name in _TOLD & decision.entry.keys()}}
            for decision in self._decisions
        ]  # fmt: skip

    # -- time ----------------------------------------------------------------------------------------------------------

    def arm(self, kind: str, ref: str, due_at: int) -> None:
        """Set the timer (kind, ref) to fire at `due_at` (µs), instead of when it was to fire before."""
        self._armed[kind, ref] = due_at

    def disarm(self, kind: str, ref: str) -> None:
        """Cancel a timer, if it is set; one that this transaction moved may stand in the store from before."""
        self._armed.pop((kind, ref), None)
        self._disarmed.append({"k": kind, "r": ref})

    # -- writing -------------------------------------------------------------------------------------------------------

    def flush_rows(self) -> None:
        """Insert the rows gathered so far, each table in one statement, so that queries and updates find them."""
        self._sign()
        for table, rows in self._rows.items():
            statement, values = _insert_into(table, self.connection.dialect, tuple(rows[0]))
            self.connection.exec_driver_sql(statement, [values(row) for row in rows])
        self._rows.clear()

    def flush(self) -> None:
        """Write everything gathered, each table in one statement."""
        for decision in self._decisions:
            if decision.out:
                decision.entry["out"] = decision.out
            self.add(t.audit, {"seq": decision.seq, "kind": decision.kind, "request_key": decision.request_key,
                               "at": self.now, "leaf": jcs(decision.entry)})  # fmt: skip
        self.flush_rows()
        if self._disarmed:
            self.connection.execute(_DISARM, self._disarmed)
        if self._armed:
            rows = [{"kind": kind, "ref": ref, "due_at": due} for (kind, ref), due in self._armed.items()]
            self.connection.execute(replacing(self.connection, t.timers), rows)


@lru_cache(maxsize=64)
def _insert_into(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> tuple[str, Callable[[dict[str, Any]], Any]]:
    """The INSERT for these columns, and what makes its parameters of a row. Straight to the driver it costs half as much a row."""
    compiled = table.insert().compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), itemgetter(*compiled.positiontup) if compiled.positiontup else lambda row: row


def read_payload(connection: Connection, vault: Vault, message_pk: int) -> bytes:
    """The exact bytes of a kept message. Raises KeyError once its case has been erased."""
    columns = t.messages.c
    row = connection.execute(select(columns.case_token, columns.sealed).where(columns.pk == message_pk)).one()
    return vault.open(connection, row.case_token, row.sealed)


def _dead_headers(item: Unfit) -> Headers:
    """The record's own headers, and ours: names that are ours are not the sender's to use."""
    record = item.record
    ours = (
        ("kafka_dlt-original-topic", record.topic), ("kafka_dlt-original-partition", record.partition),
        ("kafka_dlt-original-offset", record.offset), ("kafka_dlt-original-timestamp", record.timestamp // 1000),
        ("kafka_dlt-exception-fqcn", item.code), ("kafka_dlt-exception-message", CODES[item.code].en[:200]),
        ("hub-error-class", CODES[item.code].error_class), ("hub-stage", item.stage),
    )  # fmt: skip
    return own_headers(record.headers) + tuple((name, str(value).encode()) for name, value in ours)


def own_headers(headers: Headers) -> Headers:
    """The headers that the sender set."""
    return tuple((name, value) for name, value in headers if not name.startswith(("kafka_dlt-", "hub-")))


def signed_headers(jws: str) -> Headers:
    """The Kafka headers of a signed message; they are hints, and the outbox does not keep them."""
    return (("content-type", CONTENT_TYPE.encode()), ("jws", jws.encode()))


def pack_headers(headers: Headers) -> bytes:
    """Kafka headers as JSON bytes."""
    return json.dumps([[name, base64.b64encode(value).decode()] for name, value in headers]).encode()


def unpack_headers(packed: bytes) -> Headers:
    """The inverse of `pack_headers`."""
    return tuple((name, base64.b64decode(value)) for name, value in json.loads(packed))
