"""A hub that ends without a word at one point between two of its steps: `python -m tests.faults.dying_hub CONFIG POINT`.

The product knows nothing of this: the steps are wrapped here, in this process alone.
"""

import asyncio
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.bootstrap import build_hub
from hub.bus.sink import KafkaSink
from hub.casework import Casework
from hub.engine.committer import Committer
from hub.engine.processor import Processor
from hub.sequencer import Sequencer
from hub.settings import read_settings
from hub.telemetry import configure_logs
from hub.trust.tile_log import TileLog

DIED = 77
"""Exit code that tells this death from any other."""


def die() -> None:
    os._exit(DIED)


def after(owner: type, name: str, when: Callable[..., bool] = lambda *_: True) -> None:
    """End the process once this step is done, for the first call that `when` is true of."""
    step: Callable[..., Any] = getattr(owner, name)

    async def then_die(self: object, *arguments: Any) -> Any:
        result = await step(self, *arguments)
        if when(*arguments):
            die()
        return result

    def die_then(self: object, *arguments: Any) -> Any:
        result = step(self, *arguments)
        if when(*arguments):
            die()
        return result

    setattr(owner, name, then_die if inspect.iscoroutinefunction(step) else die_then)


def half_published() -> None:
    """Publish the first half of the outbox's batch."""
    publish = KafkaSink.publish

    async def half(self: KafkaSink, batch: Any) -> None:
        await publish(self, batch[: max(1, len(batch) // 2)])
        if len(batch) > 1:
            die()

    setattr(KafkaSink, "publish", half)  # noqa: B010 - a plain assignment to a method is no typed Python


def rows_written() -> None:
    """Write the batch's rows, and do not commit."""
    handle = Casework.handle

    def handle_and_flush(self: Casework, work: Any, batch: Any) -> None:
        handle(self, work, batch)
        work.flush()
        die()

    setattr(Casework, "handle", handle_and_flush)  # noqa: B010 - likewise


def _from_outbox(batch: Any) -> bool:
    return not _checkpoint(batch)


def _checkpoint(batch: Any) -> bool:
    return str(batch[0].topic).endswith("checkpoints.v1")


POINTS: dict[str, Callable[[], None]] = {
    "verified": lambda: after(Processor, "_verify"),
    "decided": lambda: after(Casework, "handle"),
    "rows-written": rows_written,
    "committed": lambda: after(Committer, "_attempt"),
    "half-published": half_published,
    "published": lambda: after(KafkaSink, "publish", _from_outbox),
    "marked": lambda: after(Committer, "mark"),
    "log-appended": lambda: after(TileLog, "append"),
    "log-committed": lambda: after(Sequencer, "_commit"),
    "checkpoint-signed": lambda: after(TileLog, "publish"),
    "checkpoint-announced": lambda: after(KafkaSink, "publish", _checkpoint),
}
"""Every step of a batch and of the log, in their order."""


if __name__ == "__main__":
    configure_logs("info", "dying-hub")
    settings = read_settings(Path(sys.argv[1]))
    POINTS[sys.argv[2]]()

    async def main() -> None:
        await build_hub(settings).run()

    asyncio.run(main())
