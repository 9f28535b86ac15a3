"""Whether processes are at work on a store that several may share."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from hub.store import leases
from hub.store.errors import StoreError

_QUIET = 2.0
"""Seconds without a lease that show that nobody is there: whoever is at work renews its own every second, on a store that was just
put back under it, too."""
_LOOK = 0.2


def require_nobody(read: Callable[[], AbstractContextManager[Connection]]) -> None:
    """Return once nobody has a lease; those that a killed process leaves, or that a backup has kept, run out meanwhile. Raises
    `StoreError` when they are renewed. Blocking, some seconds."""
    begun = quiet_since = time.monotonic()
    while (now := time.monotonic()) - quiet_since < _QUIET:
        with read() as connection:
            others = leases.at_work(connection)
        if others:
            quiet_since = now
            if now - begun > leases.SECONDS + _LOOK:
                raise StoreError("store-in-use", f"{others} processes are at work on this store; end them all first")
        time.sleep(_LOOK)
