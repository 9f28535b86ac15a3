"""Dead letters as an operator handles them: `liandong dead-letters` beside a hub that runs on a real Kafka."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.follow import Follower, following
from deploy.demo.world import ROOT, free_port
from hub.engine.records import Record
from hub.engine.work import signed_headers
from hub.trust import keys
from hub.trust.jws import Signer
from schemas.base import CHINA
from schemas.samples import PEOPLE
from tests.conftest import Cluster
from tests.factories import inquiry, message
from tests.faults.cast import answer
from tests.faults.logs import entries
from tests.integration.test_bad_input import dead_letters, events, put
from tests.processes import Linkage, linkage, until

pytestmark = pytest.mark.kafka

COURT = "court-9901"
BY = ("--operator", "YW-0007", "--reason", "密钥已登记")


@pytest.fixture(autouse=True)
def console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_CONSOLE__PORT", str(free_port()))


class Operator:
    """Types commands, in a process of its own."""

    def __init__(self, made: Linkage) -> None:
        self._config = str(made.hub_config())

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and error output of one command."""
        command = [sys.executable, "-c", "from hub.cli import main; main()", "dead-letters", *arguments, "--config", self._config]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
        out, errors = await process.communicate()
        return process.returncode or 0, out.decode(), errors.decode()

    async def __call__(self, *arguments: str, code: int = 0) -> str:
        ended, out, errors = await self.run(*arguments)
        assert ended == code, errors
        return out

    async def lines(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (await self(*arguments, "--json", code=code)).splitlines()]


def signed(signer: Signer, topic: str, value: bytes) -> tuple[str, bytes, tuple[tuple[str, bytes], ...]]:
    return topic, value, signed_headers(signer.sign(value))


def register(made: Linkage, pair: keys.KeyPair) -> None:
    """Add a key to the court's party file."""
    file, now = made.world.parties / f"{COURT}.toml", datetime.now(CHINA)
    times = "".join(f"{name} = {at.isoformat(timespec='seconds')}\n" for name, at in (
        ("valid_from", now - timedelta(days=1)), ("valid_until", now + timedelta(days=365))))  # fmt: skip
    text = file.read_text(encoding="utf-8")
    file.write_text(f'{text}\n[[keys]]\nkid = "{pair.kid}"\nx = "{pair.public_jwk()["x"]}"\n{times}', encoding="utf-8")


def replayed(follower: Follower) -> list[Record]:
    return [record for record in follower.records if any(name == "hub-replay-id" for name, _ in record.headers)]


async def test_a_dead_letter_is_listed_shown_rehearsed_replayed_once_and_another_discarded(cluster: Cluster, tmp_path: Path) -> None:
    patient = linkage(tmp_path, cluster, windows=(3600, 3600))  # no deadline passes meanwhile
    async with patient as made, following(cluster.admin, made.topic_names) as follower:
        operator, pair = Operator(made), keys.generate(f"{COURT}.new")
        value = message("liandong.inquiry.request.v1", COURT, "hub", inquiry("P01", partners=["bank"]))
        court = Signer(keys.load(made.world.key(COURT)))
        async with made.hub_here():
            await put(made, COURT, signed(Signer(pair), made.topics.requests, value), signed(court, made.topics.requests, b"{"))
            await until(lambda: len(dead_letters(follower)) == 2, "both are set aside")
            groups = {group["code"]: group for group in await operator.lines("list")}
            assert {code: group["dead"] for code, group in groups.items()} == {"jws-unknown-key": 1, "not-json": 1}
            assert groups["not-json"]["first"].endswith("+08:00")
            letter, other = [(await operator.lines("list", "--group", groups[code]["group"]))[0]["letter"]
                             for code in ("jws-unknown-key", "not-json")]  # fmt: skip
            masked = await operator("show", letter)
            assert json.loads(masked)["content"]["id"] == json.loads(value)["id"]
            assert not [each for each in PEOPLE["P01"] if each in masked]
            clear = await operator("show", letter, "--reveal", "--officer", "YW-0007", "--reason", "核查签名失败原因")
            assert json.loads(json.loads(clear)["content"]) == json.loads(value)
            assert "letter-died-again" in await operator("replay", letter, "--dry-run", *BY, code=1)
            assert {group["code"]: group for group in await operator.lines("list")} == groups, "nothing has changed"
        register(made, pair)
        async with made.hub_here():
            (tried,) = await operator.lines("replay", letter, "--dry-run", *BY)
            assert (tried["code"], tried["dry_run"]) == ("letter-taken-in", True)
            assert events(follower, "acceptance") == []
            assert [line["code"] for line in await operator.lines("replay", letter, *BY)] == ["letter-taken-in"]
            assert [line["code"] for line in await operator.lines("replay", letter, *BY)] == ["letter-done"]
            await operator("discard", "--group", groups["not-json"]["group"], *BY)
            (refused,) = await operator.lines("replay", other, *BY, code=1)
            assert (refused["code"], refused["state"]) == ("letter-gone", "discarded")
            assert await operator.lines("list") == []
            await until(lambda: len(events(follower, "task")) == 1, "the bank is asked")
        await follower.caught_up()
        kinds = [entry["kind"] for entry in entries(made.log) if entry["kind"].startswith(("letter.", "request."))]
    (acceptance,) = events(follower, "acceptance")
    assert acceptance["correlationid"] == json.loads(value)["id"], "the same id, done once"
    assert kinds == ["letter.revealed", "letter.replayed", "request.accepted", "letter.discarded"]
    assert len(dead_letters(follower)) == 2
    ended, _, errors = await operator.run("discard", letter, *BY)
    assert (ended, "hub-unreachable" in errors) == (1, True), "no hub: nothing is done behind its back"


async def test_a_silent_task_goes_to_its_partner_alone_and_its_late_reply_cites_the_conclusion(
    cluster: Cluster, tmp_path: Path
) -> None:
    async with (
        linkage(tmp_path, cluster, windows=(2, 2)) as made, following(cluster.admin, made.topic_names) as follower,
        made.voice(COURT) as court, made.voice("bank") as bank, made.hub_here(),
    ):  # fmt: skip
        operator = Operator(made)
        await court.say(made.topics.requests, message("liandong.inquiry.request.v1", COURT, "hub", inquiry(partners=["bank", "police"])))
        await until(lambda: bool(events(follower, "conclusion")), "both are silent")
        before = events(follower, "conclusion")
        (group,) = [each for each in await operator.lines("list") if each["party"] == "bank"]
        assert (group["code"], group["stage"], group["dead"]) == ("no-response", "receipt", 1)
        (sent,) = await operator.lines("replay", "--group", group["group"], "--partner", "bank", *BY)
        assert (sent["code"], sent["partner"]) == ("letter-sent-again", "bank")
        await until(lambda: bool(replayed(follower)), "the task is sent again")
        await bank.say(made.topics.replies, *answer("bank", json.loads(replayed(follower)[0].value)))
        await until(lambda: bool(events(follower, "result")), "its reply is passed on")
        (line,) = await operator.lines("replay", sent["letter"], *BY)
        assert line["code"] == "letter-done"
        await follower.caught_up()
    (again,) = replayed(follower)
    (first, second) = [record for record in follower.records if record.topic == made.topics.tasks("bank") and record.value == again.value]
    assert (first.key, first.headers) == (second.key, tuple(each for each in second.headers if not each[0].startswith("hub-")))
    (result,) = events(follower, "result")
    assert (result["data"]["late"], result["data"]["conclusion"]) == (True, before[0]["id"])
    assert events(follower, "conclusion") == before
