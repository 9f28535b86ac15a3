"""The police gateway's calls. The answer comes by webhook; should that be lost, looking it up means no false silence."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import Field

from connectors.base import Connector, Job, Mailbox, Outcome, Pending, ProtocolFault, Recovery
from connectors.json_line import KEY_HEADER, JsonLine, LineOptions, expect
from connectors.police import mapping
from connectors.police.protocol import ACCEPTED, STANDING, WITHDRAWN
from connectors.police.seals import binding
from connectors.police.webhook import Webhook
from connectors.seals import shared_secret
from schemas.requests import LocateRequest

REQUESTS = "/gateway/requests"
ACCEPT_NO = "accept_no"
"""In a job's state: the gateway's number of the request that it has accepted."""


class Options(LineOptions):
    """`secret_file` holds the secret shared with the gateway, which signs its events with it; `callback_url` leads to
    this connector's webhook; after `poll_s` seconds without an event the answer is looked up."""

    secret_file: Path
    callback_url: str = Field(pattern=r"^https?://[^/?#]+$")
    poll_s: float = Field(default=60.0, gt=0)


class PoliceConnector(Connector):
    """公安机关 · police."""

    kind = "police"

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        checked = Options.model_validate(options)
        self._line = JsonLine(http, checked)
        self._secret = shared_secret(checked.secret_file)
        self._callback_url = checked.callback_url
        self._poll_s = checked.poll_s

    def recovery(self, job: Job) -> Recovery:
        """The gateway says by our request number what it has; a withdrawal (撤控) it takes again under the same key."""
        return Recovery.IDEMPOTENT if job.request.data.action == "withdraw" else Recovery.LOOKUP

    def webhook(self, mailbox: Mailbox) -> web.Application:
        """Takes in answers and hits."""
        return Webhook(mailbox, self._secret).application()

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """Submit a job, or look up one whose event has not come."""
        outcomes = {job.key: await self._outcome(job) for job in jobs}
        return {key: outcome for key, outcome in outcomes.items() if outcome is not None}

    async def _outcome(self, job: Job) -> Outcome | None:
        data = job.request.data
        if isinstance(data, LocateRequest) and data.action == "withdraw":
            return await self._withdraw(job, data)
        return await (self.lookup(job) if job.state else self._submit(job))

    async def _withdraw(self, job: Job, data: LocateRequest) -> Outcome | None:
        """End the watch that the original armed. None while the gateway still works on that: it is tried again later."""
        if job.original is None:
            raise ProtocolFault("original-unknown")
        path = f"{REQUESTS}/{job.original}"
        body, headers = {"caseNumber": data.legal.case_number}, {KEY_HEADER: job.key}
        try:
            done = await self._line.ask("POST", f"{path}/withdraw", WITHDRAWN, effect=True, headers=headers, json=body)
        except ProtocolFault as fault:
            if fault.code not in ("http-404", "http-409"):
                raise
            refusal = fault
        else:
            return mapping.withdrawn(job, data, done.form, done.raw)
        if refusal.code == "http-404":
            return mapping.not_withdrawn("original-unknown", b"")
        said = await self._line.ask("GET", path, STANDING, effect=False)
        match said.form.state:
            case "ACCEPTED":
                return None
            case "WITHDRAWN":
                return mapping.withdrawn(job, data, said.form, said.raw)
            case "ARMED" | "HIT":  # in force, and yet refused: only a person can tell why
                raise refusal
        return mapping.not_withdrawn("not-in-force", said.raw)

    async def lookup(self, job: Job) -> Outcome | None:
        """The answer that the gateway keeps, or that it still works on it."""
        what = mapping.asked(job)
        try:
            said = await self._line.ask("GET", f"{REQUESTS}/{job.key}", STANDING, effect=False)
        except ProtocolFault as fault:
            if fault.code != "http-404":
                raise
            return None
        standing = said.form
        for form in (standing, standing.answer or standing):
            expect((form.request_no, form.kind) == (job.key, what.kind))
            expect((form.name, form.number) == (what.name, what.number))
        if standing.answer is None:
            return Pending({ACCEPT_NO: standing.accept_no}, self._poll_s)
        return mapping.answer(standing.answer, said.raw)

    async def _submit(self, job: Job) -> Outcome:
        what = mapping.asked(job)
        bound = binding(self._secret, job.key, what.kind, what.name, what.number)
        body = mapping.submission(job, what, f"{self._callback_url}/events/{bound}")
        said = await self._line.ask(
            "POST", REQUESTS, ACCEPTED, effect=True, accept=(202,), headers={KEY_HEADER: job.key}, json=body
        )
        expect(said.form.request_no == job.key)
        return Pending({ACCEPT_NO: said.form.accept_no}, self._poll_s)
