"""The issuer of access tokens for one client: OAuth 2 client credentials (RFC 6749 section 4.4, RFC 6750)."""

import base64
import binascii
import hmac
import json
import math
import secrets
import time

from aiohttp import web

from connectors.simulators.faults import json_response
from connectors.simulators.forms import problem


class TokenIssuer:
    """Gives out tokens that live `seconds`, and refuses calls without one that still lives."""

    def __init__(self, client_id: str, client_secret: str, seconds: float) -> None:
        self._credentials = f"{client_id}:{client_secret}"
        self._seconds = seconds
        self._ends: dict[str, float] = {}

    async def token(self, request: web.Request) -> web.Response:
        """An access token for the client's id and secret, by HTTP Basic or in the form (RFC 6749 section 2.3.1)."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            raise web.HTTPBadRequest(text=_error("unsupported_grant_type"), content_type="application/json")
        given = _basic(request.headers.get("Authorization", ""))
        given = given or ":".join(str(form.get(name)) for name in ("client_id", "client_secret"))
        if not hmac.compare_digest(given.encode(), self._credentials.encode()):
            ask = {"WWW-Authenticate": "Basic"}
            raise web.HTTPUnauthorized(text=_error("invalid_client"), content_type="application/json", headers=ask)
        token = secrets.token_urlsafe(24)
        self._ends[token] = time.monotonic() + self._seconds
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": math.floor(self._seconds)}
        return json_response(answer, headers={"Cache-Control": "no-store"})

    def check(self, request: web.Request) -> None:
        """Raise 401 TOKEN_STALE unless the call bears a living token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or self._ends.get(token, 0) <= time.monotonic():
            ask = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise problem(web.HTTPUnauthorized, "TOKEN_STALE", "get a new token from /oauth/token", ask)


def _error(code: str) -> str:
    return json.dumps({"error": code})


def _basic(header: str) -> str | None:
    scheme, _, credentials = header.partition(" ")
    if scheme != "Basic":
        return None
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
