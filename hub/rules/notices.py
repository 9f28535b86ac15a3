"""Restrictions (限制消费、纳入失信名单等) with each partner that carries them out, and their lift.

限制高消费规定 (法释〔2015〕17号) art. 9 and 失信名单规定 (法释〔2017〕7号) art. 10: lifted once the debt is performed.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from hub.rules.aggregate import Aggregate
from schemas.replies import MeasureOutcome

ENDED = frozenset({"refused", "lifted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeState(Aggregate):
    """A restriction with one of the partners that its request asks; `key` is the request's key, a slash and the partner.

    `status`: requested → restricted | refused; restricted → lifted. Silence leaves it requested: it may be in force.
    """

    KIND: ClassVar[str] = "notice"

    request_id: str
    partner: str
    action: str
    proof: str | None = None


def answered(notice: NoticeState, outcome: MeasureOutcome | None, proof: str) -> NoticeState:
    """The restriction after the partner's answer to it."""
    if notice.status != "requested":
        return notice
    return replace(notice, status="restricted" if outcome is not None else "refused", proof=proof)


def never_sent(notice: NoticeState) -> NoticeState:
    """The restriction after its request has ended unsent."""
    return replace(notice, status="refused") if notice.status == "requested" else notice


def lifted(notice: NoticeState, outcome: MeasureOutcome | None, proof: str) -> NoticeState:
    """The restriction after the answer to its lift; "no such restriction" (None, from an explicit no-record) ends one that was
    not known to be in force."""
    if notice.status in ENDED:
        return notice
    if outcome is None:
        return replace(notice, status="refused", proof=proof) if notice.status == "requested" else notice
    return replace(notice, status="lifted", proof=proof)
