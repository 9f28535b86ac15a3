"""What a run leaves behind for others to check with tools of their own: topics, log, evidence, figures.

The figures are counted from the records on the topics, not asked of the hub.
"""

import base64
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.engine.records import Record
from hub.trust.checkpoints import open_checkpoint
from hub.trust.errors import LogError
from hub.trust.merkle import EMPTY_TREE, leaf_hash
from hub.trust.notes import NoteVerifier
from hub.trust.tiles import TileReader


@dataclass
class Tally:
    """Figures of one run."""

    requests: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    concluded: int = 0
    refused: int = 0
    overdue: int = 0
    dead_letters: int = 0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    late: int = 0
    hits: int = 0


def write_topics(records: list[Record], names: list[str], prefix: str, folder: Path) -> None:
    """`<topic>.jsonl`: every record whole; key, headers and value in base64."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: (folder / f"{name.removeprefix(prefix)}.jsonl").open("w", encoding="ascii") for name in names}
    try:
        for record in sorted(records, key=lambda record: (record.topic, record.partition, record.offset)):
            line = {
                "topic": record.topic, "partition": record.partition, "offset": record.offset,
                "timestamp_ms": record.timestamp // 1000, "key": _b64(record.key), "value": _b64(record.value),
                "headers": [[name, _b64(value)] for name, value in record.headers],
            }  # fmt: skip
            files[record.topic].write(json.dumps(line) + "\n")
    finally:
        for file in files.values():
            file.close()


def count(records: list[Record], prefix: str) -> Tally:
    """Count distinct messages; a record that comes twice with one id counts once."""
    tally = Tally()
    seen: set[str] = set()
    sent: dict[str, tuple[str, int]] = {}
    for record in sorted(records, key=lambda record: record.timestamp):
        topic = record.topic.removeprefix(prefix)
        if topic == "hub.dead-letters.v1":
            tally.dead_letters += 1
            continue
        if topic in ("hub.requests.v1", "hub.checkpoints.v1"):
            continue
        message = json.loads(record.value) if topic != "hub.replies.v1" else _lenient(record.value)
        if message is None or message["id"] in seen:
            continue
        seen.add(message["id"])
        kind, event = message["type"].split(".")[1:3]
        _count_one(tally, sent, record, message, kind, event)
    return tally


def _count_one(
    tally: Tally, sent: dict[str, tuple[str, int]], record: Record, message: dict[str, Any], kind: str, event: str
) -> None:
    request, data = message["correlationid"], message["data"]
    row = tally.rows.setdefault(request, {"id": request, "kind": kind, "outcome": None, "conclusion_id": None}) if (
        event in ("acceptance", "refusal", "conclusion")
    ) else {}  # fmt: skip
    if event == "task":
        tally.tasks += 1
        sent[message["id"]] = (data["partner"], record.timestamp)
    elif event == "reply":
        tally.replies[data["kind"]] += 1
        partner, at = sent.get(data["task_id"], (message["source"], record.timestamp))
        tally.answers.setdefault(partner, []).append((data["kind"], (record.timestamp - at) / 1e6))
    elif event == "acceptance":
        tally.requests[kind] += 1
        tally.waiting.add(request)
    elif event == "refusal":
        tally.requests[kind] += 1
        tally.refused += 1
        row["outcome"] = "refused"
    elif event == "non-response":
        tally.overdue += 1
        tally.answers.setdefault(data["partner"], []).append(("no-response", float("nan")))
    elif event == "hit":
        tally.hits += 1
    elif event == "result":
        tally.late += data["late"]
    elif event == "conclusion":
        tally.concluded += 1
        tally.waiting.discard(request)
        row |= {"outcome": data["outcome"], "conclusion_id": message["id"]}


def copy_log(source: Path, target: Path) -> int:
    """Copy the log, its checkpoint first: whatever is appended meanwhile only adds files. Returns its size."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    checkpoint = (source / "checkpoint").read_bytes()
    shutil.copy(source / "log.vkey", target / "log.vkey")
    shutil.copytree(source / "tile", target / "tile")
    (target / "checkpoint").write_bytes(checkpoint)
    return int(checkpoint.split(b"\n")[1])


def verify_log(folder: Path) -> int:
    """Hash every entry anew and hold the root against the signed checkpoint. Returns the size; raises `TrustError`."""
    verifier = NoteVerifier.parse((folder / "log.vkey").read_text(encoding="utf-8").strip())
    checkpoint = open_checkpoint((folder / "checkpoint").read_bytes(), verifier)
    reader = TileReader(folder, checkpoint.size)
    tree = EMPTY_TREE.extend(leaf_hash(reader.entry(index)) for index in range(checkpoint.size))
    if tree.root != checkpoint.root:
        raise LogError("log-damaged", "the entries do not hash to the signed root")
    return checkpoint.size


def _b64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _lenient(value: bytes) -> dict[str, Any] | None:
    """A message of a partner, which may be anything."""
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"id", "type", "correlationid", "data"} <= found.keys() else None
