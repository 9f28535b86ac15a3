"""The nodes' configuration in KRaft mode: each is broker and controller in one process."""

from collections.abc import Sequence
from dataclasses import dataclass

ADMIN = "admin"
RECORDS = "records"
"""Folder of Kafka's own files, below the node's folder, in which it runs (so no path needs escaping)."""
IDENTITY = "node.pem"
"""A node's private key, certificate and issuer, in its folder."""
TRUSTED = "ca.pem"
"""The certificate authority that a node trusts, in its folder."""

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_TLS = (
    "ssl.keystore.type=PEM",
    f"ssl.keystore.location={IDENTITY}",
    "ssl.truststore.type=PEM",
    f"ssl.truststore.location={TRUSTED}",
    "ssl.enabled.protocols=TLSv1.3,TLSv1.2",
    "ssl.endpoint.identification.algorithm=https",
    # Between controllers both ends show a certificate, beside the password: nobody else has business there.
    "listener.name.controller.ssl.client.auth=required",
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Two loopback ports: for clients, and for the controller."""

    clients: int
    controller: int


def server_properties(node: int, nodes: Sequence[Ports], password: str, *, tls: bool) -> str:
    """The text of `server.properties` of the node at that place in `nodes`. It holds the administrator's password: write it
    for its owner's eyes only.

    Clients log in by SCRAM-SHA-512 and are refused whatever no access list allows; so do brokers among themselves. The
    controllers' listeners ask for a password too, by PLAIN, since SCRAM needs the metadata that the controllers themselves
    keep: with open ones, every local process could rewrite the access lists. All listeners are on the loopback interface;
    with `tls` all of them are encrypted, and there is no other way in.
    """
    own, security = nodes[node], "SASL_SSL" if tls else "SASL_PLAINTEXT"
    copies, least = (3, 2) if len(nodes) > 2 else (1, 1)
    return "\n".join([
        "process.roles=broker,controller",
        f"node.id={node + 1}",
        "controller.quorum.voters="
        + ",".join(f"{number}@127.0.0.1:{ports.controller}" for number, ports in enumerate(nodes, 1)),
        f"listeners=CLIENTS://127.0.0.1:{own.clients},CONTROLLER://127.0.0.1:{own.controller}",
        f"advertised.listeners=CLIENTS://127.0.0.1:{own.clients}",
        f"listener.security.protocol.map=CLIENTS:{security},CONTROLLER:{security}",
        "controller.listener.names=CONTROLLER",
        "inter.broker.listener.name=CLIENTS",
        *(_TLS if tls else ()),
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
        f"default.replication.factor={copies}",
        f"min.insync.replicas={least}",
        "message.max.bytes=2097152",
        "replica.fetch.max.bytes=2097152",
        "log.message.timestamp.type=LogAppendTime",
        # Kafka's own topics: few partitions, because each costs files and start time.
        f"offsets.topic.replication.factor={copies}",
        "offsets.topic.num.partitions=4",
        f"transaction.state.log.replication.factor={copies}",
        f"transaction.state.log.min.isr={least}",
        "transaction.state.log.num.partitions=4",
        # A node that was killed is given up after 5 s instead of 9: so long its partitions have no leader, and so long a
        # single node waits for its former self's session to run out.
        "broker.session.timeout.ms=5000",
        "broker.heartbeat.interval.ms=1000",
        # A group's first member need not wait 3 s for others.
        "group.initial.rebalance.delay.ms=0",
        # Small heap: the default cleaner alone would take 128 MiB of it.
        "log.cleaner.dedupe.buffer.size=16777216",
        "log.index.size.max.bytes=1048576",
        "",
    ])  # fmt: skip
