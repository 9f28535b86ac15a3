"""What cannot be taken in, over a real Kafka: a coded dead letter, an audit entry, word to who signed it, and the next is served."""

import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.follow import Follower, following
from hub.engine.records import Headers, Record
from hub.engine.work import signed_headers
from hub.rules import intake
from hub.trust import keys
from hub.trust.jws import Signer
from schemas.base import CHINA
from schemas.envelope import VALUE_LIMIT
from tests.conftest import Cluster
from tests.factories import Data, inquiry, message
from tests.faults.cast import answer
from tests.faults.logs import entries
from tests.processes import Linkage, linkage, until

pytestmark = pytest.mark.kafka

COURT = "court-9901"
NOW = datetime.now(CHINA)


@dataclass(frozen=True)
class Bad:
    """One record that the hub must not take in. `told` is the party whose signature it bears, if it verifies."""

    name: str
    code: str
    value: bytes
    headers: Headers
    told: str | None
    writer: str = COURT
    replies: bool = False


def request(data: Data | None = None, **attributes: Any) -> bytes:
    """A good inquiry of the first court's, unless something is changed."""
    given = {"type": "liandong.inquiry.request.v1", "source": COURT, "recipient": "hub", **attributes}
    kind, source, recipient = given.pop("type"), given.pop("source"), given.pop("recipient")
    return message(kind, source, recipient, data or inquiry(partners=["bank"]), **given)


def with_members(value: bytes, **changes: Any) -> bytes:
    return json.dumps(json.loads(value) | changes, ensure_ascii=False).encode()


def enrol_keys(made: Linkage) -> dict[str, Signer]:
    """Two further keys for the second court: one of last year, one reported compromised; and a key of nobody's."""
    file = made.world.parties / "court-9902.toml"
    signers = {"nobody": Signer(keys.generate("nobody#1"))}
    text = file.read_text(encoding="utf-8")
    for name, ends, more in (
        ("old", NOW - timedelta(days=30), ""),
        ("leaked", NOW + timedelta(days=365), f"compromised_at = {(NOW - timedelta(days=1)).isoformat(timespec='seconds')}\n"),
    ):
        pair = keys.generate(f"court-9902.{name}")
        start = NOW - timedelta(days=365)
        text += (f'\n[[keys]]\nkid = "{pair.kid}"\nx = "{pair.public_jwk()["x"]}"\n'
                 f"valid_from = {start.isoformat(timespec='seconds')}\nvalid_until = {ends.isoformat(timespec='seconds')}\n{more}")  # fmt: skip
        signers[name] = Signer(pair)
    file.write_text(text, encoding="utf-8")
    return signers


def bad_records(made: Linkage, more: dict[str, Signer], known: bytes) -> list[Bad]:
    """One of each kind. `known` is a good request that was sent before."""
    own = {party: Signer(keys.load(made.world.key(party))) for party in (COURT, "bank")}
    court, bank = own[COURT], own["bank"]

    def signed(name: str, code: str, value: bytes, by: Signer = court, told: str | None = COURT, **where: Any) -> Bad:
        return Bad(name, code, value, signed_headers(by.sign(value)), told, **where)

    good = request()
    jws = court.sign(good)
    protected, _, signature = jws.split(".")
    payload = base64.urlsafe_b64encode(good).decode().rstrip("=")
    content_type = signed_headers(jws)[:1]
    legal_number = json.loads(known)["data"]["number"]
    about_nothing = {"id": "00000000-0000-8000-8000-000000000000", "type": "liandong.inquiry.task.v1", "subject": "0" * 32,
                     "correlationid": "00000000-0000-8000-8000-000000000001"}  # fmt: skip
    return [
        signed("oversize", "oversize", good + b" " * VALUE_LIMIT, told=None),
        signed("not-json", "not-json", b"\x00not json"),
        signed("empty", "not-json", b""),
        signed("wrong-type", "type-unknown", request(type="liandong.inquiry.wish.v1")),
        signed("unknown-member", "shape-invalid", with_members(good, wish="more")),
        signed("wrong-recipient", "recipient-wrong", request(recipient="bank")),
        signed("expired", "expired", request(time=NOW - timedelta(hours=2), expires=NOW - timedelta(hours=1))),
        signed("of-tomorrow", "time-in-future", request(time=NOW + timedelta(days=1))),
        signed("in-anothers-name", "source-mismatch", request(source="court-9902")),
        signed("unknown-party", "jws-unknown-key", good, more["nobody"], None),
        Bad("no-jws", "jws-missing", good, content_type, None),
        Bad("two-jws", "jws-duplicated", good, (*signed_headers(jws), ("jws", jws.encode())), None),
        Bad("bad-jws", "jws-malformed", good, (*content_type, ("jws", b"\xffnothing")), None),
        Bad("attached-jws", "jws-attached", good, (*content_type, ("jws", f"{protected}.{payload}.{signature}".encode())), None),
        Bad("forged", "jws-bad-signature", with_members(good, nonce="A" * 22), signed_headers(jws), None),
        signed("old-key", "key-not-valid", request(source="court-9902"), more["old"], "court-9902"),
        signed("leaked-key", "key-compromised", request(source="court-9902"), more["leaked"], "court-9902"),
        signed("id-again", "id-reused", with_members(known, nonce="A" * 22)),
        signed("number-again", "number-reused", request(inquiry("P02", partners=["bank"], number=legal_number))),
        # The access lists do not let a partner write requests; should one ever stand there, the hub refuses it as well.
        signed("partner-asks", "type-not-allowed", request(source="bank"), bank, "bank", writer="admin"),
        signed("no-such-task", "task-unknown", answer("bank", about_nothing)[1], bank, "bank", writer="bank", replies=True),
    ]  # fmt: skip


