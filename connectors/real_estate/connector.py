"""The connector of a real-estate registry: submit under the job's key, then poll by ticket."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from connectors.base import Connector, Job, Outcome, Pending, ProtocolFault, Recovery, TransientFault
from connectors.exchange import Response, exchange
from connectors.markup import BrokenError, refusal_code
from connectors.real_estate import mapping, protocol
from connectors.real_estate.protocol import CONTROL
from schemas.base import CHINA

_XML = {"Content-Type": "application/xml; charset=utf-8"}


class Options(BaseModel):
    """The connector's own settings: the registry's address, seconds for one call, seconds between two polls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl
    timeout_s: float = Field(default=10, gt=0)
    poll_s: float = Field(default=30, gt=0)


class RealEstateConnector(Connector):
    """Inquiry, seal (KZCS 11), its renewal (12) and release (14), advance seal (13), and the documents of a transfer (15).
    A job's state is its ticket."""

    kind = "real-estate"

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        self._options = Options.model_validate(options)

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """Submit, or poll for the answer."""
        (job,) = jobs
        ticket = job.state.get("ticket")
        return {job.key: await (self._submit(job) if ticket is None else self._poll(job, ticket))}

    def recovery(self, job: Job) -> Recovery:
        """A ticket can be polled again; whether there is one, the registry says by our request number."""
        return Recovery.IDEMPOTENT if "ticket" in job.state else Recovery.LOOKUP

    async def lookup(self, job: Job) -> Outcome | None:
        """The ticket that the registry gave to this request number, if any."""
        answer = await self._exchange("GET", "lookup", accept=(200, 404), params={"number": job.key})
        try:
            if answer.status == 404 and refusal_code(answer.raw) == "E05":
                return None
            return self._pending(job, answer.raw)
        except BrokenError:
            raise TransientFault("broken-answer") from None

    async def _submit(self, job: Job) -> Outcome:
        form = mapping.form_of(job)
        body = protocol.write_request(form, mapping.head_of(job), mapping.fields_of(job, datetime.now(CHINA).date()))
        effect = form is CONTROL
        answer = await self._exchange("POST", form.submit, effect=effect, data=body, headers=_XML)
        try:
            return self._pending(job, answer.raw)
        except BrokenError:
            raise TransientFault("broken-answer", unknown=effect) from None

    async def _poll(self, job: Job, ticket: str) -> Outcome:
        form = mapping.form_of(job)
        answer = await self._exchange("GET", form.feed, accept=(200, 202), params={"ticket": ticket})
        try:
            if answer.status == 202:
                return self._pending(job, answer.raw)
            answered, feedback = protocol.read_feedback(form, answer.raw)
        except BrokenError:
            raise TransientFault("broken-answer") from None
        if answered != ticket:
            raise ProtocolFault("wrong-answer")
        return mapping.answer_to(job, ticket, feedback, answer.raw)

    def _pending(self, job: Job, raw: bytes) -> Pending:
        ticket, number = protocol.read_ticket(mapping.form_of(job), raw)
        if number != job.key or job.state.get("ticket", ticket) != ticket:
            raise ProtocolFault("wrong-answer")
        return Pending({"ticket": ticket}, self._options.poll_s)

    async def _exchange(self, method: str, path: str, *, effect: bool = False, **request: Any) -> Response:
        url = f"{str(self._options.base_url).rstrip('/')}/{path}"
        return await exchange(self.http, method, url, effect=effect, timeout_s=self._options.timeout_s, **request)
