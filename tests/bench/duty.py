"""The bare work that the hub's peers do: verify, parse, compose, sign. No inbox, state, outbox, audit or refusal.

It makes the same messages as the hub with the same code, so that what differs is what the hub keeps and promises.
"""

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from aiokafka import ConsumerRecord

from hub.engine.clock import now_micros
from hub.engine.compose import Composed, Composer
from hub.engine.records import Headers
from hub.engine.work import signed_headers
from hub.settings import Secrets
from hub.trust import keys
from hub.trust.jws import Signer, verify
from hub.trust.parties import Directory
from schemas import hub as said
from schemas.base import CHINA, derive_id, micros
from schemas.messages import InquiryRequested, Replied, parse
from tests.bench.job import Job
from tests.bench.workload import COURT, PARTNERS

Made = tuple[str, bytes, bytes, Headers]
"""Topic, key, value and headers of one record to publish."""
Duty = Callable[[ConsumerRecord], list[Made]]


def duty_of(job: Job) -> Duty:
    """The bare work of this half."""
    home = Path(job.home)
    composer = Composer("hub", Signer(keys.load(home / "keys/hub.jwk")), Secrets.read(home / "keys/hub.secret").tokens)
    directory = Directory.load(home / "parties")
    return (_Requests if job.half == "requests" else _Replies)(job, composer, directory)


class _Work:
    def __init__(self, job: Job, composer: Composer, directory: Directory) -> None:
        self._topics = job.topics
        self._composer = composer
        self._directory = directory

    def _verified(self, record: ConsumerRecord) -> str:
        """The record's signature, once it has been checked."""
        jws: str = next(value for name, value in record.headers if name == "jws").decode()
        verify(jws, record.value, self._directory.public_key)
        return jws

    @staticmethod
    def _copy(record: ConsumerRecord, jws: str) -> said.SignedCopy:
        return said.SignedCopy(value=base64.b64encode(record.value).decode(), jws=jws)

    def _made(self, topic: str, case_token: str, composed: Composed) -> Made:
        return topic, case_token.encode(), composed.value, signed_headers(self._composer.sign(composed))


class _Requests(_Work):
    """One signed request → a signed task for each partner."""

    def __call__(self, record: ConsumerRecord) -> list[Made]:
        jws = self._verified(record)
        request = parse(record.value)
        if not isinstance(request, InquiryRequested):
            raise TypeError(request.type)
        copy, now = self._copy(record, jws), now_micros()
        case_token = self._composer.token("case", request.source, request.data.legal.case_number)
        return [
            self._made(self._topics.tasks(partner), case_token, self._composer.compose(
                id=derive_id("hub", "task", request.id, partner), type="liandong.inquiry.task.v1", recipient=partner,
                subject=case_token, correlation=request.id, cause=request.id, at=now, expires=micros(request.expires),
                data=said.Task(partner=partner, request=copy, receipt_within=600, reply_within=86400, agreement="协议"),
            ))
            for partner in PARTNERS
        ]  # fmt: skip


class _Replies(_Work):
    """Each signed reply → a signed result, and the last of a request → a signed conclusion; counted in memory."""

    def __init__(self, job: Job, composer: Composer, directory: Directory) -> None:
        super().__init__(job, composer, directory)
        self._answered: Counter[str] = Counter()

    def __call__(self, record: ConsumerRecord) -> list[Made]:
        jws = self._verified(record)
        reply = parse(record.value)
        if not isinstance(reply, Replied):
            raise TypeError(reply.type)
        result = said.Result(
            partner=reply.source, task_id=reply.data.task_id, message=self._copy(record, jws), late=False
        )
        made = [self._say(reply, "result", reply.id, result)]
        self._answered[reply.correlationid] += 1
        if self._answered[reply.correlationid] == len(PARTNERS):
            made.append(self._say(reply, "conclusion", reply.correlationid, self._conclusion(PARTNERS)))
        return made

    @staticmethod
    def _conclusion(partners: Sequence[str]) -> said.Conclusion:
        at = datetime.now(CHINA)
        lines = tuple(
            said.PartnerOutcome(partner=partner, outcome=said.TaskOutcome.RESULT, task_id=derive_id(partner),
                                message=derive_id("reply", partner), at=at)
            for partner in partners
        )  # fmt: skip
        return said.Conclusion(outcome="complete", partners=lines)

    def _say(self, reply: Replied, event: str, stage: str, data: said.Result | said.Conclusion) -> Made:
        now = now_micros()
        return self._made(self._topics.results(COURT), reply.subject, self._composer.compose(
            id=derive_id("hub", event, stage), type=f"liandong.inquiry.{event}.v1", recipient=COURT, subject=reply.subject,
            correlation=reply.correlationid, cause=reply.id, at=now, expires=now + 10**13, data=data,
        ))  # fmt: skip
