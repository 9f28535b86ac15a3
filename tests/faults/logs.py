"""The audit log as a stranger reads it: its directory alone."""

import json
from pathlib import Path
from typing import Any

from deploy.demo.follow import Follower
from deploy.demo.harvest import verify_log
from deploy.demo.processes import Child
from hub.trust.errors import TrustError
from hub.trust.merkle import leaf_hash
from hub.trust.tiles import TILE_WIDTH, TileReader
from tests.faults import history
from tests.processes import Linkage, until


def entries(directory: Path) -> list[dict[str, Any]]:
    """Every entry of a log that is whole. Raises `TrustError` for one that is not."""
    size = verify_log(directory)
    reader = TileReader(directory, size)
    found = []
    for number in range(-(-size // TILE_WIDTH)):
        bundle = reader.items("entries", number)
        assert [leaf_hash(leaf) for leaf in bundle] == list(reader.items(0, number)), "tiles and entries disagree"
        found += [json.loads(leaf) for leaf in bundle]
    return found


def logged(directory: Path) -> set[str]:
    """Every message digest in a log that is whole."""
    return {each["sha256"] for entry in entries(directory) for each in [entry.get("in"), *entry.get("out", [])] if each}


async def ended(made: Linkage, follower: Follower, *children: Child) -> list[history.Said]:
    """End these processes, in order, once the log has all that stands; and that, in order.

    A receipt, or a copy of anything, may be read after the conclusion that it came before: a conclusion alone does not say that
    everything has been read.
    """
    def all_logged() -> bool:
        try:
            return _digests(made, follower) <= logged(made.log)
        except (TrustError, OSError):
            return False  # it is being written

    await follower.caught_up()
    await until(all_logged, "all that stands is in the log")
    for child in children:
        child.process.terminate()
        assert await child.process.wait() == 0, child.log.read_text(encoding="utf-8")[-2000:]
    await follower.caught_up()
    return history.read(follower.records, made.cluster.prefix)


def _digests(made: Linkage, follower: Follower) -> set[str]:
    return {said.digest for said in history.read(follower.records, made.cluster.prefix)}
