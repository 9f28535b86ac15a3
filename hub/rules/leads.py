"""Leads (执行线索): what somebody knows of a debtor's assets or whereabouts, verified in time and answered either way.

法释〔2017〕8号 art. 2: verified within 7 days, an urgent one within 3. The time is the sender's and runs from the lead: where the case
moves to another court (交叉执行) the lead goes along with it, and keeps what is left of its time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from hub.rules.aggregate import Aggregate
from hub.rules.plan import Agreement
from hub.rules.terms import Terms

ACTION = "lead.submission"
"""How an agreement names it."""
_MOVES: Mapping[str, frozenset[str]] = {
    "received": frozenset({"confirmed", "unfounded", "acted"}), "confirmed": frozenset({"acted"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadState(Aggregate):
    """One lead, by its submission's id; `court` is where it went, `sender` who is to be answered, `ref` the subject's token.

    `status`: received → confirmed | unfounded | acted; confirmed → acted. `due_at` (µs) is the end of the time for its verification.
    `answered`: the court has said what it found. `measures` are the requests that followed it and took effect.
    """

    KIND: ClassVar[str] = "lead"

    sender: str
    due_at: int
    answered: bool = False
    measures: tuple[str, ...] = ()


def may_submit(agreement: Agreement | None, court: str, at: int) -> list[str]:
    """V28 for a partner: an agreement in force with this court that covers leads, whatever kind of partner it is."""
    if agreement is None or not agreement.in_force(court, at):
        return ["agreement-missing"]
    return [] if ACTION in agreement.actions else ["agreement-action"]


def due(at: int, terms: Terms, *, urgent: bool) -> int:
    """Until when a lead that came at `at` is to be verified (µs)."""
    return at + terms.clocks["lead_urgent" if urgent else "lead"]


def is_open(lead: LeadState) -> bool:
    """Whether something is still to come of it: a verdict, or once it is confirmed a measure."""
    return lead.status in _MOVES


def judged(lead: LeadState, outcome: str) -> LeadState | str:
    """The lead after the court's verdict, or the code of why there is none to give. What is unfounded or acted stays so.

    One that has become a measure counts as acted already; its sender is still owed one answer, which cannot be "unfounded".
    """
    if lead.status == "acted" and not lead.answered and outcome != "unfounded":
        return replace(lead, answered=True)
    if outcome not in _MOVES.get(lead.status, frozenset()):
        return "state-other"
    return replace(lead, status=outcome, answered=True)


def cited(lead: LeadState | None, courts: Collection[str]) -> list[str]:
    """Whether a request of one of these courts may follow this lead: it is theirs, and was not found to be nothing."""
    if lead is None:
        return ["reference-unknown"]
    if lead.court not in courts:
        return ["reference-other"]
    return ["state-other"] if lead.status == "unfounded" else []


def converted(lead: LeadState, request_id: str) -> LeadState | None:
    """The lead once a measure that follows it is in effect; None where that changes nothing."""
    if lead.status == "unfounded" or request_id in lead.measures:
        return None
    return replace(lead, status="acted", measures=(*lead.measures, request_id))


def late(lead: LeadState, at: int) -> bool:
    """Whether a verdict at `at` (µs) is the first, and comes after the time for it."""
    return not lead.answered and at > lead.due_at
