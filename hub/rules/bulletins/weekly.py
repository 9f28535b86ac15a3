"""The weekly bulletin (周通报找原因): who has not answered, and why requests, replies and matters came back."""

from hub.rules.bulletins.account import Account
from hub.rules.bulletins.model import Column, Grid, Section, Unit

_WITHOUT_SUCCESS = ("returned", "refused", "not-controlled", "partial")


def sections(account: Account) -> tuple[Section, ...]:
    """The sections of the week."""
    return (
        _unanswered(account), _replies(account), _refusals(account), _rejected(account), _matters(account),
        _measures(account), _objections(account), _overdue(account),
    )  # fmt: skip


def _unanswered(account: Account) -> Section:
    """Whose silence still lasts, however long ago it began, and what has been done about it this week."""
    grid = Grid("unanswered", ("partner", "court"), [
        Column("no-receipt", standing=True), Column("no-reply", standing=True),
        Column("mean-overdue", Unit.HOURS, standing=True), Column("nudged"), Column("supervised"),
    ])  # fmt: skip
    for delay in account.delays:
        if delay.ended is None and delay.node in ("receipt", "reply"):
            row = (delay.party, delay.began.court)
            grid.count(row, f"no-{delay.node}", delay.began.index)
            grid.delay(row, "mean-overdue", delay.seconds(account.as_of), delay.began.index, None)
    for name in ("nudged", "supervised"):
        for event in account.of(f"task.{name}"):
            grid.count((event.partner, event.court), name, event.index)
    return grid.section()


def _replies(account: Account) -> Section:
    grid = Grid("replies-without-success", ("partner", "reply", "code"), [Column("replies")])
    for event in account.of("task.answered"):
        if event.text("reply") in _WITHOUT_SUCCESS:
            grid.count((event.partner, event.text("reply"), event.text("code")), "replies", event.index)
    return grid.section()


def _refusals(account: Account) -> Section:
    """Reasons why requests and statements of courts were refused: one that is refused for several counts for each."""
    grid = Grid("refusals", ("court", "code"), [Column("reasons")])
    for event in account.of(*sorted(kind for kind in account.happened if kind.endswith(".refused"))):
        for code in event.text("codes").split(",") if "codes" in event.facts else ():
            grid.count((event.court, code), "reasons", event.index)
    return grid.section()


def _rejected(account: Account) -> Section:
    grid = Grid("rejected-messages", ("code",), [Column("messages")])
    for event in account.of("message.rejected"):
        if "replay" not in event.facts:  # a message that was read again and set aside again is one message
            grid.count((event.text("code"),), "messages", event.index)
    return grid.section()


def _matters(account: Account) -> Section:
    grid = Grid("returned-matters", ("to", "court", "code"), [Column("matters")])
    for event in account.of("matter.returned"):
        grid.count((event.text("to"), event.court, event.text("code")), "matters", event.index)
    return grid.section()


def _measures(account: Account) -> Section:
    grid = Grid("measures-not-taken", ("partner", "action"), [Column("refused"), Column("unknown")])
    for name in ("refused", "unknown"):
        for event in account.of(f"measure.{name}"):
            grid.count((event.partner, event.text("action")), name, event.index)
    return grid.section()


def _objections(account: Account) -> Section:
    grid = Grid("objections", ("court", "ground"), [Column("opened"), Column("upheld"), Column("rejected")])
    for name in ("opened", "upheld", "rejected"):
        for event in account.of(f"objection.{name}"):
            grid.count((event.court, event.text("ground")), name, event.index)
    return grid.section()


def _overdue(account: Account) -> Section:
    """The key nodes of courts that are overdue now; those of partners stand under the unanswered."""
    grid = Grid("courts-overdue", ("party", "node"), [
        Column("open", standing=True), Column("mean-overdue", Unit.HOURS, standing=True),
    ])  # fmt: skip
    for delay in account.delays:
        if delay.ended is None and delay.node not in ("receipt", "reply"):
            row = (delay.party, delay.node)
            grid.count(row, "open", delay.began.index)
            grid.delay(row, "mean-overdue", delay.seconds(account.as_of), delay.began.index, None)
    return grid.section()
