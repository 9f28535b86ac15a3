"""The `Application` that the engine runs: each item of a batch goes to the part that decides on it."""

from collections.abc import Sequence

from hub.bus.topics import Topics
from hub.casework.cases import Cases
from hub.casework.collector import Collector
from hub.casework.completeness import Completeness
from hub.casework.desk import HOLD, SILENCE, Desk, unfit
from hub.casework.entrusted import Matters
from hub.casework.held import WAITS, let_go
from hub.casework.leads import Leads
from hub.casework.ledger import Ledger
from hub.casework.letters import Letters
from hub.casework.lift import Lift
from hub.casework.measures import Measures
from hub.casework.objections import Objections
from hub.casework.orders import Done, SignedOrder, obey
from hub.casework.part import Part
from hub.casework.proposals import Proposals
from hub.casework.reads import Reads
from hub.casework.registrar import Registrar
from hub.casework.renewals import Renewals
from hub.casework.supervision import Supervision
from hub.casework.watches import Watches
from hub.config import Rulebook
from hub.engine.gate import Admits
from hub.engine.records import Inbound, Record, Unfit
from hub.engine.timers import Due
from hub.engine.work import Work
from hub.trust.parties import Party, Role
from schemas.messages import PartnerMessage, RequestMessage, SharedMessage, StatementMessage

PARTS: tuple[type[Part], ...] = (
    Cases, Measures, Renewals, Objections, Watches, Lift, Matters, Leads, Reads, Supervision, Ledger, Completeness, Proposals, Letters,
)  # fmt: skip
"""The fields of casework beside requests and their answers."""


class Casework:
    """Requests of courts, answers of partners, what courts state of their cases, and time."""

    def __init__(self, rulebook: Rulebook, topics: Topics) -> None:
        self._rulebook = rulebook
        self._topics = topics

    def handle(self, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        """Each item in the order in which the broker had it, whatever partition it stands in: of an answer that was sent again, and
        too late, the copy that was in time comes first. The unfit become dead letters."""
        team = _Team(work, self._rulebook, self._topics)
        team.prepare([item for item in batch if isinstance(item, Inbound)])
        for item in sorted(batch, key=lambda item: item.record.timestamp):
            team.read(item)
        team.desk.close()

    def obey(self, work: Work, given: SignedOrder, item: Inbound | Unfit | None) -> Done:
        """An operator's order about a dead letter; `item` is its record, checked anew, if it is one and can still be read."""
        team = _Team(work, self._rulebook, self._topics)
        team.prepare([item] if isinstance(item, Inbound) else [])
        done = obey(team.desk, given, item, team.read)
        team.desk.close()
        return done

    def fire(self, work: Work, due: Sequence[Due]) -> None:
        """Deadlines that have passed, after everything sent before them has been read, and what else has its time."""
        team = _Team(work, self._rulebook, self._topics)
        held = let_go(work, self._rulebook.parties, [timer.ref for timer in due if timer.kind == WAITS])
        team.prepare(list(held.values()))
        team.desk.load_tasks([timer.ref for timer in due if timer.kind == SILENCE])
        for timer in due:
            if timer.kind == WAITS:
                team.take(held[timer.ref])
            else:
                team.fire(timer)
        team.desk.close()

    def poison(self, work: Work, item: Inbound | Unfit, error: BaseException) -> None:
        """A record that deciding failed on goes to a person, with the kind of the error and never its words."""
        desk = Desk(work, self._rulebook, self._topics)
        desk.reject(Unfit(item.record, "internal-error", "decide", item.digest, item.party, item.message, type(error).__name__))
        desk.close()


class _Team:
    """All parts, over one desk, for one batch."""

    def __init__(self, work: Work, rulebook: Rulebook, topics: Topics) -> None:
        self.desk = Desk(work, rulebook, topics)
        self._parts = [part(self.desk) for part in PARTS]
        self._takers = {kind: part for part in self._parts for kind in part.handles}
        self._timers = {kind: part for part in self._parts for kind in part.timers}
        self._registrar = Registrar(self.desk, self._parts)
        self._collector = Collector(self.desk, self._parts)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        self.desk.prepare(batch)
        self._registrar.prepare(batch)
        for part in self._parts:
            part.prepare(batch)

    def read(self, item: Inbound | Unfit) -> None:
        """One record: taken in, or set aside."""
        if isinstance(item, Unfit):
            self.desk.reject(item)
        else:
            self.take(item)

    def take(self, item: Inbound) -> None:
        """One message that is what it claims to be: a duplicate, a conflict, or new."""
        message = item.message
        known = self.desk.seen.get((message.source, message.id))
        if known == item.digest:
            self._registrar.duplicate(item)
        elif known is not None:
            self.desk.reject(unfit(item, "id-reused", "inbox"))
        elif isinstance(message, RequestMessage):
            self._registrar.take(item, message)
        elif isinstance(message, PartnerMessage):
            self._collector.take(item, message)
        else:
            self._takers[type(message)].take(item)
        if (message.source, message.id) not in self.desk.put_off:
            self.desk.seen.setdefault((message.source, message.id), item.digest)

    def fire(self, timer: Due) -> None:
        if timer.kind == SILENCE:
            self._collector.silence(timer.ref)
        elif timer.kind == HOLD:
            self._collector.release_held(timer.ref)
        else:
            self._timers[timer.kind].fire(timer)


def admits(requests_topic: str, replies_topic: str) -> Admits:
    """Courts write requests to their topic, partners and connectors answers to theirs; nobody else writes here."""
    courts, partners = frozenset({Role.COURT}), frozenset({Role.PARTNER, Role.CONNECTOR_FOR})

    def admit(party: Party, message: object, record: Record) -> bool:
        if record.topic == requests_topic:
            return party.role in courts and isinstance(message, RequestMessage | StatementMessage | SharedMessage)
        return (
            record.topic == replies_topic and party.role in partners and isinstance(message, PartnerMessage | SharedMessage)
        )

    return admit
