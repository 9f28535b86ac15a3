"""What a finding leads to next (1+3 联动): which of the plan's rules an answer gives reason for, and the assets that are proposed.

善意文明执行 (法发〔2019〕35号): an account that is known to be protected is never proposed for a freeze (V21).
"""

from collections.abc import Iterable, Iterator

from hub.rules.plan import FollowUpRule
from hub.rules.state import RequestState, TaskState
from schemas.asset import Account, Asset, Equity, RealEstateUnit, Vehicle
from schemas.findings import AccountFinding, EquityFinding, Finding, RealEstateFinding, VehicleFinding

MOST = 10
"""Drafts by one rule of what was found by one request: the answers themselves name all."""


def asset_of(finding: Finding) -> Asset | None:
    """The asset that a finding names, by its register's own number; None for what is no asset."""
    match finding:
        case RealEstateFinding():
            return RealEstateUnit(kind="real-estate", unit_code=finding.unit_code)
        case VehicleFinding():
            return Vehicle(kind="vehicle", plate=finding.plate, vin=finding.vin)
        case EquityFinding():
            return Equity(kind="equity", company=finding.company)
        case AccountFinding():
            return Account(kind="account", number=finding.number)
        case _:
            return None


def marks(partner: str, found: Iterable[Finding], exempt: frozenset[str]) -> frozenset[str]:
    """What of `found`, the answer of `partner`, something may be proposed for: `kind of finding@partner`."""
    return frozenset(f"{finding.kind}@{partner}" for finding in found if _open_to(finding, exempt) is not None)


def reasons(rules: Iterable[FollowUpRule], request: RequestState) -> Iterator[tuple[FollowUpRule, TaskState]]:
    """Each of the plan's `rules` that an answer to `request` gives reason for, with the part of the request that it answers."""
    for rule in rules:
        for task in request.tasks:
            if f"{rule.finding}@{task.partner}" in request.follow_ups:
                yield rule, task


def proposed(rule: FollowUpRule, found: Iterable[Finding], exempt: frozenset[str], known: set[str]) -> Iterator[Finding]:
    """Of all that was `found`, what `rule` proposes something for: each asset once, and those in `known` (added to) not again."""
    for finding in found:
        asset = _open_to(finding, exempt)
        if finding.kind != rule.finding or asset is None or asset.name in known or len(known) == MOST:
            continue
        known.add(asset.name)
        yield finding


def _open_to(finding: Finding, exempt: frozenset[str]) -> Asset | None:
    """The asset that may be asked about further, if there is one and nothing protects it."""
    protected = isinstance(finding, AccountFinding) and not exempt.isdisjoint(finding.flags)
    return None if protected else asset_of(finding)
