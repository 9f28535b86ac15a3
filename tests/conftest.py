"""One real broker for the whole session, and a cluster of three, each started when a test first asks; fresh topics for each test."""

import itertools
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from deploy.kafka import Broker, Brokers
from hub.bus.admin import connect, provision
from hub.bus.connection import Connection
from hub.bus.topics import Plan
from tests import stores

# No test passes or fails by the clock: a slow machine, or tables that are built at the first draw, say nothing of the rules.
settings.register_profile("untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

COURTS = ("court-9901", "court-9902")
PARTNERS = ("real-estate", "vehicle", "business-registry", "police", "bank", "bank-two")

_runs = itertools.count(1)


@dataclass(frozen=True)
class Cluster:
    """What a test may use of the broker: its own topics, and a user for every party."""

    bootstrap_servers: str
    plan: Plan
    admin: Connection
    passwords: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """Stands before every topic's name, in this test only."""
        return self.plan.prefix

    def credentials(self, party: str) -> tuple[str, str]:
        """User name and password."""
        return party, self.passwords[party]

    def connection(self, party: str) -> Connection:
        """That party's way in."""
        return replace(self.admin, username=party, password=self.passwords[party], prefix=self.prefix)


@pytest.fixture(params=stores.KINDS)
def each_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs once on each kind of store; the kind."""
    stores.use(request.param)
    yield request.param
    stores.use(stores.DEFAULT)


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    yield
    stores.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """A real Kafka. Where it cannot run, tests fail and say why; they are never skipped."""
    async with Broker(tmp_path_factory.mktemp("kafka") / "data") as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def brokers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Brokers]:
    """Three nodes with TLS. A test that stops one starts it again."""
    async with Brokers(tmp_path_factory.mktemp("brokers") / "data", nodes=3, tls=True) as running:
        yield running
        running.kill()  # nothing of it is needed any more


@pytest.fixture(scope="session")
def passwords() -> dict[str, str]:
    """Made up once: users are the session's, topics each test's."""
    return {party: secrets.token_urlsafe(24) for party in ("hub", *COURTS, *PARTNERS)}


@pytest.fixture(scope="session")
def enrolled() -> set[str]:
    """The addresses of the Kafkas that know the parties' passwords."""
    return set()


@pytest.fixture
def cluster(broker: Broker, passwords: Mapping[str, str], enrolled: set[str]) -> Iterator[Cluster]:
    """Topics, users and access lists for two courts and six partners, behind a prefix of its own."""
    yield from _topics(broker, passwords, enrolled)


@pytest.fixture
def secure(brokers: Brokers, passwords: Mapping[str, str], enrolled: set[str]) -> Iterator[Cluster]:
    """The same on three nodes with TLS: three copies of each topic, two of them in sync."""
    yield from _topics(brokers, passwords, enrolled)


def way_in(brokers: Brokers, prefix: str = "") -> Connection:
    """The administrator's."""
    return Connection(
        brokers.bootstrap_servers, brokers.admin_username, brokers.admin_password,
        "SASL_SSL" if brokers.ca_file else "SASL_PLAINTEXT", prefix, brokers.ca_file,
    )  # fmt: skip


def _topics(brokers: Brokers, passwords: Mapping[str, str], enrolled: set[str]) -> Iterator[Cluster]:
    plan = Plan(COURTS, PARTNERS, prefix=f"t{next(_runs)}.", replication_factor=len(brokers.nodes))
    admin = way_in(brokers, plan.prefix)
    provision(admin, plan, {} if admin.bootstrap_servers in enrolled else passwords)
    enrolled.add(admin.bootstrap_servers)
    yield Cluster(brokers.bootstrap_servers, plan, admin, passwords)
    # The brokers' files and memory are the whole session's.
    client = connect(admin)
    for deletion in client.delete_topics([topic.name for topic in plan.topics]).values():
        deletion.result(30)
