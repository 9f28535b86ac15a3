"""What a finding leads to next (1+3 联动): the asset that it names, and how many of them a conclusion proposes.

善意文明执行 (法发〔2019〕35号): an account that is known to be protected is never proposed for a freeze (V21).
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from hub.rules.plan import FollowUpRule
from schemas.asset import Account, Asset, Equity, RealEstateUnit, Vehicle
from schemas.findings import AccountFinding, EquityFinding, Finding, RealEstateFinding, VehicleFinding

MOST = 10
"""Proposals by one rule in one conclusion: the answers themselves name all that was found."""
T = TypeVar("T")


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


def proposed(rule: FollowUpRule, found: Iterable[tuple[T, Finding]], exempt: frozenset[str]) -> Iterator[tuple[T, Finding]]:
    """Of all that was `found` (with whose word it is), what `rule` proposes something for: each asset once."""
    known: set[str] = set()
    for word, finding in found:
        asset = asset_of(finding)
        if finding.kind != rule.finding or asset is None or asset.name in known or len(known) == MOST:
            continue
        if isinstance(finding, AccountFinding) and exempt & set(finding.flags):
            continue
        known.add(asset.name)
        yield word, finding
