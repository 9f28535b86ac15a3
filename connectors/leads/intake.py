"""The HTTP application that a source of leads calls. Every call bears `X-Signature: t=<unix seconds>,v1=<hex>`, the
HMAC-SHA256 under the shared secret over `t.` and the body, or over `t.` and the path where there is no body.

| call | answer |
|---|---|
| `POST /leads`, a lead as `lead-submission.schema.json` describes it | 202 where it stands, once it is durable; the same again for the same number and content |
| `GET /leads/{number}`, by the source's own number | 200 where it stands; 404 lead-unknown |

Where it stands: `{number, lead, state, reasons, verdict}`. `state` is sent, noted (the court has it), refused (`reasons`) or
answered (`verdict`: outcome confirmed, unfounded or acted, reason, at). Refusals: 401 signature-wrong, 400 shape-invalid (`at`
names the members, never their values), 409 number-reused.
"""

import json
import time

import structlog
from aiohttp import web
from pydantic import ValidationError

from connectors.base import LeadStanding, Mailbox, NumberReused
from connectors.seals import is_signed
from schemas.base import without_input
from schemas.leads import LeadSubmission

log = structlog.get_logger()
BODY_LIMIT = 64 * 1024
"""Greatest lead that is read, in bytes."""


class Intake:
    """Takes in leads. Nothing of a refused call is done or kept."""

    def __init__(self, mailbox: Mailbox, secret: bytes) -> None:
        self._mailbox = mailbox
        self._secret = secret

    def application(self) -> web.Application:
        """The application, to be served where the source is told to call."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.add_routes([
            web.post("/leads", self._take),
            web.get("/leads/{number}", self._tell, allow_head=False),
        ])
        return app

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_signed(request, body):
            return _refused(401, "signature-wrong")
        try:
            lead = LeadSubmission.model_validate_json(body)
        except ValidationError as error:
            faults = without_input(error).errors(include_url=False, include_context=False, include_input=False)
            return _refused(400, "shape-invalid", at=[".".join(map(str, fault["loc"])) for fault in faults])
        try:
            return _told(await self._mailbox.lead(lead), 202)
        except NumberReused:
            return _refused(409, "number-reused")

    async def _tell(self, request: web.Request) -> web.Response:
        if not self._is_signed(request, request.path.encode()):
            return _refused(401, "signature-wrong")
        standing = await self._mailbox.lead_standing(request.match_info["number"])
        return _refused(404, "lead-unknown") if standing is None else _told(standing, 200)

    def _is_signed(self, request: web.Request, content: bytes) -> bool:
        return is_signed(self._secret, request.headers.get("X-Signature", ""), content, time.time())


def _told(standing: LeadStanding, status: int) -> web.Response:
    return web.json_response(text=standing.model_dump_json(exclude_none=True), status=status)


def _refused(status: int, code: str, **more: list[str]) -> web.Response:
    log.warning("leads.call-refused", status=status, code=code)
    return web.json_response(text=json.dumps({"code": code} | more), status=status)
