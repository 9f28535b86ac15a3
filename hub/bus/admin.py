"""Setting up Kafka for a plan: users (SCRAM), topics, quotas, access lists. Blocking; for set-up, not for the loop.

aiokafka cannot set users or access lists, so this is confluent-kafka's `AdminClient`.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from hub.bus.connection import BusError, Connection
from hub.bus.quotas import limit
from hub.bus.topics import Access, Plan, TopicSpec

_Answer = TypeVar("_Answer")
_ITERATIONS = 8192
"""SCRAM rounds, twice the least that RFC 7677 asks for; the passwords are random, so rounds add little."""
_TOPIC_EXISTS = "topic-exists"
_PATIENCE = 30.0
"""Longest wait for one answer, in seconds."""


def provision(connection: Connection, plan: Plan, passwords: Mapping[str, str]) -> None:
    """Bring users, topics, quotas and access lists in line with `plan`; returns once the brokers that answer show them all.

    `connection` is an administrator's; `passwords` is by party, and a party without one keeps the user it has. Doing it
    again changes nothing but those passwords. Raises `BusError`: `bus-login-refused`, `bus-not-trusted`, `bus-unreachable`,
    `bus-not-allowed`, `topic-partitions-differ`, `bus-admin-failed`.
    """
    admin = connect(connection)
    # Metadata is one log: when what came last can be seen, so can what came before. Access comes last, so that no
    # party gets further than it may in between.
    if passwords:
        _settle(admin.alter_user_scram_credentials([_credential(user, word) for user, word in passwords.items()]))
    _create_topics(admin, plan.topics)
    asyncio.run(limit(connection, plan.quotas))
    bindings = {_binding(access) for access in plan.access}
    _settle(admin.create_acls(list(bindings)))
    names = {topic.name for topic in plan.topics}
    _until(admin, lambda: bindings <= _bindings(admin) and names <= _topics(admin))


def provision_topics(connection: Connection, plan: Plan) -> None:
    """The topics of `plan` alone, on a cluster whose users and access lists are somebody else's. Raises as `provision`."""
    admin = connect(connection)
    _create_topics(admin, plan.topics)
    names = {topic.name for topic in plan.topics}
    _until(admin, lambda: names <= _topics(admin))


def connect(connection: Connection) -> AdminClient:
    """A client that has had an answer. Keep it until all that it was asked has settled: answers to a dropped one are lost.

    Raises `BusError`: `bus-login-refused`, `bus-not-trusted`, `bus-unreachable`.
    """
    connection.check_trust()
    refused = threading.Event()

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:
            refused.set()

    settings = connection.admin_settings() | {"error_cb": note}  # the only place where librdkafka tells of a refused login
    admin = AdminClient(settings)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            admin.list_topics(timeout=1)
        except KafkaException as error:
            admin.poll(0)
            if refused.is_set():
                raise BusError("bus-login-refused", f"Kafka refuses the user {connection.username}") from error
            if time.monotonic() > end:
                raise BusError("bus-unreachable", f"no answer from Kafka at {connection.bootstrap_servers}") from error
        else:
            return admin


def _create_topics(admin: AdminClient, specs: tuple[TopicSpec, ...]) -> None:
    wanted = {spec.name: spec for spec in specs}
    creations = admin.create_topics([
        NewTopic(spec.name, spec.partitions, spec.replication_factor, config=dict(spec.config)) for spec in specs
    ])
    there = [wanted[name] for name, creation in creations.items() if _already_there(creation)]
    for spec in there:
        found = len(admin.list_topics(spec.name, timeout=_PATIENCE).topics[spec.name].partitions)
        if found != spec.partitions:
            raise BusError(
                "topic-partitions-differ",
                f"{spec.name} has {found} partitions instead of {spec.partitions}; alter it, or choose another prefix",
            )
    if there:
        _settle(admin.incremental_alter_configs([_config(spec) for spec in there]))


def _already_there(creation: "Future[None]") -> bool:
    try:
        _settled(creation)
    except BusError as error:
        if error.code == _TOPIC_EXISTS:
            return True
        raise
    return False


def _config(spec: TopicSpec) -> ConfigResource:
    return ConfigResource(
        ConfigResource.Type.TOPIC,
        spec.name,
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in spec.config.items()
        ],
    )


def _credential(user: str, password: str) -> UserScramCredentialUpsertion:
    return UserScramCredentialUpsertion(
        user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS), password.encode()
    )


def _binding(access: Access) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC if access.resource == "topic" else ResourceType.GROUP,
        access.name,
        ResourcePatternType.LITERAL,
        f"User:{access.party}",
        "*",
        AclOperation[access.operation],
        AclPermissionType.ALLOW,
    )


def _bindings(admin: AdminClient) -> set[AclBinding]:
    every = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # "any", which the stubs do not know
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]  # likewise
        None,  # type: ignore[arg-type]  # likewise
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    found = _settled(admin.describe_acls(every))
    return set(found)


def _settle(futures: Mapping[Any, "Future[Any]"]) -> None:
    """Await every answer; the first refusal is raised."""
    for future in futures.values():
        _settled(future)


def _settled(future: "Future[_Answer]") -> _Answer:
    try:
        return future.result(_PATIENCE)
    except TimeoutError as error:
        raise BusError("bus-unreachable", f"no answer from Kafka in {_PATIENCE:.0f} s") from error
    except KafkaException as error:
        reason = error.args[0]
        code = reason.code() if isinstance(reason, KafkaError) else None
        if code in {KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}:
            raise BusError("bus-not-allowed", "use an administrator's user: this one may not set up Kafka") from error
        if code == KafkaError.TOPIC_ALREADY_EXISTS:
            raise BusError(_TOPIC_EXISTS, "the topic is there already") from error
        raise BusError("bus-admin-failed", f"Kafka answers: {error}") from error


def _topics(admin: AdminClient) -> set[str]:
    return set(admin.list_topics(timeout=_PATIENCE).topics)


def _until(admin: AdminClient, seen: Callable[[], bool]) -> None:
    """Return once it is seen; of several brokers any may answer, and each may be a moment behind, so then many times in a row."""
    brokers = len(admin.list_topics(timeout=_PATIENCE).brokers)
    enough = 1 if brokers == 1 else 4 * brokers
    times, end = 0, time.monotonic() + _PATIENCE
    while times < enough:
        if time.monotonic() > end:
            raise BusError("bus-admin-failed", "the cluster did not show users, topics and access lists in time")
        times = times + 1 if seen() else 0
        time.sleep(0.02)
