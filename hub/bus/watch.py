"""Telling a consumer that is stuck from a topic that is quiet. Pure: times are given.

After a broker's restart aiokafka sometimes reads no further from a partition, without an error and for ever (its issues
1154 and 625). What shows it: the partition ends beyond our position, and reads that took all there was brought nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.engine.records import Place

PATIENCE = 10.0
"""Seconds for which a partition that holds more may give nothing."""
READS = 20
"""Reads in that time that must have been made in vain: who does not read, is not stuck."""
SILENCE = 30.0
"""Seconds without an answer from Kafka after which a new connection is tried, which may trust other certificates, too."""


@dataclass(frozen=True, slots=True)
class _Behind:
    position: int
    since: float
    reads: int


class Watch:
    """Watches one consumer, from `now` on."""

    def __init__(self, now: float, patience: float = PATIENCE) -> None:
        self._behind: dict[Place, _Behind] = {}
        self._reads = 0
        self._answered_at = now
        self._least = self._patience = patience

    def drained(self) -> None:
        """A read has taken everything that had been fetched."""
        self._reads += 1

    def is_stuck(self, ends: Mapping[Place, int] | None, positions: Mapping[Place, int], now: float) -> bool:
        """Whether a new consumer is called for. `ends` is what Kafka tells now, nothing when it did not answer.

        Each time makes the next one wait twice as long, until all is read: a slow line is no stuck consumer.
        """
        if ends is None:
            stuck = now - self._answered_at >= SILENCE
        else:
            self._answered_at = now
            stuck = any([self._gives_nothing(place, end, positions.get(place, end), now) for place, end in ends.items()])
            if stuck:
                self._patience *= 2
            elif not self._behind:
                self._patience = self._least
        if stuck:
            self._behind.clear()
            self._answered_at = now
        return stuck

    def _gives_nothing(self, place: Place, end: int, position: int, now: float) -> bool:
        known = self._behind.get(place)
        if position >= end:
            self._behind.pop(place, None)
        elif known is None or known.position != position:
            self._behind[place] = _Behind(position, now, self._reads)
        else:
            return now - known.since >= self._patience and self._reads - known.reads >= READS
        return False
