"""How far this machine's clock is from the broker's, by what the broker says of each record that it takes.

Deadlines run by the broker's time and fire by ours. Ours ahead, they would fire early: so none fires until the two agree again.
Ours behind, they fire late, which wrongs nobody. Either is an alarm: whoever operates the hub sets the clock right.
"""

from collections.abc import Callable, Sequence

import structlog

from hub.engine.records import Outgoing
from hub.engine.relay import Sink

log = structlog.get_logger()
LIMIT = 5_000_000
"""More than this apart, in µs, the clocks do not agree."""


class TimedSink:
    """A sink that notices, with each batch, how the two clocks stand. `ahead` is how far ours is ahead of the broker's, in µs."""

    def __init__(self, sink: Sink, clock: Callable[[], int]) -> None:
        self._sink = sink
        self._clock = clock
        self.ahead = 0
        self.told = False

    async def publish(self, batch: Sequence[Outgoing]) -> int | None:
        """Publish, and compare: the broker's time lies between the beginning and the end, or the clocks differ."""
        before = self._clock()
        at = await self._sink.publish(batch)
        if at is not None:
            after = self._clock()
            self._compare(before - at if at < before else min(0, after - at))
        return at

    async def close(self) -> None:
        """Close what it stands for."""
        await self._sink.close()

    @property
    def is_ahead(self) -> bool:
        """Whether our clock cannot be used to end anybody's time."""
        return self.ahead > LIMIT

    def _compare(self, ahead: int) -> None:
        was, self.ahead, self.told = self.ahead, ahead, True
        if abs(ahead) > LIMIT and (abs(was) <= LIMIT or (ahead > 0) != (was > 0)):
            log.error("clock.ahead" if ahead > 0 else "clock.behind", seconds=round(abs(ahead) / 1_000_000, 3),
                      advice="this machine's clock and the broker's differ; set it right: while it is ahead no deadline ends")  # fmt: skip
        elif abs(ahead) <= LIMIT < abs(was):
            log.info("clock.agrees")
