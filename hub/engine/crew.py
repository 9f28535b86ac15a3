"""This process among those that work on the same store: which partitions it reads, and which roles are its own.

On a store that no other process may open, everything is this one's.
"""

import secrets
import time
from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from hub.engine.records import Place
from hub.store import leases
from hub.store.database import Database

RELAY = "relay"
"""The role of publishing the outbox, in order."""


class Fenced(Exception):  # noqa: N818 - it names a state of ours, not a fault of the caller's
    """Another process has moved an offset or taken over a role: what this one was about to write is void."""


class Crew:
    """One member. `roles` are those that it can have beside publishing; `join` and `check` are for the store's thread."""

    def __init__(self, store: Database, roles: Collection[str] = ()) -> None:
        self._store = store
        self._roles = frozenset(roles)
        self._me = secrets.token_hex(8)
        self._places: dict[str, Place] = {}
        self._shares = leases.Shares()
        self._until = 0.0
        self.shared = store.shared

    def join(self, places: Iterable[Place], busy: Collection[Place] = (), *, in_contact: bool = True) -> frozenset[Place]:
        """Renew and take leases; which of `places` are this process's to read. It goes on reading those it is `busy` with.

        A process that is not in contact with Kafka leaves reading and publishing to others, and keeps what needs none.
        """
        if not self.shared:
            return frozenset(places)
        self._places = {_name(place): place for place in places}
        with self._store.write() as connection:
            begun = time.monotonic()  # the turn may have been waited for
            names, roles = (self._places, self._roles | {RELAY}) if in_contact else ({}, self._roles)
            self._shares = leases.divide(connection, self._me, names, roles, {_name(place) for place in busy if in_contact})
        self._until = begun + leases.SECONDS
        return frozenset(self._places[name] for name in self._shares.wanted & self._shares.held)

    def leave(self) -> None:
        """Everything is the others' from now on."""
        if self.shared:
            self._until = 0.0
            with self._store.write() as connection:
                leases.let_go(connection, self._me)

    def has(self, role: str) -> bool:
        """Whether this role is surely this process's at this moment. One that stood still for long knows that it may not be."""
        return not self.shared or (role in self._shares.held and time.monotonic() < self._until)

    def check(self, connection: Connection, role: str) -> None:
        """Raises `Fenced` unless the role is this process's in this very transaction."""
        if self.shared and not leases.holds(connection, self._me, role):
            raise Fenced(role)


def _name(place: Place) -> str:
    return f"partition/{place[0]}/{place[1]}"
