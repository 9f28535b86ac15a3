"""Where orders about dead letters reach the running hub: signed by a registered operator, fresh, each carried out at most once.

The store has one writer, so an order goes to the hub that holds it, over the status page's port; and it goes through the
same transaction, outbox and log as everything else.
"""

import asyncio
from dataclasses import asdict

import structlog
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from hub.casework.application import Casework
from hub.casework.orders import Done, Order, SignedOrder
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.engine.records import Inbound, Record, Unfit, digest_of
from hub.engine.work import Work, own_headers, unpack_headers
from hub.store import letters
from hub.store.database import Database
from hub.store.errors import is_outage
from hub.trust.errors import SignatureError
from hub.trust.jws import verify
from hub.trust.parties import Directory, Party, Role
from schemas.base import micros

log = structlog.get_logger()
PATH = "/dead-letters/orders"
FRESH = 5 * 60 * 1_000_000
"""How far the time of an order may be from the hub's, in µs: one that was overheard is soon worth nothing."""


class OrderRefused(Exception):  # noqa: N818 - a state of the caller's, not a fault of ours
    """The order is not listened to; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Rehearsed(Exception):  # noqa: N818 - it undoes the transaction of a dry run
    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


class Office:
    """Takes orders for one hub."""

    def __init__(self, party: str, directory: Directory, gate: Gate, store: Database, processor: Processor, casework: Casework) -> None:
        self._party = party
        self._directory = directory
        self._gate = gate
        self._store = store
        self._processor = processor
        self._casework = casework

    async def obey(self, value: bytes, jws: str) -> Done:
        """Carry out one order. Raises `OrderRefused`: order-unsigned, order-malformed, order-other-operator,
        store-busy.

        A record that deciding fails on is a dead letter still. A dry run does all of it and then undoes the transaction.
        """
        given = self._read(value, jws)
        try:
            record = await self._processor.on_store(self._record, given.order) if given.order.action == "replay" else None
            item = await asyncio.to_thread(self._gate.check, record) if record is not None else None
            try:
                return await self._transact(given, item)
            except Exception as error:  # whatever a decision raises says something of the record alone
                if record is None or is_outage(error):
                    raise
                log.error("letter.poison", letter=given.order.letter, error=type(error).__name__)
                party = item.party if item is not None else None
                message = item.message if item is not None else None
                poison = Unfit(record, "internal-error", "decide", digest_of(record.value), party, message, type(error).__name__)
            return await self._transact(given, poison)
        except DBAPIError as error:
            if not is_outage(error):
                raise
            raise OrderRefused("store-busy") from error

    def _read(self, value: bytes, jws: str) -> SignedOrder:
        try:
            party, key = self._directory.owner(verify(jws, value, self._directory.public_key))
        except SignatureError as error:
            raise OrderRefused("order-unsigned") from error
        now = self._processor.now()
        if not self._may_order(party) or key.compromised_at is not None or not key.valid_at(now):
            raise OrderRefused("order-unsigned")
        try:
            order = Order.model_validate_json(value)
        except ValidationError as error:
            raise OrderRefused("order-malformed") from error
        if abs(micros(order.at) - now) > FRESH:
            raise OrderRefused("order-unsigned")
        if party.role is Role.OPERATOR and order.operator != party.staff_number:
            raise OrderRefused("order-other-operator")
        return SignedOrder(order, value, jws, party.id)

    def _may_order(self, party: Party) -> bool:
        """Operators; where none is registered yet, whoever has the hub's own key."""
        operators = self._directory.with_role(Role.OPERATOR)
        return party in operators if operators else party.id == self._party

    def _record(self, order: Order) -> Record | None:
        """The record that became this letter, as it came; None if the letter is none or its bytes are gone."""
        with self._store.read() as connection:
            letter = letters.find(connection, order.letter)
            if letter is None or letter.partner is not None:
                return None
            message = letters.message(connection, letter)
            key, packed = letters.published_as(connection, message.pk, letter.message_id)
            try:
                value = self._processor.payload(connection, message.pk)
            except KeyError:
                return None
        return record_of(letter.message_id, key, value, packed)

    async def _transact(self, given: SignedOrder, item: Inbound | Unfit | None) -> Done:
        def decide(work: Work) -> Done:
            done = self._casework.obey(work, given, item)
            if given.order.dry_run:
                raise _Rehearsed(done)
            return done

        try:
            return await self._processor.transact(decide)
        except _Rehearsed as rehearsed:
            return rehearsed.done

    # -- HTTP ----------------------------------------------------------------------------------------------------------

    async def post(self, request: web.Request) -> web.Response:
        """One order: its JSON as the body, the detached signature in the header `jws`."""
        try:
            done = await self.obey(await request.read(), request.headers.get("jws", ""))
        except OrderRefused as error:
            status = {"order-unsigned": 401, "order-malformed": 400, "order-other-operator": 403}.get(error.code, 503)
            return web.json_response({"code": error.code}, status=status)
        return web.json_response(asdict(done))


def record_of(place: str, key: bytes | None, value: bytes, packed: bytes) -> Record:
    """A record as it stood in its topic at `place`, from the dead letter that it became."""
    topic, partition, offset = place.rsplit("/", 2)
    headers = unpack_headers(packed)
    at = next(int(content) for name, content in headers if name == "kafka_dlt-original-timestamp")
    return Record(topic, int(partition), int(offset), at * 1000, key, value, own_headers(headers))
