"""Whether a connector's file has the maintenance windows of its partner's agreement: what they are is written in both."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from hub.rules.collect import Outages
from hub.rules.plan import Linkage
from hub.settings import ConfigError, maintenance_windows
from hub.trust.parties import Directory
from schemas.base import from_micros


def differences(linkage: Linkage, directory: Directory, connector: Path, now: int) -> Iterator[str]:
    """A line in both languages for each kind of window that stands in one of the two alone. What is over at `now` (µs) is nobody's
    concern any more. Raises `ConfigError`."""
    partner, told = _read(connector, directory)
    agreement = linkage.agreements.get(partner)
    agreed = agreement.maintenance if agreement is not None else ()
    if missing := _times(set(agreed) - set(told), now):
        yield (f"{connector}: {partner} 的协议有、此文件没有的维护时段,其间不计时但仍会调用 / windows of {partner}'s agreement that are missing "
               f"here; its time stands still then, but it is called: {missing}")  # fmt: skip
    if extra := _times(set(told) - set(agreed), now):
        yield (f"{connector}: 此文件有、{partner} 的协议没有的维护时段,其间不调用但仍计时 / windows here that are missing in {partner}'s "
               f"agreement; it is not called then, but its time runs: {extra}")  # fmt: skip


def _read(file: Path, directory: Directory) -> tuple[str, Outages]:
    """Whose connector it is, and its windows."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        return directory.parties[content["party"]].speaks_as, maintenance_windows(content.get("maintenance", []))
    except KeyError as error:
        raise ConfigError(f"{file}: party {error} is not there; name one of the party directory") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _times(windows: set[tuple[int, int]], now: int) -> str:
    return "; ".join(" – ".join(from_micros(at).isoformat(" ") for at in window) for window in sorted(windows) if window[1] > now)
