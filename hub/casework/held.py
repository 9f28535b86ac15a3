"""Replies that look late while what came before them may stand unread in another partition: put off until it has been read.

The reply's own copy that was in time may stand there, or another reply, or the receipt that its window runs from. So the reply is kept, and
judged when its timer fires, which like any deadline's waits until everything from before has been read. Then it is read as if it came
only now, with its own place and broker's time. The log has two entries of its record: put off, and what became of it (`held`).
"""

from collections.abc import Iterable, Mapping

from hub.casework.desk import Desk
from hub.engine.records import Inbound, Record, digest_of
from hub.engine.work import Facts, Work
from hub.trust.parties import Party
from schemas.messages import parse

WAITS = "held-reply"
"""The timer of one reply that was put off; it is named by the reply's place."""


def hold(desk: Desk, item: Inbound, case_token: str, facts: Facts) -> None:
    """Put this reply off. It does not go into the inbox, where it would hide its copy that was in time."""
    desk.put_off.add((item.message.source, item.message.id))
    decision = desk.work.decide("reply.held", None, item, facts)
    place = desk.work.hold(item, case_token, decision)
    desk.work.arm(WAITS, place, item.record.timestamp)


def let_go(work: Work, parties: Mapping[str, Party], places: Iterable[str]) -> dict[str, Inbound]:
    """The replies that were put off, by place. Raises KeyError where the case has been erased or the sender is no party any more:
    the engine then leaves the reply to a person."""
    return {place: _again(record, parties) for place in places if (record := work.let_go(place)) is not None}


def _again(record: Record, parties: Mapping[str, Party]) -> Inbound:
    message = parse(record.value)
    return Inbound(record, message, digest_of(record.value), dict(record.headers)["jws"].decode(), parties[message.source])
