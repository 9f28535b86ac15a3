"""The audit log as a stranger reads it: its directory alone."""

import json
from pathlib import Path
from typing import Any

from deploy.demo.harvest import verify_log
from hub.trust.merkle import leaf_hash
from hub.trust.tiles import TILE_WIDTH, TileReader


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
