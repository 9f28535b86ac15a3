"""A recent answer about the same subject passed on in place of a new question (within `Agreement.fresh_for`).

One debtor often has many cases; a bank that said yesterday what it keeps need not be asked again today. The partner's own
message travels, with its signature, so that the court sees when it was given and to whom.
"""

from dataclasses import replace

from hub.casework.answers import Kept, kept_answer
from hub.casework.desk import Desk
from hub.engine.copies import copied
from hub.rules import proposals
from hub.rules.collect import SECOND
from hub.rules.completeness import EXPLICIT
from hub.rules.state import RequestState, TaskState, TaskStatus
from hub.store import cases
from schemas import hub as said
from schemas.base import from_micros
from schemas.messages import InquiryRequested, RequestMessage, parse


def reuse(desk: Desk, request: RequestState, message: RequestMessage) -> RequestState:
    """`request`, about to be sent, with what has been answered already settled; the court gets each such answer at once.

    Costs nothing where no partner of the request grants it.
    """
    if not isinstance(message, InquiryRequested) or message.data.fresh or request.subject_token is None:
        return request
    since = {task.partner: desk.work.now - fresh * SECOND for task in request.tasks
             if (fresh := desk.linkage.agreements[task.partner].fresh_for) > 0}  # fmt: skip
    if not since:
        return request
    found = _recent(desk, request.subject_token, message, since)
    tasks, marks = [], set(request.follow_ups)
    for task in request.tasks:
        answer = found.get(task.partner)
        tasks.append(task if answer is None else _settled(desk, request, task, answer))
        if answer is not None:
            marks |= proposals.marks(task.partner, answer.message.data.findings, desk.linkage.terms.exempt_flags)
    return replace(request, tasks=tuple(tasks), follow_ups=frozenset(marks))


def _recent(desk: Desk, subject: str, message: InquiryRequested, since: dict[str, int]) -> dict[str, Kept]:
    """Each partner's newest explicit answer to the same question: the same subject in every member, and the same fields."""
    found: dict[str, Kept] = {}
    same: dict[str, bool] = {}
    for row in cases.answers_about(desk.work.connection, subject, since, min(since.values()), EXPLICIT):
        if row.partner in found:
            continue
        try:
            if row.key not in same:
                same[row.key] = _asks_the_same(desk, row.message_pk, message)
            answer = kept_answer(desk, row.partner, row.message_id) if same[row.key] else None
        except KeyError:
            continue  # that case has been erased, and its answers with it
        if answer is not None and answer.at >= since[row.partner]:
            found[row.partner] = answer
    return found


def _asks_the_same(desk: Desk, pk: int, message: InquiryRequested) -> bool:
    other = parse(desk.work.payload(pk))
    if not isinstance(other, InquiryRequested):
        return False
    ours, theirs = message.data, other.data
    return (theirs.subject, theirs.legal.purpose, set(theirs.fields)) == (ours.subject, ours.legal.purpose, set(ours.fields))


def _settled(desk: Desk, request: RequestState, task: TaskState, answer: Kept) -> TaskState:
    """`task` with that answer, which goes to the court with the request and task that it was given to."""
    reply = answer.message
    decision = desk.work.decide("answer.reused", request.key, None, {
        "request": request.request_id, "court": request.court, "partner": task.partner, "reply": reply.data.kind.value})  # fmt: skip
    copy = copied(answer.value, answer.jws)
    reused = said.Reused(request=reply.correlationid, task_id=reply.data.task_id, answered_at=from_micros(answer.at))
    result = said.Result(partner=task.partner, task_id=task.task_id, message=copy, late=False, reused=reused)
    desk.to_court(decision, request, "result", f"result/{reply.id}", result, request.request_id)
    return replace(task, status=TaskStatus.SETTLED, outcome=said.TaskOutcome(reply.data.kind.value),
                   settled_at=desk.work.now, message_id=reply.id)  # fmt: skip
