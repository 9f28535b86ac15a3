"""What one seed means: who asks what and when, who answers how, and all that goes wrong meanwhile."""

from dataclasses import dataclass
from random import Random
from typing import Any

from hub.bus.topics import REPLIES, REQUESTS, results_topic, tasks_topic
from schemas.samples import PEOPLE
from tests.simulation.bus import Cut

COURTS = ("court-9901", "court-9902")
PARTNERS = ("bank", "vehicle", "real-estate")
TOPICS = {
    REQUESTS: 3, REPLIES: 3, "hub.dead-letters.v1": 1, "hub.checkpoints.v1": 1,
    **{tasks_topic("", partner): 2 for partner in PARTNERS}, **{results_topic("", court): 2 for court in COURTS},
}  # fmt: skip
RECEIPT_WITHIN, REPLY_WITHIN = 2, 3
"""The partners' time in these runs, in seconds."""
MOODS = {
    "prompt": 40, "slow": 24, "late": 9, "silent": 5, "received-only": 5, "unreceipted": 9, "twin": 6, "second": 6, "lying": 6,
}  # fmt: skip
"""How a partner takes a task, and how often."""


@dataclass(frozen=True)
class Ask:
    """One request of a court, at a time in seconds. `how` it goes wrong, if it does; `original` is the number of another."""

    court: str
    at: float
    action: str
    who: str
    partners: tuple[str, ...]
    how: str
    original: int | None = None


@dataclass(frozen=True)
class Freeze:
    """The hub stands still from a time on, for a while, and lives on beside its replacement for another while (s)."""

    at: float
    length: float
    linger: float


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the run. Times in seconds from its begin."""

    seed: str
    asks: tuple[Ask, ...]
    connector: bool
    heals_at: float
    crashes: int
    crashes_from: float
    rate: float
    weather: float
    cuts: tuple[Cut, ...]
    freeze: Freeze | None


def stream(seed: str, name: str) -> Random:
    """A source of chance of its own for each thing, so that a change of one leaves the others as they were."""
    return Random(f"{seed}/{name}")  # noqa: S311 - chance that can be repeated, no secret


def make_plan(seed: str) -> Plan:
    """The plan of this seed."""
    rng = stream(seed, "plan")
    heals_at = rng.uniform(2.0, 7.0)
    freeze = Freeze(rng.uniform(0.3, heals_at), rng.uniform(0.2, 4.0), rng.uniform(0.2, 2.0)) if rng.random() < 0.25 else None
    return Plan(
        seed=seed, asks=tuple(_asks(rng)), connector=rng.random() < 0.45, heals_at=heals_at, crashes=rng.choice([0, 1, 1, 2, 2, 3]),
        crashes_from=rng.uniform(0.0, heals_at), rate=rng.choice([0.05, 0.15, 0.4]), weather=rng.choice([0.0, 0.05, 0.2, 0.5]),
        cuts=tuple(_cuts(rng, heals_at)), freeze=freeze,
    )  # fmt: skip


def _asks(rng: Random) -> list[Ask]:
    people = rng.sample(sorted(PEOPLE), len(PEOPLE))
    asks: list[Ask] = []
    for who in people[: rng.choice([1, 1, 2, 2, 3])]:
        court, at = rng.choice(COURTS), rng.uniform(0.0, 3.0)
        how = rng.choices(["plain", "repeated", "twin", "renumbered", "spoilt"], [50, 25, 9, 6, 10])[0]
        if rng.random() < 0.7:
            asks.append(Ask(court, at, "inquire", who, tuple(sorted(rng.sample(PARTNERS, rng.randint(1, 3)))), how))
            continue
        asks.append(Ask(court, at, "freeze", who, ("bank",), how))
        if rng.random() < 0.7:
            first, action = len(asks) - 1, rng.choice(["release", "renew"])
            asks.append(Ask(court, at + rng.uniform(0.0, 4.0), action, who, ("bank",), rng.choice(["plain", "repeated"]), first))
    return asks


def _cuts(rng: Random, heals_at: float) -> list[Cut]:
    names: list[Any] = ["hub", *PARTNERS, *COURTS, *(f"{topic}/{n}" for topic, count in TOPICS.items() for n in range(count))]
    cuts = []
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        since = rng.uniform(0.0, heals_at)
        cuts.append(Cut("hub" if rng.random() < 0.5 else rng.choice(names), since, since + rng.uniform(0.3, 4.0)))
    return cuts
