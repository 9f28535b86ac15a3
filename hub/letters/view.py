"""What an operator sees of dead letters: groups and lines without content, one letter masked, or in clear once that is on record."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from hub.console.masked import facts_of, subject_facts
from hub.console.words import code_words
from hub.engine.records import Headers
from hub.engine.work import signed_headers, unpack_headers
from hub.rules.letters import LetterState
from hub.store import letters
from hub.store.letters import Group, Letter
from hub.store.vault import Vault
from schemas.base import format_time, from_micros
from schemas.messages import RequestMessage, parse

ERASED = "erased"


def clock(at: int) -> str:
    """A time for people, to the second, with its zone."""
    return from_micros(at).isoformat(" ", "seconds")


def group_json(group: Group) -> dict[str, Any]:
    """One group for programs."""
    f = group.fingerprint
    return {"group": f.name, "class": f.error_class, "stage": f.stage, "code": f.code, "party": f.party, "type": f.type,
            **{state.value: group.counts.get(state, 0) for state in LetterState},
            "first": format_time(from_micros(group.first_at)), "last": format_time(from_micros(group.last_at))}  # fmt: skip


def group_line(group: Group) -> str:
    """One group for people."""
    f = group.fingerprint
    counts = " ".join(f"{state}={group.counts[state]}" for state in LetterState if group.counts.get(state))
    return (f"{f.name}  {counts}  {f.error_class} · {f.stage} · {f.code} · {f.party or '-'} · {f.type or '-'}  "
            f"{clock(group.first_at)} – {clock(group.last_at)}")  # fmt: skip


def letter_json(letter: Letter) -> dict[str, Any]:
    """One letter, without content."""
    f = letter.fingerprint
    return {"letter": letter.id, "group": f.name, "state": letter.state.value, "class": f.error_class, "stage": f.stage, "code": f.code,
            "party": f.party, "type": f.type, "replay_to": letter.partner or "hub", "at": format_time(from_micros(letter.at)),
            "replays": letter.replays, "moved": format_time(from_micros(letter.moved_at))}  # fmt: skip


def letter_line(letter: Letter) -> str:
    """One letter for people."""
    return f"{letter.id}  {letter.state}  {clock(letter.at)}  replays={letter.replays}  → {letter.partner or 'hub'}"


def find_group(connection: Connection, name: str, states: Collection[LetterState]) -> list[Letter]:
    """The letters of the group with this name in these states, oldest first."""
    found = [group for group in letters.groups(connection, states) if group.fingerprint.name == name]
    return [letter for group in found for letter in letters.of_group(connection, group.fingerprint, states)]


def shown(connection: Connection, vault: Vault, letter: Letter, *, reveal: bool) -> dict[str, Any]:
    """One letter with what may be shown of it. In clear only with `reveal`, once the hub has put that on record."""
    row = letters.message(connection, letter)
    headers: Headers = signed_headers(row.jws)
    key: bytes | None = row.case_token.encode()
    if letter.partner is None:
        key, packed = letters.published_as(connection, row.pk, letter.message_id)
        headers = unpack_headers(packed)
    try:
        value: bytes | None = vault.open(connection, row.case_token, row.sealed)
    except KeyError:
        value = None
    code = letter.fingerprint.code
    return letter_json(letter) | {
        "meaning": f"{code_words('zh', code)} / {code_words('en', code)}", "place": letter.message_id, "sha256": row.digest,
        "size": len(value) if value is not None else ERASED, "key_size": len(key or b""),
        "headers": [[name, _header(name, content, reveal=reveal)] for name, content in headers],
        "content": ERASED if value is None else _text(value) if reveal else _masked(value),
        "orders": [{"order": each.id, "action": each.action, "operator": each.operator, "at": format_time(from_micros(each.at)),
                    "sha256": each.digest} for each in letters.orders(connection, letter.id)],
    }  # fmt: skip


def _header(name: str, content: bytes, *, reveal: bool) -> str:
    """The hub's own headers hold no personal data; of a sender's, which may hold anything, only the size is shown."""
    return _text(content) if reveal or name.startswith(("kafka_dlt-", "hub-")) else f"({len(content)} bytes)"


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


def _masked(value: bytes) -> Mapping[str, Any] | None:
    """The envelope's coded attributes and masked facts; nothing at all of what is no message of the contract."""
    try:
        message = parse(value)
    except ValidationError:
        return None
    facts = facts_of(message) + (subject_facts(message.data) if isinstance(message, RequestMessage) else ())
    told = {"id": message.id, "type": message.type, "source": message.source, "recipient": message.recipient,
            "time": format_time(message.time), "expires": format_time(message.expires), "correlationid": message.correlationid}  # fmt: skip
    return told | {fact.label: list(fact.values) for fact in facts}
