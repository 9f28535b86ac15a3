"""The broker's configuration: one KRaft node, broker and controller in one process."""

from dataclasses import dataclass

ADMIN = "admin"
RECORDS = "records"
"""Folder of Kafka's own files, below the data folder, in which the broker runs (so no path needs escaping)."""

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@dataclass(frozen=True, slots=True)
class Ports:
    """Two loopback ports: for clients, and for the controller."""

    clients: int
    controller: int


def server_properties(ports: Ports, password: str) -> str:
    """The text of `server.properties`. It holds the administrator's password: write it for its owner's eyes only.

    Clients log in by SCRAM-SHA-512 and are refused whatever no access list allows. No TLS: both listeners are on the
    loopback interface. The controller's listener asks for a password too, by PLAIN, since SCRAM needs the metadata that
    the controller itself keeps: with an open one, every local process could rewrite the access lists.
    """
    return "\n".join([
        "process.roles=broker,controller",
        "node.id=1",
        f"controller.quorum.voters=1@127.0.0.1:{ports.controller}",
        f"listeners=CLIENTS://127.0.0.1:{ports.clients},CONTROLLER://127.0.0.1:{ports.controller}",
        f"advertised.listeners=CLIENTS://127.0.0.1:{ports.clients}",
        "listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "controller.listener.names=CONTROLLER",
        "inter.broker.listener.name=CLIENTS",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512",
        "sasl.mechanism.controller.protocol=PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms=PLAIN",
        "listener.name.clients.scram-sha-512.sasl.jaas.config="
        f'{_SCRAM} required username="{ADMIN}" password="{password}";',
        "listener.name.controller.plain.sasl.jaas.config="
        f'{_PLAIN} required username="{ADMIN}" password="{password}" user_{ADMIN}="{password}";',
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found=false",
        f"super.users=User:{ADMIN}",
        f"log.dirs={RECORDS}",
        "auto.create.topics.enable=false",
        "message.max.bytes=2097152",
        "replica.fetch.max.bytes=2097152",
        "log.message.timestamp.type=LogAppendTime",
        # One node: Kafka's own topics have one copy, and few partitions because each costs files and start time.
        "offsets.topic.replication.factor=1",
        "offsets.topic.num.partitions=4",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "transaction.state.log.num.partitions=4",
        # After a kill, the node waits for its former self's session to run out: 5 s instead of 9.
        "broker.session.timeout.ms=5000",
        "broker.heartbeat.interval.ms=1000",
        # A group's first member need not wait 3 s for others.
        "group.initial.rebalance.delay.ms=0",
        # Small heap: the default cleaner alone would take 128 MiB of it.
        "log.cleaner.dedupe.buffer.size=16777216",
        "log.index.size.max.bytes=1048576",
        "",
    ])  # fmt: skip
