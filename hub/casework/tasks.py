"""A request's tasks: planned for each partner, then sent, each with the court's own request unchanged."""


from hub.casework.desk import SILENCE, Desk
from hub.engine.copies import copied
from hub.engine.work import Decision, Facts
from hub.rules import collect
from hub.rules.state import Priority, RequestState, TaskState, TaskStatus
from schemas import hub as said
from schemas.base import derive_near


def about(request: RequestState, partner: str) -> Facts:
    """Whose part of which request: by the hub's own knowledge, not by what a partner's message claims."""
    return {"request": request.request_id, "court": request.court, "partner": partner}


def planned(desk: Desk, key: str, partner: str, priority: Priority = "ordinary") -> TaskState:
    """The part of `partner` in the request with this key, under its agreement as it is now."""
    agreement = desk.linkage.agreements[partner]
    seconds, working_days = agreement.reply_terms(priority == "urgent")
    return TaskState(
        task_id=derive_near(key, desk.work.composer.party, "task", partner), partner=partner,
        status=TaskStatus.PLANNED, receipt_within=agreement.receipt_within, reply_within=seconds,
        agreement=agreement.reference, reply_working_days=working_days, priority=priority,
    )  # fmt: skip


def dispatch(
    desk: Desk, decision: Decision, request: RequestState, value: bytes, jws: str, *, standing: str | None = None, round: int | None = None,  # noqa: A002 - the contract's own name
) -> RequestState:  # fmt: skip
    """Send every planned task: the court's own request (`value`, `jws`), unchanged, with its signature.

    A `round` of a standing inquiry carries that inquiry, whose id is `standing`.
    """
    copy = copied(value, jws)
    for task in request.tasks:
        if task.status is not TaskStatus.PLANNED:
            continue
        desk.work.send(
            decision, desk.topics.tasks(task.partner), id=task.task_id, type=f"liandong.{request.kind}.task.v1",
            recipient=task.partner, case_token=request.case_token, correlation=request.request_id,
            cause=standing or request.request_id, expires=request.expires_at, request_key=request.key,
            data=said.Task(partner=task.partner, request=copy, receipt_within=task.receipt_within,
                           reply_within=task.reply_within, agreement=task.agreement,
                           reply_working_days=task.reply_working_days, priority=task.priority, round=round),
        )  # fmt: skip
        desk.work.arm(SILENCE, task.task_id, desk.work.now + task.receipt_within * collect.SECOND)
    return collect.dispatched(request)
