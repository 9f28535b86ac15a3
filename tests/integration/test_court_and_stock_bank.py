"""A court, the hub and a bank on another stack, each with its own Kafka user, over a real broker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from connectors.court.approvals import sign_approvals
from connectors.court.commands import app
from connectors.court.docket import load_docket, register_cases, submit_docket
from connectors.court.drafts import Draft, finish
from connectors.court.items import Item, SentRequest
from connectors.court.sdk import CourtClient, CourtError
from connectors.court.show import outcome_of
from deploy.demo.processes import Child, Household
from hub.bus.source import KafkaSource
from hub.bus.topics import Topics
from hub.engine.records import Record
from hub.settings import Console, Kafka, Settings
from hub.trust.enrol import enrol
from schemas import samples
from schemas.base import CHINA
from schemas.hub import Acceptance
from schemas.messages import Replied
from schemas.replies import Reply
from tests.conftest import Cluster

pytestmark = pytest.mark.kafka

Found = TypeVar("Found")

DIES_BEFORE_COMMIT = """
import os, runpy, signal, sys, confluent_kafka

class Consumer(confluent_kafka.Consumer):
    def commit(self, *arguments, **options):
        os.kill(os.getpid(), signal.SIGKILL)

confluent_kafka.Consumer = Consumer
sys.argv[0] = "stock_bank"
runpy.run_module("connectors.stock_bank", run_name="__main__")
"""


@dataclass(frozen=True)
class Linkage:
    """Where one test's keys, passwords and settings are."""

    folder: Path
    cluster: Cluster
    household: Household

    def kafka(self, party: str) -> Kafka:
        file = self.folder / "keys" / f"{party}.password"
        file.write_text(self.cluster.passwords[party], encoding="ascii")
        return Kafka(bootstrap_servers=self.cluster.bootstrap_servers, username=party, password_file=file,
                     topic_prefix=self.cluster.prefix)  # fmt: skip

    def settings(self, party: str) -> Settings:
        return Settings(
            party=party, data_dir=self.folder / party, config_dir=Path("config"), parties_dir=self.folder / "parties",
            agreements_dir=Path("config/samples/agreements"), signing_key=self.folder / "keys" / f"{party}.jwk",
            log_key=self.folder / "keys" / "log.jwk", secret_file=self.folder / "keys" / f"{party}.secret",
            kafka=self.kafka(party), console=Console(port=0),
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def court(self, party: str = "court-9901") -> AsyncIterator[CourtClient]:
        """A court whose sample case is registered."""
        async with CourtClient(self.settings(party)) as client:
            await register_cases({party: client}, [(party, 123)])
            yield client

    async def submit(self, court: CourtClient, draft: Draft) -> SentRequest:
        """Send a draft whose approvals the sample officers have signed."""
        return await court.submit(sign_approvals(draft, self.officers, datetime.now(CHINA)))

    @property
    def officers(self) -> Path:
        return self.folder / "keys" / "officers"

    def config(self, party: str) -> Path:
        """That party's settings file."""
        settings = json.loads(self.settings(party).model_dump_json(exclude_none=True))
        file = self.folder / f"{party}.toml"
        kafka, console = _toml(settings.pop("kafka")), _toml(settings.pop("console"))
        file.write_text(f"{_toml(settings)}[kafka]\n{kafka}[console]\n{console}", encoding="utf-8")
        return file

    @contextlib.asynccontextmanager
    async def bank(self, *program: str) -> AsyncIterator[Child]:
        """The stock bank as a process: `program` in place of its module runs it in another way."""
        keys, kafka = self.folder / "keys", self.kafka("bank-two")
        child = await self.household.start(
            "bank-two", *(program or ("-m", "connectors.stock_bank")), "--bootstrap-servers", kafka.bootstrap_servers,
            "--username", "bank-two", "--password-file", str(kafka.password_file), "--topic-prefix", kafka.topic_prefix,
            "--key", str(keys / "bank-two.jwk"), "--jwks", str(self.folder / "jwks.json"),
            "--court", "court-9901", "--court", "court-9902", "--journal", str(self.folder / "bank-two.db"),
        )  # fmt: skip
        try:
            yield child
        finally:
            await child.stop()

    async def records(self, topic: str) -> list[Record]:
        """Every record that stands in a topic."""
        source = KafkaSource(self.cluster.admin, "test", [topic])
        try:
            positions = await source.open()
            source.seek(positions)
            missing = sum((await source.end_offsets()).values()) - sum(positions.values())
            found: list[Record] = []
            while len(found) < missing:
                found += await source.take(500, 200)
            return found
        finally:
            await source.close()

    async def replies(self) -> list[Record]:
        return await self.records(Topics(self.cluster.prefix).replies)

    async def dead_letters(self) -> list[str]:
        """The code of each dead letter."""
        records = await self.records(Topics(self.cluster.prefix).dead_letters)
        return [dict(record.headers)["kafka_dlt-exception-fqcn"].decode() for record in records]


def _toml(table: dict[str, Any]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())


@pytest.fixture
async def linkage(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Linkage]:
    """A hub at work, in a process of its own."""
    enrol(Path("config/parties"), tmp_path)
    made = Linkage(tmp_path, cluster, Household(Path(), tmp_path / "logs"))
    hub = await made.household.start("hub", "-c", "from hub.cli import main; main()", "hub", "run", "--config", str(made.config("hub")))
    try:
        await hub.logged("hub.ready")
        yield made
    finally:
        await made.household.stop()
    assert hub.process.returncode == 0, hub.log.read_text(encoding="utf-8")


def inquiry(who: str, **changes: Any) -> Draft:
    return _draft("inquiry", samples.inquiry(who, partners=["bank-two"], **changes))


def control(action: str, number: str, who: str, **changes: Any) -> Draft:
    asset = {"kind": "account", "number": number}
    return _draft("control", samples.control(action, asset, who, partners=["bank-two"], **changes))


def _draft(kind: str, data: samples.Data) -> Draft:
    return finish({"type": f"liandong.{kind}.request.v1", "data": data})


def _numbered(draft: Draft, number: int) -> Draft:
    return replace(draft, data=draft.data.model_copy(update={"number": f"R-{number:04}"}))


def events(items: list[Item]) -> list[str]:
    return [item.message.type.split(".")[2] for item in items if item.message]


async def collected(client: CourtClient, request_id: str) -> list[Item]:
    async with aclosing(client.results(request_id)) as items:
        return [item async for item in items]


def reply_in(items: list[Item]) -> Reply:
    """The one reply that was passed on, believed only with the bank's own signature."""
    (reply,) = [item.enclosed for item in items if isinstance(item.enclosed, Replied)]
    return reply.data


async def test_an_inquiry_is_answered_and_concluded_and_every_signature_verifies(linkage: Linkage) -> None:
    async with linkage.bank(), linkage.court() as court:
        sent = await court.submit(inquiry("P01"))
        last = await court.wait(sent, 30)
        items = await collected(court, sent.request_id)
    assert all(item.sound for item in items)
    assert events(items) == ["acceptance", "result", "conclusion"]
    assert outcome_of(last) == "complete"
    assert [finding.kind for finding in reply_in(items).findings] == ["account"]


async def test_what_the_stock_bank_answers(linkage: Linkage) -> None:
    drafts = {
        ("no-record", "complete"): inquiry("P02"),
        ("returned", "incomplete"): inquiry("P01", subject=samples.subject("P01") | {"name": "赵明达"}),
        ("result", "complete"): control("freeze", "9902000000000010015", "P10", amount="99999.00"),
        ("not-controlled", "complete"): control("freeze", "9902000000000010015", "P02"),
    }
    async with linkage.bank(), linkage.court() as court:
        sent = [(expected, await linkage.submit(court, _numbered(draft, n))) for n, (expected, draft) in enumerate(drafts.items())]
        answers = {}
        for expected, request in sent:
            last = await court.wait(request, 30)
            answers[expected] = reply_in(await collected(court, request.request_id))
            assert (answers[expected].kind, outcome_of(last)) == expected
    measure = answers["result", "complete"].measure
    assert measure is not None
    assert measure.controlled == "5120.00", "what the account held, not what was asked"
    returned = answers["returned", "incomplete"].model_dump_json()
    assert "赵明远" not in returned, "nothing of the person on file"


async def test_a_release_sent_at_once_waits_for_its_freeze(linkage: Linkage) -> None:
    account = "9902000000000001014"
    async with linkage.court() as court:
        freeze = await linkage.submit(court, control("freeze", account, "P01", amount="1000.00"))
        release = await linkage.submit(court, control("release", account, "P01", original=freeze.request_id))
        with pytest.raises(CourtError, match="no-conclusion"):
            await court.wait(release, 0.5)
        async with linkage.bank():
            await court.wait(release, 30)
            states = [reply_in(await collected(court, sent.request_id)).measure for sent in (freeze, release)]
    assert [state and (state.state, state.controlled) for state in states] == [("effective", "1000.00"), ("released", "1000.00")]


async def test_killed_between_reply_and_commit_it_says_the_same_again_and_freezes_once(linkage: Linkage) -> None:
    async with linkage.court() as court:
        async with linkage.bank("-c", DIES_BEFORE_COMMIT) as dying:
            sent = await linkage.submit(court, control("freeze", "9902000000000010015", "P10", amount="5000.00"))
            await court.wait(sent, 30)
            assert await asyncio.wait_for(dying.process.wait(), 30) == -9
        before = await linkage.replies()
        async with linkage.bank() as again:
            after = await eventually(linkage.replies, lambda records: len(records) == 2 * len(before))
            second = await court.submit(inquiry("P10", number="R-AFTER"))
            await court.wait(second, 30)
            assert again.process.returncode is None
        items = await collected(court, sent.request_id)
        available = reply_in(await collected(court, second.request_id)).findings[0]
    assert len(before) == 2, "receipt and reply"
    assert {record.value for record in after} == {record.value for record in before}
    assert events(items) == ["acceptance", "result", "conclusion"]
    assert getattr(available, "available") == "120.00", "frozen once"  # noqa: B009 - a union of findings


async def test_what_the_hub_does_not_take_in_or_refuses(linkage: Linkage) -> None:
    """The docket's refused, rejected and tampered requests: every code as the docket says, and one acceptance each."""
    steps = [step for step in load_docket() if (step.code or step.tamper) and step.original is None]
    async with linkage.court("court-9901") as first, linkage.court("court-9902") as second:
        sent = await submit_docket({"court-9901": first, "court-9902": second}, steps, linkage.officers)
        for one in sent:
            if one.step.expect == "refused":
                last = await {first.party: first, second.party: second}[one.step.court].wait(one.request, 30)
                assert outcome_of(last) == f"refused {one.step.code}", one.step.name
        wanted = sorted(step.code for step in steps if step.code and step.expect != "refused")
        dead = await eventually(linkage.dead_letters, lambda codes: len(codes) >= len(wanted))
        assert sorted(dead) == wanted
        for one in sent:
            if one.step.expect == "complete":
                items = await collected(second, one.request.request_id)
                accepted = [item for item in items if item.message and isinstance(item.message.data, Acceptance)]
                assert len(accepted) == 1, one.step.name


async def test_the_commands(linkage: Linkage) -> None:
    config = linkage.config("court-9901")
    draft = linkage.folder / "draft.json"
    data = samples.inquiry("P01", partners=["bank-two"])
    draft.write_text(json.dumps({"type": "liandong.inquiry.request.v1", "data": data}), encoding="utf-8")

    async def liandong(*arguments: str) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*arguments, "--config", str(config)]))

    async with linkage.bank():
        submitted = await liandong("submit", str(draft), "--json", "--wait")
        assert submitted.exit_code == 0, submitted.output
        row = json.loads(submitted.stdout)
        assert row["outcome"] == "complete"
        again = await liandong("submit", str(draft), "--wait")
        assert again.exit_code == 3
        assert "rejected number-reused" in again.stdout
    masked = await liandong("results", "--json", "--request", row["request_id"])
    assert masked.exit_code == 0
    assert "9902000000000001014" not in masked.stdout
    (result,) = [line for line in map(json.loads, masked.stdout.splitlines()) if "enclosed" in line]
    assert (result["verdict"], result["enclosed_verdict"]) == ("ok", "ok")
    who = ("--officer", "GZ-9901-001", "--reason", "制作裁定")
    anonymous = await liandong("results", "--json", "--reveal", "--request", row["request_id"])
    assert anonymous.exit_code == 2, "nobody reads in clear without saying who and why"
    revealed = await liandong("results", "--json", "--reveal", *who, "--request", row["request_id"])
    assert "9902000000000001014" in revealed.stdout
    lines_for_people = await liandong("results")
    assert lines_for_people.exit_code == 0
    assert "conclusion" in lines_for_people.stdout
    assert "9902000000000001014" not in lines_for_people.stdout


async def eventually(look: Callable[[], Awaitable[list[Found]]], good: Callable[[list[Found]], bool]) -> list[Found]:
    """What `look` finds once it is `good`, within half a minute."""
    async with asyncio.timeout(30):
        while True:
            found = await look()
            if good(found):
                return found
