"""The one place where the hub is put together."""

import asyncio
import ctypes
import gc
import signal
from contextlib import suppress
from dataclasses import dataclass

import structlog
from aiohttp import web
from prometheus_client import Gauge

from hub.bus.sink import KafkaSink
from hub.bus.source import KafkaSource
from hub.bus.topics import Topics
from hub.casework import Casework, admits, maintenance
from hub.config import load_rulebook
from hub.console.app import build_app
from hub.console.metrics import build_registry
from hub.console.reader import Reader
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.engine.records import Outgoing
from hub.engine.work import Facts, Work
from hub.letters.office import PATH, Office
from hub.recovery.log_files import check_against
from hub.recovery.topics import last_checkpoint
from hub.rules.plan import Linkage
from hub.sequencer import ROLE, Sequencer
from hub.settings import Secrets, Settings
from hub.store import journal
from hub.store.database import Database
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.parties import Directory
from hub.trust.tile_log import CHECKPOINT

log = structlog.get_logger()
_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


@dataclass(slots=True)
class Hub:
    """The parts of one running hub."""

    settings: Settings
    directory: Directory
    linkage: Linkage
    store: Database
    processor: Processor
    sequencer: Sequencer
    secrets: Secrets
    office: Office

    async def run(self) -> None:
        """Until SIGINT or SIGTERM: then finish the batches in work, publish them, and sign a last checkpoint."""
        _calm_collector()
        _share_arena()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.processor.stop)
        runner = web.AppRunner(self._console(), access_log=None)
        try:
            await self._check_published()
            await runner.setup()
            await web.TCPSite(runner, self.settings.console.host, self.settings.console.port).start()
            async with asyncio.TaskGroup() as group:
                sequencing = group.create_task(self._sequence())

                async def finish() -> None:
                    """The last step alone: two at once would be two sequencers."""
                    self.sequencer.stop()
                    if self.sequencer.running:
                        await sequencing
                    sequencing.cancel()
                    await self.sequencer.step()

                await self.processor.run(finish)
        finally:
            await runner.cleanup()
            self.store.close()

    async def _check_published(self) -> None:
        """Refuse to work on a store that is behind what was signed, wherever the log's directory may be.

        Raises `StoreError`, or `LogError` where the store's tree is another than the one that was signed.
        """
        topic = Topics(self.settings.kafka.topic_prefix).checkpoints
        last = await last_checkpoint(self.settings.kafka.connection(), self.settings.party, topic, self.sequencer.verifier)
        with self.store.read() as connection:
            state = TreeState(*journal.read_state(connection))
        if last is not None:
            check_against(self.settings.data_dir / "log", state, last)

    def _console(self) -> web.Application:
        reader = Reader(self.store, self.directory, self.linkage.calendar, self.secrets.master,
                        self.settings.data_dir / "log" / CHECKPOINT, maintenance=self.linkage.maintenance)  # fmt: skip
        registry = build_registry(reader, self._health)
        ahead = Gauge("liandong_clock_ahead_seconds", "This machine's clock less the broker's.", registry=registry)
        ahead.set_function(lambda: self.processor.sink.ahead / 1_000_000)
        app = build_app(reader, metrics=registry, hosts=[self.settings.console.host], ready=self._health)
        app.router.add_post(PATH, self.office.post)
        return app

    def _health(self) -> dict[str, bool]:
        """What this process needs, by name, and whether it is there."""
        return {"consumer": self.processor.ready.is_set(), "store-writes": self.processor.standby.trouble is None,
                "log-directory": not self.sequencer.trouble}  # fmt: skip

    async def _sequence(self) -> None:
        await self.processor.ready.wait()
        await self.processor.persist(self._register)
        log.info("hub.ready", party=self.settings.party, log_size=self.sequencer.size, config=self.linkage.sha256[:12])
        await self.sequencer.run()

    def _register(self, work: Work) -> None:
        self._register_keys(work)
        maintenance.register(work, self.linkage)

    def _register_keys(self, work: Work) -> None:
        """Every key in the directory stands in the log, so that a bundle can prove whose key signed and from when."""
        for party in self.directory.parties.values():
            for key in party.keys:
                facts: Facts = {
                    "party": party.id, "role": party.role.value, "kid": key.kid, "thumbprint": key.thumbprint,
                    "valid_from": key.valid_from, "valid_until": key.valid_until,
                    "compromised_at": key.compromised_at or 0,
                }  # fmt: skip
                reference = f"key/{key.kid}/{key.thumbprint}"
                if not facts.items() <= journal.last_entry(work.connection, reference).items():
                    work.decide("party.key", reference, None, facts)


def _calm_collector() -> None:
    """Let Python look for reference cycles less often.

    A batch makes tens of thousands of objects that live until it is committed and hardly any cycle; looking at all of them
    again every 700 cost a tenth of the time of requests and a quarter of that of replies.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _share_arena() -> None:
    """Let all threads take memory from one place, where the C library is glibc: else each keeps for itself what a batch has left.
    They hold Python's lock most of the time, so that they seldom wait for this one."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def build_hub(settings: Settings) -> Hub:
    """Put a hub together from its settings. Raises what its parts raise when a file or key is wrong."""
    directory = Directory.load(settings.parties_dir)
    rulebook = load_rulebook(settings.config_dir, settings.agreements_dir, directory)
    secrets = Secrets.read(settings.secret_file)
    connection = settings.kafka.connection()
    topics = Topics(connection.prefix)
    composer = Composer(settings.party, Signer(keys.load(settings.signing_key)), secrets.tokens, directory.batch_readers)
    store = Database(settings.store_at())
    sink = KafkaSink(connection, settings.party)
    gate, casework = Gate(settings.party, directory, admits(topics.requests, topics.replies)), Casework(rulebook, topics)
    processor = Processor(
        store=store,
        source=lambda: KafkaSource(connection, settings.party, [topics.requests, topics.replies]),
        sink=sink,
        gate=gate,
        composer=composer,
        master_key=secrets.master,
        application=casework,
        roles=[ROLE],
        needs_time=True,  # the sequencer announces a checkpoint at once
    )

    async def announce(checkpoint: bytes) -> None:
        headers = (("content-type", b"text/plain; charset=utf-8"),)
        await processor.sink.publish([Outgoing(0, topics.checkpoints, None, checkpoint, headers)])

    signer = NoteSigner.of(keys.load(settings.log_key))
    sequencer = Sequencer(store, processor, settings.data_dir / "log", signer, announce)
    office = Office(settings.party, directory, gate, store, processor, casework)
    return Hub(settings, directory, rulebook.linkage, store, processor, sequencer, secrets, office)
