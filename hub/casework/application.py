"""The `Application` that the engine runs: each item of a batch goes to the part that decides on it."""

from collections.abc import Sequence

from hub.bus.topics import Topics
from hub.casework.collector import Collector
from hub.casework.desk import SILENCE, Desk, unfit
from hub.casework.registrar import Registrar
from hub.engine.gate import Admits
from hub.engine.processor import Due
from hub.engine.records import Inbound, Record, Unfit
from hub.engine.work import Work
from hub.rules.plan import Linkage
from hub.trust.parties import Party, Role
from schemas.messages import PartnerMessage, RequestMessage


class Casework:
    """Requests of courts, answers of partners, deadlines."""

    def __init__(self, linkage: Linkage, topics: Topics) -> None:
        self._linkage = linkage
        self._topics = topics

    def handle(self, work: Work, batch: Sequence[Inbound | Unfit]) -> None:
        """Each item in order; the unfit become dead letters."""
        desk = Desk(work, self._linkage, self._topics)
        fit = [item for item in batch if isinstance(item, Inbound)]
        desk.prepare(fit)
        registrar = Registrar(desk)
        registrar.prepare(fit)
        collector = Collector(desk, registrar)
        for item in batch:
            if isinstance(item, Unfit):
                desk.reject(item)
            else:
                self._take(desk, registrar, collector, item)
        desk.save()

    @staticmethod
    def _take(desk: Desk, registrar: Registrar, collector: Collector, item: Inbound) -> None:
        """One message that is what it claims to be: a duplicate, a conflict, or new."""
        message = item.message
        known = desk.seen.get((message.source, message.id))
        if known == item.digest:
            registrar.duplicate(item)
        elif known is not None:
            desk.reject(unfit(item, "id-reused", "inbox"))
        elif isinstance(message, RequestMessage):
            registrar.take(item, message)
        elif isinstance(message, PartnerMessage):
            collector.take(item, message)
        desk.seen.setdefault((message.source, message.id), item.digest)

    def fire(self, work: Work, due: Sequence[Due]) -> None:
        """Silence: deadlines that have passed, after everything sent before them has been read."""
        desk = Desk(work, self._linkage, self._topics)
        collector = Collector(desk, Registrar(desk))
        ids = [timer.ref for timer in due if timer.kind == SILENCE]
        desk.load_tasks(ids)
        for task_id in ids:
            collector.silence(task_id)
        desk.save()

    def poison(self, work: Work, item: Inbound | Unfit, error: BaseException) -> None:
        """A record that deciding failed on goes to a person, with the kind of the error and never its words."""
        desk = Desk(work, self._linkage, self._topics)
        desk.reject(Unfit(item.record, "internal-error", "decide", item.digest, item.party, item.message, type(error).__name__))


def admits(requests_topic: str, replies_topic: str) -> Admits:
    """Courts write requests to their topic, partners and connectors answers to theirs; nobody else writes here."""
    courts, partners = frozenset({Role.COURT}), frozenset({Role.PARTNER, Role.CONNECTOR_FOR})

    def admit(party: Party, message: object, record: Record) -> bool:
        if record.topic == requests_topic:
            return party.role in courts and isinstance(message, RequestMessage)
        return record.topic == replies_topic and party.role in partners and isinstance(message, PartnerMessage)

    return admit
