"""What a court reads: each record of its results topic with the verdict on it, and on what it encloses."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from hub.engine.copies import open_copy
from hub.engine.gate import Gate
from hub.engine.records import Record, Unfit, digest_of
from hub.trust.errors import SignatureError
from hub.trust.parties import Directory, Party, Role
from schemas.base import from_micros
from schemas.envelope import VALUE_LIMIT
from schemas.messages import (
    AnyMessage,
    Certified,
    Concluded,
    DraftsGiven,
    Forwarded,
    HitReported,
    HubMessage,
    NotedDown,
    Nudged,
    Refused,
    RegisterGiven,
    Rejected,
    Replied,
    ResultPassed,
    TaskSent,
)

RESULT_LIMIT = 2 * VALUE_LIMIT
"""A result holds a partner's message in base64, so it may be larger than what a party sends."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that the broker has: its id, and the SHA-256 of its bytes."""

    request_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Item:
    """One message of the results topic. `at` is the broker's time, `digest` the SHA-256 of the bytes.

    `message` is the hub's, or None where `fault`, a code of the contract, says why it is not what it claims to be. Of what
    is passed on, `enclosed` is its maker's own message, or None where `enclosed_fault` says why that is not to be believed.
    """

    at: datetime
    digest: str
    message: HubMessage | None = None
    fault: str | None = None
    enclosed: AnyMessage | None = None
    enclosed_fault: str | None = None

    @property
    def sound(self) -> bool:
        """Whether the hub's signature and, where there is one, the partner's verified."""
        return self.fault is None and self.enclosed_fault is None

    def ends(self, sent: SentRequest) -> bool:
        """Whether this is the last word on what was sent: a conclusion or refusal, what was asked for, that it is noted, or
        that it could not be taken in."""
        if isinstance(self.message, Rejected):
            return self.message.data.sha256 == sent.digest
        last = Concluded | Refused | NotedDown | Certified | DraftsGiven | RegisterGiven
        return isinstance(self.message, last) and self.message.correlationid == sent.request_id


class Reader:
    """Verifies records for one court against the party directory. Safe to use from worker threads."""

    def __init__(self, court: str, directory: Directory) -> None:
        self._directory = directory
        self._gate = Gate(court, directory, _from_hub, RESULT_LIMIT)

    def read(self, record: Record) -> Item:
        """The verdict on one record. Never raises."""
        at, digest = from_micros(record.timestamp), digest_of(record.value)
        verdict = self._gate.check(record)
        if isinstance(verdict, Unfit):
            return Item(at, digest, fault=verdict.code)
        message = verdict.message
        if isinstance(message, ResultPassed):
            enclosed, fault = self._enclosed(message)
        elif isinstance(message, Forwarded):
            enclosed, fault = self._forwarded(message)
        else:
            # The gate admits nothing but the hub's messages.
            return Item(at, digest, message)  # type: ignore[arg-type]
        return Item(at, digest, message, enclosed=enclosed, enclosed_fault=fault)

    def _enclosed(self, result: ResultPassed) -> tuple[AnyMessage | None, str | None]:
        """The partner's message, if it is signed by that partner and about this very request and task, or about the one that
        the hub names where it passes a recent answer on."""
        try:
            message, party = open_copy(result.data.message, self._directory)
        except SignatureError as error:
            return None, error.code
        except (ValidationError, ValueError):
            return None, "shape-invalid"
        if party.speaks_as != result.data.partner or not isinstance(message, Replied | HitReported):
            return None, "source-mismatch"
        reused = result.data.reused
        asked = (reused.request, reused.task_id) if reused is not None else (result.correlationid, result.data.task_id)
        if (message.correlationid, message.data.task_id) != asked:
            return None, "task-unknown"
        return message, None


    def _forwarded(self, forwarded: Forwarded) -> tuple[AnyMessage | None, str | None]:
        """Another court's or a sender's message, if it is signed by whom the hub says."""
        try:
            message, party = open_copy(forwarded.data.message, self._directory)
        except SignatureError as error:
            return None, error.code
        except (ValidationError, ValueError):
            return None, "shape-invalid"
        return (message, None) if party.speaks_as == forwarded.data.of else (None, "source-mismatch")


def _from_hub(party: Party, message: object, _record: Record) -> bool:
    return party.role is Role.HUB and isinstance(message, HubMessage) and not isinstance(message, TaskSent | Nudged)
