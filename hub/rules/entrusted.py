"""Entrusted matters (委托事项): complete before they are sent, started and reported on in time, never without news.

民事诉讼法 (2023) art. 240: the entrusted court begins within 15 days of the letter and must not refuse; it reports when it is done, and
within 30 days where it is not. 法发〔2014〕26号 art. 15: with performance the case is closed, and nothing is left to enforce for either
court. V12 and V22: under an accepted matter it may act in the other court's case, no further than was entrusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hub.rules import authority, documents
from hub.rules.aggregate import Aggregate
from hub.rules.authority import Arrival, Register
from hub.rules.cases import CaseState, is_open
from hub.rules.lift import ENDINGS
from schemas.entrust import EntrustRequest, EntrustStep
from schemas.legal import DocumentKind

ENDED = frozenset({"returned", "done", "withdrawn"})
"""A matter that has ended never moves again; one that was returned or withdrawn comes back as a new version of its number."""
_MOVES: Mapping[str, Mapping[str, str]] = {
    "sent": {"signed-for": "signed-for"},
    "signed-for": {"accepted": "accepted", "returned": "returned"},
    "accepted": {"progress": "accepted", "done": "done"},
}
"""Status → step → status after it; every other step is refused."""


@dataclass(frozen=True, slots=True)
class MatterRule:
    """What one kind of matter needs (`config/entrust.toml`), and which `actions` it lets the entrusted court take."""

    needs: frozenset[str]
    documents: frozenset[DocumentKind]
    actions: frozenset[str]
    closed_too: bool


@dataclass(frozen=True, slots=True)
class MatterPlan:
    """Every kind's rule, and how long after a deadline each rung of the escalation comes (µs, rising)."""

    rules: Mapping[str, MatterRule]
    escalate: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterState(Aggregate):
    """One matter, by its letter's id; `court` entrusts, `to` is entrusted, `number` stands for the letter's own number.

    `status`: sent → signed-for → accepted | returned; accepted → done; any of these that has not ended → withdrawn, where the case
    has come to be what `withdrawn_for` says (performed, bankrupt, ended). Times in µs: `start_due` is the end of the time to begin,
    `report_due` when the next report is due (it moves with each), `term` when it is to be done. `level` counts the rungs that the
    present deadline has climbed, `news` how often its state was told, `last` is the id of the last step's message.
    """

    KIND: ClassVar[str] = "matter"

    to: str
    matter: str
    number: str
    sent_at: int
    start_due: int
    report_due: int
    term: int
    level: int = 0
    news: int = 0
    last: str | None = None
    withdrawn_for: str | None = None

    @property
    def node(self) -> Literal["start", "report"] | None:
        """Which key node (关键节点) is awaited."""
        if self.status in ENDED:
            return None
        return "report" if self.status == "accepted" else "start"

    @property
    def due(self) -> int | None:
        """When that node is due (µs)."""
        if self.node is None:
            return None
        return self.report_due if self.node == "report" else self.start_due


@dataclass(frozen=True, slots=True)
class Known:
    """What the hub knows that bears on a letter: the case, who sends it, when that was signed (µs) and arrived, the courts that take
    part with their officers, and the earlier versions under its number."""

    case: CaseState | None
    source: str
    at: int
    arrival: Arrival
    registers: Mapping[str, Register]
    earlier: tuple[MatterState, ...]


def check(letter: EntrustRequest, plan: MatterPlan, known: Known) -> list[str]:
    """The codes of all that would make the letter come back, so that it is mended before it goes out."""
    rule, codes = plan.rules[letter.matter], []
    if known.case is None:
        codes.append("case-unknown")
    else:
        codes += ["holder-other"] if known.case.holder_at(known.at).court != known.source else []
        codes += ["case-closed"] if not (is_open(known.case) or rule.closed_too) else []
    if letter.to not in known.registers or letter.to == known.source:
        codes.append("court-unknown")
    missing = [name for name in sorted(rule.needs) if getattr(letter, name) is None]
    codes += ["contact-needed"] if "contact" in missing else []
    codes += ["field-needed"] if any(name != "contact" for name in missing) else []
    codes += documents.check(letter.documents, rule.documents)
    codes += authority.signs(letter.handler, known.registers[known.source], known.at, known.arrival)
    codes += ["state-other"] if any(each.status not in ("returned", "withdrawn") for each in known.earlier) else []
    return list(dict.fromkeys(codes))


def stepped(matter: MatterState, step: EntrustStep, at: int, report: int, message_id: str) -> MatterState | str:
    """The matter after the entrusted court's step at `at` (µs), or the code of why there is no such step.

    A report gives it `report` µs more until the next one; no deadline ever moves back.
    """
    status = _MOVES.get(matter.status, {}).get(step.step)
    if status is None:
        return "state-other"
    if step.step == "returned" and step.reason_code is None:
        return "reason-needed"
    due = max(matter.report_due, at + report) if step.step == "progress" else matter.report_due
    level = matter.level if step.step == "signed-for" else 0
    return replace(matter, status=status, report_due=due, level=level, last=message_id)


def ends_with_case(matter: MatterState, plan: MatterPlan) -> bool:
    """Whether it ends once the case is to be lifted: all do that run, but those which end measures; they are needed now."""
    actions = plan.rules[matter.matter].actions
    return matter.status not in ENDED and not (actions and actions <= set(ENDINGS.values()))


def late(matter: MatterState, step: EntrustStep, at: int) -> bool:
    """Whether this step comes after its deadline. Done means done within the term: 期限内办结 is counted by it."""
    deadlines = {"progress": matter.report_due, "done": matter.term}
    return at > deadlines.get(step.step, matter.start_due)


def rung(matter: MatterState, plan: MatterPlan) -> int | None:
    """When the next rung of the escalation comes (µs); None above the last, or where nothing is awaited."""
    due = matter.due
    return due + plan.escalate[matter.level] if due is not None and matter.level < len(plan.escalate) else None


def news_at(matter: MatterState, start: int, report: int) -> int | None:
    """When the entrusting court is next told how it stands (µs): after `start`, and then after each `report`; never once it has
    ended."""
    if matter.status in ENDED:
        return None
    return matter.sent_at + (start if matter.news == 0 else matter.news * report)


def told(matter: MatterState) -> MatterState:
    """The matter once its state was told again."""
    return replace(matter, news=matter.news + 1)


def climbed(matter: MatterState, plan: MatterPlan, at: int) -> MatterState:
    """The matter on the rung that it has reached at `at` (µs): one that was accepted long after its time climbs several at once."""
    due = matter.due
    return matter if due is None else replace(matter, level=sum(due + each <= at for each in plan.escalate))


def covers(matter: MatterState | None, plan: MatterPlan, court: str, case_token: str, action: str) -> bool:
    """Whether `court` may take `action` in this case: entrusted to it, accepted, not done, and of a kind that covers the action."""
    return (
        matter is not None and matter.status == "accepted" and (matter.to, matter.case_token) == (court, case_token)
        and action in plan.rules[matter.matter].actions
    )  # fmt: skip


def common_superior(court: str, other: str, superiors: Mapping[str, str]) -> str | None:
    """The nearest superior court that both share; where they share none, the superior of `court`, if it has one."""
    shared = _above(other, superiors)
    above = _above(court, superiors)
    return next((each for each in above if each in shared), above[0] if above else None)


def _above(court: str, superiors: Mapping[str, str]) -> list[str]:
    """The courts above `court`, nearest first."""
    found: list[str] = []
    while (court := superiors.get(court, "")) and court not in found:
        found.append(court)
    return found
