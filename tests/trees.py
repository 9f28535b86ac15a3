"""Walking JSON values and changing them in one place."""

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
GONE = object()


def paths(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place below `value`, with what stands there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key), item
        yield from paths(item, (*at, key))


def changed(value: Any, path: Path, new: Any) -> Any:
    """A copy of `value` with `new` at `path`, or without what stands there for `GONE`."""
    made = copy.deepcopy(value)
    parent = made
    for key in path[:-1]:
        parent = parent[key]
    if new is GONE:
        del parent[path[-1]]
    else:
        parent[path[-1]] = new
    return made
