"""The monthly bulletin (月通报点评奖惩): rates by court and partner, what is in force and at risk, praise and criticism.

The figures are those that the operations reports name: entrusted matters done in time, mean overdue per key node
(关键节点平均超期数), leads that became measures, watches and measures in force.
"""

from collections.abc import Iterable
from dataclasses import replace

from hub.rules.bulletins.account import Account, Delay
from hub.rules.bulletins.counting import matters_in_time, replies_in_time
from hub.rules.bulletins.model import TOTAL, Bars, Column, Figure, Grid, Row, Section, Unit

_GROUNDS = (
    "reply-on-time", "supervised", "entrusted-on-time", "lapsed", "leads-overdue", "objections-overdue", "unattended",
)  # fmt: skip
"""What is praised or criticised: an on-time rate by the bars, any other figure when it is not nought."""


def sections(account: Account, bars: Bars) -> tuple[Section, ...]:
    """The sections of the month."""
    courts, partners = _courts(account), _partners(account)
    judged = [(figure, row.labels[0]) for section in (courts, partners) for row in section.rows
              if row.labels[0] != TOTAL for figure in row.figures
              if figure.column.name in _GROUNDS]  # fmt: skip
    praised = [each for each in judged if _per_mille(each[0], -1) >= bars.praise_from]
    criticised = [each for each in judged if (
        _per_mille(each[0], 1000) < bars.criticise_below if each[0].column.unit is Unit.PERCENT else each[0].numerator > 0
    )]  # fmt: skip
    return (
        _marks("praise", praised), _marks("criticism", criticised), courts, partners, _nodes(account),
        _in_force(account), _watches(account), _renewals(account),
    )  # fmt: skip


def _courts(account: Account) -> Section:
    grid = Grid("courts", ("court",), [
        Column("accepted"), Column("refused"), Column("refusal-rate", Unit.PERCENT),
        Column("entrusted-on-time", Unit.PERCENT), Column("lead-conversion", Unit.PERCENT, standing=True),
        Column("leads-overdue"), Column("objections-overdue"), Column("unattended"), Column("lapsed"),
    ])  # fmt: skip
    for kind, column in (("request.accepted", "accepted"), ("request.refused", "refused"),
                         ("measure.lapsed", "lapsed")):  # fmt: skip
        for event in account.of(kind):
            grid.count((event.court,), column, event.index)
            if column != "lapsed":
                grid.of((event.court,), "refusal-rate", event.index, *((event.index,) if column == "refused" else ()))
    matters_in_time(account, grid, "entrusted-on-time")
    for received, converted in account.leads.values():
        grid.of((received.court,), "lead-conversion", received.index, *(() if converted is None else (converted.index,)))
    columns = {"lead-check": "leads-overdue", "objection-review": "objections-overdue", "hit": "unattended"}
    for delay in account.delays:
        if delay.node in columns and account.in_period(delay.began):
            grid.count((delay.party,), columns[delay.node], delay.began.index)
    return grid.section()


def _partners(account: Account) -> Section:
    grid = Grid("partners", ("partner",), [
        Column("answered"), Column("late"), Column("silent"), Column("reply-on-time", Unit.PERCENT), Column("returned"),
        Column("nudged"), Column("supervised"), Column("mean-overdue", Unit.HOURS, standing=True),
    ])  # fmt: skip
    for event in account.of("task.answered"):
        grid.count((event.partner,), "answered", event.index)
        if event.facts.get("late"):
            grid.count((event.partner,), "late", event.index)
        if event.text("reply") == "returned":
            grid.count((event.partner,), "returned", event.index)
    for name in ("silent", "nudged", "supervised"):
        for event in account.of(f"task.{name}"):
            grid.count((event.partner,), name, event.index)
    replies_in_time(account, grid, "reply-on-time", lambda event: (event.partner,))
    for delay in account.delays:
        if delay.node in ("receipt", "reply"):
            _delay(account, grid, (delay.party,), delay)
    return grid.section()


def _nodes(account: Account) -> Section:
    """Every key node that was overdue at some time in the period, whenever that began."""
    grid = Grid("key-nodes", ("node",), [
        Column("overdue", standing=True), Column("still-open", standing=True), Column("mean-overdue", Unit.HOURS, standing=True),
    ], total=False)  # fmt: skip
    for delay in account.delays:
        grid.count((delay.node,), "overdue", delay.began.index)
        if delay.ended is None:
            grid.count((delay.node,), "still-open", delay.began.index)
        _delay(account, grid, (delay.node,), delay)
    return grid.section()


def _delay(account: Account, grid: Grid, row: tuple[str, ...], delay: Delay) -> None:
    ended = None if delay.ended is None else delay.ended.index
    grid.delay(row, "mean-overdue", delay.seconds(account.as_of), delay.began.index, ended)


def _in_force(account: Account) -> Section:
    grid = Grid("measures-in-force", ("court", "asset"), [Column("in-force", standing=True), Column("queued", standing=True)])
    for measure in account.measures.values():
        event = measure.state
        grid.count((event.court, event.text("asset")), "queued" if measure.queued else "in-force", event.index)
    return grid.section()


def _watches(account: Account) -> Section:
    grid = Grid("watches", ("court",), [
        Column("armed", standing=True), Column("hits"), Column("handed-over"), Column("missed"),
    ])  # fmt: skip
    for event in account.watches.values():
        grid.count((event.court,), "armed", event.index)
    for kind, column in (("watch.hit", "hits"), ("watch.handed-over", "handed-over"), ("watch.missed", "missed")):
        for event in account.of(kind):
            grid.count((event.court,), column, event.index)
    return grid.section()


def _renewals(account: Account) -> Section:
    """A renewal is at risk from its first reminder until the measure is renewed or ends."""
    grid = Grid("renewals", ("court",), [
        Column("at-risk", standing=True), Column("renewals-escalated", standing=True), Column("renewed"), Column("lapsed"),
    ])  # fmt: skip
    for measure in account.measures.values():
        if measure.reminded is not None:
            grid.count((measure.state.court,), "at-risk", measure.reminded.index)
        if measure.escalated is not None:
            grid.count((measure.state.court,), "renewals-escalated", measure.escalated.index)
    for name in ("renewed", "lapsed"):
        for event in account.of(f"measure.{name}"):
            grid.count((event.court,), name, event.index)
    return grid.section()


def _per_mille(figure: Figure, otherwise: int) -> int:
    """A rate, rounded down so that only a whole 100 % is one; `otherwise` where there is none."""
    if figure.column.unit is not Unit.PERCENT or not figure.denominator:
        return otherwise
    return figure.numerator * 1000 // figure.denominator


def _marks(name: str, judged: Iterable[tuple[Figure, str]]) -> Section:
    """The figures that earn a mark, each in a row under its ground."""
    rows = (
        Row((party, figure.column.name), (replace(figure, column=replace(figure.column, name="figure")),))
        for figure, party in judged
    )
    return Section(name, ("party", "ground"), (Column("figure"),), tuple(sorted(rows, key=lambda row: row.labels)))
