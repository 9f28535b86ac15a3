"""Lifting (信用修复): once a debt is performed, or a case ends otherwise, all that was done in it is released, with proof.

法发〔2019〕35号 (release at once); 失信名单规定 (法释〔2017〕7号) art. 10; 企业破产法 art. 19: with bankruptcy accepted, preservation is lifted and
enforcement stayed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules import measures, notices, watches
from hub.rules.aggregate import Aggregate
from hub.rules.measures import MeasureState
from hub.rules.notices import NoticeState
from hub.rules.watches import WatchState
from schemas.hub import LiftedMeasure

Imposed = MeasureState | WatchState | NoticeState
"""What a case imposes on somebody, and what may have to be released."""
Why = Literal["objection", "closing"]
"""Why something must be released: an objection to it was upheld, or its case is closed."""
ENDS_WITH = {MeasureState: "release", WatchState: "withdraw", NoticeState: "lift"}
"""The action that ends each."""
MOST_LEVEL = 3
"""The highest rung of the reminder that a release is overdue."""
_PROVEN = frozenset({"released", "disposed", "refused", "withdrawn", "handed-over", "lifted"})
"""Ends that a message proves; the others (lapse, expiry, loss of the object) come with time or with another's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftState(Aggregate):
    """The lifting of a case (`key`: its token) since the statement `version` closed it.

    `status`: lifting → certified, or stopped when the case goes on after all.
    """

    KIND: ClassVar[str] = "lift"

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDuty(Aggregate):
    """Something that must be released; `key` is its kind, a slash and its key. `status`: due → met | dropped.

    `level` is the last rung of the reminder that it is overdue.
    """

    KIND: ClassVar[str] = "release"

    imposed: Literal["measure", "watch", "notice"]
    imposed_key: str
    why: Why
    level: int = 0


def stopped(known: LiftState) -> LiftState:
    """The lifting after the case has gone on: what has not been released need not be."""
    return replace(known, status="stopped") if known.status == "lifting" else known


def certified(known: LiftState) -> LiftState:
    """The lifting once all has ended."""
    return replace(known, status="certified")


def has_ended(imposed: Imposed) -> bool:
    """Whether it can never act again."""
    if isinstance(imposed, MeasureState):
        return imposed.status in measures.ENDED
    return imposed.status in (watches.ENDED if isinstance(imposed, WatchState) else notices.ENDED)


def certificate(imposed: Iterable[Imposed]) -> tuple[LiftedMeasure, ...] | None:
    """All that was imposed in a case with its end and what proves it, or None while anything has not ended.

    What was never sent never was; what a partner has not carried out stands with that partner's message.
    """
    every = list(imposed)
    if not all(map(has_ended, every)):
        return None
    return tuple(
        LiftedMeasure(request=each.request_id, partner=each.partner, action=each.action, ended_as=each.status,
                      proof=each.proof if each.status in _PROVEN else None)
        for each in every if each.status != "refused" or each.proof is not None
    )  # fmt: skip


def duty_key(imposed: Imposed) -> str:
    """The key of the duty to release it."""
    return f"{imposed.KIND}/{imposed.key}"


def duty(known: ReleaseDuty | None, imposed: Imposed, why: Why) -> ReleaseDuty:
    """The duty to release this: a new one, or the one that runs; an upheld objection outlives the case's going on."""
    if known is not None and known.status == "due":
        return replace(known, why="objection") if why == "objection" else known
    kind: Literal["measure", "watch", "notice"] = (
        "measure" if isinstance(imposed, MeasureState) else "watch" if isinstance(imposed, WatchState) else "notice"
    )
    return ReleaseDuty(key=duty_key(imposed), court=imposed.court, case_token=imposed.case_token, status="due",
                       imposed=kind, imposed_key=imposed.key, why=why)  # fmt: skip


def overdue(known: ReleaseDuty) -> ReleaseDuty:
    """The duty one rung higher."""
    return replace(known, level=min(known.level + 1, MOST_LEVEL))


def settled(known: ReleaseDuty, status: Literal["met", "dropped"]) -> ReleaseDuty:
    """The duty after what it was of has ended, or once it need not end any more."""
    return replace(known, status=status)
