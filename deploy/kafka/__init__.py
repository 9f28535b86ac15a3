"""A real Kafka for a machine that has only Python: pinned jars, one node, users and access lists."""

from deploy.kafka.broker import Broker
from deploy.kafka.errors import KafkaSetupError

__all__ = ["Broker", "KafkaSetupError"]
