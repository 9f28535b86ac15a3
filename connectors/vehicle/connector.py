"""The vehicle registry's calls: search to the last page, seal, release. Every call may be repeated under its key."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from connectors.asked import refused
from connectors.base import Answer, Connector, Job, Outcome, Recovery
from connectors.json_line import KEY_HEADER, JsonLine, LineOptions
from connectors.vehicle import mapping
from connectors.vehicle.protocol import PAGE, RELEASE, SEAL, Page
from schemas.asset import Vehicle
from schemas.messages import ControlRequested, InquiryRequested


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
        request = job.request
        if isinstance(request, InquiryRequested):
            return await self._search(job.key, request)
        if not isinstance(request, ControlRequested) or request.data.action == "freeze":
            return refused("agreement-action")
        if not isinstance(request.data.asset, Vehicle):
            return refused("asset-mismatch")
        if request.data.action == "seal":
            return await self._seal(job, request, request.data.asset)
        return await self._release(job, request.data.asset)

    async def _search(self, key: str, request: InquiryRequested) -> Answer:
        pages: list[Page] = []
        raw: list[bytes] = []
        count = 0
        while not pages or count < min(pages[0].total, mapping.MOST_FINDINGS):
            body = mapping.search(key, request, len(pages) + 1)
            said = await self._line.ask(
                "POST", "/api/v1/vehicles/search", PAGE, effect=False, headers=self._headers, json=body
            )
            mapping.check(key, pages, said.form)
            pages.append(said.form)
            raw.append(said.raw)
            count += len(said.form.vehicles)
        return mapping.found(request, pages, b"\n".join(raw))

    async def _seal(self, job: Job, request: ControlRequested, vehicle: Vehicle) -> Answer:
        if request.data.term_months is None:
            return refused("term-missing")
        body = mapping.seal(job.key, request, vehicle, request.data.term_months)
        said = await self._line.ask(
            "POST", "/api/v1/vehicles/seal", SEAL, effect=True, headers=self._headers | {KEY_HEADER: job.key}, json=body
        )
        return mapping.sealed(job, vehicle, said)

    async def _release(self, job: Job, vehicle: Vehicle) -> Answer:
        if job.original is None:
            return refused("original-unknown")
        body = mapping.release(job, job.original)
        said = await self._line.ask(
            "POST", "/api/v1/vehicles/release", RELEASE, effect=True,
            headers=self._headers | {KEY_HEADER: job.key}, json=body,
        )  # fmt: skip
        return mapping.released(job, vehicle, job.original, said)
