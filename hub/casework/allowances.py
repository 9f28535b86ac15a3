"""The day's allowance of inquiries, counted as they are accepted."""

from collections.abc import Iterable

from hub.casework.desk import Desk
from hub.rules import allowance
from hub.rules.allowance import AllowanceState
from hub.store.vault import NO_CASE


def spend(desk: Desk, court: str, partners: Iterable[str], at: int) -> tuple[str, ...]:
    """Count one inquiry of `court` to each of `partners` whose agreement has a limit, at the broker's time `at`.

    The partners whose limit is reached; then nothing is counted. Costs nothing where no agreement has a limit.
    """
    limits = {partner: limit for partner in partners if (limit := desk.linkage.agreements[partner].daily_limit) is not None}
    counted, spent = [], []
    for partner, limit in limits.items():
        none = AllowanceState(key=allowance.key_of(court, partner, at), court=court, case_token=NO_CASE, status="counted")
        after = allowance.one_more(desk.states.get(AllowanceState, none.key) or none, limit)
        if after is None:
            spent.append(partner)
        else:
            counted.append(after)
    for state in counted if not spent else ():
        desk.states.put(state)
    return tuple(spent)
