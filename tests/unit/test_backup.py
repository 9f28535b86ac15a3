"""A backup made while the hub works is of one moment, whatever the log does meanwhile; and what puts one back."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from deploy.demo.world import Cluster, World
from hub.bus.connection import Connection
from hub.recovery.backup import backup, put_back
from hub.recovery.commands import app
from hub.recovery.rebuild import rebuild
from hub.settings import Settings, read_settings
from hub.store import journal, sqlite
from hub.store import tables as t
from hub.store.database import Database, open_readonly
from hub.store.errors import StoreError
from hub.trust import keys
from hub.trust.checkpoints import open_checkpoint
from hub.trust.errors import LogError
from hub.trust.merkle import TreeState
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import TileLog
from tests import stores
from tests.postgres import PROGRAMS
from tests.unit.test_store_migrations import old_file


class Growing:
    """A store and its log, which go on growing."""

    def __init__(self, folder: Path) -> None:
        world = World(folder)
        world.prepare()
        self.config = world.hub_settings(Cluster(Connection("127.0.0.1:9"), own=True), 0)
        self.settings: Settings = read_settings(self.config)
        self.signer = NoteSigner.of(keys.load(self.settings.log_key))
        self.log = self.settings.data_dir / "log"
        self.store = Database(self.settings.store_at())
        self.tiles = TileLog(self.log, self.signer)

    def grow(self, entries: int, *, publish: bool = True) -> None:
        """So many entries more, committed, and signed unless told otherwise."""
        with self.store.write() as connection:
            first = (connection.scalar(select(func.max(t.audit.c.seq))) or 0) + 1
            rows = [{"seq": seq, "kind": "x", "at": 0, "leaf": b'{"n":%d}' % seq} for seq in range(first, first + entries)]
            connection.execute(t.audit.insert(), rows)
        size = self.tiles.state.size
        state = self.tiles.append([row["leaf"] for row in rows])  # type: ignore[misc]  # bytes, as they were made
        with self.store.write() as connection:
            assert journal.commit_state(connection, size, first, first + entries - 1, state.size, state.edge)
        if publish:
            self.tiles.publish()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Growing]:
    growing = Growing(tmp_path / "world")
    growing.grow(250)
    yield growing
    growing.store.close()


def held(folder: Path) -> tuple[int, int]:
    """Sizes of the tree in a backup's store and of its signed checkpoint."""
    with open_readonly(folder / "store.db") as connection:
        size, _ = journal.read_state(connection)
    checkpoint = (folder / "log" / "checkpoint").read_bytes()
    return size, int(checkpoint.split(b"\n")[1])


