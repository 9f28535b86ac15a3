"""The one end of a request: its conclusion, with what may be asked next."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from hub.casework.answers import exchange
from hub.casework.desk import Desk
from hub.casework.drafts import FollowUps
from hub.rules import collect
from hub.rules.plan import follow_ups
from hub.rules.proposals import proposed
from hub.rules.state import RequestState, RequestStatus
from schemas import hub as said
from schemas.base import derive_id, from_micros


def conclude(desk: Desk, key: str) -> None:
    """Conclude the request with this key, if nobody is awaited any more and it is not concluded yet."""
    request = desk.cases[key]
    outcome = collect.conclusion(request)
    if outcome is not None:
        finish(desk, request, outcome)


def finish(desk: Desk, request: RequestState, outcome: Literal["complete", "incomplete"]) -> None:
    """The conclusion of `request`, to its court and to whoever listens."""
    conclusion_id = derive_id(desk.work.composer.party, "conclusion", request.key)
    closing = desk.work.decide("request.concluded", request.key, None, {
        "request": request.request_id, "court": request.court, "outcome": outcome})  # fmt: skip
    lines = tuple(
        said.PartnerOutcome(partner=task.partner, task_id=task.task_id, outcome=task.outcome or said.TaskOutcome.NO_RESPONSE,
                            message=task.message_id, at=from_micros(task.settled_at or desk.work.now))
        for task in request.tasks
    )  # fmt: skip
    body = said.Conclusion(outcome=outcome, partners=lines, follow_ups=tuple(_proposals(desk, request)))
    desk.to_court(closing, request, "conclusion", "conclusion", body, request.request_id, conclusion_id)
    concluded = replace(request, status=RequestStatus.CONCLUDED, outcome=outcome, conclusion_id=conclusion_id)
    desk.put_request(concluded)
    for listener in desk.conclusion_listeners:
        listener(concluded)


def _proposals(desk: Desk, request: RequestState) -> Iterator[said.FollowUp]:
    """What the plan lets the court ask next: of each asset found, with the reply that named it and the request drafted.

    Answers are read again only where there is something to propose.
    """
    rules = follow_ups(desk.linkage, request.follow_ups)
    if not rules:
        return
    held = exchange(desk, request)
    found = [((partner, reply.id), finding) for partner, reply in held.answers for finding in reply.data.findings]
    drafts = FollowUps(desk, request, held.asked)
    for rule in rules:
        for (partner, cause), finding in proposed(rule, found, desk.linkage.terms.exempt_flags):
            yield said.FollowUp(
                finding=rule.finding, action=rule.action, partner_kind=rule.partner_kind, needs_approval=rule.needs_approval,
                cause=cause, draft=drafts.draft(rule, partner, finding),
            )  # fmt: skip
