"""What one seed means: which faults strike in which round, after how many requests, and how each party misbehaves."""

from dataclasses import dataclass
from random import Random

SHARE = 400
"""Requests on their way for each fault."""
ROUND = 6
"""Faults in one round; after each round everything comes to rest and is judged."""


def stream(seed: int, name: str) -> Random:
    """A source of chance of its own for each thing, so that a change of one leaves the others as they were."""
    return Random(f"{seed}/{name}")  # noqa: S311 - chance that can be repeated, no secret


@dataclass(frozen=True)
class Strike:
    """One fault: it begins once `after` of the requests sent for it are concluded."""

    fault: str
    requests: int
    after: int


def make_round(seed: int, number: int, weights: dict[str, int], faults: int = ROUND, requests: int = SHARE) -> list[Strike]:
    """The strikes of one round."""
    rng = stream(seed, f"round {number}")
    names = rng.choices(list(weights), list(weights.values()), k=faults)
    return [Strike(name, requests, rng.randrange(requests // 2)) for name in names]
