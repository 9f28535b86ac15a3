"""Settings: environment variables `LIANDONG_…` (nested with `__`) over a TOML file over defaults.

Secrets come from files, never from the command line.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, TomlConfigSettingsSource
from sqlalchemy import URL

from hub.bus.connection import BusError, Connection, Protocol
from hub.store.database import locate
from schemas.base import micros


class ConfigError(Exception):
    """A configuration file is wrong; the message names it and says what to mend."""


class Kafka(BaseModel):
    """One user's way into the cluster; the password stands alone in a file that only its owner can read.

    To another machine it is SASL_SSL with `ca_file`, unless `allow_unencrypted` says otherwise.
    """

    model_config = ConfigDict(extra="forbid")

    bootstrap_servers: str = "127.0.0.1:9092"
    protocol: Protocol = "SASL_PLAINTEXT"
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    allow_unencrypted: bool = False
    topic_prefix: str = Field(default="", pattern=r"^[a-zA-Z0-9._-]*$")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.protocol == "SASL_SSL" and self.ca_file is None:
            raise ValueError("SASL_SSL needs ca_file, the certificate of the authority that signed Kafka's own")
        try:
            self._connect("")
        except BusError as error:
            raise ValueError(str(error)) from error
        return self

    def connection(self) -> Connection:
        """The connection these settings describe."""
        return self._connect(self.password_file.read_text(encoding="utf-8").strip() if self.password_file else "")

    def _connect(self, password: str) -> Connection:
        return Connection(
            self.bootstrap_servers, self.username, password, self.protocol, self.topic_prefix, self.ca_file,
            self.allow_unencrypted,
        )  # fmt: skip


MOST_WINDOWS = 500
"""Most of one partner: one entry of the log tells all of them, in at most 65,535 bytes."""


class Maintenance(BaseModel):
    """A time, agreed with a partner, in which it is not called and in which waiting does not count against it (维护时段)."""

    model_config = ConfigDict(extra="forbid")

    begin: AwareDatetime = Field(alias="from")
    until: AwareDatetime


def maintenance_windows(entries: Sequence[Any]) -> tuple[tuple[int, int], ...]:
    """(from, until) of `[[maintenance]]` tables in µs, in order. Raises `ValueError` unless each ends after it begins, none
    begins before the one before it has ended, and there are at most `MOST_WINDOWS`."""
    found = [Maintenance.model_validate(entry) for entry in entries]
    windows = tuple(sorted((micros(each.begin), micros(each.until)) for each in found))
    bounds = [at for window in windows for at in window]
    if any(later <= earlier for earlier, later in zip(bounds[::2], bounds[1::2], strict=True)) or bounds != sorted(bounds):
        raise ValueError("maintenance: each window ends after it begins, and no two overlap")
    if len(windows) > MOST_WINDOWS:
        raise ValueError(f"maintenance: at most {MOST_WINDOWS} windows; remove those that are over and that no open task met")
    return windows


class Console(BaseModel):
    """Where the status page listens; on loopback unless told otherwise."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8640, ge=0, le=65535)


class Settings(BaseSettings):
    """What one process of ours needs to know: hub, connector or court alike. Paths are relative to where it starts."""

    model_config = SettingsConfigDict(env_prefix="LIANDONG_", env_nested_delimiter="__", extra="forbid")

    party: str = "hub"
    data_dir: Path = Path(".local/hub")
    config_dir: Path = Path("config")
    parties_dir: Path = Path(".local/hub/parties")
    agreements_dir: Path = Path("config/agreements")
    signing_key: Path = Path(".local/hub/keys/hub.jwk")
    log_key: Path = Path(".local/hub/keys/log.jwk")
    store: str = "sqlite:hub.db"
    store_password_file: Path | None = None
    secret_file: Path = Path(".local/hub/keys/hub.secret")
    kafka: Kafka = Kafka()
    console: Console = Console()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def store_at(self, folder: Path | None = None) -> Path | URL:
        """Where the hub's store is; its file in another folder than its own, if one is named. Raises `ConfigError`."""
        return store_at(self.store, folder or self.data_dir, self.store_password_file)



def store_at(store: str, folder: Path, password_file: Path | None) -> Path | URL:
    """Where a store is, by its settings; see `locate`. Raises `ConfigError`."""
    try:
        return locate(store, folder, password_file)
    except (ValueError, OSError) as error:
        raise ConfigError(str(error)) from error


def read_settings(file: Path) -> Settings:
    """The settings in `file`, overridden by the environment. Raises `ConfigError`."""

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(cls, settings_cls: type[BaseSettings], *_: Any, **sources: Any) -> tuple[Any, ...]:
            return sources["env_settings"], TomlConfigSettingsSource(settings_cls, file)

    if not file.is_file():
        raise ConfigError(f"{file}: no such settings file")
    try:
        return FromFile()
    except (ValidationError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error


def read_secret(path: Path) -> bytes:
    """The 32 bytes of a secret file (hexadecimal). Raises `ConfigError`."""
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not a readable file of 64 hexadecimal digits; `liandong keys generate` makes it") from error
    if len(secret) != 32:
        raise ConfigError(f"{path}: a secret has 64 hexadecimal digits")
    return secret


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys that one secret yields: for payloads at rest, and for tokens and nonces."""

    master: bytes
    tokens: bytes

    @classmethod
    def read(cls, path: Path) -> "Secrets":
        """Both keys. Raises `ConfigError`."""
        root = read_secret(path)
        return cls(hmac.digest(root, b"payloads", "sha256"), hmac.digest(root, b"tokens", "sha256"))
