"""Reading the linkage plan, the agreements, the calendar and the ladder into the rules' own types."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args

from hub.rules.authority import Delegation, OfficerEntry, Register
from hub.rules.calendar import ONE_DAY, SATURDAY, Calendar
from hub.rules.entrusted import MatterPlan, MatterRule
from hub.rules.overdue import Addressee, Ladder, Rung
from hub.rules.plan import Agreement, FollowUpRule, Linkage, Route
from hub.rules.terms import DAY, Ledger, Terms
from hub.settings import ConfigError, maintenance_windows
from hub.trust.parties import Directory, Party, Role
from schemas.base import day_of, micros
from schemas.entrust import EntrustRequest, MatterKind
from schemas.legal import DocumentKind, Rank
from schemas.requests import Kind


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that casework decides by: the plan with its terms and agreements, each court's officers, superior and designator, and who is who."""

    linkage: Linkage
    registers: Mapping[str, Register]
    superiors: Mapping[str, str]
    designators: Mapping[str, str]
    parties: Mapping[str, Party]


def load_rulebook(config_dir: Path, agreements_dir: Path, directory: Directory) -> Rulebook:
    """The plan, and the courts as the directory has them. Raises `ConfigError` naming the file at fault."""
    courts = list(directory.with_role(Role.COURT))
    ids = {court.id for court in courts}
    # A superior that does not take part here has no topic that it could be told on.
    superiors = {court.id: court.superior if court.superior in ids else "" for court in courts}
    designators = {court.id: court.designator for court in courts}
    return Rulebook(load_linkage(config_dir, agreements_dir, directory), load_registers(directory), superiors, designators, directory.parties)


