"""`bank-two`, a bank without a connector (无连接器的银行): joining with a stock Kafka client and a stock JOSE library.

    python -m connectors.stock_bank --bootstrap-servers 127.0.0.1:9092 --username bank-two --password-file PASSWORD \\
        --key bank-two.jwk --jwks jwks.json --court court-9901 --court court-9902 --journal bank-two.db

It reads its tasks topic, checks the hub's signature and inside it the court's own, and sends a receipt and a reply, both
signed. Of the hub it needs a Kafka user, the parties' public keys (a JWKS; a key id is `<party>.<month>`) and the published
contract. What it decides is in its journal before it is sent, and the offset is committed once the broker has the answer:
after a crash the same bytes go out under the same ids, and no freeze is made twice. Logs are JSON lines on stderr without
personal data. SIGTERM or SIGINT ends it.
"""

import argparse
import base64
import hashlib
import json
import secrets
import signal
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Message, Producer
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from connectors.stock_bank.book import CHINA, Book, Json, name_of, objection, without


class Unfit(Exception):  # noqa: N818 - it names what a record or a request is
    """Not acted on; the argument is the code."""


def stamp(days: int = 0) -> str:
    """The time `days` from now, as it stands on the wire."""
    return (datetime.now(CHINA) + timedelta(days=days)).isoformat(timespec="microseconds")


class Registry(jws.JWSRegistry):
    """Tasks hold documents, so they are longer than the library expects of a payload."""

    max_payload_length = 4 * 1024 * 1024


