"""One field of the casework: what it takes in, which timers are its own, and what it learns of requests as they move."""

from collections.abc import Sequence
from typing import ClassVar

from hub.casework.desk import Desk
from hub.engine.records import Inbound
from hub.engine.timers import Due
from hub.rules.cases import CaseState
from hub.rules.state import RequestState, TaskState
from schemas.envelope import Envelope
from schemas.messages import Replied, RequestMessage


class Part:
    """A part overrides what concerns it. All of it runs on the store's thread, inside the engine's one transaction."""

    handles: ClassVar[tuple[type[Envelope], ...]] = ()
    """Messages that are this part's to take."""
    timers: ClassVar[tuple[str, ...]] = ()
    """Kinds of timer that are this part's to fire."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.case_listeners.append(self.case_changed)
        desk.conclusion_listeners.append(self.concluded)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        """Load in few queries what deciding on `batch` may need."""

    def take(self, item: Inbound) -> None:
        """One message of `handles`, new and in its sender's right to send."""

    def fire(self, timer: Due) -> None:
        """A timer of `timers` that is due, and gone from the store."""

    def accepted(self, request: RequestState, message: RequestMessage) -> None:
        """A request has been accepted."""

    def received(self, request: RequestState, task: TaskState) -> None:
        """A partner has its task, and its time to reply runs."""

    def answered(self, request: RequestState, task: TaskState, item: Inbound, message: Replied, *, late: bool) -> None:
        """A partner has answered its part of `request`, in time or late."""

    def silent(self, request: RequestState, task: TaskState) -> None:
        """A partner's silence has become a fact; `task` is as it is now."""

    def hit(self, request: RequestState, task: TaskState, item: Inbound) -> None:
        """A watch has hit."""

    def concluded(self, request: RequestState) -> None:
        """A request has its conclusion."""

    def case_changed(self, old: CaseState | None, new: CaseState) -> None:
        """A case has been stated, anew or for the first time."""
