"""Who of several processes does what: leases in the shared store, by the store's own clock.

A lease says who is to do something, so that two do not do it at once. It makes nothing safe by itself: what a process writes
is fenced by what it found (an offset, the size of the log), or by looking at its lease in the very transaction that writes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, MetaData, Table, delete, select

from hub.store.dialect import Integer, String, replacing

SECONDS = 5
"""How long a lease lasts that is not renewed: after so long another takes over."""
_WORKER = "worker/"

metadata = MetaData()

leases = Table(
    "leases", metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until_at", Integer, nullable=False),  # UTC microseconds by the database's clock
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shares:
    """What is one process's to do: the shares that it should have, and all that it holds."""

    wanted: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()


def divide(connection: Connection, me: str, shares: Collection[str], roles: Collection[str], busy: Collection[str]) -> Shares:
    """Renew what `me` holds and take what is free of what it should have; the rest is let go, unless it is `busy` with it.

    The `shares` are dealt out evenly among all processes that are at work; one that names none takes no part in that. Each
    of the `roles` is whoever's takes it first, as long as it lasts.
    """
    c, now = leases.c, _now(connection)
    found = {row.name: row.holder for row in connection.execute(select(leases).where((c.until_at > now) | (c.holder == me)))}
    workers = {holder for name, holder in found.items() if name.startswith(_WORKER)} - {me} | ({me} if shares else set())
    wanted = frozenset(_part(sorted(shares), sorted(workers), me))
    free = {name for name in wanted | set(roles) if found.get(name, me) == me}
    held = free | {name for name in busy if found.get(name) == me}
    kept = held | ({_WORKER + me} if shares else set())
    connection.execute(delete(leases).where((c.until_at <= now) | (c.holder == me), c.name.not_in(kept)))
    if kept:
        rows = [{"name": name, "holder": me, "until_at": now + SECONDS * 1_000_000} for name in sorted(kept)]
        connection.execute(replacing(connection, leases), rows)
    return Shares(wanted, frozenset(held))


def holds(connection: Connection, me: str, name: str) -> bool:
    """Whether the lease is still mine, in the transaction that is to depend on it."""
    c = leases.c
    mine = select(c.name).where(c.name == name, c.holder == me, c.until_at > _now(connection))
    return connection.execute(mine).first() is not None


def at_work(connection: Connection) -> int:
    """How many processes hold a lease now."""
    c = leases.c
    return len(set(connection.scalars(select(c.holder).where(c.until_at > _now(connection)))))


def let_go(connection: Connection, me: str) -> None:
    """Leave everything to the others."""
    connection.execute(delete(leases).where(leases.c.holder == me))


def _part(shares: Sequence[str], workers: Sequence[str], me: str) -> Sequence[str]:
    return shares[workers.index(me) :: len(workers)] if me in workers else ()


def _now(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").scalar_one())
