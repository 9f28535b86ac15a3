"""The demonstration's folder: keys, passwords, settings files of every process. Everything is made anew for each run."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from hub.bus.connection import Connection
from hub.bus.topics import Plan
from hub.trust.enrol import enrol, password_for

ROOT = Path(__file__).resolve().parents[2]
HUB = "hub"
COURTS = ("court-9901", "court-9902")
SUPERIOR = "court-99"
CONNECTED = ("real-estate", "vehicle", "business-registry", "police", "bank")
STOCK = "bank-two"


@dataclass(frozen=True)
class Cluster:
    """The Kafka that a run uses. `own`: ours alone, with a user and an access list for each party; else somebody's, where
    all parties share one way in and the run's topics stand behind a prefix."""

    admin: Connection
    own: bool

    @property
    def prefix(self) -> str:
        return self.admin.prefix


@dataclass(frozen=True)
class World:
    """Where everything of one run stands."""

    folder: Path

    @property
    def parties(self) -> Path:
        return self.folder / "parties"

    def key(self, party: str) -> Path:
        return self.folder / "keys" / f"{party}.jwk"

    @property
    def officers(self) -> Path:
        """The folder of the officers' own keys."""
        return self.folder / "keys" / "officers"

    def settings(self, party: str) -> Path:
        return self.folder / "settings" / f"{party}.toml"

    def password_file(self, party: str) -> Path:
        return self.folder / "keys" / f"{party}.password"

    def password(self, party: str) -> str:
        return self.password_file(party).read_text(encoding="ascii")

    @property
    def plan_parties(self) -> tuple[str, ...]:
        return (HUB, *COURTS, SUPERIOR, *CONNECTED, STOCK)

    def plan(self, cluster: Cluster) -> Plan:
        """Topics, users and access lists of this run."""
        return Plan((*COURTS, SUPERIOR), (*CONNECTED, STOCK), prefix=cluster.prefix)

    def prepare(self) -> None:
        """Keys, secrets and Kafka passwords for every party."""
        enrol(ROOT / "config" / "parties", self.folder)
        for name in ("settings", "connectors"):
            (self.folder / name).mkdir(exist_ok=True)
        for party in self.plan_parties:
            password_for(self.folder / "keys", party)

    @staticmethod
    def secret(file: Path, content: str) -> Path:
        """A file that only its owner can read."""
        file.touch(mode=0o600)
        file.write_text(content, encoding="ascii")
        return file

    def connection(self, cluster: Cluster, party: str) -> tuple[str, Path | None]:
        """User name and password file of one party."""
        if cluster.own:
            return party, self.password_file(party)
        return cluster.admin.username, self.password_file("shared") if cluster.admin.username else None

    def kafka_table(self, cluster: Cluster, party: str) -> dict[str, object]:
        """The `[kafka]` table of one party's settings."""
        admin = cluster.admin
        username, file = self.connection(cluster, party)
        table: dict[str, object] = {"bootstrap_servers": admin.bootstrap_servers, "topic_prefix": cluster.prefix,
                                    "protocol": admin.protocol, "allow_unencrypted": admin.allow_unencrypted}  # fmt: skip
        table |= {"ca_file": str(admin.ca_file)} if admin.ca_file else {}
        return table | ({"username": username, "password_file": str(file)} if file is not None else {})

    def write(self, party: str, table: dict[str, object]) -> Path:
        """A settings file. Values are text, numbers, lists and tables of those."""
        file = self.settings(party)
        file.write_text(_toml(table), encoding="utf-8")
        return file

    def hub_settings(self, cluster: Cluster, port: int) -> Path:
        return self.write(HUB, {
            "party": HUB, "data_dir": str(self.folder / "hub"), "config_dir": str(ROOT / "config"),
            "parties_dir": str(self.parties), "agreements_dir": str(ROOT / "config" / "samples" / "agreements"),
            "signing_key": str(self.key(HUB)), "log_key": str(self.key("log")),
            "secret_file": str(self.folder / "keys" / "hub.secret"), "kafka": self.kafka_table(cluster, HUB),
            "console": {"host": "127.0.0.1", "port": port},
        })  # fmt: skip

    def court_settings(self, cluster: Cluster, court: str) -> Path:
        return self.write(court, {
            "party": court, "parties_dir": str(self.parties), "signing_key": str(self.key(court)),
            "secret_file": str(self.folder / "keys" / f"{court}.secret"), "kafka": self.kafka_table(cluster, court),
        })  # fmt: skip

    def connector_settings(self, cluster: Cluster, party: str, options: dict[str, object], webhook_port: int) -> Path:
        return self.write(party, {
            "party": party, "protocol": f"connectors.{party.replace('-', '_')}",
            "data_dir": str(self.folder / "connectors"), "parties_dir": str(self.parties),
            "signing_key": str(self.key(party)), "secret_file": str(self.folder / "keys" / f"{party}.secret"),
            "kafka": self.kafka_table(cluster, party), "webhook": {"port": webhook_port}, "options": options,
        })  # fmt: skip


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens on it, else another free port on the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _toml(table: dict[str, object]) -> str:
    plain = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in table.items() if not isinstance(value, dict)]
    tables = [f"\n[{name}]\n{_toml(value)}" for name, value in table.items() if isinstance(value, dict)]
    return "\n".join(plain) + "\n" + "".join(tables)
