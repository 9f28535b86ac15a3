"""Nudges (催办) before a partner's deadline and supervised follow-up (督办) after it, rung by rung, until it has answered."""

from hub.casework.desk import Desk
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import collect, overdue
from hub.rules.cases import CaseState
from hub.rules.overdue import Addressee, Step
from hub.rules.state import RequestState, TaskState, TaskStatus
from hub.store import contact
from schemas.base import from_micros
from schemas.hub import Nudge, TaskOutcome
from schemas.messages import Replied

NUDGE, SUPERVISE = "nudge", "supervise"


class Supervision(Part):
    """One reminder before the deadline; after it the ladder of `config/ladder.toml`."""

    timers = (NUDGE, SUPERVISE)

    def received(self, request: RequestState, task: TaskState) -> None:  # noqa: ARG002 - the task alone says when
        """The partner's time runs: it is reminded when most of it has gone."""
        if self._supervised(task) and task.received_at is not None:
            self.desk.work.arm(NUDGE, task.task_id, self._nudge_due(task, self._reply_due(task)))

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - an answer ends it, whatever it says
        if not self._supervised(task):
            return
        self.desk.work.disarm(NUDGE, task.task_id)
        if late:
            for level in range(len(self.desk.linkage.ladder.rungs)):
                self.desk.work.disarm(SUPERVISE, f"{task.task_id}/{level + 1}")

    def silent(self, request: RequestState, task: TaskState) -> None:  # noqa: ARG002 - the task alone says when
        if self._supervised(task):
            self._arm_next(task, 0)

    def fire(self, timer: Due) -> None:
        """A reminder, or a rung; neither once the partner has answered."""
        task_id, _, level = timer.ref.partition("/")
        self.desk.load_tasks([task_id])
        key = self.desk.key_of_task.get(task_id)
        if key is None:
            return  # a timer without its task must not stop the others
        request = self.desk.cases[key]
        task = next(task for task in request.tasks if task.task_id == task_id)
        if timer.kind == NUDGE:
            self._remind(request, task)
        elif task.outcome is TaskOutcome.NO_RESPONSE and not task.late:
            self._supervise(request, task, int(level))

    def _supervised(self, task: TaskState) -> bool:
        return overdue.supervised(self.desk.linkage.ladder, task.reply_within)

    # -- before the deadline -------------------------------------------------------------------------------------------

    def _remind(self, request: RequestState, task: TaskState) -> None:
        if task.status is not TaskStatus.RECEIVED:
            return
        deadline = self._reply_due(task)
        due = self._nudge_due(task, deadline)
        if due > self.desk.work.now:
            self.desk.work.arm(NUDGE, task.task_id, due)  # an outage has given the partner more time
            return
        if deadline <= self.desk.work.now:
            return  # the hub itself was away: what remains to be said is the silence
        decision = self.desk.work.decide("task.nudged", request.key, None, _facts(request, task, 1))
        self._nudge(decision, request, task, 1, deadline)

    def _reply_due(self, task: TaskState) -> int:
        outages = self.desk.linkage.unheard(task.partner, contact.outages(self.desk.work.connection, task.received_at or 0))
        return collect.reply_due(task, task.received_at or 0, self.desk.linkage.calendar, outages)

    def _nudge_due(self, task: TaskState, deadline: int) -> int:
        return overdue.nudge_due(self.desk.linkage.ladder, task.received_at or 0, deadline)

    # -- after the deadline --------------------------------------------------------------------------------------------

    def _arm_next(self, task: TaskState, level: int) -> None:
        """The rung after `level`, counted from the deadline that was missed."""
        step = self._step(task, level)
        if step is not None:
            self.desk.work.arm(SUPERVISE, f"{task.task_id}/{step.level}", step.due)

    def _step(self, task: TaskState, level: int) -> Step | None:
        linkage = self.desk.linkage
        return overdue.next_rung(linkage.ladder, task.settled_at or 0, level, linkage.calendar)

    def _supervise(self, request: RequestState, task: TaskState, level: int) -> None:
        step = self._step(task, level - 1)
        if step is None:
            return  # the ladder has become shorter since
        desk, missed = self.desk, task.settled_at or 0
        decision = desk.work.decide("task.supervised", request.key, None, _facts(request, task, level))
        self._nudge(decision, request, task, level + 1, missed)
        case, court, addressee = self._whom(desk, request, step.addressee)
        desk.tell(decision, case, court, "supervised", about=request.request_id, case_token=request.case_token,
                  stage=f"{task.task_id}/{level}", request_key=request.key, partner=task.partner, level=level,
                  addressee=addressee, due=from_micros(missed))  # fmt: skip
        self._arm_next(task, level)

    @staticmethod
    def _whom(desk: Desk, request: RequestState, addressee: Addressee) -> tuple[CaseState | None, str, str | None]:
        """Case, court and permit to tell. Where no court is above, the supervisor is told again."""
        case = desk.states.get(CaseState, request.case_token)
        court = desk.holder(request)
        superior = desk.rulebook.superiors.get(court)
        if addressee is Addressee.SUPERIOR and superior:
            return None, superior, None
        if case is None:
            return None, court, None
        return case, court, case.handler if addressee is Addressee.HANDLER else case.supervisor

    def _nudge(self, decision: Decision, request: RequestState, task: TaskState, level: int, deadline: int) -> None:
        nudge = Nudge(task_id=task.task_id, level=level, deadline=from_micros(deadline))
        self.desk.say(decision, task.partner, f"liandong.{request.kind}.nudge.v1", f"nudge/{task.task_id}/{level}", nudge,
                      correlation=request.request_id, case_token=request.case_token, cause=task.task_id, request_key=request.key)  # fmt: skip


def _facts(request: RequestState, task: TaskState, level: int) -> Facts:
    return {"request": request.request_id, "court": request.court, "partner": task.partner, "level": level}
