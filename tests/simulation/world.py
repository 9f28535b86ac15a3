"""One simulated world: its parties, its clock and bus, what each message was meant as, and what is seen to be wrong."""

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.config import Rulebook
from hub.engine.work import signed_headers
from hub.trust.keys import KeyPair
from hub.trust.notes import NoteSigner
from hub.trust.parties import Directory, Role
from schemas.base import CHINA, from_micros, micros
from tests.factories import Agency, Data, agency, message
from tests.faults.remains import Meant, id_of
from tests.rig import IN_FORCE, PARTNERS, sample_rulebook
from tests.simulation.bus import Broker
from tests.simulation.host import Chaos, Host
from tests.simulation.loop import VirtualLoop
from tests.simulation.plan import RECEIPT_WITHIN, REPLY_WITHIN, TOPICS, Plan, stream
from tests.simulation.trace import Trace

BEGIN = micros(datetime(2026, 11, 23, 9, 0, tzinfo=CHINA))


def _pair(name: str) -> KeyPair:
    """The same key in every run: signatures are part of what must repeat."""
    return KeyPair(f"{name}#1", Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


@dataclass(frozen=True)
class Stage:
    """What does not change from run to run."""

    parties: dict[str, Agency]
    directory: Directory
    rulebook: Rulebook
    log_signer: NoteSigner


@lru_cache(maxsize=1)
def stage() -> Stage:
    """Parties whose keys are made of their names, and agreements with deadlines of seconds."""
    roles = {"hub": (Role.HUB, ""), "court-9901": (Role.COURT, ""), "court-9902": (Role.COURT, ""), "court-99": (Role.COURT, "")}
    roles |= {partner: (Role.PARTNER, kind) for partner, kind in PARTNERS.items()}
    parties = {name: agency(name, role, kind, pair=_pair(name), **IN_FORCE) for name, (role, kind) in roles.items()}
    directory = Directory.of(each.party for each in parties.values())
    rulebook = sample_rulebook(directory)
    terms: dict[str, Any] = {"receipt_within": RECEIPT_WITHIN, "reply_within": REPLY_WITHIN}
    agreements = {name: replace(each, **terms) for name, each in rulebook.linkage.agreements.items()}
    rulebook = replace(rulebook, linkage=replace(rulebook.linkage, agreements=agreements))
    return Stage(parties, directory, rulebook, NoteSigner("hub.example.gov/audit/ed25519", _pair("log").private))


@dataclass
class World:
    """The run as it goes."""

    plan: Plan
    folder: Path
    loop: VirtualLoop
    trace: Trace
    chaos: Chaos
    broker: Broker
    meant: dict[str, Meant] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    hosts: dict[str, Host] = field(default_factory=dict)
    unsaid: int = 0
    lives: int = 0
    system: Any = None
    """The partner's own system, where one of our connectors stands before it."""

    @classmethod
    def of(cls, plan: Plan, folder: Path, loop: VirtualLoop, aim: tuple[str, int] | None) -> "World":
        trace = Trace(loop.time)
        chaos = Chaos(stream(plan.seed, "chaos"), loop.time, crashes=plan.crashes, since=plan.crashes_from, rate=plan.rate, aim=aim)
        broker = Broker(loop, stream(plan.seed, "bus"), trace, TOPICS, lambda: now_of(loop), plan.cuts, plan.weather)
        return cls(plan, folder, loop, trace, chaos, broker)

    def now(self) -> int:
        """The time by every clock, in UTC microseconds."""
        return now_of(self.loop)

    def rng(self, name: str) -> Random:
        return stream(self.plan.seed, name)

    def fault(self, words: str) -> None:
        self.trace("fault", words)
        self.faults.append(words)

    def message(self, rng: Random, type: str, source: str, data: Data, **attributes: Any) -> bytes:  # noqa: A002 - CloudEvents' own attribute name
        """A message to the hub, of now; its id and nonce by chance of the seed."""
        own = message_id(rng)
        given = {"id": own, "correlationid": attributes.get("id", own), "nonce": f"{rng.getrandbits(128):022x}"[:22],
                 "time": from_micros(self.now()), **attributes}  # fmt: skip
        return message(type, source, "hub", data, **given)

    async def say(
        self, party: str, topic: str, value: bytes, *, how: Literal["good", "bad"] = "good", rival: str = "", signer: str | None = "",
    ) -> None:  # fmt: skip
        """Send it, signed by its party, by another (`signer`), or by nobody (None)."""
        self.meant[hashlib.sha256(value).hexdigest()] = Meant(party, how, rival or id_of(value))
        headers = signed_headers(stage().parties[signer or party].signer.sign(value)) if signer is not None else ()
        await self.broker.send(party, topic, value, headers)


def now_of(loop: VirtualLoop) -> int:
    return BEGIN + round(loop.now * 1_000_000)


def message_id(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
