"""What a court tells the hub of its cases, and asks it about them: a statement of the case, disposals, objections, reads.

None of these goes to a partner. Each gets one answer: noted, or refused for coded reasons.
"""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Day, MessageId, Model, PartyId, Permit, Text
from schemas.identifiers import Balance, CaseNumber, Money
from schemas.subject import Subject

Priority = Literal["ordinary", "wages", "support", "injury"]
"""Classes that go first (绿色通道): labour wages, support (赡养、抚养、扶养费), personal injury."""
CaseStatus = Literal["open", "performed", "round-closed", "resumed", "bankrupt", "ended"]
"""Under enforcement; debt performed (履行完毕); this round closed (终本); resumed after that (恢复执行); bankruptcy accepted
(企业破产法 art. 19); ended otherwise."""


class Holder(Model):
    """Who has the case: court and team (交叉执行 moves it to another)."""

    court: PartyId
    team: Text


class CaseStatement(Model):
    """The case as it stands now, whole; a later `version` replaces it. Needed before any measure (不超标的 needs the claim).

    `claim`, `costs` and `recovered` are in yuan. `handler` and `supervisor` are work permits, `duty` the permit of the
    officer whom a watch hit is told at once. `sensitive`: a subject of the special kinds (特殊主体), which needs one approval
    more. `status` performed, round-closed, bankrupt or ended closes the case for new measures. `filed_on` is the day of
    filing, from which the three months before a closing of the round run (终本规定 art. 1). `restricted`: a consumption
    restriction has been issued; `standing` is the standing inquiry that a closed round goes on with. `debtors` are those against whom the
    case is enforced (被执行人): its round is closed only with a certificate and a standing inquiry about each. Where none is named, they are those
    whom the case's inquiries were about.
    """

    case_number: CaseNumber
    version: Annotated[int, Field(ge=1, le=9999)]
    status: CaseStatus
    claim: Money
    costs: Balance
    recovered: Balance
    priority: Priority = "ordinary"
    sensitive: bool = False
    holder: Holder
    handler: Permit
    supervisor: Permit
    duty: Permit
    filed_on: Day
    restricted: bool = False
    standing: MessageId | None = None
    debtors: Annotated[tuple[Subject, ...], Field(max_length=100)] = ()


class Disposal(Model):
    """An asset under a measure has been disposed of (处置): all of it, or a part. `original` is the measure's request.

    With all of it gone, what waits behind lapses; with a part, it moves to the rest (法发〔2004〕5号 art. 20).
    """

    original: MessageId
    extent: Literal["full", "partial"]
    on: Day


class Objection(Model):
    """Somebody contests a measure, a watch or a restriction (异议): an account or asset that is exempt, the wrong person,
    another's property, too much.

    `original` is the request that imposed it, or one that acts on a measure (renewal, deduction, transfer). Opens a review
    with a clock (15 days); while it runs nothing is deducted.
    """

    original: MessageId
    ground: Literal["exempt", "wrong-person", "ownership", "over-seizure"]
    by: Literal["partner", "debtor", "third-party"]
    text: Text


class ObjectionDecision(Model):
    """The court's decision on an objection. An upheld one is followed by a release, a withdrawal or a lift, which the hub drafts at once."""

    objection: MessageId
    outcome: Literal["upheld", "rejected"]
    officer: Permit
    reason: Text


class Handover(Model):
    """What became of a watch hit (移交): the person or vehicle handed over, or missed. `hit` is the hit's message id."""

    hit: MessageId
    outcome: Literal["handed-over", "missed"]
    officer: Permit
    note: Text | None = None


class Review(Model):
    """The court's look at what a re-inquiry in a closed round found: the case is resumed, or not, and why."""

    standing: MessageId
    round: Annotated[int, Field(ge=1, le=20)]
    outcome: Literal["resumed", "dismissed"]
    officer: Permit
    reason: Text


class CertificateRequest(Model):
    """Asks for the completeness certificate (穷尽措施) of one case and subject."""

    case_number: CaseNumber
    subject: Subject


class DraftsRequest(Model):
    """Asks for drafts of what the answers to one concluded request let its court ask next (1+3 联动)."""

    request: MessageId


class Reading(Model):
    """An officer has looked at answers (查阅留痕): which messages, and why. Sent before they are shown."""

    messages: Annotated[tuple[MessageId, ...], Field(min_length=1, max_length=500)]
    officer: Permit
    reason: Text


class RegisterRequest(Model):
    """Asks, for oversight, who inquired about one subject, when and on what basis. The superior court's right."""

    subject: Subject
    officer: Permit
    reason: Text