async def put(made: Linkage, writer: str, *records: tuple[str, bytes, Headers]) -> list[tuple[str, int, int]]:
    """Write these to the first partition, in order; gives where each stands."""
    cluster = made.cluster
    producer = (cluster.admin if writer == "admin" else cluster.connection(writer)).producer("test")
    await producer.start()
    try:
        places = []
        for topic, value, headers in records:
            found = await producer.send_and_wait(topic, value, key=b"a key", headers=list(headers), partition=0)
            places.append((found.topic, found.partition, found.offset))
        return places
    finally:
        await producer.stop()


async def test_what_cannot_be_taken_in(cluster: Cluster, tmp_path: Path) -> None:
    async with linkage(tmp_path, cluster) as made:
        more = enrol_keys(made)
        court = Signer(keys.load(made.world.key(COURT)))
        good = [request() for _ in range(22)]
        bad = bad_records(made, more, good[0])
        requests = made.topics.requests
        stands: dict[tuple[str, int, int], Bad] = {}
        async with following(cluster.admin, made.topic_names) as follower, made.hub_here():
            await put(made, COURT, (requests, good[0], signed_headers(court.sign(good[0]))))
            for each, next_good in zip(bad, good[1:], strict=True):
                topic = made.topics.replies if each.replies else requests
                (place,) = await put(made, each.writer, (topic, each.value, each.headers))
                stands[place] = each
                await put(made, COURT, (requests, next_good, signed_headers(court.sign(next_good))))
            await until(lambda: len(events(follower, "acceptance")) >= len(good), "every good request is accepted")
            await until(lambda: len(dead_letters(follower)) >= len(bad), "every bad record is set aside")
            await until(lambda: len(events(follower, "rejection")) >= sum(each.told is not None for each in bad), "senders are told")
            await follower.caught_up()
    rejections = events(follower, "rejection")
    accepted = [said["correlationid"] for said in events(follower, "acceptance")]
    assert accepted == [json.loads(value)["id"] for value in good], "each next request on the partition was served"
    assert_dead_letters(dead_letters(follower), stands)
    rejected = {place_of(entry["in"]): entry["code"] for entry in entries(made.log) if entry["kind"] == "message.rejected"}
    assert rejected == {place: each.code for place, each in stands.items()}
    told = {place_of(said["data"]): (said["recipient"], said["data"]["code"]) for said in rejections}
    assert len(told) == len(rejections), "each once"
    assert told == {place: (each.told, each.code) for place, each in stands.items() if each.told}


def assert_dead_letters(found: list[Record], stands: dict[tuple[str, int, int], Bad]) -> None:
    """Each bad record once: its code, its key, its value and its own headers as they were."""
    seen = Counter(original(record) for record in found)
    assert seen == dict.fromkeys(stands, 1)
    for record in found:
        each = stands[original(record)]
        assert (record.value, record.key) == (each.value, b"a key"), each.name
        assert record.headers[: len(each.headers)] == each.headers, each.name
        assert dict(record.headers)["kafka_dlt-exception-fqcn"].decode() == each.code, each.name
        assert dict(record.headers)["hub-error-class"].decode() in ("permanent", "poison", "expired"), each.name


def original(record: Record) -> tuple[str, int, int]:
    headers = {name: value.decode() for name, value in record.headers if name.startswith("kafka_dlt-")}
    place = headers["kafka_dlt-original-partition"], headers["kafka_dlt-original-offset"]
    return headers["kafka_dlt-original-topic"], int(place[0]), int(place[1])


def place_of(said: dict[str, Any]) -> tuple[str, int, int]:
    return said["topic"], said["partition"], said["offset"]


def events(follower: Follower, event: str) -> list[dict[str, Any]]:
    """What the hub said of this kind, each once, in its order for each reader."""
    hub = [record for record in follower.records if ".results." in record.topic or ".tasks." in record.topic]
    said = {message["id"]: message for message in (json.loads(record.value) for record in hub)}
    return [message for message in said.values() if message["type"].split(".")[2] == event]


def dead_letters(follower: Follower) -> list[Record]:
    return [record for record in follower.records if record.topic.endswith("dead-letters.v1")]


async def test_one_poisonous_record_is_picked_out_of_its_batch(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that raises on one request: that one is set aside, its neighbours in the same batch are decided."""
    values = [request() for _ in range(30)]
    poison = json.loads(values[17])["id"]
    decide: Callable[..., Any] = intake.decide
    asked: Counter[str] = Counter()

    def failing(given: Any, known: Any) -> Any:
        asked[given.id] += 1
        if given.id == poison:
            raise ZeroDivisionError
        return decide(given, known)

    monkeypatch.setattr(intake, "decide", failing)
    async with linkage(tmp_path, cluster) as made, following(cluster.admin, made.topic_names) as follower:
        court = Signer(keys.load(made.world.key(COURT)))
        places = await put(made, COURT, *((made.topics.requests, value, signed_headers(court.sign(value))) for value in values))
        async with made.hub_here():
            await until(lambda: len(events(follower, "acceptance")) >= 29, "the others are accepted")
            await until(lambda: bool(dead_letters(follower)), "the poison is set aside")
        await follower.caught_up()
        rejected = [entry for entry in entries(made.log) if entry["kind"] == "message.rejected"]
    assert {said["correlationid"] for said in events(follower, "acceptance")} == {json.loads(value)["id"] for value in values} - {poison}
    (dead,) = dead_letters(follower)
    assert (original(dead), dead.value) == (places[17], values[17])
    assert [(entry["code"], entry["error"]) for entry in rejected] == [("internal-error", "ZeroDivisionError")]
    assert max(asked.values()) > 1, "they were in one batch, which was rolled back and halved"
