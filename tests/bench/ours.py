"""The contestant that the others are there for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from hub.bootstrap import Hub, build_hub
from hub.settings import Kafka, Settings
from hub.store import journal
from hub.telemetry import configure_logs
from tests.bench.job import Job


@asynccontextmanager
async def hub(job: Job, go: asyncio.Event) -> AsyncIterator[None]:
    """The hub as it runs, everything on."""
    configure_logs("info", "hub")
    home = Path(job.home)
    kafka = Kafka(bootstrap_servers=job.bootstrap_servers, username="hub", password_file=job.password_file,
                  topic_prefix=job.prefix)  # fmt: skip
    built = build_hub(Settings(
        data_dir=Path(job.data), parties_dir=home / "parties", agreements_dir=home / "agreements", kafka=kafka,
        signing_key=home / "keys/hub.jwk", log_key=home / "keys/log.jwk", secret_file=home / "keys/hub.secret",
    ))  # fmt: skip

    async def begin() -> None:
        await go.wait()
        built.processor.resume()

    built.processor.pause()
    # Each run has a new store before the topics of all runs, which the hub would refuse as one that was set back.
    async with asyncio.TaskGroup() as group, _without_look_back():
        group.create_task(built.run())
        await built.processor.ready.wait()
        begins = group.create_task(begin())
        yield
        begins.cancel()
        await _all_logged(built)
        built.processor.stop()


@asynccontextmanager
async def _without_look_back() -> AsyncIterator[None]:
    async def nothing(_: Hub) -> None:
        """Looks at no checkpoint."""

    with patch.object(Hub, "_check_published", nothing):
        yield


async def _all_logged(built: Hub) -> None:
    """Return once a signed checkpoint covers every entry: the tree is part of what is measured."""

    def unsequenced() -> bool:
        with built.store.read() as connection:
            return bool(journal.unsequenced(connection, 1))

    checkpoint = built.settings.data_dir / "log/checkpoint"
    while await built.processor.on_store(unsequenced) or (  # noqa: ASYNC110 - the sequencer tells nobody
        int(checkpoint.read_text(encoding="utf-8").split("\n")[1]) < built.sequencer.size
    ):
        await asyncio.sleep(0.1)
