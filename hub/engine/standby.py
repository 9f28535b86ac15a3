"""Waiting for a store that takes nothing at the moment: full, locked, or away.

What is not committed is in Kafka, or in the hands of whoever waits here, so nothing is lost and nothing is hurried. The log
is told once when it begins and once when it is over.
"""

import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from hub.store.errors import FULL, LOCKED, is_outage, outage_of

log = structlog.get_logger()
_LONGEST = 10.0
_ADVICE = {
    FULL: "make room where the store is",
    LOCKED: "another program holds the store's lock, a shell or a backup perhaps: let it end",
}


class Standby:
    """What is known of the store. `trouble` is the code of what is the matter, None while it takes what it is given."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = 0.0
        self.trouble: str | None = None

    def failed(self, error: DBAPIError) -> float:
        """Seconds until the next try: as long again as it has lasted, within bounds. Raises an `error` that is no outage."""
        if not is_outage(error):
            raise error
        code, now = outage_of(error), self._clock()
        if self.trouble is None:
            self._since = now
        if self.trouble != code:
            advice = _ADVICE.get(code, "check the store's server, its disk and the line to it")
            log.error("store.waiting", code=code, advice=f"{advice}; nothing is taken until then, and work goes on by itself")
        self.trouble = code
        return min(max(1.0, now - self._since), _LONGEST)

    def worked(self) -> None:
        """The store has taken what it was given."""
        if self.trouble is not None:
            log.warning("store.back", code=self.trouble, after_s=round(self._clock() - self._since))
            self.trouble = None
