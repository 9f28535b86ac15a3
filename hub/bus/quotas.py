# mypy: allow-subclassing-any
# aiokafka ships no types.
"""Client quotas (KIP-546): how many bytes a second one agency may write, so that one that floods does not slow the others.

The broker delays its answers to a user who is over the quota; nothing is lost and nobody else waits. Neither aiokafka nor
confluent-kafka has a call for it, so the two requests are spelled out here, after Kafka's own protocol definitions.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int8, Int16, Int32, Schema, String

from hub.bus.connection import BusError, Connection

_RATE = "producer_byte_rate"
_EXACT = 0
_TEXT = String("utf-8")
_ENTITY = ("entity", Array(("type", _TEXT), ("name", _TEXT)))


class _Altered(Response):
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(("throttle_ms", Int32), ("entries", Array(("code", Int16), ("message", _TEXT), _ENTITY)))


class _AlterV0(RequestStruct):
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _Altered
    SCHEMA = Schema(
        ("entries", Array(_ENTITY, ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterV0]):
    API_KEY = 49

    def __init__(self, rates: Mapping[str, int]) -> None:
        self._rates = rates

    def build(self, request_struct_class: type[_AlterV0]) -> _AlterV0:
        entries = [([("user", user)], [(_RATE, float(rate), not rate)]) for user, rate in self._rates.items()]
        return request_struct_class(entries, False)


class _Described(Response):
    API_KEY = 48
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_ms", Int32), ("code", Int16), ("message", _TEXT),
        ("entries", Array(_ENTITY, ("values", Array(("key", _TEXT), ("value", Float64))))),
    )  # fmt: skip


class _DescribeV0(RequestStruct):
    API_KEY = 48
    API_VERSION = 0
    RESPONSE_TYPE = _Described
    SCHEMA = Schema(("components", Array(("type", _TEXT), ("match_type", Int8), ("match", _TEXT))), ("strict", Boolean))


class _Describe(Request[_DescribeV0]):
    API_KEY = 48

    def __init__(self, user: str) -> None:
        self._user = user

    def build(self, request_struct_class: type[_DescribeV0]) -> _DescribeV0:
        return request_struct_class([("user", _EXACT, self._user)], True)


async def limit(connection: Connection, rates: Mapping[str, int]) -> None:
    """Let each user write so many bytes a second to each broker; 0: as many as it likes. `connection` is an administrator's.

    Raises `BusError` bus-unreachable, bus-admin-failed.
    """
    answer = await _ask(connection, _Alter(rates))
    for code, message, entity in answer.entries:
        if code:
            raise BusError("bus-admin-failed", f"Kafka refuses a quota for {entity[0][1]}: {message or code}")


async def rate_of(connection: Connection, user: str) -> int | None:
    """How many bytes a second this user may write to each broker; None for as many as there are. Raises as `limit`."""
    answer = await _ask(connection, _Describe(user))
    if answer.code:
        raise BusError("bus-admin-failed", f"Kafka does not tell the quota of {user}: {answer.message or answer.code}")
    values = dict(value for _, values in answer.entries or [] for value in values)
    return round(values[_RATE]) if _RATE in values else None


async def _ask(connection: Connection, request: Request[Any]) -> Any:
    client = AIOKafkaClient(**connection.options(connection.username))
    try:
        await client.bootstrap()
        return await client.send(client.get_random_node(), request)
    except (KafkaError, TimeoutError) as error:
        raise BusError("bus-unreachable", f"no answer from Kafka at {connection.bootstrap_servers}: {error}") from error
    finally:
        await client.close()
