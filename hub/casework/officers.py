"""Whether an officer may speak for a court in a statement: registered there, and in force when it was signed."""

from datetime import datetime

from hub.casework.desk import Desk
from schemas.base import micros


def officer_codes(desk: Desk, court: str, permit: str, signed: datetime) -> list[str]:
    """The code of why not, if so (法释〔2013〕20号 art. 2)."""
    entry = desk.rulebook.registers[court].officers.get(permit)
    if entry is None:
        return ["officer-unregistered"]
    return [] if entry.in_force(micros(signed)) else ["officer-not-in-force"]
