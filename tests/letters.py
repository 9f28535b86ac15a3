"""Orders about dead letters, given to a hub without a bus."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import func, select

from hub.casework.orders import Done
from hub.engine.records import Outgoing
from hub.letters.client import Client
from hub.letters.office import Office
from hub.rules.letters import LetterState
from hub.store import letters
from hub.store import tables as t
from hub.store.database import Database
from hub.store.letters import Letter
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.rig import Rig

Order = tuple[bytes, str]


def order(rig: Rig, action: Literal["replay", "discard", "reveal"], letter: str, *, dry_run: bool = False, signer: str = "hub",
          operator: str = "YW-0007", reason: str = "密钥已登记") -> Order:  # fmt: skip
    """One order now, signed by a party."""
    client = Client("", rig.parties[signer].signer, operator, reason)
    return client.order(action, letter, dry_run=dry_run, at=rig.clock)


def obey(rig: Rig, *orders: Order) -> tuple[list[Done], Sequence[Outgoing]]:
    """What came of each of these, given one after another to a running hub; and what it published."""

    async def main() -> list[Done]:
        async with working(rig, bus) as processor:
            office = Office("hub", rig.directory, rig.gate, rig.store, processor, rig.casework)
            return [await office.obey(*each) for each in orders]

    bus = Lanes()
    return asyncio.run(main()), bus.published


def replay(rig: Rig, letter: str, *, dry_run: bool = False) -> tuple[Done, Sequence[Outgoing]]:
    """One replay."""
    (done,), out = obey(rig, order(rig, "replay", letter, dry_run=dry_run))
    return done, out


def all_letters(rig: Rig) -> list[Letter]:
    """Every letter in the store, oldest first."""
    with rig.store.read() as connection:
        groups = letters.groups(connection, list(LetterState))
        found = [letter for group in groups for letter in letters.of_group(connection, group.fingerprint, list(LetterState))]
    return sorted(found, key=lambda letter: letter.at)


def the_letter(rig: Rig) -> Letter:
    """The one letter in the store."""
    (letter,) = all_letters(rig)
    return letter


def sizes(store: Database) -> dict[str, int]:
    """How many rows each table has."""
    with store.read() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in t.metadata.sorted_tables}
