"""The vehicle registry's calls: search to the last page, seal, renew, release. Every call may be repeated under its key."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import TypeAdapter

from connectors.base import Answer, Connector, Job, Outcome, ProtocolFault, Recovery
from connectors.json_line import KEY_HEADER, FormT, JsonLine, LineOptions, Said
from connectors.paging import all_pages
from connectors.vehicle import mapping
from connectors.vehicle.protocol import PAGE, RELEASE, RENEW, SEAL, Page
from schemas.asset import Vehicle
from schemas.requests import ControlRequest, InquiryRequest
from schemas.subject import Subject

BASE = "/api/v1/vehicles"


class Options(LineOptions):
    """`api_key_file` holds the key that the registry gave."""

    api_key_file: Path


class VehicleConnector(Connector):
    """车辆管理所 · vehicle registry."""

    kind = "vehicle"

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        checked = Options.model_validate(options)
        self._line = JsonLine(http, checked)
        self._headers = {"X-Api-Key": checked.api_key_file.read_text(encoding="utf-8").strip()}

    def recovery(self, job: Job) -> Recovery:
        """The registry recognises a key it has seen, and a search changes nothing."""
        del job
        return Recovery.IDEMPOTENT

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """One job at a time; the registry answers at once."""
        return {job.key: await self._answer(job) for job in jobs}

    async def _answer(self, job: Job) -> Answer:
        data = job.request.data
        if isinstance(data, InquiryRequest):
            return await self._search(job, data.subject)
        if isinstance(data, ControlRequest) and isinstance(data.asset, Vehicle):
            if data.action in ("seal", "queue-seal"):  # the registry itself says which of the two it came to
                said = await self._order(job, "seal", SEAL, mapping.seal(job, data, data.asset))
                return mapping.sealed(job, data.asset, said)
            if data.action == "renew":
                renewal = mapping.renewal(job, data)
                return mapping.renewed(job, data.asset, await self._order(job, "renew", RENEW, renewal))
            if data.action == "release":
                ended = await self._order(job, "release", RELEASE, mapping.release(job, data))
                return mapping.released(job, data.asset, ended)
        raise ProtocolFault("action-not-supported")

    async def _search(self, job: Job, subject: Subject) -> Answer:
        async def fetch(page: int) -> Said[Page]:
            body = mapping.search(job, subject, page)
            return await self._line.ask("POST", f"{BASE}/search", PAGE, effect=False, headers=self._headers, json=body)

        pages, raw = await all_pages(fetch)
        return mapping.found(job, subject, pages, raw)

    async def _order(
        self, job: Job, order: str, answers: TypeAdapter[FormT], body: Mapping[str, Any]
    ) -> Said[FormT]:
        headers = self._headers | {KEY_HEADER: job.key}
        return await self._line.ask("POST", f"{BASE}/{order}", answers, effect=True, headers=headers, json=body)
