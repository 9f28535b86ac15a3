"""Reading the linkage plan and the agreements into the rules' own types."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from hub.rules.plan import Agreement, FollowUpRule, Linkage, Route
from hub.settings import ConfigError
from hub.trust.parties import Directory, Role
from schemas.base import micros
from schemas.requests import Kind


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
            routes=tuple(_route(item) for item in plan["routes"]),
            follow_ups=tuple(FollowUpRule(**item) for item in plan.get("follow_ups", [])),
            agreements={agreement.partner: agreement for agreement in agreements},
            partner_kinds=partners,
            max_term_months={kind: int(item["months"]) for kind, item in terms["max_term"].items()},
            sha256=digest.hexdigest(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{config_dir}/linkage.toml or terms.toml: {error}") from error


def _read(file: Path, digest: "hashlib._Hash") -> dict[str, Any]:
    try:
        content = file.read_bytes()
        digest.update(file.name.encode() + b"\0" + content)
        return tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _route(item: dict[str, Any]) -> Route:
    return Route(Kind(item["kind"]), item["action"], item.get("asset"), tuple(item.get("at_once", [])),
                 tuple(item.get("by_agreement", [])), bool(item.get("one", False)))  # fmt: skip


def _agreement(file: Path, data: dict[str, Any]) -> Agreement:
    try:
        return Agreement(
            partner=data["partner"], reference=data["reference"], in_force_from=micros(data["in_force_from"]),
            in_force_until=micros(data["in_force_until"]), courts=frozenset(data["courts"]),
            actions=frozenset(data["actions"]), fields=frozenset(data["fields"]),
            receipt_within=int(data["receipt_within_s"]), reply_within=int(data["reply_within_s"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
