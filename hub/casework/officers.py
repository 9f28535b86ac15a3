"""Whether an officer may speak for a court in a statement: registered there, and in force when it was signed."""

from hub.casework.desk import Desk
from hub.engine.records import Inbound
from hub.rules import authority
from hub.rules.authority import Arrival
from schemas.base import micros


def officer_codes(desk: Desk, item: Inbound, permit: str) -> list[str]:
    """The code of why not, if so (法释〔2013〕20号 art. 2)."""
    register = desk.rulebook.registers[item.message.source]
    return authority.signs(permit, register, micros(item.message.time), arrival(desk, item))


def arrival(desk: Desk, item: Inbound) -> Arrival:
    """When the broker had `item`, for what its officers signed earlier."""
    return Arrival(item.record.timestamp, desk.linkage.terms.clocks["after_end"])
