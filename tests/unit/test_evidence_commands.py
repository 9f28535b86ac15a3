"""`liandong evidence`: exit codes, words and files; and reading the store beside a hub that works on it."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

from hub.engine.compose import Composer
from hub.evidence.commands import app
from hub.evidence.errors import EvidenceError
from hub.settings import Secrets
from hub.store import tables as t
from hub.store.database import Database, open_readonly
from hub.store.errors import StoreError
from hub.trust import keys
from hub.trust.keys import KeyPair
from schemas.base import from_micros
from tests.evidence import LoggedHub
from tests.factories import inquiry


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoggedHub]:
    """A hub whose store stays open and locked, with the files that its settings name."""
    (tmp_path / "secret").write_text("5a" * 32)
    made = LoggedHub(tmp_path / "data", Secrets.read(tmp_path / "secret").master)
    keys.save(KeyPair("hub#1", made.parties["hub"].signer._private), tmp_path / "hub.jwk")
    (tmp_path / "parties").mkdir()
    for party in made.directory.parties.values():
        key = party.keys[0]
        (tmp_path / "parties" / f"{party.id}.toml").write_text(
            f'id = "{party.id}"\nrole = "{party.role}"\nname_zh = "单位"\nname_en = "Party"\n[[keys]]\nkid = "{key.kid}"\n'
            f'x = "{key.x}"\nvalid_from = {from_micros(key.valid_from)}\nvalid_until = {from_micros(key.valid_until)}\n',
            encoding="utf-8",
        )
    paths = {"data_dir": "data", "parties_dir": "parties", "secret_file": "secret", "signing_key": "hub.jwk"}
    settings = "".join(f'{name} = "{tmp_path / path}"\n' for name, path in paths.items())
    (tmp_path / "hub.toml").write_text(settings)
    yield made
    made.close()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def exported(hub: LoggedHub, tmp_path: Path) -> Path:
    out = tmp_path / "bundle.zip"
    out.write_bytes(hub.export(hub.controlled()))
    return out


def test_verify_with_the_logs_key_as_a_file_or_as_text(hub: LoggedHub, tmp_path: Path) -> None:
    bundle = exported(hub, tmp_path)
    for given in (hub.log_directory / "log.vkey", hub.log_key):
        done = run("verify", bundle, "--log-key", given)
        assert done.exit_code == 0
        assert "核验通过 / verified" in done.stdout
        assert "came from the bundle" not in done.stdout
        assert len([line for line in done.stdout.splitlines() if line.startswith("✓")]) == 8


def test_verify_without_a_key_says_so(hub: LoggedHub, tmp_path: Path) -> None:
    done = run("verify", exported(hub, tmp_path))
    assert done.exit_code == 0
    assert "日志公钥取自本包" in done.stdout
    assert "came from the bundle itself" in done.stdout


def test_verify_of_a_changed_bundle_names_the_file(hub: LoggedHub, tmp_path: Path) -> None:
    bundle = exported(hub, tmp_path)
    data = bytearray(bundle.read_bytes())
    data[data.index(b'"effective"')] ^= 1
    bundle.write_bytes(data)
    done = run("verify", bundle, "--log-key", hub.log_key)
    assert done.exit_code == 1
    assert "messages/005.json: archive-damaged" in done.stdout
    assert "核验未通过 / NOT verified" in done.stdout
    as_data = run("verify", bundle, "--json")
    report = json.loads(as_data.stdout)
    assert (as_data.exit_code, report["verified"], report["log_key"]) == (1, False, "bundle")
    assert report["checks"][0]["findings"][0]["file"] == "messages/005.json"
    assert report["checks"][1] == {"check": "manifest", "ok": None, "findings": []}


def test_verify_of_what_is_no_bundle_fails_in_words(tmp_path: Path) -> None:
    for content in (b"", b"PK\x05\x06" + bytes(18), b"not a bundle", b"PK\x03\x04" * 1000):
        (tmp_path / "x.zip").write_bytes(content)
        done = run("verify", tmp_path / "x.zip")
        assert done.exit_code == 1
        assert "archive-damaged" in done.stdout


def test_wrong_usage_and_unreadable_files_exit_with_2(hub: LoggedHub, tmp_path: Path) -> None:
    bundle = exported(hub, tmp_path)
    for arguments in (
        ("verify", tmp_path / "none.zip"), ("verify", tmp_path), ("verify", bundle, "--log-key", "no key"),
        ("verify", bundle, "--log-key", "x" * 5000), ("verify", bundle, "--log-key", bundle), ("verify",),
    ):  # fmt: skip
        done = run(*arguments)
        assert done.exit_code == 2, arguments
        assert not done.stdout


def test_export_beside_a_hub_at_work(hub: LoggedHub, tmp_path: Path) -> None:
    request_id, out = hub.controlled(), tmp_path / "out.zip"
    done = run("export", request_id, "--out", out, "--config", tmp_path / "hub.toml")
    assert done.exit_code == 0, done.output
    assert "离线导出" in done.stderr
    assert out.stat().st_mode & 0o077 == 0
    checked = run("verify", out, "--log-key", hub.log_key)
    assert checked.exit_code == 0
    assert "exported offline" in checked.stdout
    again = run("export", request_id, "--out", out, "--config", tmp_path / "hub.toml", "--data-dir", tmp_path / "data")
    assert again.exit_code == 2
    assert "out-unwritable" in again.stderr


def test_referral_of_a_case_beside_a_hub_at_work(hub: LoggedHub, tmp_path: Path) -> None:
    hub.composer = Composer("hub", hub.parties["hub"].signer, Secrets.read(tmp_path / "secret").tokens)
    hub.register_case()
    hub.controlled()
    hub.advance(1)  # the older request is the first bundle
    hub.concluded()
    out, settings = tmp_path / "referral.zip", ("--config", tmp_path / "hub.toml")
    done = run("referral", "--case", "(2026) 粤9901执123号", "--out", out, *settings)
    assert done.exit_code == 0, done.output
    assert "离线导出" in done.stderr
    assert out.stat().st_mode & 0o077 == 0
    checked = run("verify", out, "--log-key", hub.log_key)
    assert checked.exit_code == 0, checked.output
    assert len([line for line in checked.stdout.splitlines() if line.startswith("✓")]) == 3
    assert "exported offline" in checked.stdout
    data = bytearray(out.read_bytes())
    data[data.index(b'"effective"')] ^= 1
    out.write_bytes(data)
    changed = run("verify", out, "--log-key", hub.log_key)
    assert (changed.exit_code, "bundles/0001.zip: archive-damaged" in changed.stdout) == (1, True)


def test_referral_says_why_it_cannot_be_made(hub: LoggedHub, tmp_path: Path) -> None:
    hub.controlled()
    out, settings = tmp_path / "referral.zip", ("--config", tmp_path / "hub.toml")
    for case, code in (("（2026）粤9901执999号", "case-unknown"), ("R-1", "case-number-wrong")):
        error = run("referral", "--case", case, "--out", out, *settings).exception
        assert isinstance(error, EvidenceError)
        assert error.code == code
    assert not out.exists()


def test_export_says_what_is_missing(hub: LoggedHub, tmp_path: Path) -> None:
    hub.logged()
    request_id, _ = hub.tasks(inquiry())
    settings = ("--out", tmp_path / "out.zip", "--config", tmp_path / "hub.toml")
    early = run("export", request_id, *settings)
    assert isinstance(early.exception, EvidenceError)
    assert early.exception.code == "entry-not-logged"
    elsewhere = run("export", request_id, *settings, "--data-dir", tmp_path / "nowhere")
    assert isinstance(elsewhere.exception, StoreError)
    assert elsewhere.exception.code == "store-unreadable"
    assert not (tmp_path / "out.zip").exists()
    assert not (tmp_path / "nowhere").exists()


def test_a_readonly_view_is_one_moment_and_cannot_write(hub: LoggedHub, tmp_path: Path) -> None:
    count = t.requests.select()
    hub.controlled()
    with open_readonly(hub.store.where) as connection:
        assert len(connection.execute(count).all()) == 1
        hub.concluded()
        assert len(connection.execute(count).all()) == 1
        with pytest.raises(OperationalError, match="readonly"):
            connection.execute(t.requests.delete())
    with open_readonly(hub.store.where) as connection:
        assert len(connection.execute(count).all()) == 2


def test_a_store_at_rest_opens_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    Database(path).close()
    with open_readonly(path) as connection:
        assert connection.execute(t.requests.select()).all() == []
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    raw.close()
    with pytest.raises(StoreError, match="store-version"), open_readonly(path):
        pass
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="store-unreadable"), open_readonly(path):
        pass


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, hub.evidence.commands; sys.exit(bool({'pydantic', 'sqlalchemy', 'cryptography'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
