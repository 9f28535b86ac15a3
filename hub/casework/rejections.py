"""Which rejections the hub sends: whoever answers each of them with another bad message, or echoes them, must not be answered for ever.

What mail programs do (RFC 3834): an automatic answer is not answered automatically. And as no program can be relied on to say what
it answers, there are only so many a day.
"""

from typing import TypeGuard

from hub.engine.records import Unfit
from hub.engine.work import Work
from hub.rules import allowance
from hub.rules.allowance import REJECTIONS, AllowanceState
from hub.store import cases
from hub.store.aggregates import States
from hub.store.vault import NO_CASE
from hub.trust.parties import Party, Role


def has_topic(party: Party | None) -> TypeGuard[Party]:
    """Whether there is a topic in which this party can be told anything: neither the hub nor its operators have one."""
    return party is not None and party.role not in (Role.HUB, Role.OPERATOR)


def is_told(work: Work, states: States, party: Party | None, item: Unfit) -> tuple[bool, bool]:
    """Whether `party`, whose signature verified, is told that `item` could not be taken in, and whether that was the day's last time."""
    if not has_topic(party):
        return False, False
    if item.message is not None and cases.is_rejection(work.connection, item.message.causationid):
        return False, False
    # Counted as to a partner of this name, which is the hub's own and nobody else's.
    key = allowance.key_of(party.id, work.composer.party, item.record.timestamp)
    none = AllowanceState(key=key, court=party.id, case_token=NO_CASE, status="counted")
    after = allowance.one_more(states.get(AllowanceState, key) or none, REJECTIONS)
    if after is None:
        return False, False
    states.put(after)
    return True, after.count == REJECTIONS
