"""Dead letters: what may be done with one, and how they are grouped for a person. Pure.

A letter is a record that the hub could not take in, which it may read again, or a task that its partner let pass in silence,
which that partner alone may be sent again. Neither changes what has been concluded: a reply that comes of it is late, and
cites the conclusion.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class LetterState(StrEnum):
    """The life of a letter: dead → pending → done, or dead again; dead → discarded, which is for good."""

    DEAD = "dead"
    PENDING = "pending"  # the partner has been sent its task again, and its answer is awaited
    DONE = "done"
    DISCARDED = "discarded"


OPEN = (LetterState.DEAD, LetterState.PENDING)
"""What a person may still have to see to."""


@dataclass(frozen=True, slots=True, order=True)
class Fingerprint:
    """What letters of one cause have in common; nothing of it is personal. `party` and `type` are empty where they are not
    known: nothing of a record is believed before its signature."""

    error_class: str
    stage: str
    code: str
    party: str
    type: str

    @property
    def name(self) -> str:
        """Short, and the same in every store."""
        parts = (self.error_class, self.stage, self.code, self.party, self.type)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a silent task's request stands now. `cited`: a later order acts on it. `gone`: nothing is left to act on. `allowed`:
    the case still admits it. `forbidden`: the law has come to stand against it."""

    expires_at: int
    cited: bool
    gone: bool
    allowed: bool
    forbidden: bool


def against_sending(standing: Standing, now: int) -> str | None:
    """The code of why a silent task may not be sent again, if it may not.

    V26: what has expired is never carried out. V22: an order never overtakes the one that acts on it, so that a freeze is not
    sent again once its release has been. Rule 1: in a closed case only what ends a measure may still go. V20, V21: not what
    has come to be against the law.
    """
    if now >= standing.expires_at:
        return "letter-expired"
    if standing.cited:
        return "letter-superseded"
    if standing.gone:
        return "letter-moot"
    if not standing.allowed:
        return "letter-case-closed"
    return "letter-unlawful" if standing.forbidden else None
