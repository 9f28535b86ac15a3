"""What stands in the topics, as a checker reads it that knows the contract and nothing of the hub's code."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from hub.engine.records import Record

CHINA = timezone(timedelta(hours=8))
ANSWERS = ("acceptance", "refusal", "rejection")


@dataclass(frozen=True)
class Said:
    """One record that holds a message."""

    topic: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: dict[str, Any]

    @property
    def event(self) -> str:
        return str(self.body["type"].split(".")[2])

    @property
    def request(self) -> str:
        return str(self.body["correlationid"])

    @property
    def name(self) -> tuple[str, str]:
        """Sender and id."""
        return self.body["source"], self.body["id"]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.value).hexdigest()


def read(records: Iterable[Record], prefix: str) -> list[Said]:
    """The messages, topic by topic, in order. Checkpoints and dead letters are none."""
    kept = (record for record in records if not record.topic.endswith(("checkpoints.v1", "dead-letters.v1")))
    ordered = sorted(kept, key=lambda record: (record.topic, record.partition, record.offset))
    return [Said(record.topic.removeprefix(prefix), record.value, record.headers, json.loads(record.value))
            for record in ordered]  # fmt: skip


def once(messages: Iterable[Said]) -> list[Said]:
    """Each message once, however many records hold it."""
    return list({said.name: said for said in messages}.values())


def of(messages: Iterable[Said], *events: str) -> list[Said]:
    return [said for said in messages if said.event in events]


def iso(seconds: float) -> str:
    """A time, in seconds since 1970, as it is written on the wire."""
    return datetime.fromtimestamp(seconds, CHINA).isoformat(timespec="microseconds")


def check(messages: Sequence[Said], logged: set[str]) -> list[str]:
    """Every promise that this history breaks, in words. `logged` are the digests that stand in the audit log."""
    return [*_bytes(messages), *_answers(messages), *_tasks(messages), *_conclusions(messages), *_passed_on(messages),
            *(f"{said.event} {said.name}: not in the log" for said in messages if said.digest not in logged)]  # fmt: skip


def _bytes(messages: Sequence[Said]) -> Iterable[str]:
    """A record that repeats an id repeats the bytes and the signature."""
    first: dict[tuple[str, str], Said] = {}
    for said in messages:
        known = first.setdefault(said.name, said)
        if (known.value, known.headers, known.topic) != (said.value, said.headers, said.topic):
            yield f"{said.event} {said.name}: other bytes under one id"


def _answers(messages: Sequence[Said]) -> Iterable[str]:
    """件件有登记: each request has one answer, and nobody is answered who did not ask."""
    asked = {said.body["id"] for said in of(messages, "request")}
    answered = [said.request for said in of(once(messages), *ANSWERS)]
    yield from (f"request {request}: {answered.count(request)} answers" for request in asked if answered.count(request) != 1)
    yield from (f"request {request}: answered, never sent" for request in set(answered) - asked)


def _tasks(messages: Sequence[Said]) -> Iterable[str]:
    """Each partner of an acceptance has one task, unless its conclusion says that none was sent, and there are no others; each
    reply has its task."""
    due = {(said.request, partner) for said in of(messages, "acceptance") for partner in said.body["data"]["partners"]}
    due -= {(said.request, line["partner"]) for said in of(messages, "conclusion") for line in said.body["data"]["partners"]
            if line["outcome"] == "not-sent"}  # fmt: skip
    tasks = of(once(messages), "task")
    sent = [(task.request, task.body["data"]["partner"]) for task in tasks]
    yield from (f"request {request}: {sent.count((request, partner))} tasks for {partner}"
                for request, partner in due if sent.count((request, partner)) != 1)  # fmt: skip
    yield from (f"request {request}: a task for {partner} that nothing asked for" for request, partner in set(sent) - due)
    known = {(task.body["id"], task.body["recipient"]) for task in tasks}
    yield from (f"{said.event} {said.name}: no such task" for said in of(messages, "receipt", "reply")
                if (said.body["data"]["task_id"], said.body["source"]) not in known)  # fmt: skip


def _conclusions(messages: Sequence[Said]) -> Iterable[str]:
    """件件有结果: one conclusion for each accepted request, which names the reply of each partner."""
    accepted = {said.request for said in of(messages, "acceptance")}
    conclusions = of(once(messages), "conclusion")
    ends = [said.request for said in conclusions]
    yield from (f"request {request}: {ends.count(request)} conclusions" for request in accepted if ends.count(request) != 1)
    yield from (f"request {request}: concluded, never accepted" for request in set(ends) - accepted)
    replies = {said.body["data"]["task_id"]: said for said in of(messages, "reply")}
    for said in conclusions:
        for line in said.body["data"]["partners"]:
            reply = replies.get(line["task_id"])
            if line["outcome"] not in ("no-response", "not-sent") and (
                reply is None or (reply.body["id"], reply.body["data"]["kind"]) != (line.get("message"), line["outcome"])
            ):
                yield f"request {said.request}: concluded with an answer that {line['partner']} did not give"


def _passed_on(messages: Sequence[Said]) -> Iterable[str]:
    """件件有回应: each reply reaches its court once, byte for byte, and nothing else does."""
    results = of(once(messages), "result")
    passed = [base64.b64decode(said.body["data"]["message"]["value"]) for said in results]
    replies = {said.value for said in of(messages, "reply")}
    yield from (f"a reply was passed on {passed.count(reply)} times" for reply in replies if passed.count(reply) != 1)
    yield from (f"result {said.name}: of no reply" for said, value in zip(results, passed, strict=True) if value not in replies)
