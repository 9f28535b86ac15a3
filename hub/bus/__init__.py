"""Kafka: clients, topics, access lists. The only folder of the hub that knows aiokafka."""
