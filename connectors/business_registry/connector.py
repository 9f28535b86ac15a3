"""The business registry's calls: inquire; freeze, renew or release and then look until the notice is published; restrict."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import Field

from connectors import terms
from connectors.base import Answer, Connector, Job, Outcome, Pending, ProtocolFault, Recovery
from connectors.business_registry import mapping
from connectors.business_registry.access import BearerLine
from connectors.business_registry.protocol import FOUND, NOTICED, ORDERED, PAGE, STANDING, Page
from connectors.json_line import KEY_HEADER, JsonLine, LineOptions, Said
from connectors.paging import all_pages
from schemas.asset import Equity
from schemas.requests import ControlRequest, InquiryRequest, NoticeRequest
from schemas.subject import Subject

FREEZES = "/api/equity-freezes"
RESTRICTIONS = "/api/restrictions"


class Options(LineOptions):
    """`client_secret_file` holds the OAuth client's secret; `poll_s` seconds pass between two looks for a notice."""

    client_id: str
    client_secret_file: Path
    poll_s: float = Field(default=60.0, gt=0)


class BusinessRegistryConnector(Connector):
    """市场监管登记机关 · business registry."""

    kind = "business-registry"

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        checked = Options.model_validate(options)
        secret = checked.client_secret_file.read_text(encoding="utf-8").strip()
        self._line = BearerLine(JsonLine(http, checked), checked.client_id, secret)
        self._poll_s = checked.poll_s

    def recovery(self, job: Job) -> Recovery:
        """The registry recognises a key it has seen, and looking changes nothing."""
        del job
        return Recovery.IDEMPOTENT

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """One job at a time."""
        outcomes = {job.key: await self._outcome(job) for job in jobs}
        return {key: outcome for key, outcome in outcomes.items() if outcome is not None}

    async def _outcome(self, job: Job) -> Outcome | None:
        data = job.request.data
        if isinstance(data, InquiryRequest):
            return await self._inquire(job, data.subject)
        if isinstance(data, NoticeRequest):
            return await self._notice(job, data)
        if not isinstance(data, ControlRequest) or not isinstance(data.asset, Equity):
            raise ProtocolFault("action-not-supported")
        if mapping.FREEZE_NO in job.state:
            path = f"{FREEZES}/{job.state[mapping.FREEZE_NO]}"
            said = await self._line.ask("GET", path, STANDING, effect=False)
            return mapping.standing(job, data, data.asset, said, self._poll_s)
        if data.action == "freeze":
            return await self._order(job, FREEZES, mapping.freeze(job, data, data.asset))
        if data.action == "renew":
            return await self._change(job, data, data.asset, "renew", mapping.renewal(job, data))
        if data.action == "release":
            return await self._change(job, data, data.asset, "release", mapping.release(job, data))
        raise ProtocolFault("action-not-supported")

    async def _inquire(self, job: Job, subject: Subject) -> Answer:
        """Under each form of the number; whatever page the registry counts, all of it."""
        pages: list[Page] = []
        raw: list[bytes] = []
        for number in terms.number_forms(subject).values():

            async def fetch(page: int, number: str = number) -> Said[Page]:
                query = {"holderName": subject.name, "holderId": number, "page": str(page)}
                return await self._line.ask("GET", "/api/equities", PAGE, effect=False, params=query)

            found, exact = await all_pages(fetch)
            pages += found
            raw.append(exact)
        return mapping.found(job, subject, pages, b"\n".join(raw))

    async def _order(self, job: Job, path: str, body: Mapping[str, Any]) -> Answer | Pending:
        headers = {KEY_HEADER: job.key}
        said = await self._line.ask("POST", path, ORDERED, effect=True, accept=(200, 202), headers=headers, json=body)
        return mapping.ordered(job, said, self._poll_s)

    async def _notice(self, job: Job, data: NoticeRequest) -> Answer:
        """A restriction or its lift; the registry answers at once."""
        lift = data.action == "lift"
        path, body = (f"{RESTRICTIONS}/lift", mapping.lift(job, data)) if lift else (RESTRICTIONS, mapping.restrict(job, data))
        said = await self._line.ask("POST", path, NOTICED, effect=True, headers={KEY_HEADER: job.key}, json=body)
        return mapping.noticed(job, data, said)

    async def _change(
        self, job: Job, data: ControlRequest, equity: Equity, change: str, body: Mapping[str, Any]
    ) -> Answer | Pending | None:
        """Renew or release a freeze. None while another notice of it is awaited: a release never overtakes it."""
        if job.original is None:
            raise ProtocolFault("original-unknown")
        said = await self._line.ask("GET", FREEZES, FOUND, effect=False, params={"requestNo": job.original})
        freeze = mapping.original(job, data, equity, said)
        if freeze is None:
            return mapping.unchangeable("original-unknown", said.raw)
        try:
            return await self._order(job, f"{FREEZES}/{freeze.freeze_no}/{change}", body)
        except ProtocolFault as fault:
            if fault.code != "http-409":
                raise
        if freeze.state in ("PENDING_PUBLICITY", "PENDING_RENEWAL"):
            return None
        return mapping.unchangeable("not-in-force", said.raw)
