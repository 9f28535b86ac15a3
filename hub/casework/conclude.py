"""The one end of a request: its conclusion, with what may be asked next."""

from dataclasses import replace
from typing import Literal

from hub.casework.desk import Desk
from hub.rules import collect, proposals
from hub.rules.plan import FollowUpRule
from hub.rules.state import RequestState, RequestStatus, TaskState
from schemas import hub as said
from schemas.base import from_micros


def conclude(desk: Desk, key: str) -> None:
    """Conclude the request with this key, if nobody is awaited any more and it is not concluded yet."""
    request = desk.cases[key]
    outcome = collect.conclusion(request)
    if outcome is not None:
        finish(desk, request, outcome)


def finish(desk: Desk, request: RequestState, outcome: Literal["complete", "incomplete"]) -> None:
    """The conclusion of `request`, to its court and to whoever listens."""
    closing = desk.work.decide("request.concluded", request.key, None, {
        "request": request.request_id, "court": request.court, "outcome": outcome})  # fmt: skip
    lines = tuple(
        said.PartnerOutcome(partner=task.partner, task_id=task.task_id, outcome=task.outcome or said.TaskOutcome.NO_RESPONSE,
                            message=task.message_id, at=from_micros(task.settled_at or desk.work.now))
        for task in request.tasks
    )  # fmt: skip
    follow_ups = tuple(follow_up(rule, task) for rule, task in proposals.reasons(desk.linkage.follow_ups, request))
    body = said.Conclusion(outcome=outcome, partners=lines, follow_ups=follow_ups)
    conclusion_id = desk.to_court(closing, request, "conclusion", "conclusion", body, request.request_id)
    concluded = replace(request, status=RequestStatus.CONCLUDED, outcome=outcome, conclusion_id=conclusion_id)
    desk.put_request(concluded)
    for listener in desk.conclusion_listeners:
        listener(concluded)


def follow_up(rule: FollowUpRule, task: TaskState, draft: said.Drafted | None = None) -> said.FollowUp:
    """What `rule` lets the court ask next, with the reply that gives reason for it; `hub.casework.proposals` drafts it when the
    court asks."""
    return said.FollowUp(finding=rule.finding, action=rule.action, partner_kind=rule.partner_kind,
                         needs_approval=rule.needs_approval, cause=task.message_id, draft=draft)  # fmt: skip
