"""The hub or a connector as a process: `python -m tests.faults.run.process hub|connector CONFIG [BROKEN]`.

It is what `liandong hub run` and `liandong connector run` start. With the name of a sabotage the product is broken in that way,
in this process alone; the product knows nothing of it.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from connectors.bootstrap import ConnectorSettings, run_connector
from hub.bootstrap import build_hub
from hub.bus.sink import KafkaSink
from hub.engine.records import Outgoing
from hub.engine.relay import PublishFailed
from hub.settings import read_settings
from hub.telemetry import configure_logs
from tests.simulation import sabotage
from tests.simulation.sabotage import Patches

_publish = KafkaSink.publish
_MOMENT = 0.2
"""How long (s) the moment lasts that a fault has to meet, so that it does so soon and not once in a thousand times."""


def futures_not_awaited() -> Patches:
    """What is handed to the producer counts as published; nobody looks at what becomes of it."""
    forgotten: set[asyncio.Task[None]] = set()

    async def send(self: KafkaSink, batch: Sequence[Outgoing]) -> None:
        await asyncio.sleep(_MOMENT)
        with suppress(PublishFailed):
            await _publish(self, batch)

    async def publish(self: KafkaSink, batch: Sequence[Outgoing]) -> None:
        forgotten.add(asyncio.create_task(send(self, batch)))

    return [(KafkaSink, "publish", publish)]


def auto_commit() -> Patches:
    """The position is moved before the batch is decided on, as by a consumer that commits by itself."""
    ((owner, name, moved_first),) = sabotage.offsets_first()

    def attempt(self: Any, cluster: str, batch: Sequence[Any], decide: Any, published: Any) -> Any:
        def slowly(work: Any) -> None:
            time.sleep(_MOMENT)
            decide(work)

        return moved_first(self, cluster, batch, slowly, published)

    return [(owner, name, attempt)]


def no_compare_and_set() -> Patches:
    """Whatever position the store holds is the one that was expected."""
    ((owner, name, unchecked),) = sabotage.no_compare_and_set()

    def attempt(self: Any, *arguments: Any) -> Any:
        time.sleep(_MOMENT)
        return unchecked(self, *arguments)

    return [(owner, name, attempt)]


BROKEN: dict[str, Callable[[], Patches]] = {
    "auto-commit": auto_commit,
    "no-duplicate-check": sabotage.no_duplicate_check,
    "no-compare-and-set": no_compare_and_set,
    "futures-not-awaited": futures_not_awaited,
}


def main(role: str, config: Path, broken: str = "") -> None:
    """Until it is told to end."""
    with ExitStack() as patches:
        for owner, name, replacement in BROKEN[broken]() if broken else []:
            patches.enter_context(patch.object(owner, name, replacement))
        if role == "hub":
            settings = read_settings(config)
            configure_logs(settings.log_level, role)
            asyncio.run(build_hub(settings).run())
        else:
            configure_logs("warning", role)
            asyncio.run(run_connector(ConnectorSettings.read(config)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
