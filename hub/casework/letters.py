"""Dead letters as a matter of casework: silent tasks become letters, and what an operator orders of a letter is carried out.

One transaction holds the order, the letter's move and every effect. A record is read again as it came: its original place and
broker's time, so that a reply which came in time is not late for the hub's own fault. A silent task is sent again to its
partner alone, in the very bytes of the first time.
"""

from hub.casework.desk import Desk
from hub.casework.part import Part
from hub.casework.sendable import is_forbidden, is_gone
from hub.casework.tasks import about
from hub.engine.records import Inbound, Replay
from hub.engine.timers import Due
from hub.engine.work import Facts
from hub.rules import collect, intake, measures
from hub.rules.cases import CaseState
from hub.rules.letters import OPEN, Fingerprint, LetterState, Standing, against_sending
from hub.rules.measures import MeasureState
from hub.rules.state import RequestState, TaskState
from hub.store import cases, contact, letters
from hub.store import tables as t
from schemas.messages import Replied, parse

REPLAYED = "letter-replayed"
"""The timer of a task that was sent again: its answer is due."""


class ErasedError(Exception):
    """The case has been erased: its messages cannot be read any more."""


class Letters(Part):
    """Silent tasks, from the silence to a late answer."""

    timers = (REPLAYED,)

    def silent(self, request: RequestState, task: TaskState) -> None:
        """The court has its answer, the signed silence; an operator may still send the task again, if the law allows it."""
        awaited = "receipt" if task.received_at is None else "reply"
        fingerprint = Fingerprint("transient", awaited, "no-response", task.partner, f"liandong.{request.kind}.task.v1")
        self.desk.work.add(t.letters, letters.row(task.task_id, fingerprint, task.task_id, self.desk.work.now, task.partner))

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - that there is a late answer is enough
        if late:
            work = self.desk.work
            work.flush_rows()  # the silence may be of this very batch
            letters.move(work.connection, task.task_id, OPEN, LetterState.DONE, work.now)
            work.disarm(REPLAYED, task.task_id)

    def fire(self, timer: Due) -> None:
        """The partner has not answered the replay either."""
        work = self.desk.work
        if letters.move(work.connection, timer.ref, [LetterState.PENDING], LetterState.DEAD, work.now):
            self.desk.load_tasks([timer.ref])
            request = self.desk.cases[self.desk.key_of_task[timer.ref]]
            partner = next(task.partner for task in request.tasks if task.task_id == timer.ref)
            work.decide("letter.unanswered", request.key, None, about(request, partner) | {"letter": timer.ref})


def against(desk: Desk, task_id: str) -> str | None:
    """The code of why a silent task may not be sent again as things stand now, if it may not."""
    desk.load_tasks([task_id])
    try:
        standing = _standing(desk, desk.cases[desk.key_of_task[task_id]])
    except ErasedError:
        return "letter-erased"
    return against_sending(standing, desk.work.now)


def take_up(desk: Desk, replay: Replay) -> bool:
    """Take a dead letter in hand: dead → pending, once, whoever else tries."""
    return letters.move(desk.work.connection, replay.letter, [LetterState.DEAD], LetterState.PENDING, desk.work.now,
                        replays=replay.count, order_id=replay.order_id)  # fmt: skip


def send_again(desk: Desk, replay: Replay, facts: Facts) -> None:
    """Send a silent task to its partner alone, in the very bytes of the first time, and wait for the answer as long as then."""
    work = desk.work
    request = desk.cases[desk.key_of_task[replay.letter]]
    task = next(task for task in request.tasks if task.task_id == replay.letter)
    work.decide("letter.replayed", request.key, None, facts)
    work.send_again(replay.message_pk, replay.headers)
    outages = desk.linkage.unheard(task.partner, contact.outages(work.connection))
    received_by = collect.window(work.now, task.receipt_within, outages)
    work.arm(REPLAYED, task.task_id, collect.reply_due(task, received_by, desk.linkage.calendar, outages))


def _standing(desk: Desk, request: RequestState) -> Standing:
    original = None
    if request.original_key is not None:
        desk.load([request.original_key])
        original = desk.cases.get(request.original_key)
    pk, _ = cases.request_message(desk.work.connection, request.key)
    try:
        value = desk.work.payload(pk)
    except KeyError as error:
        raise ErasedError from error
    case, own = desk.states.get(CaseState, request.case_token), desk.states.get(MeasureState, request.key)
    return Standing(
        expires_at=request.expires_at, cited=cases.is_cited(desk.work.connection, request.key),
        gone=is_gone(desk, request, original) or (own is not None and own.status in measures.ENDED),
        allowed=case is None or intake.may_still_go(request.action, case), forbidden=is_forbidden(desk, request, parse(value)),
    )  # fmt: skip
