"""What of the machine the product would still see during a run is replaced here, for its length: pace, files, chance, logs."""

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from tests.simulation.loop import OWNER
from tests.simulation.world import World

_TICK = 0.5
_OURS_TO_MEND = {"engine.poison", "engine.timers", "engine.timer", "connector.job-failed", "connector.manual"}
"""What the product logs when its own code failed: none of it may ever be said."""


@contextmanager
def surroundings(world: World) -> Iterator[None]:
    """Within it nothing depends on the machine."""
    kept, state = structlog.get_config(), random.getstate()
    with ExitStack() as stack:
        stack.callback(lambda: structlog.configure(**kept))
        stack.callback(lambda: random.setstate(state))
        for target, value in (
            ("hub.engine.timekeeper.TICK", _TICK), ("hub.trust.tile_log.write_files", _write_files), ("hub.trust.tile_log.replace_file", _replace_file),
        ):  # fmt: skip
            stack.enter_context(patch(target, value))
        random.seed(f"{world.plan.seed}/jitter")  # retries are spread by the module's own chance
        structlog.configure(processors=[_Listener(world)], wrapper_class=structlog.make_filtering_bound_logger(30))
        yield


class _Listener:
    """The product's log goes into the trace."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, _logger: Any, _level: str, line: Any) -> Any:
        event = line.pop("event")
        owner = OWNER.get()
        words = " ".join(f"{name}={line[name]}" for name in sorted(line) if name != "correlation_ids")
        self._world.trace(getattr(owner, "name", "?"), f"logs {event} {words}")
        if event in _OURS_TO_MEND:
            self._world.fault(f"{event} {words}")
        raise structlog.DropEvent


def _step(name: str) -> None:
    owner: Any = OWNER.get()
    if owner is not None:
        owner.step(name)


def _write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Each file may be left half written."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[: len(content) // 2])
        _step("has written half a file")
        path.write_bytes(content)


def _replace_file(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(content)
    _step("has written a checkpoint, not renamed it")
    fresh.replace(path)
