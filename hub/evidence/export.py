"""Making the bundle of one request from the hub's store and its log's directory. Reads only, and waits for nothing."""

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from pydantic import ValidationError
from sqlalchemy import Connection, Select, or_, select

from hub.console.timeline import read_timeline
from hub.evidence.bundle import About, Part, build
from hub.evidence.errors import EvidenceError
from hub.evidence.manifest import KeyEntry, KeySet, LoggedKey, RequestName, read_entry
from hub.evidence.timeline import write_timeline
from hub.evidence.verify import verify_bundle
from hub.rules.calendar import Calendar
from hub.store import tables as t
from hub.store.vault import Vault
from hub.trust.jws import Signer, verify
from hub.trust.notes import NoteVerifier
from hub.trust.parties import Directory, Role
from hub.trust.proofs import Prover
from hub.trust.tile_log import CHECKPOINT
from schemas.base import from_micros
from schemas.messages import CaseStated, ResultPassed, parse
from schemas.requests import Kind


def find_request(connection: Connection, request_id: str, court: str | None = None) -> str:
    """The hub's key of the request that a court calls `request_id`.

    Raises `EvidenceError`: request-unknown, request-ambiguous (two courts use this id, and none is given).
    """
    c = t.requests.c
    query = select(c.key, c.court).where(c.request_id == request_id)
    found = connection.execute(query if court is None else query.where(c.court == court)).all()
    if not found:
        raise EvidenceError("request-unknown", f"the store has no request {request_id}; check the id and the data folder")
    if len(found) > 1:
        raise EvidenceError("request-ambiguous", f"two courts have a request {request_id}; name one with --court")
    return str(found[0].key)


def requests_in_case(connection: Connection, case_token: str) -> list[str]:
    """The hub's keys of all requests in a case, oldest first; those that were refused among them."""
    c = t.requests.c
    return list(connection.scalars(select(c.key).where(c.case_token == case_token).order_by(c.received_at, c.key)))


def export_bundle(
    connection: Connection, vault: Vault, directory: Directory, calendar: Calendar, log_directory: Path, *, key: str,
    hub: str, signer: Signer, now: int, export: Literal["hub", "operator-offline"],
) -> bytes:  # fmt: skip
    """The bundle of the request with this `key`, as of `now` (µs), verified before it is given out.

    `connection` gives one consistent view; `log_directory` holds the log's checkpoint, tiles and `log.vkey`. This reads
    personal data: the hub's own process must log that (`export="hub"`) in a transaction of its own.

    Raises `EvidenceError`: request-unknown, case-erased, secret-wrong, entry-not-logged, log-differs,
    key-unlogged, bundle-unsound, bundle-too-large; and `TrustError` when a signature, the checkpoint or the log's directory is not as it must be.
    """
    log = _log_key(log_directory)
    prover = Prover(log_directory, _read(log_directory / CHECKPOINT), log)
    messages = list(connection.execute(_messages(key)))
    messages += _moves(connection, vault, directory, messages)
    payloads = [_payload(connection, vault, row) for row in messages]
    timeline = read_timeline(connection, vault, directory, calendar, key, now)
    if timeline is None:
        raise EvidenceError("request-unknown", "the store has no such request")
    judged_by = {clock.registered.seq for clock in timeline.clocks if clock.registered is not None}
    rows = _audit(connection, key, {row.audit_seq for row in messages} | judged_by)
    parts = [Part(_leaf(rows[row.audit_seq], prover), prover.prove(rows[row.audit_seq].log_index), payload, row.jws)
             for row, payload in zip(messages, payloads, strict=True)]  # fmt: skip
    alone = rows.keys() - {row.audit_seq for row in messages}
    signed = [(part.jws or "", part.message or b"") for part in parts]
    signed += [copy for _, value in signed if (copy := _reused(value)) is not None]
    kids = {signer.kid} | {verify(jws, value, directory.public_key) for jws, value in signed}
    keys, registrations = _registered(connection, directory, kids)
    parts += [Part(_leaf(row, prover), prover.prove(row.log_index))
              for row in (*(rows[seq] for seq in sorted(alone)), *registrations)]  # fmt: skip
    line = timeline.line
    about = About(hub, RequestName(court=line.court, id=line.request_id, kind=Kind(line.kind), action=line.action),
                  from_micros(now), export)  # fmt: skip
    numbers = {f"{row.source}/{row.message_id}": f"{at:03d}" for at, row in enumerate(messages, 1)}
    bundle = build(about, parts, keys=keys, log=log, size=prover.checkpoint.size,
                   timeline=write_timeline(timeline, directory.parties, numbers), signer=signer)  # fmt: skip
    report = verify_bundle(bundle, log)
    if not report.ok:
        wrong = report.findings[0]
        raise EvidenceError("bundle-unsound", f"what the store holds does not verify: {wrong.file}, {wrong.code}")
    return bundle


