"""Restrictions and their lift, as the partners that carry them out answer."""

from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.rules import notices
from hub.rules.notices import NoticeState
from hub.rules.state import RequestState, TaskState
from schemas.hub import TaskOutcome
from schemas.messages import Replied, RequestMessage
from schemas.replies import ReplyKind
from schemas.requests import Kind


class Notices(Part):
    """What restrictions come to, one by one with each partner."""

    def accepted(self, request: RequestState, message: RequestMessage) -> None:  # noqa: ARG002 - the state tells enough
        """A restriction is registered with every partner that it goes to."""
        if request.action != "restrict":
            return
        for task in request.tasks:
            self.desk.states.put(NoticeState(
                key=f"{request.key}/{task.partner}", court=request.court, case_token=request.case_token,
                ref=request.subject_token, status="requested", request_id=request.request_id, partner=task.partner,
                action=request.action,
            ))  # fmt: skip

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:  # noqa: ARG002 - late or not, it is a fact
        """In force, or not; lifted, or not."""
        if request.kind is not Kind.NOTICE:
            return
        restrict = request.action == "restrict"
        notice = self.desk.states.get(NoticeState, f"{request.key if restrict else request.original_key}/{task.partner}")
        outcome = message.data.measure
        if notice is None or (not restrict and outcome is None and message.data.kind is not ReplyKind.NO_RECORD):
            return
        self._set(notice, (notices.answered if restrict else notices.lifted)(notice, outcome, message.id))

    def concluded(self, request: RequestState) -> None:
        """A restriction that was never sent is none."""
        for task in request.tasks if request.action == "restrict" else ():
            notice = self.desk.states.get(NoticeState, f"{request.key}/{task.partner}")
            if notice is not None and task.outcome is TaskOutcome.NOT_SENT:
                self._set(notice, notices.never_sent(notice))

    def _set(self, old: NoticeState, new: NoticeState) -> None:
        if new == old:
            return
        self.desk.states.put(new)
        self.desk.work.decide(f"notice.{new.status}", new.key.partition("/")[0], None, {
            "request": new.request_id, "court": new.court, "partner": new.partner})  # fmt: skip
        if new.status in notices.ENDED:
            self.desk.ended(new)
