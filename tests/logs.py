"""Audit entries made by hand, and a signed log of them on disk."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.trust.notes import NoteSigner
from hub.trust.tile_log import TileLog

SIGNER = NoteSigner("hub.test/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))

Entries = list[tuple[int, dict[str, Any]]]


def said(at: str, kind: str, **facts: Any) -> dict[str, Any]:
    """One entry; `at` without its zone. `sent` lists the partners that it sent tasks to."""
    sent = facts.pop("sent", ())
    out = {"out": [{"id": f"t-{partner}", "recipient": partner, "type": "liandong.inquiry.task.v1", "sha256": "0" * 64}
                   for partner in sent]} if sent else {}  # fmt: skip
    return {"v": 1, "kind": kind, "hub": "hub", "at": f"{at}+08:00", **facts, **out}


def numbered(entries: Iterable[dict[str, Any]]) -> Entries:
    """As the log numbers them."""
    return list(enumerate(entries))


def write_log(folder: Path, entries: Iterable[Mapping[str, Any]], *, then: Iterable[Mapping[str, Any]] = ()) -> Path:
    """A log of `entries`, and of `then` after them, in `folder`; returns the file with its key."""
    folder.mkdir(parents=True, exist_ok=True)
    log = TileLog(folder, SIGNER)
    for part in (entries, then):
        log.append([json.dumps(entry, sort_keys=True, ensure_ascii=False).encode() for entry in part])
    log.publish()
    key = folder / "log.vkey"
    key.write_text(f"{SIGNER.verifier}\n", encoding="utf-8")
    return key
