"""One contestant's run as its own process is told of it, and how every contestant reaches keys and Kafka."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

from hub.bus.connection import Connection
from hub.bus.topics import Topics

Half = Literal["requests", "replies"]
"""N signed requests → 5N signed tasks; or 5N signed replies → 5N results and N conclusions."""

BATCH = 250
"""Most records in one batch, as in the hub."""


@dataclass(frozen=True, slots=True)
class Job:
    """`home` holds parties, agreements and keys; `data` is the hub's own folder in this run."""

    contestant: str
    half: Half
    home: str
    data: str
    bootstrap_servers: str
    prefix: str

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        return cls(**json.loads(text))

    @property
    def password_file(self) -> Path:
        return Path(self.home) / "hub.password"

    @property
    def connection(self) -> Connection:
        """The hub's own user, for every contestant."""
        return Connection(self.bootstrap_servers, "hub", self.password_file.read_text(encoding="ascii"))

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)

    @property
    def source(self) -> str:
        """The topic that this half reads."""
        return self.topics.requests if self.half == "requests" else self.topics.replies
