"""Reading the linkage plan and the agreements into the rules' own types."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.rules.authority import Delegation, OfficerEntry, Register
from hub.rules.plan import Agreement, FollowUpRule, Linkage, Route
from hub.rules.terms import DAY, Ledger, Terms
from hub.settings import ConfigError
from hub.trust.parties import Directory, Role
from schemas.base import micros
from schemas.legal import Rank
from schemas.requests import Kind


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that casework decides by: the plan with its terms and agreements, and each court's officers and superior."""

    linkage: Linkage
    registers: Mapping[str, Register]
    superiors: Mapping[str, str]


def load_rulebook(config_dir: Path, agreements_dir: Path, directory: Directory) -> Rulebook:
    """The plan, and the courts as the directory has them. Raises `ConfigError` naming the file at fault."""
    superiors = {court.id: court.superior for court in directory.with_role(Role.COURT)}
    return Rulebook(load_linkage(config_dir, agreements_dir, directory), load_registers(directory), superiors)


def load_linkage(config_dir: Path, agreements_dir: Path, directory: Directory) -> Linkage:
    """`linkage.toml`, `terms.toml` and every agreement. Raises `ConfigError` naming the file at fault.

    The plan's SHA-256 goes into every acceptance, so that it is known what a request was decided under.
    """
    digest = hashlib.sha256()
    plan = _read(config_dir / "linkage.toml", digest)
    terms = _read(config_dir / "terms.toml", digest)
    files = sorted(agreements_dir.glob("*.toml"))
    agreements = [_agreement(file, _read(file, digest)) for file in files]
    partners = {party.id: party.kind for party in directory.with_role(Role.PARTNER)}
    unknown = [agreement.partner for agreement in agreements if agreement.partner not in partners]
    if unknown:
        raise ConfigError(f"{agreements_dir}: agreement with {unknown[0]}, which is no partner in the directory")
    try:
        return Linkage(
            routes=tuple(route for item in plan["routes"] for route in _routes(item)),
            follow_ups=tuple(FollowUpRule(**item) for item in plan.get("follow_ups", [])),
            agreements={agreement.partner: agreement for agreement in agreements},
            partner_kinds=partners,
            terms=_terms(terms),
            sha256=digest.hexdigest(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{config_dir}/linkage.toml or terms.toml: {error}") from error


def _terms(data: dict[str, Any]) -> Terms:
    clocks = {name: int(item.get("days", 0)) * DAY + int(item.get("minutes", 0)) * 60_000_000
              for name, item in data["clocks"].items()}  # fmt: skip
    return Terms(
        max_term_months={kind: int(item["months"]) for kind, item in data["max_term"].items()},
        remind_days=tuple(data["renewal"]["remind_days"]), escalate_days=tuple(data["renewal"]["escalate_days"]),
        ranks={action: Rank(rank) for action, rank in data["ranks"].items()},
        exempt_flags=frozenset(data["exempt"]["flags"]), wage_flags=frozenset(data["exempt"]["wage_flags"]),
        clocks=clocks, ledger=Ledger(**data["ledger"]), read_thresholds=tuple(data["reads"]["thresholds"]),
    )  # fmt: skip


def load_registers(directory: Directory) -> dict[str, Register]:
    """Each court's register of officers, as the rules know it, by either permit."""
    registers = {}
    for court in directory.with_role(Role.COURT):
        entries = [
            OfficerEntry(each.work_permit, each.enforcement_permit, Rank(each.rank), each.team, each.valid_from,
                         each.valid_until, each.revoked_at)
            for each in court.officers
        ]  # fmt: skip
        by_permit = {permit: entry for entry in entries for permit in (entry.work_permit, entry.enforcement_permit)}
        covers = tuple(Delegation(each.absent, each.deputy, each.since, each.until) for each in court.covers)
        registers[court.id] = Register(by_permit, covers)
    return registers


def _read(file: Path, digest: "hashlib._Hash") -> dict[str, Any]:
    try:
        content = file.read_bytes()
        digest.update(file.name.encode() + b"\0" + content)
        return tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _routes(item: dict[str, Any]) -> list[Route]:
    """The route of each of the item's actions."""
    at_once, by_agreement = tuple(item.get("at_once", [])), tuple(item.get("by_agreement", []))
    return [Route(Kind(item["kind"]), action, item.get("asset"), at_once, by_agreement, bool(item.get("one", False)))
            for action in item["actions"]]  # fmt: skip


def _agreement(file: Path, data: dict[str, Any]) -> Agreement:
    try:
        return Agreement(
            partner=data["partner"], reference=data["reference"], in_force_from=micros(data["in_force_from"]),
            in_force_until=micros(data["in_force_until"]), courts=frozenset(data["courts"]),
            actions=frozenset(data["actions"]), fields=frozenset(data["fields"]),
            receipt_within=int(data["receipt_within_s"]), reply_within=int(data["reply_within_s"]),
            queue_start=data.get("queue_start", "conversion"), fresh_for=int(data.get("fresh_for_s", 0)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
