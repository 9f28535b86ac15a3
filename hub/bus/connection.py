"""How to reach a Kafka cluster, and the client options that make aiokafka safe.

Its defaults lose messages (acks=1, auto-commit, no idempotence), so every option that matters is set here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from hub.bus.errors import BusError
from hub.bus.tls import addresses, handshake, is_loopback, trust

__all__ = ["RECORD_LIMIT", "BusError", "Connection", "Protocol"]

Protocol = Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"]
RECORD_LIMIT = 4 * 1024 * 1024
"""Greatest record a client of ours sends or fetches, in bytes; above any topic's own limit."""
FETCH = 1024 * 1024
"""Bytes fetched of a partition at a time, and eight times as much in all; a batch that is larger Kafka gives whole."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One user's way into the cluster. `prefix` stands before every topic's name.

    Case data do not leave the machine unencrypted: raises `BusError` bus-not-encrypted, unless `allow_unencrypted`.
    `ca_file` is read anew for every client, so that one that is renewed in place is taken up.
    """

    bootstrap_servers: str
    username: str = ""
    password: str = ""
    protocol: Protocol = "SASL_PLAINTEXT"
    prefix: str = ""
    ca_file: Path | None = None
    allow_unencrypted: bool = False

    def __post_init__(self) -> None:
        far = [host for host, _ in addresses(self.bootstrap_servers) if not is_loopback(host)]
        if far and self.protocol != "SASL_SSL" and not self.allow_unencrypted:
            raise BusError(
                "bus-not-encrypted",
                f"{', '.join(far)} is another machine: set protocol SASL_SSL and ca_file, or allow_unencrypted where "
                "something else protects the line",
            )

    def options(self, client_id: str) -> dict[str, Any]:
        """What consumer and producer have in common. Raises `BusError` for a `ca_file` that is of no use."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": client_id,
            "security_protocol": self.protocol,
            "retry_backoff_ms": 200,
        }
        if self.protocol != "PLAINTEXT":
            options |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.protocol == "SASL_SSL":
            options["ssl_context"] = trust(self.ca_file)
        return options

    def consumer(self, client_id: str) -> AIOKafkaConsumer:
        """A consumer without a group: positions are the store's."""
        return AIOKafkaConsumer(
            **self.options(client_id), enable_auto_commit=False, auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH, fetch_max_bytes=8 * FETCH, fetch_max_wait_ms=100,
        )  # fmt: skip

    def producer(self, client_id: str) -> AIOKafkaProducer:
        """An idempotent producer that waits for all in-sync replicas."""
        return AIOKafkaProducer(
            **self.options(client_id), acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=256 * 1024,
            max_request_size=RECORD_LIMIT,
        )  # fmt: skip

    def admin_settings(self) -> dict[str, Any]:
        """The same way in, in librdkafka's names."""
        settings: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers, "security.protocol": self.protocol, "log_level": 0,
        }  # fmt: skip
        if self.protocol != "PLAINTEXT":
            settings |= {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": self.username,
                         "sasl.password": self.password}  # fmt: skip
        if self.protocol == "SASL_SSL":
            settings |= {"ssl.ca.location": str(self.ca_file), "ssl.endpoint.identification.algorithm": "https"}
        return settings

    def check_trust(self) -> None:
        """Raise `BusError` when `ca_file` is of no use, or Kafka shows certificates that it does not vouch for. Blocking."""
        if self.protocol == "SASL_SSL":
            handshake(self.bootstrap_servers, trust(self.ca_file))

    def describe(self, topics: Sequence[str]) -> tuple[str, dict[str, int]]:
        """The cluster's id, and the number of partitions of each of `topics`. Blocking, at most 30 s.

        Raises `BusError` when the cluster cannot be reached or trusted, or a topic is missing or not ours to read. aiokafka
        does not tell the cluster's id, librdkafka does.
        """
        self.check_trust()
        try:
            found = AdminClient(self.admin_settings()).list_topics(timeout=30)
        except KafkaException as error:
            raise BusError("bus-unreachable", f"no answer from Kafka at {self.bootstrap_servers}") from error
        counts = {topic: len(found.topics[topic].partitions) for topic in topics if topic in found.topics}
        missing = [topic for topic in topics if not counts.get(topic)]
        if missing:
            raise BusError("topic-missing", f"user {self.username or '(none)'} sees no topic {', '.join(missing)}")
        return found.cluster_id, counts

    def existing(self, topics: Sequence[str]) -> list[str]:
        """Those of `topics` that there are. Blocking, at most 30 s. Raises `BusError` when the cluster cannot be reached."""
        try:
            found = AdminClient(self.admin_settings()).list_topics(timeout=30).topics
        except KafkaException as error:
            raise BusError("bus-unreachable", f"no answer from Kafka at {self.bootstrap_servers}") from error
        return [topic for topic in topics if topic in found]