def load_linkage(config_dir: Path, agreements_dir: Path, directory: Directory) -> Linkage:
    """`linkage.toml`, `terms.toml`, `ladder.toml`, `entrust.toml`, every year of `calendar/` and every agreement.

    The plan's SHA-256 goes into every acceptance, so that it is known what a request was decided under. Raises `ConfigError`
    naming the file at fault, or with calendar-missing and the year.
    """
    digest = hashlib.sha256()
    plan = _read(config_dir / "linkage.toml", digest)
    terms = _read(config_dir / "terms.toml", digest)
    ladder = _ladder(config_dir / "ladder.toml", digest)
    matters = _matters(config_dir / "entrust.toml", digest)
    calendar = _calendar(config_dir / "calendar", digest)
    files = sorted(agreements_dir.glob("*.toml"))
    agreements = [_agreement(file, _read(file, digest)) for file in files]
    partners = {party.id: party.kind for party in directory.with_role(Role.PARTNER)}
    unknown = [agreement.partner for agreement in agreements if agreement.partner not in partners]
    if unknown:
        raise ConfigError(f"{agreements_dir}: agreement with {unknown[0]}, which is no partner in the directory")
    _need_first_years(config_dir / "calendar", calendar, agreements)
    try:
        return Linkage(
            routes=tuple(route for item in plan["routes"] for route in _routes(item)),
            follow_ups=tuple(FollowUpRule(**item) for item in plan.get("follow_ups", [])),
            agreements={agreement.partner: agreement for agreement in agreements},
            partner_kinds=partners,
            terms=_terms(terms),
            calendar=calendar,
            ladder=ladder,
            matters=matters,
            sha256=digest.hexdigest(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{config_dir}/linkage.toml or terms.toml: {error}") from error


def load_calendar(config_dir: Path) -> Calendar:
    """Every year of `calendar/` alone. Raises `ConfigError` naming the file at fault."""
    return _calendar(config_dir / "calendar", hashlib.sha256())


def years_without_data(linkage: Linkage) -> tuple[int, ...]:
    """Years in which an agreement counts working days and weekends alone would count, because no notice is entered."""
    needed = (year for agreement in linkage.agreements.values() for year in _years(agreement))
    return linkage.calendar.without_data(needed)


def _years(agreement: Agreement) -> range:
    """The years in which this agreement counts working days."""
    if agreement.reply_working_days is None:
        return range(0)
    return range(day_of(agreement.in_force_from).year, day_of(agreement.in_force_until - 1).year + 1)


def _need_first_years(folder: Path, calendar: Calendar, agreements: list[Agreement]) -> None:
    """An agreement's first year must be there. Later ones cannot: the State Council announces one year at a time."""
    missing = calendar.without_data(_years(agreement)[0] for agreement in agreements if _years(agreement))
    if missing:
        raise ConfigError(f"calendar-missing: an agreement counts working days from {missing[0]} on, and {folder} has no notice "
                          f"of that year; enter its holidays in {missing[0]}.toml")  # fmt: skip


def _calendar(folder: Path, digest: "hashlib._Hash") -> Calendar:
    holidays: set[date] = set()
    make_up: set[date] = set()
    years: set[int] = set()
    for file in sorted(folder.glob("*.toml")):
        data = _read(file, digest)
        try:
            if str(data["year"]) != file.stem:
                raise ValueError(f"the year is {data['year']}")
            if not data["provisional"]:
                years.add(data["year"])
            for item in data.get("holidays", []):
                days = (item["until"] - item["from"]).days + 1
                if days < 1:
                    raise ValueError(f"{item['name']} ends before it begins")
                holidays |= {item["from"] + n * ONE_DAY for n in range(days)}
                make_up |= set(item.get("make_up", []))
            if wrong := {day for day in make_up if day in holidays or day.weekday() < SATURDAY}:
                raise ValueError(f"{min(wrong)} is no day of a weekend that could be worked in a holiday's place")
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{file}: {error}") from error
    return Calendar(frozenset(holidays), frozenset(make_up), frozenset(years))


def _ladder(file: Path, digest: "hashlib._Hash") -> Ladder:
    data = _read(file, digest)
    try:
        rungs = tuple(Rung(int(item["working_days"]), Addressee(item["addressee"])) for item in data["rungs"])
        return Ladder(int(data["nudge_at_percent"]), rungs, int(data["least_reply_s"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _matters(file: Path, digest: "hashlib._Hash") -> MatterPlan:
    data = _read(file, digest)
    try:
        days = [int(each) for each in data["overdue"]["escalate_days"]]
        if not 1 <= len(days) <= 9 or any(later <= earlier for earlier, later in zip([-1, *days], days, strict=False)):
            raise ValueError("escalate_days are one to nine, each after the one before")
        rules = {kind: _matter(item) for kind, item in data["matters"].items()}
        if missing := set(get_args(MatterKind)) - rules.keys():
            raise ValueError(f"the matter {min(missing)} is missing")
        return MatterPlan(rules, tuple(each * DAY for each in days))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _matter(item: dict[str, Any]) -> MatterRule:
    needs = frozenset(item["needs"])
    if strange := needs - EntrustRequest.model_fields.keys():
        raise ValueError(f"a letter has no member {min(strange)}")
    documents = frozenset(DocumentKind(each) for each in item["documents"])
    return MatterRule(needs, documents, frozenset(item["actions"]), bool(item.get("closed_too", False)))


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
    return [Route(Kind(item["kind"]), action, item.get("asset"), at_once, by_agreement, bool(item.get("one", False)),
                  tuple(item.get("persons_only", [])))
            for action in item["actions"]]  # fmt: skip


def _agreement(file: Path, data: dict[str, Any]) -> Agreement:
    """The reply's deadline is either `reply_working_days` or `reply_within_s`; `urgent_within_s` makes an urgent lane."""
    try:
        days, urgent = data.get("reply_working_days"), data.get("urgent_within_s")
        if (days is None) == ("reply_within_s" not in data):
            raise ValueError("give the reply's deadline as reply_working_days or as reply_within_s, and not as both")
        if days is not None and not 1 <= int(days) <= 60:
            raise ValueError("reply_working_days lies between 1 and 60")
        # The end of the n-th working day after a receipt is never less than n times 24 hours after it.
        seconds = int(data["reply_within_s"]) if days is None else int(days) * 24 * 3600
        return Agreement(
            partner=data["partner"], reference=data["reference"], in_force_from=micros(data["in_force_from"]),
            in_force_until=micros(data["in_force_until"]), courts=frozenset(data["courts"]),
            actions=frozenset(data["actions"]), fields=frozenset(data["fields"]),
            receipt_within=int(data["receipt_within_s"]), reply_within=seconds,
            reply_working_days=None if days is None else int(days), urgent_within=None if urgent is None else int(urgent),
            queue_start=data.get("queue_start", "conversion"), fresh_for=int(data.get("fresh_for_s", 0)),
            daily_limit=int(data["daily_limit"]) if "daily_limit" in data else None,
            maintenance=maintenance_windows(data.get("maintenance", [])),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
