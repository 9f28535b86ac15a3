"""Access tokens by OAuth 2 client credentials (RFC 6749 section 4.4), and calls that bear one (RFC 6750)."""

import asyncio
import base64
from typing import Any, Literal
from urllib.parse import quote_plus

from pydantic import BaseModel, Field, TypeAdapter

from connectors.base import ProtocolFault
from connectors.json_line import FormT, JsonLine, Said


class Token(BaseModel):
    """A token, in the spelling of RFC 6749 section 5.1. When it ends is for the issuer to say, with a 401."""

    access_token: str = Field(pattern=r"\A[\x21-\x7e]{1,4096}\z", repr=False)


_TOKEN = TypeAdapter(Token)


class BearerLine:
    """A `JsonLine` whose calls bear a token: fetched when there is none, and once more when it is refused."""

    def __init__(self, line: JsonLine, client_id: str, client_secret: str) -> None:
        self._line = line
        client = f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode()  # RFC 6749 section 2.3.1
        self._basic = {"Authorization": f"Basic {base64.b64encode(client).decode()}"}
        self._token: str | None = None
        self._fetching = asyncio.Lock()

    async def ask(
        self, method: Literal["GET", "POST"], path: str, forms: TypeAdapter[FormT], *, effect: bool,
        headers: dict[str, str] | None = None, **request: Any,
    ) -> Said[FormT]:  # fmt: skip
        """As `JsonLine.ask`; a refusal of a new token too means that the credentials are wrong (protocol, http-401)."""

        async def bearing(token: str) -> Said[FormT]:
            given = (headers or {}) | {"Authorization": f"Bearer {token}"}
            return await self._line.ask(method, path, forms, effect=effect, headers=given, **request)

        token = await self._current(refused=None)
        try:
            return await bearing(token)
        except ProtocolFault as fault:
            if fault.code != "http-401":
                raise
        return await bearing(await self._current(refused=token))

    async def _current(self, *, refused: str | None) -> str:
        """The token, a new one if the one at hand is `refused`; calls that come together share one fetch."""
        async with self._fetching:
            if self._token in (None, refused):
                form = {"grant_type": "client_credentials"}
                said = await self._line.ask(
                    "POST", "/oauth/token", _TOKEN, effect=False, headers=self._basic, data=form
                )
                self._token = said.form.access_token
            assert self._token is not None  # noqa: S101 - narrows the type: it is one or was fetched just now
            return self._token
