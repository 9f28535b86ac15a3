"""Watches (临控) and road control of vehicles: armed, hit, handed over or missed, expired or withdrawn.

No watch acts after its end, and performance of the debt withdraws every one (信用修复).
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules.aggregate import Aggregate

ENDED = frozenset({"expired", "withdrawn", "refused"})
LIVE = frozenset({"requested", "armed", "hit", "handed-over", "missed", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState(Aggregate):
    """One watch by its request (`key`); `ref` is the subject's token, `until` (µs) its end.

    `status`: requested → armed → hit → handed-over | missed, and again hit; → expired | withdrawn; or refused, unknown. `open_hits`
    are the ids of hits that nobody has attended to, `proof` the message that ended it.
    """

    KIND: ClassVar[str] = "watch"

    request_id: str
    partner: str
    action: str
    until: int
    open_hits: tuple[str, ...] = ()
    proof: str | None = None


def armed(watch: WatchState) -> WatchState:
    """The police have it in force."""
    return replace(watch, status="armed") if watch.status in ("requested", "unknown") else watch


def over(watch: WatchState, at: int) -> bool:
    """Whether a hit at `at` (µs) comes after the end: there is no order any more to hold anybody on, and
    only a person can tell what it is worth."""
    return watch.status in ENDED or at >= watch.until


def hit(watch: WatchState, hit_id: str, at: int) -> WatchState:
    """The watch after a hit, which is open until somebody attends to it; one after the end brings no watch back to life."""
    if over(watch, at):
        return replace(watch, open_hits=(*watch.open_hits, hit_id))
    return replace(watch, status="hit", open_hits=(*watch.open_hits, hit_id))


def attended(watch: WatchState, hit_id: str, outcome: Literal["handed-over", "missed"]) -> WatchState | str:
    """The hit is settled; the watch goes on until its end. Or the code of why there is no such hit."""
    if hit_id not in watch.open_hits:
        return "state-other"
    left = tuple(each for each in watch.open_hits if each != hit_id)
    status = watch.status if watch.status in ENDED else "hit" if left else outcome
    return replace(watch, open_hits=left, status=status)


def ended(watch: WatchState, status: Literal["expired", "withdrawn", "refused"], proof: str | None = None) -> WatchState:
    """The watch after its end, which is one for good."""
    return watch if watch.status in ENDED else replace(watch, status=status, proof=proof)
