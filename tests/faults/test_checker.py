"""The checker of the fault tests must be able to fail: each broken promise, put into a good history, is found."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from hub.engine.records import Outgoing, Record
from hub.store import tables as t
from hub.trust.errors import TrustError
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import TileLog
from tests.factories import inquiry
from tests.faults.history import Said, check, of, read
from tests.faults.logs import logged
from tests.rig import Rig, said

SIGNER = NoteSigner("hub.example.gov/audit/ed25519", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@dataclass
class Run:
    """A whole run: its messages, and its log's leaves."""

    messages: list[Said]
    leaves: list[bytes]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two inquiries to two partners each, one of them sent twice, all answered."""
    rig = Rig(tmp_path_factory.mktemp("rig"), courts=())
    records: list[Record] = []

    def exchange(*given: Record) -> list[Outgoing]:
        out = rig.feed(given)
        said_now = [Record(each.topic, 0, 10_000 + each.seq, rig.now, each.key, each.value, each.headers) for each in out]
        records.extend([*given, *said_now])
        return out

    first, second = (rig.request(inquiry(partners=["bank", "vehicle"]))[1] for _ in range(2))
    tasks = [each for each in said(exchange(first, second, replace(first, offset=first.offset + 100))) if each.type.endswith("task.v1")]
    exchange(*(rig.receipt(task) for task in tasks))
    exchange(*(rig.reply(task) for task in tasks))
    with rig.store.read() as connection:
        leaves = list(connection.scalars(select(t.audit.c.leaf).order_by(t.audit.c.seq)))
    rig.close()
    return Run(read(records, ""), leaves)


def write_log(folder: Path, leaves: list[bytes]) -> Path:
    folder.mkdir()
    (folder / "log.vkey").write_text(f"{SIGNER.verifier}\n", encoding="utf-8")
    log = TileLog(folder, SIGNER)
    log.append(leaves)
    log.publish()
    return folder


def forged(message: Said, **changes: object) -> Said:
    """`message` with other members in its value."""
    body = message.body | changes
    return replace(message, value=json.dumps(body).encode(), body=body)


def without(messages: list[Said], event: str) -> list[Said]:
    """One message of this kind is gone, with every record of it."""
    gone = of(messages, event)[-1].name
    return [message for message in messages if message.name != gone]


def doubled(messages: list[Said], event: str) -> list[Said]:
    """One message of this kind is said again under another id."""
    return [*messages, forged(of(messages, event)[-1], id="00000000-0000-8000-8000-000000000000")]


def altered(messages: list[Said], event: str) -> list[Said]:
    """One message of this kind is said again with other bytes under its id."""
    return [*messages, forged(of(messages, event)[-1], nonce="A" * 22)]


def test_a_good_history_has_no_fault(run: Run, tmp_path: Path) -> None:
    assert len(of(run.messages, "conclusion")) == 2
    assert len(run.messages) > len({message.name for message in run.messages}), "repeats are no fault"
    assert check(run.messages, logged(write_log(tmp_path / "log", run.leaves))) == []


@pytest.mark.parametrize(
    ("break_it", "event", "words"),
    [
        (without, "conclusion", "0 conclusions"),
        (doubled, "conclusion", "2 conclusions"),
        (altered, "conclusion", "other bytes under one id"),
        (without, "acceptance", "0 answers"),
        (doubled, "acceptance", "2 answers"),
        (without, "request", "never sent"),
        (without, "task", "0 tasks"),
        (doubled, "task", "2 tasks"),
        (altered, "task", "other bytes under one id"),
        (without, "reply", "did not give"),
        (without, "result", "passed on 0 times"),
        (doubled, "result", "passed on 2 times"),
        (altered, "receipt", "other bytes under one id"),
    ],
)
def test_a_broken_promise_is_found(
    run: Run, break_it: Callable[[list[Said], str], list[Said]], event: str, words: str
) -> None:
    broken = break_it(run.messages, event)
    faults = check(broken, {message.digest for message in broken})
    assert any(words in fault for fault in faults), faults


def test_an_entry_left_out_of_the_log_is_missed(run: Run, tmp_path: Path) -> None:
    for number, leaf in enumerate(run.leaves):
        rest = run.leaves[:number] + run.leaves[number + 1 :]
        faults = check(run.messages, logged(write_log(tmp_path / str(number), rest)))
        said_twice = json.loads(leaf)["kind"] == "message.duplicate"  # its message stands in the log by its first entry
        assert any("not in the log" in fault for fault in faults) is not said_twice


@pytest.mark.parametrize("file", ["tile/entries/000.p/*", "tile/0/000.p/*", "checkpoint"])
def test_a_damaged_log_is_refused(run: Run, tmp_path: Path, file: str) -> None:
    folder = write_log(tmp_path / "log", run.leaves)
    (target,) = folder.glob(file)
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    with pytest.raises((TrustError, AssertionError, ValueError)):
        logged(folder)
