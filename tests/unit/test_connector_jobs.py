"""What becomes of a job that needs a person, and what the commands say of those that wait."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from typer.testing import CliRunner

from connectors import jobs
from connectors.commands import app
from connectors.jobs import JobStatus
from hub.store import tables as t
from hub.store.database import Database
from hub.store.errors import StoreError
from hub.trust.enrol import enrol
from tests.stores import open_store


def _add(connection: Connection, task_id: str, status: JobStatus, **values: Any) -> None:
    row = {"task_id": task_id, "message_pk": 1, "action": "freeze", "status": status, "due_at": 0, "expires_at": 10**16}
    connection.execute(jobs.jobs.insert(), row | values)


def _found(connection: Connection, task_id: str) -> jobs.JobRow:
    row = jobs.find(connection, task_id)
    assert row is not None
    return row


@pytest.fixture
def store(tmp_path: Path, each_store: str) -> Iterator[Database]:
    made = open_store(tmp_path / "bank.db", jobs.metadata)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"attempt": 0}, JobStatus.QUEUED),
        ({"attempt": 3, "fault": "http-400"}, JobStatus.UNKNOWN),
        ({"attempt": 0, "state": '{"ticket": "T1"}'}, JobStatus.UNKNOWN),
    ],
)
def test_only_what_was_never_called_is_called_without_asking(store: Database, values: Any, status: JobStatus) -> None:
    """However often a person gives it back: what was called once never passes for new."""
    with store.write() as connection:
        _add(connection, "T", JobStatus.MANUAL, **values)
        for _ in range(3):
            assert jobs.retry(connection, "T", 5) is status
            assert _found(connection, "T").attempt == (status is JobStatus.UNKNOWN)
            assert [row.task_id for row in jobs.due(connection, 5, 9)] == ["T"]
            jobs.put(connection, ["T"], JobStatus.MANUAL, fault="outcome-unknown")


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.MANUAL])
def test_only_what_waits_for_a_person_is_given_back(store: Database, status: JobStatus) -> None:
    with store.write() as connection:
        _add(connection, "T", status)
        assert jobs.retry(connection, "T", 5) is None
        assert jobs.retry(connection, "unknown", 5) is None
        assert _found(connection, "T").status is status


@pytest.mark.parametrize("over", [JobStatus.DONE, JobStatus.EXPIRED])
def test_what_is_over_stays_so(store: Database, over: JobStatus) -> None:
    with store.write() as connection:
        _add(connection, "T", over)
        assert jobs.put(connection, ["T"], JobStatus.MANUAL, fault="internal:ValueError") == 0
        assert _found(connection, "T").status is over


def test_a_job_that_waits_names_the_one_before_it_on_its_asset(store: Database) -> None:
    with store.write() as connection:
        _add(connection, "first", JobStatus.MANUAL, asset_token="a")
        _add(connection, "second", JobStatus.QUEUED, asset_token="a")
        _add(connection, "third", JobStatus.QUEUED, asset_token="a")
        _add(connection, "other", JobStatus.QUEUED, asset_token="b")
        _add(connection, "none", JobStatus.QUEUED)
        assert jobs.waiting(connection) == [("second", "first", "manual"), ("third", "first", "manual")]
        assert {row.task_id for row in jobs.due(connection, 0, 9)} == {"other", "none"}


# -- the commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    enrol(Path("config/parties"), tmp_path)
    (tmp_path / "connector.toml").write_text(
        f'party = "bank"\nprotocol = "connectors.bank"\ndata_dir = "{tmp_path}"\nparties_dir = "{tmp_path}/parties"\n'
        f'signing_key = "{tmp_path}/keys/bank.jwk"\nsecret_file = "{tmp_path}/keys/bank.secret"\n[kafka]\n',
        encoding="utf-8",
    )
    return tmp_path / "connector.toml"


def test_a_stopped_connectors_job_is_given_back_as_a_decision(config: Path) -> None:
    store = Database(config.parent / "bank.db", jobs.metadata)
    with store.write() as connection:
        _add(connection, "T", JobStatus.MANUAL, attempt=1, asset_token="a", fault="answer-invalid")
        _add(connection, "later", JobStatus.QUEUED, asset_token="a")
    told = CliRunner().invoke(app, ["jobs", "--config", str(config)], catch_exceptions=False)
    assert "manual\tT\tanswer-invalid" in told.stdout
    assert "waits for T on the same asset (manual)" in told.stdout
    give_back = ["retry", "T", "--config", str(config)]
    with pytest.raises(StoreError, match="store-in-use"):
        CliRunner().invoke(app, give_back, catch_exceptions=False)
    store.close()
    told = CliRunner().invoke(app, give_back, catch_exceptions=False)
    assert (told.exit_code, told.stdout) == (0, "unknown\tT\n")
    again = CliRunner().invoke(app, give_back, catch_exceptions=False)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "job-not-manual" in again.stderr
    after = Database(store.where, jobs.metadata)
    with after.read() as connection:
        (entry,) = (json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf)))
        assert _found(connection, "T").status is JobStatus.UNKNOWN
    after.close()
    assert (entry["kind"], entry["task"], entry["to"]) == ("job.retried", "T", "unknown")


def test_what_a_person_has_settled_is_closed_and_what_waits_behind_it_goes_on(config: Path) -> None:
    store = Database(config.parent / "bank.db", jobs.metadata)
    with store.write() as connection:
        _add(connection, "T", JobStatus.MANUAL, attempt=1, asset_token="a", fault="outcome-unknown")
        _add(connection, "later", JobStatus.QUEUED, asset_token="a")
        assert jobs.due(connection, 5, 9) == []
    store.close()
    by_hand = ["close", "T", "--config", str(config)]
    told = CliRunner().invoke(app, by_hand, catch_exceptions=False)
    assert (told.exit_code, told.stdout) == (0, "done\tT\n")
    assert CliRunner().invoke(app, by_hand, catch_exceptions=False).exit_code == 1, "there is nothing left to close"
    assert CliRunner().invoke(app, ["close", "later", "--config", str(config)], catch_exceptions=False).exit_code == 1
    after = Database(store.where, jobs.metadata)
    with after.read() as connection:
        (entry,) = (json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf)))
        assert [row.task_id for row in jobs.due(connection, 5, 9)] == ["later"]
    after.close()
    assert (entry["kind"], entry["task"], entry["to"]) == ("job.closed", "T", "done")


def test_no_store_is_made_where_there_is_none(config: Path) -> None:
    with pytest.raises(StoreError, match="store-missing"):
        CliRunner().invoke(app, ["retry", "T", "--config", str(config)], catch_exceptions=False)
    assert not (config.parent / "bank.db").exists()


def test_what_is_due_is_found_without_reading_what_is_done(tmp_path: Path) -> None:
    """A connector asks this several times a second; over years the table holds millions of jobs that are over."""
    heard: list[tuple[str, Any]] = []
    store = Database(tmp_path / "connector.db", jobs.metadata)
    event.listen(store.engine, "before_cursor_execute", lambda *given: heard.append((given[2], given[3])))
    with store.read() as connection:
        jobs.due(connection, 1, 100)
        statement, parameters = heard[-1]
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    store.close()
    assert "SCAN jobs USING INDEX jobs_due" in plan
    assert "SCAN jobs" not in plan
