"""Who speaks in the replayed year: courts that sign with their officers, partners that answer by rule."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

from connectors.court.approvals import sign_approvals
from connectors.court.drafts import finish
from deploy.demo.virtual import VirtualHub
from deploy.demo.world import World
from hub.bus.topics import Topics
from hub.engine.compose import Composer
from hub.engine.records import Outgoing
from hub.settings import Secrets
from hub.trust import keys
from hub.trust.jws import Signer
from schemas import samples
from schemas.base import derive_id, format_time, from_micros
from schemas.legal import NEEDED_DOCUMENTS
from schemas.messages import AnyMessage, CaseMoved, RequestMessage, TaskSent, parse
from schemas.samples import Data

VALID = 400 * 24 * 3600 * 1_000_000
Answers = Callable[[str, RequestMessage], Data | None]
"""From partner and request to the data of its reply, or None for silence."""


class Cast:
    """Speaks for every party of `world` to one virtual hub; ids are counted, so that every run is the same."""

    def __init__(self, world: World, hub: VirtualHub, answers: Answers) -> None:
        self._world = world
        self._hub = hub
        self._answers = answers
        self._topics = Topics()
        self._number = 0
        self._signers: dict[str, Signer] = {}
        self._tasks: dict[str, str] = {}

    def say(self, party: str, type: str, data: Data, until: int | None = None) -> tuple[str, list[AnyMessage]]:  # noqa: A002 - CloudEvents' own attribute name
        """A court's message, approvals signed; its id, and all that the hub says, partners' answers taken in."""
        draft = sign_approvals(finish({"type": type, "data": data}), self._world.officers, from_micros(self._hub.now))
        made = self._message(party, type, draft.data.model_dump(mode="json", exclude_none=True), until=until)
        return made[0], self._send(party, made[1], self._topics.requests)

    def report(self, party: str, type: str, data: Data, correlation: str | None = None) -> tuple[str, list[AnyMessage]]:  # noqa: A002 - as above
        """A partner's message of its own accord: a hit, a lead, an objection."""
        made = self._message(party, type, data, correlation)
        return made[0], self._send(party, made[1], self._topics.replies)

    def task(self, request_id: str) -> str:
        """The id of the last task of a request."""
        return self._tasks[request_id]

    def run_until(self, at: int) -> list[AnyMessage]:
        """Time passes; partners answer what the hub asks meanwhile."""
        said = []
        while (due := self._hub.next_due()) is not None and due <= at:
            said += self._heard(self._hub.run_until(due))
        self._hub.run_until(at)
        return said

    def sign_draft(self, event: AnyMessage, **changes: Any) -> tuple[str, list[AnyMessage]]:
        """Complete what the hub drafted in `event` with documents and an approval, and send it."""
        if not isinstance(event, CaseMoved) or event.data.draft is None:
            raise ValueError("this event holds no draft")
        draft = json.loads(base64.b64decode(event.data.draft.content))
        data, court = draft["data"] | changes, event.recipient
        legal = data["legal"]
        legal["documents"] = [samples.document(kind, legal["case_number"]) for kind in sorted(NEEDED_DOCUMENTS[data["action"]])]
        legal["approvals"] = [{"officer": f"GZ-{court[-4:]}-003", "name": "施局长", "rank": "bureau-chief",
                               "at": format_time(from_micros(self._hub.now))}]  # fmt: skip
        return self.say(court, draft["type"], data)

    def _send(self, party: str, value: bytes, topic: str) -> list[AnyMessage]:
        return self._heard(self._hub.feed([self._hub.record_of(self._signer(party), value, topic)]))

    def _heard(self, out: Iterable[Outgoing]) -> list[AnyMessage]:
        """What the hub said; each task among it gets its receipt and its answer."""
        said = [parse(each.value) for each in out]
        for task in [each for each in said if isinstance(each, TaskSent)]:
            self._tasks[task.correlationid] = task.id
            said += self._carry_out(task)
        return said

    def _carry_out(self, task: TaskSent) -> list[AnyMessage]:
        request = parse(base64.b64decode(task.data.request.value))
        if not isinstance(request, RequestMessage):
            raise TypeError("a task holds a request")
        answer, kind = self._answers(task.data.partner, request), task.type.split(".")[1]
        if answer is None:
            return []
        partner, said = task.data.partner, []
        for event, data in (("receipt", {"handling": "automatic"}), ("reply", answer)):
            body = {"task_id": task.id, **data}
            if event == "reply":
                self._hub.advance(45)  # seconds
                body["answered_at"] = format_time(from_micros(self._hub.now))
            _, value = self._message(partner, f"liandong.{kind}.{event}.v1", body, task.correlationid)
            said += self._send(partner, value, self._topics.replies)
        return said

    def _message(
        self, party: str, type: str, data: Data, correlation: str | None = None, *, until: int | None = None  # noqa: A002 - as above
    ) -> tuple[str, bytes]:
        self._number += 1
        message_id, now = derive_id("year", str(self._number)), self._hub.now
        secret = Secrets.read(self._world.folder / "keys" / f"{party}.secret").tokens
        composer = Composer(party, self._signer(party), secret)
        made = composer.compose_json(
            id=message_id, type=type, recipient="hub", subject=composer.token("case", str(self._number)), at=now,
            correlation=correlation or message_id, cause=None, expires=until or now + VALID, data=json.dumps(data),
        )  # fmt: skip
        return message_id, made.value

    def _signer(self, party: str) -> Signer:
        if party not in self._signers:
            self._signers[party] = Signer(keys.load(self._world.key(party)))
        return self._signers[party]
