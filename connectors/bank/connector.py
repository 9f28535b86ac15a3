"""The connector of a bank: inquiries share a packet, a control goes in one of its own, under its own number."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from connectors.bank import mapping, protocol
from connectors.base import Connector, Job, Outcome, ProtocolFault, Recovery, TransientFault
from connectors.exchange import exchange
from connectors.markup import BrokenError, Element, refusal_code
from schemas.base import CHINA, derive_id
from schemas.requests import InquiryRequest

_XML = {"Content-Type": "application/xml; charset=utf-8"}


class Options(BaseModel):
    """The connector's own settings: the bank's address, and seconds for one call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: HttpUrl
    timeout_s: float = Field(default=10, gt=0)


class BankConnector(Connector):
    """Inquiry, freeze (KZCS 01), its renewal (02) and release (04), and deduction (06) from accounts.

    A request number (QQDH) is the job's key, so that the bank moves money once for it, in whatever packet it comes. The
    packet of a single job has the job's key for number too: that is where `lookup` finds a control.
    """

    kind = "bank"
    packet_size = 20

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        self._options = Options.model_validate(options)

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """Send these jobs as one packet."""
        today = datetime.now(CHINA).date()
        number = jobs[0].key if len(jobs) == 1 else derive_id("packet", *(job.key for job in jobs))
        body = protocol.write_packet(number, [mapping.part_of(job, today) for job in jobs])
        effect = any(not isinstance(job.request.data, InquiryRequest) for job in jobs)
        url = f"{self._url}/packets"
        answer = await exchange(
            self.http, "POST", url, effect=effect, timeout_s=self._options.timeout_s, data=body, headers=_XML
        )
        try:
            return _outcomes(number, jobs, answer.raw)
        except BrokenError:
            raise TransientFault("broken-answer", unknown=effect) from None

    def recovery(self, job: Job) -> Recovery:
        """An inquiry may be asked again; what became of a control, its packet says."""
        return Recovery.IDEMPOTENT if isinstance(job.request.data, InquiryRequest) else Recovery.LOOKUP

    async def lookup(self, job: Job) -> Outcome | None:
        """The bank's answer to the packet of this one job, if it ever had it."""
        url = f"{self._url}/packets/{job.key}"
        answer = await exchange(
            self.http, "GET", url, effect=False, timeout_s=self._options.timeout_s, accept=(200, 404)
        )
        try:
            if answer.status == 404 and refusal_code(answer.raw) == "E05":
                return None
            return _outcomes(job.key, [job], answer.raw)[job.key]
        except BrokenError:
            raise TransientFault("broken-answer") from None

    @property
    def _url(self) -> str:
        return str(self._options.base_url).rstrip("/")


def _outcomes(number: str, jobs: Sequence[Job], raw: bytes) -> dict[str, Outcome]:
    """What each job came to; one that is answered badly does not spoil the others of its packet."""
    answered, parts = protocol.read_packet(raw)
    if answered != number:
        raise ProtocolFault("wrong-answer")
    return {job.key: _outcome(job, parts.get(job.key), raw) for job in jobs}


def _outcome(job: Job, part: Element | None, raw: bytes) -> Outcome:
    if part is None:
        return ProtocolFault("answer-missing")
    try:
        return mapping.answer_to(job, protocol.read_part(part), raw)
    except BrokenError:
        return ProtocolFault("answer-invalid")
    except ProtocolFault as fault:
        return fault
