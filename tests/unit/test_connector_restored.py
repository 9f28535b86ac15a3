"""A connector's store that was put back, or is new: what may have been carried out is never simply repeated."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, select, text, update
from typer.testing import CliRunner

from connectors import jobs
from connectors.base import Answer, Connector, Job, Outcome, Recovery
from connectors.commands import app
from connectors.jobs import OVER, JobStatus
from connectors.restored import back_up, put_back, serving
from hub.bus.connection import BusError
from hub.store import tables as t
from hub.store.database import Database, open_readonly
from hub.store.errors import StoreError
from hub.trust.enrol import enrol
from schemas.replies import MeasureOutcome, ReplyKind
from tests import stores
from tests.conformance.bench import Bench
from tests.factories import control, inquiry
from tests.postgres import PROGRAMS
from tests.stores import open_store

OTHER = {"kind": "account", "number": "9901000000000003020"}


class Bank(Connector):
    """It takes effect whenever it is called, and only a person can tell whether it did."""

    kind = "bank"

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        self.options["called"].extend(job.key for job in jobs)
        frozen = MeasureOutcome.model_validate({"state": "effective", "reference": "X1"})
        return {job.key: Answer(ReplyKind.RESULT, b"done", measure=frozen) for job in jobs}

    def recovery(self, job: Job) -> Recovery:
        return Recovery.IDEMPOTENT if job.request.data.action == "inquire" else Recovery.MANUAL


@pytest.fixture
def called() -> list[str]:
    """The jobs that the bank was called about, in order, by whichever connector."""
    return []


@pytest_asyncio.fixture
async def bench(called: list[str], tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(Bank, "bank", lambda _: {"called": called}, tmp_path)
    await bench.start(working=False)
    yield bench
    await bench.die()


def add(connection: Connection, task_id: str, status: JobStatus, attempt: int = 0) -> None:
    row = {"task_id": task_id, "message_pk": 1, "action": "freeze", "status": status, "due_at": 0, "expires_at": 10**16, "attempt": attempt}
    connection.execute(jobs.jobs.insert(), row)


@pytest.mark.parametrize("attempt", [0, 3])
@pytest.mark.parametrize("status", JobStatus)
def test_what_was_open_is_unknown_and_never_passes_for_new(tmp_path: Path, each_store: str, status: JobStatus, attempt: int) -> None:
    store = open_store(tmp_path / "bank.db", jobs.metadata)
    with store.write() as connection:
        add(connection, "T", status, attempt)
        assert jobs.not_known(connection) == (status not in OVER)
        found = jobs.find(connection, "T")
        assert found is not None
        if status in (*OVER, JobStatus.MANUAL):
            assert found.status is status
        else:
            assert found.status is JobStatus.UNKNOWN
        if status is JobStatus.MANUAL:
            assert jobs.retry(connection, "T", 5) is JobStatus.UNKNOWN, "a person may have given it back since"
    store.close()


async def test_what_only_a_person_can_tell_is_left_to_him(bench: Bench, called: list[str], tmp_path: Path) -> None:
    """Put back twice, so that it is the backup that knows itself and not the store that was there."""
    where = bench.store.where
    if not isinstance(where, Path):
        pytest.skip("pg_restore puts a database back")
    filed = bench.send(control())
    await bench.received(filed)
    back_up(where, tmp_path / "backup")
    bench.work()
    since = bench.send(control(asset=OTHER))
    for task in (filed, since):
        await bench.reply(task)
    for _ in range(2):
        await bench.die()
        put_back(where, tmp_path / "backup")
        await bench.start()
        for task in (filed, since):
            await bench.becomes(task, JobStatus.MANUAL)
            assert await bench.fault(task) == "outcome-unknown"
    after = bench.send(inquiry())
    await bench.reply(after)
    assert called == [filed.id, since.id, after.id]
    with bench.store.read() as connection:
        entries = [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind == "store.taken-over"))]
    assert [(entry["open"], entry["unread"]) for entry in entries] == [(0, 0), (1, 1)]


async def test_a_new_store_does_not_know_what_another_did_before(bench: Bench, called: list[str]) -> None:
    """The store is lost, and there is no backup."""
    bench.work()
    task = bench.send(control())
    await bench.reply(task)
    await bench.die()
    if not isinstance(bench.store.where, Path):
        pytest.skip("a database is not lost with a file")
    bench.store.where.unlink()
    await bench.start()
    await bench.becomes(task, JobStatus.MANUAL)
    assert called == [task.id]


async def test_a_start_on_the_same_store_asks_after_nothing(bench: Bench, called: list[str]) -> None:
    task = bench.send(control())
    await bench.received(task)
    await bench.die()
    await bench.start()
    await bench.reply(task)
    assert called == [task.id]


async def test_a_backup_older_than_the_topic_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    task = bench.send(control())
    await bench.received(task)
    with bench.store.write() as connection:
        connection.execute(serving.delete())
        connection.execute(update(t.offsets).values(next=0))
    await bench.die()
    opened = bench.bus.open

    async def later() -> dict[tuple[str, int], int]:
        return dict.fromkeys(await opened(), 1)

    with monkeypatch.context() as patch:
        patch.setattr(bench.bus, "open", later)
        with pytest.raises(StoreError, match="restore-too-old"):
            await bench.start()
    bench.store.close()
    await bench.start()


async def test_nothing_begins_until_kafka_says_how_far_the_tasks_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench.store.write() as connection:
        connection.execute(serving.delete())
    await bench.die()

    async def away() -> dict[tuple[str, int], int]:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(bench.bus, "log_ends", away)
        with pytest.raises(BusError, match="bus-unreachable"):
            await bench.start()
    with bench.store.read() as connection:
        assert connection.execute(select(serving)).first() is None
    bench.store.close()
    await bench.start()


def serves(where: Path) -> bool:
    with open_readonly(where) as connection:
        return connection.execute(select(serving)).first() is not None


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.telemetry.configure_logs", lambda *_: None)  # it would last for the whole session
    enrol(Path("config/parties"), tmp_path)
    config = tmp_path / "connector.toml"
    config.write_text(
        f'party = "bank"\nprotocol = "connectors.bank"\ndata_dir = "{tmp_path}"\nparties_dir = "{tmp_path}/parties"\n'
        f'signing_key = "{tmp_path}/keys/bank.jwk"\nsecret_file = "{tmp_path}/keys/bank.secret"\n[kafka]\n',
        encoding="utf-8",
    )

    def run(*arguments: str) -> str:
        return CliRunner().invoke(app, [*arguments, "--config", str(config)], catch_exceptions=False).output

    backup, where = tmp_path / "backup", tmp_path / "bank.db"
    with pytest.raises(StoreError, match="store-unreadable"):
        run("backup", "--out", str(backup))
    assert not backup.exists()
    store = Database(where, jobs.metadata)
    with store.write() as connection:
        connection.execute(serving.insert(), {"since": 1})
        add(connection, "T", JobStatus.QUEUED)
    run("backup", "--out", str(backup))
    assert serves(where), "the connector goes on"
    assert not serves(backup / "store.db")
    with pytest.raises(StoreError, match="backup-exists"):
        run("backup", "--out", str(backup))
    with store.write() as connection:
        jobs.put(connection, ["T"], JobStatus.DONE)
    with pytest.raises(StoreError, match="store-in-use"):
        run("restore", "--from", str(backup))
    store.close()
    assert "before-restore" in run("restore", "--from", str(backup))
    with open_readonly(where) as connection:
        assert jobs.counts(connection) == {"queued": 1}
    (aside,) = tmp_path.glob("bank.before-restore.*.db")
    with open_readonly(aside) as connection:
        assert jobs.counts(connection) == {"done": 1}
    (tmp_path / "by-hand").mkdir()
    (tmp_path / "by-hand" / "store.db").write_bytes(aside.read_bytes())
    run("restore", "--from", str(tmp_path / "by-hand"))
    assert not serves(where), "however it was copied"
    for command in ("backup", "restore"):
        assert "Example" in CliRunner().invoke(app, [command, "--help"]).output


def test_a_dump_of_a_database_knows_that_it_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    url = stores.postgres().schema()
    store = Database(url, jobs.metadata)
    with store.write() as connection:
        connection.execute(serving.insert(), {"since": 1})
        add(connection, "T", JobStatus.QUEUED)
    back_up(url, tmp_path / "backup")
    with store.write() as connection:
        assert connection.execute(select(serving)).first() is not None
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    store.close()
    subprocess.run(["pg_restore", "--no-owner", "--dbname=postgres", f"--host={url.query['host']}", "--username=hub",
                    str(tmp_path / "backup" / "store.dump")], check=True)  # fmt: skip
    with open_readonly(url) as connection:
        assert jobs.counts(connection) == {"queued": 1}
        assert connection.execute(select(serving)).first() is None
    assert put_back(url, tmp_path / "backup") is None
