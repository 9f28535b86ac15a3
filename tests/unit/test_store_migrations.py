"""A store of an earlier schema is brought forward with its data; one of a later schema is refused."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, select, text, update
from structlog.testing import capture_logs

from hub.casework.desk import draft_mark, request_key
from hub.rules.completeness import CertificateState
from hub.store import cases, migrations
from hub.store import tables as t
from hub.store.aggregates import States
from hub.store.database import Database, open_readonly
from hub.store.errors import StoreError
from hub.store.leases import leases
from schemas.base import derive_id
from schemas.messages import parse
from tests import stores
from tests.factories import control
from tests.rig import Rig, said, tasks_in
from tests.unit.test_linkage_casework import UNIT

SCRIPT = Path(__file__).parent.parent / "fixtures" / "store-schema-2.sql"
"""A store as version 0.2.0 made it, by `.dump` of SQLite: an inquiry at four partners, of which police found nothing and the
vehicle registry something; two have not answered. The certificate and the two timers were added by hand."""
NOW = 1795395601000000
REQUEST = "c7a159d1-18bb-8a1a-af60-0d6b2299b743"


def old_file(path: Path) -> Path:
    """A SQLite file of schema 2."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCRIPT.read_text(encoding="utf-8"))
    return path


@pytest.fixture
def old(each_store: str, tmp_path: Path) -> Path:
    """A store of schema 2 at this path, of either kind."""
    path = tmp_path / "hub.db"
    if each_store == stores.SQLITE:
        return old_file(path)
    made = stores.open_store(path)
    with closing(sqlite3.connect(old_file(tmp_path / "old.db"))) as source, made.write() as connection:
        _copy(source, connection)
    made.close()
    return path


