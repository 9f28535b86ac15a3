"""The one place where a connector is put together: its settings file names the protocol, and the hub does not change."""

import asyncio
import signal
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Self

import aiohttp
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import URL

from connectors import jobs
from connectors.addresses import PartnerResolver
from connectors.base import Connector
from connectors.course import Pace
from connectors.desk import Desk, admits
from connectors.mailbox import StoreMailbox
from connectors.restored import begin
from connectors.runner import Runner
from connectors.settling import ROLE
from hub.bus.sink import KafkaSink
from hub.bus.source import KafkaSource
from hub.bus.topics import Topics
from hub.engine.clock import now_micros
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.engine.work import Work
from hub.settings import ConfigError, Kafka, Secrets, maintenance_windows, store_at
from hub.store.database import Database
from hub.store.errors import StoreError
from hub.store.vault import Vault
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.parties import Directory
from schemas.envelope import VALUE_LIMIT

log = structlog.get_logger()
TASK_LIMIT = 2 * VALUE_LIMIT
"""A task holds its request in base64, so it may be larger than what a party sends."""


class Webhook(BaseModel):
    """Where the partner's own calls are taken in."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = 0


class ConnectorSettings(BaseModel):
    """One connector's file. `protocol` is a package with a class `Connection`-ready `PROTOCOL`; `options` are its own."""

    model_config = ConfigDict(extra="forbid")

    party: str
    protocol: str = Field(pattern=r"^[a-z][a-z0-9_.]*$")
    data_dir: Path
    parties_dir: Path
    signing_key: Path
    secret_file: Path
    store: str | None = None
    store_password_file: Path | None = None
    kafka: Kafka
    webhook: Webhook = Webhook()
    pace: dict[str, float] = {}
    maintenance: tuple[Any, ...] = ()
    options: dict[str, Any] = {}
    log_level: str = "info"

    def store_at(self) -> Path | URL:
        """Where its store is: `<party>.db` in its folder, unless `store` says otherwise. Raises `ConfigError`."""
        return store_at(self.store or f"sqlite:{self.party}.db", self.data_dir, self.store_password_file)

    @property
    def windows(self) -> tuple[tuple[int, int], ...]:
        """The agreed times in which the partner is not called (µs)."""
        return maintenance_windows(self.maintenance)

    @field_validator("maintenance")
    @classmethod
    def _check_windows(cls, found: tuple[Any, ...]) -> tuple[Any, ...]:
        maintenance_windows(found)
        return found

    @classmethod
    def read(cls, path: Path) -> Self:
        """The settings in a TOML file. Raises `ConfigError`."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError) as error:
            raise ConfigError(f"{path}: {error}") from error


def load_protocol(name: str) -> type[Connector]:
    """The connector class that package `name` calls `PROTOCOL`. Raises `ConfigError`."""
    try:
        found = import_module(name).PROTOCOL
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"protocol {name}: no package of that name with a PROTOCOL in it ({error})") from error
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise ConfigError(f"protocol {name}: PROTOCOL is no Connector")
    return found


async def run_connector(settings: ConnectorSettings) -> None:
    """Run until SIGINT or SIGTERM. Raises what its parts raise when a file or key is wrong."""
    protocol = load_protocol(settings.protocol)
    directory = Directory.load(settings.parties_dir)
    secrets = Secrets.read(settings.secret_file)
    connection = settings.kafka.connection()
    topics = Topics(connection.prefix)
    store = Database(settings.store_at(), jobs.metadata)
    composer = _composer(settings, secrets)
    me = directory.parties[settings.party]
    desk = Desk(directory, topics)

    def source() -> KafkaSource:
        return KafkaSource(connection, settings.party, [topics.tasks(me.speaks_as)])

    processor = Processor(
        store=store,
        source=source,
        sink=KafkaSink(connection, settings.party),
        gate=Gate(me.speaks_as, directory, admits(), TASK_LIMIT),
        composer=composer,
        master_key=secrets.master,
        application=desk,
        roles=[ROLE],
    )
    await begin(processor, source)  # nothing is at work yet that a signal would have to end in order
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, processor.stop)
    line = aiohttp.TCPConnector(resolver=PartnerResolver())
    async with aiohttp.ClientSession(connector=line, timeout=aiohttp.ClientTimeout(total=30)) as http:
        connector = protocol(http, settings.options)
        pace = Pace(**settings.pace)  # type: ignore[arg-type]  # counts come as whole floats
        runner = Runner(connector, desk, processor, store, pace, settings.windows)
        hook = connector.webhook(StoreMailbox(desk, processor))
        site = await _serve(hook, settings.webhook) if hook is not None else None
        try:
            async with asyncio.TaskGroup() as group:
                working = group.create_task(_when_ready(processor, runner, settings.party))
                await processor.run()
                working.cancel()
        finally:
            if site is not None:
                await site.cleanup()
            store.close()


_BY_HAND = {"job.retried": jobs.retry, "job.closed": jobs.close}


def settle_by_hand(settings: ConnectorSettings, task_id: str, decided: Literal["job.retried", "job.closed"]) -> jobs.JobStatus | None:
    """What a person decided of a job that waits for one, as a decision in the connector's journal; see `jobs.retry`, `jobs.close`.

    Raises `StoreError`: store-missing, or store-in-use while the connector runs; a shared store is never in use.
    """
    where = settings.store_at()
    if isinstance(where, Path) and not where.exists():
        raise StoreError("store-missing", f"there is no {where}; check data_dir")
    secrets = Secrets.read(settings.secret_file)
    store = Database(where, jobs.metadata)
    try:
        with store.write() as connection:
            work = Work(connection, now_micros(), _composer(settings, secrets), Vault(secrets.master))
            status = _BY_HAND[decided](connection, task_id, work.now)
            if status is not None:
                work.decide(decided, task_id, None, {"task": task_id, "to": status.value})
            work.flush()
    finally:
        store.close()
    return status


def _composer(settings: ConnectorSettings, secrets: Secrets) -> Composer:
    return Composer(settings.party, Signer(keys.load(settings.signing_key)), secrets.tokens)


async def _when_ready(processor: Processor, runner: Runner, party: str) -> None:
    await processor.ready.wait()
    log.info("connector.ready", party=party)
    await runner.run()


async def _serve(hook: web.Application, where: Webhook) -> web.AppRunner:
    runner = web.AppRunner(hook, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, where.host, where.port).start()
    return runner