def _messages(key: str) -> Select[Any]:
    """All that is about the request; of a round, the standing inquiry with its acceptance comes before it."""
    c, requests = t.messages.c, t.requests.c
    accepted = select(c.audit_seq).join(t.requests, requests.message_pk == c.pk).where(requests.key == key)
    return select(t.messages).where(or_(c.request_key == key, c.pk.in_(
        select(c.pk).where(c.audit_seq.in_(accepted), c.request_key.in_(_standing(key)))))).order_by(c.pk)  # fmt: skip


def _standing(key: str) -> Select[Any]:
    c, requests = t.messages.c, t.requests.c
    return select(c.request_key).join(t.requests, requests.message_pk == c.pk).where(requests.key == key)


def _log_key(directory: Path) -> NoteVerifier:
    return NoteVerifier.parse(_read(directory / "log.vkey").decode("utf-8", "replace").strip())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError("log-unreadable", f"{path} cannot be read; has the hub published a checkpoint yet?") from error


def _moves(connection: Connection, vault: Vault, directory: Directory, messages: Sequence[Any]) -> list[Any]:
    """The statements by which the case came to the other courts that these messages went to, each with its receipt."""
    courts = {party.id for party in directory.with_role(Role.COURT)}
    elsewhere = {row.recipient for row in messages if row.direction == "out"} & courts - {row.source for row in messages[:1]}
    if not elsewhere:
        return []
    stated = list(connection.execute(_messages(messages[0].case_token)))
    gave = set()
    for row in stated:
        message = parse(_payload(connection, vault, row))
        if isinstance(message, CaseStated) and message.data.holder.court in elsewhere:
            gave.add(row.audit_seq)
    return [row for row in stated if row.audit_seq in gave]


def _audit(connection: Connection, key: str, seqs: Iterable[int]) -> dict[int, Any]:
    """Sequence number → entry, for those of the request and those that its messages belong to."""
    c = t.audit.c
    query = select(t.audit).where(or_(c.request_key == key, c.seq.in_(list(seqs)))).order_by(c.seq)
    return {row.seq: row for row in connection.execute(query)}


def _leaf(row: Any, prover: Prover) -> bytes:
    if row.log_index is None or row.log_index >= prover.checkpoint.size:
        raise EvidenceError("entry-not-logged", "the log's checkpoint does not cover all entries of this request yet; "
                            "the hub signs one every second: try again")  # fmt: skip
    leaf: bytes = row.leaf
    if prover.entry(row.log_index) != leaf:
        raise EvidenceError("log-differs", f"entry {row.log_index} of the log is not what the store has; do not use either")
    return leaf


def _payload(connection: Connection, vault: Vault, row: Any) -> bytes:
    try:
        return vault.open(connection, row.case_token, row.sealed)
    except KeyError as error:
        raise EvidenceError("case-erased", "this case has been erased; its messages are gone for good") from error
    except InvalidTag as error:
        raise EvidenceError("secret-wrong", "the secret file is not the one that this store was written with") from error


def _reused(value: bytes) -> tuple[str, bytes] | None:
    """Signature and bytes of the reply to another request that a result passes on, if this message is such a result."""
    try:
        message = parse(value)
    except ValidationError:
        return None  # verifying the bundle will say so
    if not isinstance(message, ResultPassed) or message.data.reused is None:
        return None
    return message.data.message.jws, base64.b64decode(message.data.message.value)


def _registered(connection: Connection, directory: Directory, kids: Iterable[str]) -> tuple[KeySet, list[Any]]:
    """The keys as the log has them last, and every entry about them."""
    keys: list[LoggedKey] = []
    entries: list[Any] = []
    c = t.audit.c
    for kid in sorted(kids):
        try:
            party, key = directory.owner(kid)
        except KeyError as error:
            raise EvidenceError("key-unlogged", f"key {kid} is not in the party directory; restore its entry there") from error
        about = c.request_key == f"key/{kid}/{key.thumbprint}"
        found = connection.execute(select(t.audit).where(c.kind == "party.key", about).order_by(c.seq)).all()
        last = read_entry(found[-1].leaf) if found else None
        if not isinstance(last, KeyEntry):
            raise EvidenceError("key-unlogged", f"the log does not know key {kid} of {party.id}; the hub registers it when it starts")
        keys.append(LoggedKey(kid=kid, x=key.x, party=last.party, role=last.role, valid_from=last.valid_from,
                              valid_until=last.valid_until, compromised_at=last.compromised_at))  # fmt: skip
        entries += found
    return KeySet(keys=tuple(keys)), sorted(entries, key=lambda row: row.seq)
