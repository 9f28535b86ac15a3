"""Watches for persons (临控) and road control of vehicles (路面控车), and what becomes of a hit.

Model 3.1: requested → armed → hit → handed-over | missed; armed → expired | withdrawn. A watch restrains a person's liberty, so
it has an end of its own (`until`), after which nothing that comes of it is acted on; and it is withdrawn when the debt is
performed (关于进一步加强执行联动的意见; 信用修复).
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate
from schemas.replies import MeasureOutcome

WATCHES = frozenset({"watch", "road-control"})
"""Actions that begin a watch."""
ENDED = frozenset({"refused", "handed-over", "expired", "withdrawn"})
"""A watch that has ended never comes back. One that was missed still stands with the police and may hit again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState(Aggregate):
    """One watch or road control, by the request that began it (`key`); `ref` is the token of the vehicle or the subject.

    `status`: requested → armed | refused; armed → hit; hit → handed-over | missed; missed → hit; all but the ended ones →
    expired | withdrawn. Silence leaves it requested: it may be armed. `until` (µs) is its end, `proof` the message that
    shows where it stands.
    """

    KIND: ClassVar[str] = "watch"

    request_id: str
    partner: str
    action: str
    until: int
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitState(Aggregate):
    """One hit, by its message's id; `ref` is its watch's key. `status`: open → handed-over | missed.

    Somebody must have attended to it by `due_at` (µs).
    """

    KIND: ClassVar[str] = "hit"

    due_at: int


def answered(watch: WatchState, outcome: MeasureOutcome | None, proof: str) -> WatchState:
    """The watch after the police's answer. A hit that was read before it shows that it is armed."""
    if watch.status != "requested":
        return watch
    armed = outcome is not None and outcome.state == "armed"
    return replace(watch, status="armed" if armed else "refused", proof=proof)


def never_sent(watch: WatchState) -> WatchState:
    """The watch after its request has ended unsent."""
    return replace(watch, status="refused") if watch.status == "requested" else watch


def hit(watch: WatchState, at: int) -> WatchState:
    """The watch after a hit at `at` (µs, broker's time). One that has ended, or is past its end, has nothing to hit for."""
    if watch.status in ENDED or at >= watch.until:
        return watch
    return replace(watch, status="hit")


def attended(watch: WatchState, outcome: Literal["handed-over", "missed"], proof: str, *, others_open: bool) -> WatchState:
    """The watch after a hit has been attended to; `others_open`: another hit of it has not been."""
    if watch.status != "hit" or (outcome == "missed" and others_open):
        return watch
    return replace(watch, status=outcome, proof=proof)


def withdrawn(watch: WatchState, outcome: MeasureOutcome | None, proof: str) -> WatchState:
    """The watch after the answer to its withdrawal. Where it was not known to be armed, "no such watch" (`outcome` None, from
    an explicit no-record) ends it too."""
    if watch.status in ENDED:
        return watch
    if outcome is None:
        return replace(watch, status="refused", proof=proof) if watch.status == "requested" else watch
    return replace(watch, status="withdrawn", proof=proof)


def expired(watch: WatchState, at: int) -> WatchState:
    """The watch at `at` (µs): over once its end has come."""
    return watch if watch.status in ENDED or at < watch.until else replace(watch, status="expired")
