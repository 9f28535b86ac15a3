"""The rounds of one run: strike, recover, rest, judge; again until there is enough."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.run.faults import FAULTS, QUICK, weights
from tests.faults.run.judge import Mark, Verdict, judge
from tests.faults.run.plan import Strike, make_round
from tests.faults.run.stage import PATIENCE, Stage, stage

Say = Callable[[str], None]


@dataclass
class Episode:
    """One fault as it was lived through. `requests` were on their way during it."""

    fault: str
    requests: set[str]
    lasted: float
    recovered: float | None


@dataclass
class Row:
    """One line of the table."""

    runs: int = 0
    requests: int = 0
    lost: int = 0
    doubled: int = 0
    recoveries: list[float] = field(default_factory=list)


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    store: str
    nodes: int
    rows: dict[str, Row] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    rounds: int = 0
    killed: int = 0
    ended_itself: int = 0
    calls: int = 0
    effects: int = 0
    entries: int = 0
    seconds: float = 0.0

    @property
    def messages(self) -> int:
        """Records in all topics."""
        return sum(self.records.values())

    def add(self, episodes: list[Episode], verdict: Verdict, kinds: Mapping[str, int]) -> None:
        """One round more."""
        self.rounds += 1
        self.faults += verdict.faults
        _add(self.kinds, kinds)
        _add(self.records, verdict.records)
        self.repeated += verdict.repeated
        self.calls += verdict.calls
        self.effects += verdict.effects
        for each in episodes:
            row = self.rows.setdefault(each.fault, Row())
            row.runs += 1
            row.requests += len(each.requests)
            row.lost += len(each.requests & verdict.lost)
            row.doubled += len(each.requests & verdict.doubled)
            if each.recovered is not None:
                row.recoveries.append(each.recovered)


@dataclass(frozen=True)
class Orders:
    """What kind of run, and how long. `only` are the faults of its one round, if it has just one."""

    seed: int
    store: str = "sqlite"
    nodes: int = 1
    minutes: float = 10.0
    messages: int | None = None
    share: int = 400
    only: tuple[str, ...] = ()
    broken: str = ""
    patience: float = PATIENCE


def quick(seed: int, store: str = "sqlite") -> Orders:
    """Three hundred requests under five faults."""
    return Orders(seed, store, share=60, only=QUICK)


async def run(orders: Orders, folder: Path, say: Say) -> Outcome:
    """Until there is enough, or something is wrong."""
    outcome = Outcome(orders.seed, orders.store, orders.nodes)
    begun = time.monotonic()
    async with stage(folder, orders.seed, orders.store, orders.nodes, orders.broken) as play:
        mark = Mark(dict.fromkeys(await play.ends(), 0))
        while not outcome.faults and not _enough(orders, outcome, time.monotonic() - begun):
            strikes = _strikes(orders, outcome.rounds)
            first = outcome.rounds * len(strikes)
            episodes = [await _strike(play, strike, number, orders, say) for number, strike in enumerate(strikes, first)]
            unfinished = await play.rests(orders.patience)
            outcome.faults += [f"stuck for {orders.patience:.0f} s: {unfinished}"] if unfinished else []
            outcome.faults += await play.stop_hubs()
            verdict, mark = await judge(play, mark)
            outcome.add(episodes, verdict, play.ledger.kinds)
            outcome.entries, outcome.seconds = mark.tree.size, time.monotonic() - begun
            say(f"round {outcome.rounds}: {outcome.messages:,} messages in {outcome.seconds:,.0f} s "
                f"({outcome.messages / outcome.seconds:,.0f}/s), {sum(row.runs for row in outcome.rows.values())} faults, "
                f"{len(verdict.faults)} wrong")  # fmt: skip
            play.forget()
            if not outcome.faults and not _enough(orders, outcome, outcome.seconds):
                await play.start_hubs()
        keepers = (*play.hubs, play.connector)
        outcome.killed = sum(keeper.killed for keeper in keepers)
        outcome.ended_itself = sum(len(keeper.ended_itself) for keeper in keepers)
        for line in (line for keeper in keepers for line in keeper.ended_itself):
            say(f"ended by itself: {line}")
    return outcome


def _strikes(orders: Orders, number: int) -> list[Strike]:
    if orders.only:
        return [Strike(name, orders.share, orders.share // 4) for name in orders.only]
    return make_round(orders.seed, number, weights(), requests=orders.share)


def _enough(orders: Orders, outcome: Outcome, seconds: float) -> bool:
    if orders.only:
        return outcome.rounds > 0
    return seconds >= orders.minutes * 60 or (orders.messages is not None and outcome.messages >= orders.messages)


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


async def _strike(play: Stage, strike: Strike, number: int, orders: Orders, say: Say) -> Episode:
    done = len(play.ledger.done_at)
    play.give_leave(strike.requests)
    await play.concluded(done + strike.after, 60)
    before, begun = play.ledger.waiting, time.monotonic()
    await FAULTS[strike.fault][1](play, play.rng(f"strike {number}"))
    healed = time.monotonic()
    touched = before | {request for request, at in play.ledger.sent_at.items() if at >= begun}
    right = await play.all_of(touched, orders.patience)
    recovered = time.monotonic() - healed if right else None
    say(f"  {strike.fault}: {healed - begun:.1f} s, {len(touched)} requests on their way, "
        + ("recovered in " + f"{recovered:.1f} s" if recovered is not None else "NOT RECOVERED"))  # fmt: skip
    return Episode(strike.fault, touched, healed - begun, recovered)
