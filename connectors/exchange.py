"""One HTTP exchange with a partner's system, and what each way of failing means for the job behind it.

The one question is whether the partner may have carried the call out. It has not when no connection came about or when
it said so (429, 503); it may have in every other case, if the call is one with an `effect`.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp

from connectors.addresses import AddressRefusedError
from connectors.base import ProtocolFault, TransientFault

ANSWER_LIMIT = 4 * 1024 * 1024
"""Greatest answer that is read, in bytes."""
_LONGEST_WAIT = 24 * 3600.0


class Response(NamedTuple):
    """A partner's answer; `raw` are its exact bytes."""

    status: int
    raw: bytes


async def exchange(
    http: aiohttp.ClientSession, method: str, url: str, *, effect: bool, timeout_s: float,
    accept: Collection[int] = (200,), **request: Any,
) -> Response:  # fmt: skip
    """Send one request and read its whole answer within `timeout_s` seconds.

    `effect`: the call may change something at the partner's. `accept` are the statuses that the caller understands;
    `request` goes to aiohttp (`data`, `json`, `params`, `headers`, `auth`). Redirects are not followed: they would take
    personal data to an address that nobody has agreed to.

    Raises `TransientFault` (connect-failed, address-refused, too-many-requests, unavailable, http-5xx, timeout, connection-lost) and
    `ProtocolFault` (http-4xx and other statuses not accepted, answer-too-large).
    """
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with http.request(method, url, timeout=timeout, allow_redirects=False, **request) as answer:
            if answer.status in (429, 503):
                code = "too-many-requests" if answer.status == 429 else "unavailable"
                raise TransientFault(code, retry_after=_retry_after(answer.headers.get("Retry-After")))
            if answer.status not in accept:
                if answer.status >= 500:
                    raise TransientFault(f"http-{answer.status}", unknown=effect)
                raise ProtocolFault(f"http-{answer.status}")
            return Response(answer.status, await _read(answer))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        refused = isinstance(error.__cause__, AddressRefusedError)
        raise TransientFault("address-refused" if refused else "connect-failed") from None
    except TimeoutError:
        raise TransientFault("timeout", unknown=effect) from None
    except aiohttp.ClientError:
        raise TransientFault("connection-lost", unknown=effect) from None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        raw += chunk
        if len(raw) > ANSWER_LIMIT:
            raise ProtocolFault("answer-too-large")
    return bytes(raw)


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait (RFC 9110, section 10.2.3: seconds or a date), at most a day; None where the partner names none."""
    if value is None:
        return None
    try:
        seconds = float(value) if value.isascii() and value.isdigit() else _until(value)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)


def _until(value: str) -> float:
    at = parsedate_to_datetime(value)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
