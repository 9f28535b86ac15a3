"""The HTTP application that the police gateway calls with its events.

| the event | answer |
|---|---|
| signed, about what was asked | 204 once it is durable; once more for one that came before, which changes nothing |
| not signed, signed by another or stamped outside the tolerance | 401 |
| no event of the protocol | 400 |
| about somebody else | 409 |
| of a request that is not ours | 404 |
"""

import hmac
import time
from http import HTTPStatus

import structlog
from aiohttp import web
from pydantic import ValidationError

from connectors.base import Mailbox, ProtocolFault
from connectors.police import mapping
from connectors.police.protocol import EVENT, Hit
from connectors.police.seals import binding
from connectors.seals import is_signed

log = structlog.get_logger()
BODY_LIMIT = 256 * 1024
"""Greatest event that is read, in bytes."""


class Webhook:
    """Takes in events. Nothing of a refused one is done or kept; the gateway's own record can be looked up later."""

    def __init__(self, mailbox: Mailbox, secret: bytes) -> None:
        self._mailbox = mailbox
        self._secret = secret

    def application(self) -> web.Application:
        """The application, to be served where the connector's `callback_url` leads."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.add_routes([web.post("/events/{binding}", self._take)])
        return app

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = await self._judge(request.match_info["binding"], request.headers.get("X-Signature", ""), body)
        if status is not HTTPStatus.NO_CONTENT:
            log.warning("police.event-refused", status=status.value)
        return web.Response(status=status)

    async def _judge(self, bound: str, signature: str, body: bytes) -> HTTPStatus:
        if not is_signed(self._secret, signature, body, time.time()):
            return HTTPStatus.UNAUTHORIZED
        try:
            event = EVENT.validate_json(body)
        except ValidationError:
            return HTTPStatus.BAD_REQUEST
        asked = binding(self._secret, event.request_no, event.kind, event.name, event.number)
        if not hmac.compare_digest(asked.encode(), bound.encode()):
            return HTTPStatus.CONFLICT
        try:
            if isinstance(event, Hit):
                await self._mailbox.hit(event.request_no, mapping.hit(event))
            else:
                await self._mailbox.answered(event.request_no, mapping.answer(event, body), event.event_id)
        except KeyError:
            return HTTPStatus.NOT_FOUND
        except ProtocolFault:
            return HTTPStatus.CONFLICT
        return HTTPStatus.NO_CONTENT
