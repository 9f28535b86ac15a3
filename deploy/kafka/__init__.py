"""A real Kafka for a machine that has only Python: pinned jars, one node or several, users and access lists, TLS."""

from deploy.kafka.broker import Broker, Brokers
from deploy.kafka.errors import KafkaSetupError

__all__ = ["Broker", "Brokers", "KafkaSetupError"]
