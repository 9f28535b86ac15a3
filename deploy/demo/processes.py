"""Child processes that say when they are ready and never outlive us."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LAUNCH = Path(__file__).resolve().parents[1] / "launch.py"


class ChildFailed(Exception):  # noqa: N818 - it names what happened
    """A process ended or never became ready; the message says which, and where its log is."""


class Child:
    """One process; its stderr goes to `logs/<name>.log`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path, command: tuple[str, ...]) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.command = command

    async def json_line(self, patience: float = 30.0) -> dict[str, Any]:
        """The first line on stdout, as JSON."""
        if self.process.stdout is None:
            raise ChildFailed(f"{self.name} has no stdout")
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), patience)
            found: dict[str, Any] = json.loads(line)
        except (TimeoutError, ValueError) as error:
            raise self.failed(f"{self.name} did not start") from error
        return found

    async def logged(self, event: str, patience: float = 60.0) -> None:
        """Wait until the log holds this event."""
        needle = f'"event": "{event}"'
        for _ in range(int(patience / 0.05)):
            if needle in self.log.read_text(encoding="utf-8", errors="replace"):
                return
            if self.process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        raise self.failed(f"{self.name} is not ready")

    def failed(self, words: str) -> ChildFailed:
        """The error that says where to look."""
        return ChildFailed(f"{words}; see {self.log}")

    async def stop(self, patience: float = 15.0) -> None:
        """Ask it to end; end it by force where that takes too long."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), patience)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


class Household:
    """All children; stopped in the reverse order of their start."""

    def __init__(self, root: Path, logs: Path) -> None:
        self._root = root
        self._logs = logs
        self._children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    async def start(self, name: str, *arguments: str, environment: dict[str, str] | None = None) -> Child:
        """Run `python ARGUMENTS…`. In a session of its own, so that a Ctrl-C reaches us alone and we end it."""
        log = self._logs / f"{name}.log"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("LIANDONG_")}
        with open(log, "wb") as errors:  # noqa: ASYNC230 - opening a local file, once per process
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), sys.executable, *arguments,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=self._root, start_new_session=True,
                env={**clean, "PYTHONUNBUFFERED": "1", **(environment or {})},
            )  # fmt: skip
        child = Child(name, process, log, arguments)
        self._children.append(child)
        return child

    async def killed_and_restarted(self, name: str) -> Child:
        """kill -9 the child of that name, one without an environment of its own, and run its command again as `NAME-again`."""
        old = next(child for child in self._children if child.name == name)
        self._children.remove(old)
        old.process.kill()
        await old.process.wait()
        return await self.start(f"{name}-again", *old.command)

    async def stop(self) -> None:
        """End every child, all at once: whatever is cut off is what every part must be able to bear."""
        children, self._children = self._children, []
        await asyncio.gather(*(child.stop() for child in children))

    def ended(self) -> list[Child]:
        """Children that ended by themselves with a fault."""
        return [child for child in self._children if child.process.returncode not in (None, 0)]
