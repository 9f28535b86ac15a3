"""Cases as their courts state them: what is claimed, who holds them, and whether measures may be taken in them.

Rule 1 of the model: no request without an open case. Civil Procedure Law (2023) art. 253 (not beyond the obligation);
交叉执行: access follows the case, and an order is judged by who held the case when it was signed.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from hub.rules.aggregate import Aggregate
from hub.rules.state import Priority as Precedence
from schemas.cases import CaseStatement, CaseStatus, Priority

CLOSED: frozenset[CaseStatus] = frozenset({"performed", "round-closed", "bankrupt", "ended"})
"""No new measure is taken in such a case. 企业破产法 art. 19 for bankruptcy; 终本规定 for a closed round, where only the standing
inquiry goes on."""
LIFTS: frozenset[CaseStatus] = frozenset({"performed", "bankrupt", "ended"})
"""Every measure and watch of such a case is to be lifted (信用修复; 企业破产法 art. 19)."""

LIVELIHOOD: frozenset[Priority] = frozenset({"wages", "support", "injury"})
"""Claims that people live on (涉民生案件): their tasks go before ordinary ones."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """Court and team that hold a case from a time on (µs)."""

    since: int
    court: str
    team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseState(Aggregate):
    """A registered case; `key` is its token. Amounts in yuan as decimal strings; `court` is who holds it now.

    `deducted` is what deductions paid that no statement's `recovered` holds yet.
    """

    KIND: ClassVar[str] = "case"

    version: int
    claim: str
    costs: str
    recovered: str
    deducted: str = "0.00"
    priority: Priority
    sensitive: bool
    restricted: bool
    handler: str
    supervisor: str
    duty: str
    filed_on: str
    tenures: tuple[Tenure, ...]
    standing: str | None = None

    @property
    def ceiling(self) -> Decimal:
        """What measures may control in all: claim + costs − recovered (法发〔2019〕35号), never below zero."""
        left = Decimal(self.claim) + Decimal(self.costs) - Decimal(self.recovered) - Decimal(self.deducted)
        return max(left, Decimal(0))

    def holder_at(self, at: int) -> Tenure:
        """Who held the case at `at` (µs); before the first statement, who made it."""
        return next((tenure for tenure in reversed(self.tenures) if tenure.since <= at), self.tenures[0])

    def left_at(self, tenure: Tenure) -> int | None:
        """When the case went on from this tenure (µs); None for the one that lasts."""
        at = self.tenures.index(tenure)
        return self.tenures[at + 1].since if at + 1 < len(self.tenures) else None

    @property
    def holder(self) -> Tenure:
        """Who holds it now."""
        return self.tenures[-1]


def state(old: CaseState | None, statement: CaseStatement, source: str, token: str, superior: str, at: int) -> CaseState | str:
    """The case as `statement` says, or the code of why not.

    Only the court that holds a case may state it, or that court's `superior`, which may also give it to another.
    """
    if old is not None and source not in (old.holder.court, superior):
        return "holder-other"
    if old is not None and statement.version <= old.version:
        return "case-version"
    if statement.status == "round-closed" and statement.standing is None:
        return "standing-needed"
    # A statement's own time cannot take back what the one before held.
    since = max(at, old.holder.since) if old is not None else at
    now = Tenure(since, statement.holder.court, statement.holder.team)
    tenures = old.tenures if old is not None else ()
    if not tenures or (tenures[-1].court, tenures[-1].team) != (now.court, now.team):
        tenures = (*tenures, now)
    return CaseState(
        key=token, court=now.court, case_token=token, status=statement.status, version=statement.version,
        claim=statement.claim, costs=statement.costs, recovered=statement.recovered, priority=statement.priority,
        sensitive=statement.sensitive, restricted=statement.restricted, handler=statement.handler,
        supervisor=statement.supervisor, duty=statement.duty, filed_on=statement.filed_on.isoformat(), tenures=tenures,
        standing=statement.standing, deducted=_not_stated_yet(old, statement),
    )  # fmt: skip


def _not_stated_yet(old: CaseState | None, statement: CaseStatement) -> str:
    """What deductions paid that the statement's `recovered` cannot hold yet: it has not grown by so much since the last."""
    if old is None:
        return "0.00"
    grown = Decimal(statement.recovered) - Decimal(old.recovered)
    return f"{max(Decimal(old.deducted) - max(grown, Decimal(0)), Decimal(0)):.2f}"


def deducted(case: CaseState, amount: str) -> CaseState:
    """`case` after a deduction of `amount`."""
    return replace(case, deducted=f"{Decimal(case.deducted) + Decimal(amount):.2f}")


def is_open(case: CaseState) -> bool:
    """Whether new measures may be taken."""
    return case.status not in CLOSED


def precedence(case: CaseState | None, *, urgent: bool) -> Precedence:
    """What a partner should do first: the urgent lane, then cases of people's living (涉民生案件: wages, support, injury)."""
    if urgent:
        return "urgent"
    return "livelihood" if case is not None and case.priority in LIVELIHOOD else "ordinary"
