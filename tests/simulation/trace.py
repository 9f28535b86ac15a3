"""What happened in a run, in order, and one digest of it: the same seed must give the same one."""

import hashlib
from collections.abc import Callable


class Trace:
    """Lines, each with its virtual time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.lines: list[str] = []

    def __call__(self, who: str, what: str) -> None:
        self.lines.append(f"{self._now():9.4f} {who:<14} {what}")

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
