"""The rates that more than one section counts."""

from collections.abc import Callable

from hub.rules.bulletins.account import Account, Event
from hub.rules.bulletins.model import Grid


def replies_in_time(account: Account, grid: Grid, column: str, row: Callable[[Event], tuple[str, ...]]) -> None:
    """Reply on-time rate: of the tasks that were answered in time or fell silent in the period, those answered in time.

    A late answer is not counted again: its task was counted when it fell silent.
    """
    for event in account.of("task.answered"):
        if not event.facts.get("late"):
            grid.of(row(event), column, event.index, event.index)
    for event in account.of("task.silent"):
        grid.of(row(event), column, event.index)


def matters_in_time(account: Account, grid: Grid, column: str) -> None:
    """Entrusted on-time rate (事项受托期限内办结率) by entrusted court: of the matters done, or overdue for their report, in
    the period, those done in time. One that was overdue before the period was counted then."""
    before, since = set(), {}
    for delay in account.delays:
        if delay.node == "matter-report":
            if account.in_period(delay.began):
                since[delay.began.key] = delay.began
            else:
                before.add(delay.began.key)
    for event in account.of("matter.done"):
        late = event.facts.get("late") or event.key in since
        since.pop(event.key, None)
        if event.key not in before:
            grid.of((event.text("to"),), column, event.index, *(() if late else (event.index,)))
    for event in since.values():
        grid.of((event.text("to"),), column, event.index)