def opened(token: str, value: bytes, keys: KeySet) -> Json:
    """The message in `value`, signed by the party that it names as its source. Raises `Unfit`, `ValueError`, `KeyError`."""
    if token.count(".") != 2 or token.split(".")[1]:
        raise Unfit("jws-attached")  # the library would verify the enclosed bytes instead of `value`
    try:
        header = jws.deserialize_compact(token, keys, registry=Registry(algorithms=["Ed25519"]), payload=value).protected
    except (JoseError, ValueError) as error:
        raise Unfit("jws-bad-signature") from error
    if header != {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": header.get("kid")}:
        raise Unfit("jws-critical")
    message: Json = json.loads(value)
    if message["source"] != header["kid"].rpartition(".")[0]:
        raise Unfit("source-mismatch")
    return message


def court_request(task: Json, keys: KeySet, courts: list[str]) -> Json:
    """The request that a task carries, of one of our courts and fit to be acted on. Raises as `opened` does."""
    copy = task["data"]["request"]
    request = opened(copy["jws"], base64.b64decode(copy["value"], validate=True), keys)
    expected = task["type"].replace(".task.", ".request."), task["correlationid"]
    if request["source"] not in courts or (request["type"], request["id"]) != expected:
        raise Unfit("not-a-request")
    if request["recipient"] != task["source"]:
        raise Unfit("recipient-wrong")
    if (code := objection(request)) is not None:
        raise Unfit(code)
    return request


class Agency:
    """The bank as a party of the linkage."""

    def __init__(self, party: str, hub: str, courts: list[str], key: OKPKey, keys: KeySet, book: Book) -> None:
        self._party, self._hub, self._courts = party, hub, courts
        self._key, self._keys, self._book = key, keys, book

    def messages(self, record: Message) -> list[list[str]]:
        """Receipt and reply to a task, each with its signature; the very same when the task came before.

        Raises `Unfit`, and `ValueError`, `KeyError` or `TypeError` for what is signed and yet not of the contract.
        """
        signatures = [bytes(held or b"") for name, held in record.headers() or [] if name == "jws"]
        if len(signatures) != 1:
            raise Unfit("jws-duplicated" if signatures else "jws-missing")
        value = record.value() or b""
        task, digest = opened(signatures[0].decode(), value, self._keys), hashlib.sha256(value).hexdigest()
        if (task["source"], task["recipient"]) != (self._hub, self._party):
            raise Unfit("recipient-wrong")
        if task["type"] == "liandong.party.rejection.v1":
            raise Unfit(f"rejected-{task['data']['code']}")
        known = self._book.recall(task["id"])
        if known is not None:
            if known[0] != digest:
                raise Unfit("id-reused")
            return known[1]
        if datetime.fromisoformat(task["expires"]) <= datetime.now(CHINA):
            raise Unfit("expired")
        return self._decide(task, digest)

    def _decide(self, task: Json, digest: str) -> list[list[str]]:
        name = None
        try:
            request = court_request(task, self._keys, self._courts)
            name = name_of(request)
        except Unfit as unfit:
            reply, effect = without("refused", str(unfit), "来文不符合协助条件 / not fit to be acted on")
        else:
            if self._book.knows(name):
                raise Unfit("id-reused")  # under another task id it would be carried out twice
            reply, effect = self._book.answer(request)
        receipt = {"task_id": task["id"], "handling": "automatic"}
        reply |= {"task_id": task["id"], "answered_at": stamp()}
        messages = [self._signed(task, "receipt", receipt), self._signed(task, "reply", reply)]
        self._book.note(task["id"], name, digest, messages, effect)
        return messages

    def _signed(self, task: Json, event: str, data: Json) -> list[str]:
        value = json.dumps({
            "specversion": "1.0", "id": str(uuid.uuid5(uuid.UUID(task["id"]), event)), "source": self._party,
            "recipient": self._hub, "type": task["type"].replace(".task.", f".{event}."), "subject": task["subject"],
            "time": stamp(), "expires": stamp(days=30), "correlationid": task["correlationid"], "causationid": task["id"],
            "nonce": secrets.token_urlsafe(16), "datacontenttype": "application/json", "data": data,
        }, ensure_ascii=False)  # fmt: skip
        header = {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": self._key.kid}
        return [value, jws.serialize_compact(header, value, self._key, ["Ed25519"])]


def log(event: str, **facts: object) -> None:
    print(json.dumps({"event": f"stock-bank.{event}"} | facts), file=sys.stderr, flush=True)


def deliver(producer: Producer, topic: str, key: bytes | None, messages: list[list[str]]) -> None:
    """Return once the broker has them all; otherwise end, for what is not committed is read again."""
    outcomes: list[KafkaError | None] = []
    for value, token in messages:
        headers: dict[str, str | bytes] = {"content-type": "application/cloudevents+json; charset=UTF-8", "jws": token}
        producer.produce(topic, value.encode(), key, headers=headers, on_delivery=lambda error, _: outcomes.append(error))
    if producer.flush(60) or any(outcomes):
        log("not-delivered", topic=topic)
        sys.exit(1)


def run(agency: Agency, consumer: Consumer, producer: Producer, replies: str) -> None:
    """Take a task, answer it, commit its offset; until a signal comes."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _: stopping.append(signum))
    while not stopping:
        record = consumer.poll(0.2)
        if record is None:
            continue
        if (error := record.error()) is not None:
            log("kafka-error", code=error.name())
            continue
        try:
            deliver(producer, replies, record.key(), agency.messages(record))
        except (Unfit, KeyError, TypeError, ValueError) as fault:
            code = str(fault) if isinstance(fault, Unfit) else "shape-invalid"
            log("record-set-aside", code=code, topic=record.topic(), partition=record.partition(), offset=record.offset())
        consumer.commit(record, asynchronous=False)
    consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m connectors.stock_bank", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--bootstrap-servers", default="127.0.0.1:9092")
    parser.add_argument("--username", help="SCRAM user; without one the connection is plain")
    parser.add_argument("--password-file", type=Path, help="file with that user's password")
    parser.add_argument("--ca-file", type=Path, help="Kafka's certificate authority; with it the connection is encrypted")
    parser.add_argument("--topic-prefix", default="", help="stands before every topic's name")
    parser.add_argument("--party", default="bank-two", help="this bank's id, and its consumer group")
    parser.add_argument("--hub", default="hub", help="the hub's id")
    parser.add_argument("--court", action="append", required=True, help="a court that may ask; once for each")
    parser.add_argument("--key", type=Path, required=True, help="this bank's private JWK")
    parser.add_argument("--jwks", type=Path, required=True, help="public keys of hub and courts")
    parser.add_argument("--data", type=Path, default=Path("config/samples/partners/bank-two.json"), help="customers")
    parser.add_argument("--journal", type=Path, required=True, help="file for what was decided and sent")
    options = parser.parse_args()
    cluster: dict[str, str | int | float | bool] = {"bootstrap.servers": options.bootstrap_servers}
    if options.username:
        password = options.password_file.read_text().strip()
        cluster |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512"}
        cluster |= {"sasl.username": options.username, "sasl.password": password}
    if options.ca_file:
        cluster |= {"security.protocol": "SASL_SSL" if options.username else "SSL", "ssl.ca.location": str(options.ca_file)}
    # After a crash the group waits for the dead member this long, before its partitions are given out anew.
    group = {"group.id": options.party, "session.timeout.ms": 6000, "heartbeat.interval.ms": 2000}
    consumer = Consumer(cluster | group | {"enable.auto.commit": False, "auto.offset.reset": "earliest"})
    consumer.subscribe([f"{options.topic_prefix}hub.tasks.{options.party}.v1"], on_assign=lambda *_: log("ready"))
    book = Book(json.loads(options.data.read_text(encoding="utf-8")), options.journal)
    key, keys = (json.loads(file.read_text()) for file in (options.key, options.jwks))
    agency = Agency(options.party, options.hub, options.court, OKPKey.import_key(key), KeySet.import_key_set(keys), book)
    producer = Producer(cluster | {"enable.idempotence": True, "acks": "all"})
    run(agency, consumer, producer, f"{options.topic_prefix}hub.replies.v1")
    book.close()


if __name__ == "__main__":
    main()