def _copy(source: sqlite3.Connection, connection: Connection) -> None:
    """There is no PostgreSQL store of version 0.2.0: today's tables without those that it had not, and its rows."""
    source.row_factory = sqlite3.Row
    had = {row["name"] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.execute(t.meta.delete())
    for table in t.metadata.sorted_tables:
        if table.name not in had:
            connection.execute(text(f"DROP TABLE {table.name}"))
            continue
        rows = [dict(row) for row in source.execute(f"SELECT * FROM {table.name}")]  # noqa: S608 - the names are ours
        if rows:
            connection.execute(table.insert(), rows)


def test_there_is_one_step_for_each_schema() -> None:
    assert list(migrations.STEPS) == list(range(min(migrations.STEPS), t.SCHEMA_VERSION + 1))


def test_data_are_brought_forward_and_the_work_goes_on(old: Path, tmp_path: Path) -> None:
    with capture_logs() as logs:
        rig = Rig(tmp_path, courts=())
    assert [(line["before"], line["schema"]) for line in logs if line["event"] == "store.migrated"] == [(2, t.SCHEMA_VERSION)]
    with rig.store.read() as connection:
        assert connection.scalar(select(t.requests.c.follow_ups).where(t.requests.c.key == REQUEST)) == "vehicle@vehicle"
        timers = connection.execute(select(t.timers.c.kind, t.timers.c.ref).where(t.timers.c.kind.like("%release%"))).all()
        assert sorted(timers) == [("objection-release", "objection-1"), ("release-overdue", "9060a941b6ae0f9133272dff9d1fdbee")]
        certificate = States(connection).get(CertificateState, "cert-1")
        assert certificate is not None
        assert 0 < certificate.answered_at <= NOW, "as old as the oldest answer of the case"
        tasks = connection.execute(select(t.tasks).where(t.tasks.c.status == "received").order_by(t.tasks.c.partner)).all()
        sealed = {row.message_id: row.pk for row in connection.execute(select(t.messages).where(t.messages.c.direction == "out"))}
    rig.now = NOW + 1_000_000
    rig._offsets = itertools.count(1000)
    with rig.work() as work:
        bank, estate = (work.payload(sealed[task.task_id]) for task in tasks)
    out = said(rig.feed([rig.reply(parse(bank)), rig.reply(parse(estate), "result", findings=[UNIT])]))
    assert out[-1].data.outcome == "complete"
    assert {each.finding for each in out[-1].data.follow_ups} == {"vehicle", "real-estate"}
    rig.close()


def test_requests_of_before_are_found_by_their_courts_ids_under_the_keys_they_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    freeze_id, freeze = rig.request(control("freeze"))
    old_key = derive_id("request", "court-9901", freeze_id)
    with monkeypatch.context() as before:
        before.setattr("hub.casework.registrar.request_key", lambda court, request_id: derive_id("request", court, request_id))
        first = rig.feed([freeze])
    assert [each.value for each in rig.feed([freeze])] == [first[0].value], "the very answer that it got before"
    rig.feed([rig.reply(tasks_in(first)[0], "result")])
    release_id, release = rig.request(control("release", original=freeze_id))
    (task,) = tasks_in(rig.feed([release]))
    assert task.correlationid == release_id
    with rig.store.read() as connection:
        original = select(t.requests.c.original_key).where(t.requests.c.request_id == release_id)
        assert connection.scalar(original) == old_key
        assert connection.scalar(select(t.requests.c.key).where(t.requests.c.request_id == freeze_id)) == old_key
        new_key = request_key("court-9901", release_id)
        found = cases.load(connection, [old_key, new_key])
    assert draft_mark(found[old_key]) == freeze_id[:13].upper(), "a draft that was sent before has the same number now"
    assert draft_mark(found[new_key]) == new_key[-12:].upper()
    rig.close()


def test_a_migrated_store_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    migrated, fresh = stores.open_store(old), stores.open_store(tmp_path / "fresh" / "hub.db")

    def layout(store: Database) -> dict[str, object]:
        with store.read() as connection:
            look = inspect(connection)
            return {name: ([(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(name)],
                           look.get_pk_constraint(name)["constrained_columns"],
                           sorted((index["name"] or "", tuple(index["column_names"])) for index in look.get_indexes(name)))
                    for name in look.get_table_names()}  # fmt: skip

    assert layout(migrated) == layout(fresh)
    migrated.close()
    fresh.close()


def test_dead_letters_get_a_state_as_the_store_is_brought_forward_and_not_later(tmp_path: Path) -> None:
    path = old_file(tmp_path / "hub.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO dead_letters VALUES (1, 'hub.requests.v1', 0, 7, 'not-json', 'contract', 'poison', 'court-9901', 'd', 3, 5)")
        connection.execute("INSERT INTO messages VALUES (99, 'hub.requests.v1/0/7', 'out', '', '', 'dead-letter', NULL, '', 'd', '', x'00', 5, 5,"
                           " 'hub.dead-letters.v1', NULL, NULL, 4)")  # fmt: skip
        connection.commit()
    store = Database(path)
    with store.write() as connection:
        (letter,) = connection.execute(select(t.letters))
        assert (letter.id, letter.message_id, letter.code, letter.party) == ("4", "hub.requests.v1/0/7", "not-json", "court-9901")
        connection.execute(t.letters.delete())
    store.close()
    with closing(Database(path)) as store, store.read() as connection:
        assert connection.execute(select(t.letters)).first() is None, "what is of this schema already is not filled again"


def test_a_file_is_copied_before_it_is_touched(tmp_path: Path) -> None:
    path = old_file(tmp_path / "hub.db")
    Database(path).close()
    (copy,) = tmp_path.glob("hub.schema-2.*.db")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() == ("2",)
        assert connection.execute("SELECT follow_ups FROM requests").fetchone() == ("vehicle",)
    assert copy.stat().st_mode & 0o077 == 0
    Database(path).close()
    assert len(list(tmp_path.glob("hub.schema-2.*.db"))) == 1, "once"


def test_a_step_that_fails_leaves_the_store_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = migrations.STEPS[3]

    def half(connection: Connection) -> None:
        step(connection)
        raise RuntimeError("the power went")

    monkeypatch.setattr(migrations, "STEPS", {3: half})
    with pytest.raises(RuntimeError):
        stores.open_store(old)
    monkeypatch.undo()
    again = stores.open_store(old)
    with again.read() as connection:
        assert connection.scalar(select(t.requests.c.follow_ups)) == "vehicle@vehicle"
    again.close()


@pytest.mark.parametrize(("schema", "code"), [(t.SCHEMA_VERSION + 1, "store-newer"), (1, "store-too-old")])
def test_what_cannot_be_brought_forward_is_refused_untouched(each_store: str, tmp_path: Path, schema: int, code: str) -> None:
    made = stores.open_store(tmp_path / "hub.db")
    with made.write() as connection:
        connection.execute(update(t.meta).where(t.meta.c.name == "schema").values(value=str(schema)))
    made.close()
    with pytest.raises(StoreError, match=code):
        stores.open_store(tmp_path / "hub.db")
    with pytest.raises(StoreError, match="store-version"), open_readonly(made.where):
        pass
    assert not list(tmp_path.glob("hub.schema-*"))


def test_a_shared_store_is_brought_forward_once_nobody_works_on_it(tmp_path: Path) -> None:
    where = stores.postgres().schema()
    before = Database(where)
    with before.write() as connection:
        connection.execute(update(t.meta).where(t.meta.c.name == "schema").values(value="2"))
        connection.execute(leases.insert(), {"name": "worker/a", "holder": "a", "until_at": 2**62})
    with pytest.raises(StoreError, match="store-in-use"):
        Database(where)
    with before.engine.begin() as connection:
        connection.execute(leases.delete())
    Database(where).close()
    with before.engine.begin() as connection:  # as if the steps of the future had been done
        connection.execute(update(t.meta).where(t.meta.c.name == "schema").values(value="999"))
    with pytest.raises(StoreError, match="store-version"), before.write():
        pytest.fail("a process that stood still meanwhile must not write in the old form")
    before.close()
