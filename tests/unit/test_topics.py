"""Access lists: exactly these, and whatever the parties are, nobody but the hub sees what is between two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.bus.topics import MESSAGE_LIMIT, Access, Plan, results_topic, tasks_topic

ids = st.from_regex(r"[a-z][a-z0-9-]{1,39}", fullmatch=True).filter(lambda name: name != "hub")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    parties = draw(st.lists(ids, unique=True, max_size=8))
    split = draw(st.integers(0, len(parties)))
    return Plan(tuple(parties[:split]), tuple(parties[split:]), prefix=draw(st.sampled_from(["", "run-1."])))


def test_the_access_list_of_a_court() -> None:
    plan = Plan(("court-9901", "court-9902"), ("bank",), prefix="p.")
    assert plan.access_list("court-9901") == {
        Access("court-9901", "topic", "p.hub.requests.v1", "WRITE"),
        Access("court-9901", "topic", "p.hub.results.court-9901.v1", "READ"),
        Access("court-9901", "topic", "p.hub.checkpoints.v1", "READ"),
        Access("court-9901", "group", "court-9901", "READ"),
    }


def test_the_access_list_of_a_partner() -> None:
    plan = Plan(("court-9901",), ("bank", "vehicle"))
    assert plan.access_list("bank") == {
        Access("bank", "topic", "hub.replies.v1", "WRITE"),
        Access("bank", "topic", "hub.tasks.bank.v1", "READ"),
        Access("bank", "topic", "hub.checkpoints.v1", "READ"),
        Access("bank", "group", "bank", "READ"),
    }


def test_the_access_list_of_the_hub() -> None:
    assert Plan(("court-9901",), ("bank",)).access_list("hub") == {
        Access("hub", "topic", "hub.requests.v1", "READ"),
        Access("hub", "topic", "hub.replies.v1", "READ"),
        Access("hub", "topic", "hub.dead-letters.v1", "READ"),
        Access("hub", "topic", "hub.checkpoints.v1", "READ"),
        Access("hub", "topic", "hub.tasks.bank.v1", "READ"),
        Access("hub", "topic", "hub.results.court-9901.v1", "READ"),
        Access("hub", "topic", "hub.tasks.bank.v1", "WRITE"),
        Access("hub", "topic", "hub.results.court-9901.v1", "WRITE"),
        Access("hub", "topic", "hub.dead-letters.v1", "WRITE"),
        Access("hub", "topic", "hub.checkpoints.v1", "WRITE"),
        Access("hub", "group", "hub", "READ"),
    }


@given(plans())
def test_one_reader_of_each_partners_tasks_and_each_courts_results(plan: Plan) -> None:
    own = {tasks_topic(plan.prefix, partner): partner for partner in plan.partners}
    own |= {results_topic(plan.prefix, court): court for court in plan.courts}
    for topic, owner in own.items():
        grants = {(access.party, access.operation) for access in plan.access if access.name == topic}
        assert grants == {(owner, "READ"), (plan.hub, "READ"), (plan.hub, "WRITE")}


@given(plans())
def test_requests_come_from_courts_and_replies_from_partners(plan: Plan) -> None:
    for topic, writers in (("hub.requests.v1", plan.courts), ("hub.replies.v1", plan.partners)):
        grants = {(access.party, access.operation) for access in plan.access if access.name == plan.prefix + topic}
        assert grants == {(plan.hub, "READ"), *((party, "WRITE") for party in writers)}


@given(plans())
def test_no_party_has_anothers_group(plan: Plan) -> None:
    groups = {(access.party, access.name) for access in plan.access if access.resource == "group"}
    assert groups == {(party, party) for party in plan.parties}


@given(plans())
def test_every_topic_granted_is_created_and_the_other_way_round(plan: Plan) -> None:
    granted = {access.name for access in plan.access if access.resource == "topic"}
    created = [topic.name for topic in plan.topics]
    assert len(set(created)) == len(created)
    assert granted == set(created)
    assert all(name.startswith(plan.prefix) and len(name) <= 249 for name in created)


def test_how_topics_are_made() -> None:
    plan = Plan(("court-9901",), ("bank",), replication_factor=3)
    assert {topic.name: topic.partitions for topic in plan.topics} == {
        "hub.requests.v1": 3,
        "hub.replies.v1": 3,
        "hub.tasks.bank.v1": 3,
        "hub.results.court-9901.v1": 3,
        "hub.dead-letters.v1": 1,
        "hub.checkpoints.v1": 1,
    }
    for topic in plan.topics:
        assert topic.replication_factor == 3
        kept = topic.partitions == 1
        assert topic.config == {
            "max.message.bytes": "4194304" if kept else "2097152",
            "retention.ms": "-1" if kept else str(180 * 24 * 3600 * 1000),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": "2",
        }


@pytest.mark.parametrize("factor", [1, 2])
def test_too_few_copies_to_lose_one_do_not_block_writing(factor: int) -> None:
    assert all(t.config["min.insync.replicas"] == "1" for t in Plan((), (), replication_factor=factor).topics)


@pytest.mark.parametrize("prefix", ["run 1.", "运行.", "a/b", "x" * 121, "run\n"])
def test_a_prefix_that_kafka_would_refuse(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Plan((), (), prefix=prefix)


@pytest.mark.parametrize(
    ("courts", "partners"), [(("bank",), ("bank",)), (("hub",), ()), ((), ("hub",)), ((), ("bank", "bank"))]
)
def test_a_party_has_one_role(courts: tuple[str, ...], partners: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="one role"):
        Plan(courts, partners)


def test_a_stranger_has_no_access_list() -> None:
    with pytest.raises(KeyError):
        Plan(("court-9901",), ("bank",)).access_list("vehicle")


def test_every_agency_has_a_quota_and_the_hub_has_none() -> None:
    assert Plan(("court-9901",), ("bank",), quota=7).quotas == {"court-9901": 7, "bank": 7}
    assert Plan(("court-9901",), ()).quotas == {"court-9901": MESSAGE_LIMIT}, "unless told otherwise: the greatest batch a second"
