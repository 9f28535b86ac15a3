"""The operator's side: orders made, signed with the operator's key and sent to the running hub, at most so many a second."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

import aiohttp

from hub.casework.orders import Order
from hub.letters.office import PATH
from hub.settings import Settings
from hub.trust import keys
from hub.trust.errors import TrustError
from hub.trust.jws import Signer
from schemas.base import CHINA


class OrderError(TrustError):
    """The hub could not be told; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Client:
    """Orders in the name of one operator, for one reason."""

    url: str
    signer: Signer
    operator: str
    reason: str

    @classmethod
    def of(cls, settings: Settings, operator: str, reason: str, key: Path | None = None) -> Self:
        """The way to the hub of these settings; without `key`, the operator's private key, in the hub's own name. Raises
        `OrderError`: port-unknown."""
        host, port = settings.console.host, settings.console.port
        if port == 0:
            raise OrderError("port-unknown", "console.port is 0 in the settings: give the hub a port of its own, or set LIANDONG_CONSOLE__PORT")
        reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, never listened on
        return cls(f"http://{reached}:{port}{PATH}", Signer(keys.load(key or settings.signing_key)), operator, reason)

    def order(self, action: Literal["replay", "discard", "reveal"], letter: str, *, dry_run: bool = False,
              at: datetime | None = None) -> tuple[bytes, str]:  # fmt: skip
        """One order and its signature. Raises `pydantic.ValidationError` for an operator or a reason that is none."""
        made = Order(id=str(uuid.uuid4()), action=action, letter=letter, operator=self.operator, reason=self.reason,
                     at=at or datetime.now(CHINA), dry_run=dry_run)  # fmt: skip
        value = made.model_dump_json().encode()
        return value, self.signer.sign(value)

    async def send(
        self, action: Literal["replay", "discard", "reveal"], letters: Sequence[str], *, per_second: float, dry_run: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """What came of each, in order; stopping half way leaves the rest as it was. Raises `OrderError`: hub-unreachable."""
        began = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
            for number, letter in enumerate(letters):
                await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                value, jws = self.order(action, letter, dry_run=dry_run)
                try:
                    async with http.post(self.url, data=value, headers={"jws": jws}) as answer:
                        told: dict[str, Any] = await answer.json()
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                    raise OrderError("hub-unreachable", f"no hub answers at {self.url}; is it running, with these settings?") from error
                yield {"letter": letter, "state": None, "partner": None, "died_of": None, **told}
