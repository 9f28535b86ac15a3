"""`CourtClient`: sign and send a court's requests, and read what came of them, over Kafka as that court's own user.

Nothing is taken on trust: every message is verified as the hub's, and in a result the partner's own message as the
partner's. What does not verify is not left out but given with the code of its fault.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from connectors.court.drafts import Draft, drafts_of
from connectors.court.items import Item, Reader, SentRequest
from hub.bus.connection import BusError
from hub.bus.sink import KafkaSink
from hub.bus.source import KafkaSource
from hub.bus.topics import Topics
from hub.engine.compose import Composer
from hub.engine.records import Outgoing, Record, digest_of
from hub.engine.relay import PublishFailed
from hub.engine.work import signed_headers
from hub.settings import ConfigError, Settings, read_secret
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.parties import Directory, Role
from schemas.base import CHINA, micros, new_id
from schemas.hub import CaseEvent, Conclusion, Drafts, round_id
from schemas.requests import MOST_ROUNDS, InquiryRequest

VALIDITY = timedelta(days=30)
"""How long a request stays valid; past it, nobody carries it out (V26)."""


class CourtError(Exception):
    """The court's side cannot go on; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that is signed and not sent yet."""

    request_id: str
    record: Outgoing

    @property
    def sent(self) -> SentRequest:
        """What it is once the broker has it."""
        return SentRequest(self.request_id, digest_of(self.record.value))


def with_rounds(request_id: str) -> frozenset[str]:
    """This id, and those of the rounds, should it be a standing inquiry (终本定期查询): each is a request of its own."""
    return frozenset({request_id, *(round_id(request_id, number) for number in range(1, MOST_ROUNDS + 1))})


