"""The daily bulletin (日通报报进展): what has moved today, what is awaited, and what must be acted on at once."""

from hub.rules.bulletins.account import Account
from hub.rules.bulletins.counting import replies_in_time
from hub.rules.bulletins.model import Column, Grid, Section, Unit

_MEASURES = ("effective", "queued", "renewed", "promoted", "released", "lapsed", "void", "disposed", "deducted")
_COURT = {
    "case.noted": "cases", "request.accepted": "accepted", "request.refused": "refused", "lead.received": "leads",
    "objection.opened": "objections", "matter.sent": "matters-sent", "ledger.checked": "rechecks", "ledger.found": "found",
    "certificate.issued": "certificates", "answer.reused": "reused",
}  # fmt: skip


def sections(account: Account) -> tuple[Section, ...]:
    """The sections of the day."""
    return _act_now(account), _courts(account), _partners(account), _measures(account)


def _act_now(account: Account) -> Section:
    grid = Grid("act-now", ("court",), [
        Column("open-hits", standing=True), Column("unattended", standing=True), Column("renewals-escalated", standing=True),
        Column("objections-overdue", standing=True), Column("leads-overdue", standing=True),
        Column("outcome-unknown"), Column("lapsed"),
    ])  # fmt: skip
    for hit in account.hits.values():
        grid.count((hit.court,), "open-hits", hit.index)
    columns = {"hit": "unattended", "objection-review": "objections-overdue", "lead-check": "leads-overdue"}
    for delay in account.delays:
        if delay.ended is None and delay.node in columns:
            grid.count((delay.party,), columns[delay.node], delay.began.index)
    for measure in account.measures.values():
        if measure.escalated is not None:
            grid.count((measure.state.court,), "renewals-escalated", measure.escalated.index)
    for kind, column in (("measure.unknown", "outcome-unknown"), ("measure.lapsed", "lapsed")):
        for event in account.of(kind):
            grid.count((event.court,), column, event.index)
    return grid.section()


def _courts(account: Account) -> Section:
    columns = [*_COURT.values(), "complete", "incomplete"]
    grid = Grid("courts-today", ("court",), [Column(name) for name in columns])
    for kind, column in _COURT.items():
        for event in account.of(kind):
            grid.count((event.court,), column, event.index)
    for event in account.of("request.concluded"):
        if event.text("outcome") in ("complete", "incomplete"):
            grid.count((event.court,), event.text("outcome"), event.index)
    return grid.section()


def _partners(account: Account) -> Section:
    grid = Grid("partners-today", ("partner",), [
        Column("received"), Column("answered"), Column("late"), Column("silent"), Column("hits"),
        Column("awaited", standing=True), Column("reply-on-time", Unit.PERCENT),
    ])  # fmt: skip
    for kind, column in (("task.received", "received"), ("task.answered", "answered"), ("task.silent", "silent"),
                         ("watch.hit", "hits")):  # fmt: skip
        for event in account.of(kind):
            grid.count((event.partner,), column, event.index)
            if event.facts.get("late"):
                grid.count((event.partner,), "late", event.index)
    for (_, _, partner), event in account.awaited.items():
        grid.count((partner,), "awaited", event.index)
    replies_in_time(account, grid, "reply-on-time", lambda event: (event.partner,))
    return grid.section()


def _measures(account: Account) -> Section:
    grid = Grid("measures-today", ("court", "asset"), [Column(name) for name in _MEASURES])
    for name in _MEASURES:
        for event in account.of(f"measure.{name}"):
            grid.count((event.court, event.text("asset")), name, event.index)
    return grid.section()