@pytest.mark.parametrize(("before", "after"), [(0, 0), (3, 0), (10, 0), (0, 3), (0, 300), (3, 300), (600, 600)])
def test_a_backup_is_of_one_moment_whatever_the_log_does(
    made: Growing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    """The log goes on between any two of its steps, over the edges of tiles, whose partial files then vanish."""
    copy = sqlite.copy_into

    def slowly(path: Path, to: Path) -> None:
        if before:
            made.grow(before)
        copy(path, to)
        if after:
            made.grow(after)

    monkeypatch.setattr(sqlite, "copy_into", slowly)
    assert backup(made.settings, tmp_path / "backup") == 250 + before
    assert held(tmp_path / "backup") == (250 + before, 250)
    with open_readonly(tmp_path / "backup" / "store.db") as connection:
        state = TreeState(*journal.read_state(connection))
    again = TileLog(tmp_path / "backup" / "log", made.signer, state)
    again.append([b'{"n":%d}' % seq for seq in range(state.size + 1, made.tiles.state.size + 1)])
    assert again.state == made.tiles.state, "it goes on as the log went on"
    assert open_checkpoint(again.publish(), made.signer.verifier).root == made.tiles.state.root


def test_files_that_vanish_under_the_copy_have_a_full_one_in_their_stead(
    made: Growing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copyfile = shutil.copyfile
    grown: list[int] = []

    def late(source: Any, target: Any) -> Any:
        if ".p/" in str(source) and not grown:
            grown.append(1)
            made.grow(300)
        return copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", late)
    assert backup(made.settings, tmp_path / "backup") == 250
    assert grown


def test_what_cannot_be_borne_out_is_no_backup(made: Growing, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="backup-exists"):
        backup(made.settings, tmp_path / "taken")
    (torn,) = (made.log / "tile" / "entries" / "000.p").iterdir()
    torn.write_bytes(torn.read_bytes()[:-1])
    with pytest.raises(LogError, match="log-unreadable"):
        backup(made.settings, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken", "world"], "nothing half-made is left"


def test_putting_back_keeps_what_was_there_and_a_log_that_is_ahead(made: Growing, tmp_path: Path) -> None:
    backup(made.settings, tmp_path / "backup")
    made.grow(20)
    with pytest.raises(StoreError, match="store-in-use"):
        put_back(made.settings, tmp_path / "backup")
    made.store.close()
    aside = put_back(made.settings, tmp_path / "backup")
    assert aside is not None
    with open_readonly(aside) as connection:
        assert journal.read_state(connection)[0] == 270
    assert open_checkpoint((made.log / "checkpoint").read_bytes(), made.signer.verifier).size == 270
    shutil.rmtree(made.log)
    put_back(made.settings, tmp_path / "backup")
    made.store = Database(made.settings.store_at())
    with made.store.read() as connection:
        TileLog(made.log, made.signer, TreeState(*journal.read_state(connection)))


def test_a_damaged_log_is_made_anew_from_the_store(made: Growing) -> None:
    made.grow(300)
    made.grow(10, publish=False)
    whole = {path.relative_to(made.log): path.read_bytes() for path in made.log.rglob("*") if path.is_file()}
    made.store.close()
    (made.log / "tile" / "entries" / "001").write_bytes(b"torn")
    shutil.rmtree(made.log / "tile" / "0")
    size, aside = rebuild(made.settings)
    assert size == 560
    assert aside is not None
    again = {path.relative_to(made.log): path.read_bytes() for path in made.log.rglob("*") if path.is_file()}
    assert again.items() <= whole.items(), "the same files with the same bytes; those of sizes between are not needed"
    made.store = Database(made.settings.store_at())
    with made.store.read() as connection:
        state = TreeState(*journal.read_state(connection))
    log = TileLog(made.log, made.signer, state)
    assert open_checkpoint(log.publish(), made.signer.verifier).root == made.tiles.state.root


def test_no_log_is_made_of_a_store_that_is_behind_or_altered(made: Growing, tmp_path: Path) -> None:
    backup(made.settings, tmp_path / "backup")
    made.grow(20)
    made.store.close()
    where = made.settings.store_at()
    assert isinstance(where, Path)
    for ending in ("-wal", "-shm"):
        where.with_name(where.name + ending).unlink(missing_ok=True)
    newer = where.read_bytes()
    shutil.copyfile(tmp_path / "backup" / "store.db", where)
    with pytest.raises(StoreError, match="store-behind"):
        rebuild(made.settings)
    where.write_bytes(newer)
    made.store = Database(where)
    with made.store.write() as connection:
        connection.execute(t.audit.update().where(t.audit.c.seq == 7).values(leaf=b"{}"))
    made.store.close()
    with pytest.raises(LogError, match="log-fork"):
        rebuild(made.settings)
    assert (made.log / "checkpoint").exists()
    assert not made.log.with_name("log.new").exists()
    made.store = Database(where)


def test_a_database_is_dumped_beside_its_writers_and_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    url = stores.postgres().schema()
    monkeypatch.setenv("LIANDONG_STORE", url.render_as_string(hide_password=False))
    growing = Growing(tmp_path / "world")
    growing.grow(250)
    assert backup(growing.settings, tmp_path / "backup") == 250
    growing.grow(10)
    growing.store.close()
    stores.postgres().put_back(url, tmp_path / "backup" / "store.dump")
    with open_readonly(url) as connection:
        assert journal.read_state(connection)[0] == 250
        assert connection.scalar(select(func.count()).select_from(t.audit)) == 250
    assert put_back(growing.settings, tmp_path / "backup") is None


def test_the_commands(made: Growing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.telemetry.configure_logs", lambda *_: None)  # it would last for the whole session

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, [*arguments, "--config", str(made.config)])
        assert result.exit_code == code, result.output
        return result.output

    assert f'"schema": {t.SCHEMA_VERSION}' in run("status", "--json")
    assert "250" in run("backup", "--out", str(tmp_path / "backup"))
    made.store.close()
    where = made.settings.store_at()
    assert isinstance(where, Path)
    for name in ("hub.db", "hub.db-wal", "hub.db-shm"):
        where.with_name(name).unlink(missing_ok=True)
    old_file(where)
    assert "another schema" in run("status")
    assert f"2 → {t.SCHEMA_VERSION}" in run("migrate")
    assert len(list(where.parent.glob("hub.schema-2.*.db"))) == 1
    made.store = Database(where)
    for command in ("status", "migrate", "backup", "restore", "adopt", "rebuild-log"):
        assert "Example" in CliRunner().invoke(app, [command, "--help"]).output