class CourtClient:
    """One court's client, an asynchronous context manager. Of `settings` it uses party, signing_key, secret_file,
    parties_dir and kafka; the secret makes case tokens and nonces and never leaves the process.

    Raises `ConfigError`, `DirectoryError` or `TrustError` when a file is missing or wrong.
    """

    def __init__(self, settings: Settings) -> None:
        directory = Directory.load(settings.parties_dir)
        me, hubs = directory.parties.get(settings.party), directory.with_role(Role.HUB)
        if me is None or me.role is not Role.COURT:
            raise ConfigError(f"{settings.parties_dir}: no court {settings.party} in it; name one in `party`")
        if len(hubs) != 1:
            raise ConfigError(f"{settings.parties_dir}: {len(hubs)} hubs in it, where a court needs one")
        self.party, self._hub = me.id, hubs[0].id
        self.signer = Signer(keys.load(settings.signing_key))
        self._composer = Composer(me.id, self.signer, read_secret(settings.secret_file))
        self._connection = settings.kafka.connection()
        self._topics = Topics(self._connection.prefix)
        self._sink = KafkaSink(self._connection, me.id)
        self._reader = Reader(me.id, directory)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sink.close()

    # -- sending -------------------------------------------------------------------------------------------------------

    def sign(self, draft: Draft, request_id: str | None = None) -> SignedRequest:
        """The message that `draft` describes, of now, under a new id unless one is given.

        It is valid for 30 days, a standing inquiry as long as its legal basis.
        """
        now = datetime.now(CHINA)
        message_id = request_id or new_id(micros(now))
        case = self._composer.token("case", draft.case_number or draft.name)
        request = draft.request
        standing = isinstance(request, InquiryRequest) and request.standing is not None
        until = request.legal.valid_until if request is not None and standing else now + VALIDITY
        made = self._composer.compose(
            id=message_id, type=draft.type, recipient=self._hub, subject=case, correlation=message_id, cause=None,
            at=micros(now), expires=micros(until), data=draft.data,
        )  # fmt: skip
        # The key spreads load, and here it also keeps a case's requests in the order in which they were sent.
        record = Outgoing(0, self._topics.requests, case.encode(), made.value, signed_headers(self._composer.sign(made)))
        return SignedRequest(message_id, record)

    async def send(self, record: Outgoing) -> None:
        """Return once all in-sync replicas have `record`. Raises `BusError`.

        After an unknown outcome the very same bytes are sent again: the hub takes them as one request.
        """
        tries = AsyncRetrying(
            stop=stop_after_attempt(3), wait=wait_fixed(1), retry=retry_if_exception_type(PublishFailed), reraise=True
        )
        try:
            await tries(self._sink.publish, [record])
        except PublishFailed as error:
            advice = "submit it again; should this one have got through, the hub refuses the second by its number"
            raise BusError("send-failed", f"{self._connection.bootstrap_servers}: {error}; {advice}") from error

    async def submit(self, draft: Draft) -> SentRequest:
        """Sign `draft` and send it. Raises `BusError`."""
        signed = self.sign(draft)
        await self.send(signed.record)
        return signed.sent

    # -- reading -------------------------------------------------------------------------------------------------------

    async def results(
        self, request_id: str | None = None, *, follow: bool = False, patience: float | None = None
    ) -> AsyncGenerator[Item, None]:
        """What the hub told this court, from the beginning, each message once: about one request, or about all.

        Ends at what stood there when it began; with `follow` it goes on, for `patience` seconds if given. What did not
        verify is always given, since nobody can tell what it is about. Raises `BusError`.
        """
        wanted = with_rounds(request_id) if request_id is not None else None
        end = time.monotonic() + patience if patience is not None else None
        source = KafkaSource(self._connection, self.party, [self._topics.results(self.party)])
        seen: dict[str, str] = {}
        try:
            positions = await source.open()
            source.seek(positions)
            ends = await source.end_offsets()
            while follow or any(positions[place] < end_offset for place, end_offset in ends.items()):
                records = await source.take(500, 200)
                for item in await asyncio.to_thread(self._new, records, seen):
                    if item.message is None or wanted is None or item.message.correlationid in wanted:
                        yield item
                positions |= {(record.topic, record.partition): record.offset + 1 for record in records}
                if end is not None and time.monotonic() > end:
                    return
        finally:
            await source.close()

    async def drafted(self, patience: float = 60.0) -> AsyncGenerator[Item, None]:
        """Everything sound that may hold drafts: events of cases, and the drafts that follow from conclusions. Those that have not
        been asked for are asked for now.

        Raises `BusError`, and `CourtError` no-drafts when the hub does not answer within `patience` seconds.
        """
        reasons, given = list[str](), set[str]()
        async with aclosing(self.results()) as items:
            async for item in items:
                data = item.message.data if item.message is not None else None
                if isinstance(data, Conclusion) and data.follow_ups and item.message is not None:
                    reasons.append(item.message.correlationid)
                elif isinstance(data, Drafts):
                    given.add(data.request)
                if isinstance(data, CaseEvent | Drafts):
                    yield item
        asked = {(await self.submit(drafts_of(each))).request_id for each in dict.fromkeys(reasons) if each not in given}
        if not asked:
            return
        async with aclosing(self.results(follow=True, patience=patience)) as items:
            async for item in items:
                if item.message is None or item.message.correlationid not in asked:
                    continue
                asked.remove(item.message.correlationid)
                yield item
                if not asked:
                    return
        raise CourtError("no-drafts", f"{len(asked)} requests for drafts have no answer yet; see that the hub runs, and fetch again")

    def _new(self, records: list[Record], seen: dict[str, str]) -> list[Item]:
        """The items in `records` that are not repetitions of one in `seen`, by message id and digest."""
        items = []
        for item in map(self._reader.read, records):
            known = seen.get(item.message.id) if item.message is not None else None
            if item.message is not None and known is None:
                seen[item.message.id] = item.digest
            if known is not None and known != item.digest:
                items.append(Item(item.at, item.digest, fault="id-reused"))
            elif known is None:
                items.append(item)
        return items

    async def wait(self, sent: SentRequest, patience: float | None = None) -> Item:
        """The last word on `sent`: conclusion, refusal, or rejection of what could not be taken in.

        Raises `BusError`, and `CourtError` no-conclusion when there is none within `patience` seconds.
        """
        async with aclosing(self.results(follow=True, patience=patience)) as items:
            async for item in items:
                if item.ends(sent):
                    return item
        raise CourtError("no-conclusion", f"request {sent.request_id} is not concluded yet; look again with `results`")
