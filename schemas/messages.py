"""Every message by its type, and the one function that reads them: `parse(value)`."""

import json
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from schemas import cases, entrust, hub, leads, replies, requests
from schemas.base import fault, is_crowded, without_input
from schemas.envelope import Envelope


class InquiryRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.inquiry.request.v1"]
    data: requests.InquiryRequest


class ControlRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.control.request.v1"]
    data: requests.ControlRequest


class LocateRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.locate.request.v1"]
    data: requests.LocateRequest


class NoticeRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.notice.request.v1"]
    data: requests.NoticeRequest


class CaseStated(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.statement.v1"]
    data: cases.CaseStatement


class AssetDisposed(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.disposal.v1"]
    data: cases.Disposal


class ObjectionDecided(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.objection-decision.v1"]
    data: cases.ObjectionDecision


class HandedOver(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.handover.v1"]
    data: cases.Handover


class FindingReviewed(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.review.v1"]
    data: cases.Review


class CertificateRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.certificate-request.v1"]
    data: cases.CertificateRequest


class DraftsRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.drafts-request.v1"]
    data: cases.DraftsRequest


class AnswersRead(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.reading.v1"]
    data: cases.Reading


class RegisterRequested(Envelope):
    """Court → hub."""

    type: Literal["liandong.case.register-request.v1"]
    data: cases.RegisterRequest


class Entrusted(Envelope):
    """Court → hub."""

    type: Literal["liandong.entrust.request.v1"]
    data: entrust.EntrustRequest


class EntrustStepped(Envelope):
    """Court → hub."""

    type: Literal["liandong.entrust.step.v1"]
    data: entrust.EntrustStep


class LeadJudged(Envelope):
    """Court → hub."""

    type: Literal["liandong.lead.verdict.v1"]
    data: leads.LeadVerdict


class LeadSubmitted(Envelope):
    """Partner → hub, or court → hub."""

    type: Literal["liandong.lead.submission.v1"]
    data: leads.LeadSubmission


class Objected(Envelope):
    """Partner → hub, or court → hub."""

    type: Literal["liandong.case.objection.v1"]
    data: cases.Objection


class TaskSent(Envelope):
    """Hub → partner."""

    type: Literal[
        "liandong.inquiry.task.v1", "liandong.control.task.v1", "liandong.locate.task.v1", "liandong.notice.task.v1"
    ]
    data: hub.Task


class Received(Envelope):
    """Partner → hub."""

    type: Literal[
        "liandong.inquiry.receipt.v1", "liandong.control.receipt.v1", "liandong.locate.receipt.v1", "liandong.notice.receipt.v1"
    ]
    data: replies.Receipt


class Replied(Envelope):
    """Partner → hub."""

    type: Literal[
        "liandong.inquiry.reply.v1", "liandong.control.reply.v1", "liandong.locate.reply.v1", "liandong.notice.reply.v1"
    ]
    data: replies.Reply


class HitReported(Envelope):
    """Partner → hub."""

    type: Literal["liandong.locate.hit.v1"]
    data: replies.Hit


class Accepted(Envelope):
    """Hub → court."""

    type: Literal[
        "liandong.inquiry.acceptance.v1", "liandong.control.acceptance.v1", "liandong.locate.acceptance.v1", "liandong.notice.acceptance.v1"
    ]
    data: hub.Acceptance


class Refused(Envelope):
    """Hub → court."""

    type: Literal[
        "liandong.inquiry.refusal.v1", "liandong.control.refusal.v1", "liandong.locate.refusal.v1",
        "liandong.notice.refusal.v1", "liandong.case.refusal.v1", "liandong.entrust.refusal.v1", "liandong.lead.refusal.v1",
    ]  # fmt: skip
    data: hub.Refusal


class ResultPassed(Envelope):
    """Hub → court."""

    type: Literal[
        "liandong.inquiry.result.v1", "liandong.control.result.v1", "liandong.locate.result.v1", "liandong.notice.result.v1"
    ]
    data: hub.Result


class SilenceRecorded(Envelope):
    """Hub → court."""

    type: Literal[
        "liandong.inquiry.non-response.v1", "liandong.control.non-response.v1", "liandong.locate.non-response.v1",
        "liandong.notice.non-response.v1",
    ]  # fmt: skip
    data: hub.NonResponse


class Concluded(Envelope):
    """Hub → court."""

    type: Literal[
        "liandong.inquiry.conclusion.v1", "liandong.control.conclusion.v1", "liandong.locate.conclusion.v1", "liandong.notice.conclusion.v1"
    ]
    data: hub.Conclusion


class NotedDown(Envelope):
    """Hub → court or partner: what it said is registered."""

    type: Literal["liandong.case.noted.v1", "liandong.entrust.noted.v1", "liandong.lead.noted.v1"]
    data: hub.Noted


class CaseMoved(Envelope):
    """Hub → court: something needs a person, or has changed by itself."""

    type: Literal["liandong.case.event.v1"]
    data: hub.CaseEvent


class Nudged(Envelope):
    """Hub → partner."""

    type: Literal[
        "liandong.inquiry.nudge.v1", "liandong.control.nudge.v1", "liandong.locate.nudge.v1", "liandong.notice.nudge.v1"
    ]
    data: hub.Nudge


class Forwarded(Envelope):
    """Hub → court or partner: an entrusted matter, a lead, and what came of them; an objection, and what was decided on it."""

    type: Literal[
        "liandong.entrust.matter.v1", "liandong.entrust.progress.v1", "liandong.lead.forward.v1", "liandong.lead.answer.v1",
        "liandong.case.forward.v1",
    ]  # fmt: skip
    data: hub.Forwarded


class Certified(Envelope):
    """Hub → court."""

    type: Literal["liandong.case.certificate.v1"]
    data: hub.Certificate


class DraftsGiven(Envelope):
    """Hub → court."""

    type: Literal["liandong.case.drafts.v1"]
    data: hub.Drafts


class LiftCertified(Envelope):
    """Hub → court."""

    type: Literal["liandong.case.lift-certificate.v1"]
    data: hub.LiftCertificate


class RegisterGiven(Envelope):
    """Hub → court."""

    type: Literal["liandong.case.register.v1"]
    data: hub.Register


class Rejected(Envelope):
    """Hub → whoever sent what could not be taken in."""

    type: Literal["liandong.party.rejection.v1"]
    data: hub.Rejection


RequestMessage = InquiryRequested | ControlRequested | LocateRequested | NoticeRequested
"""What a court asks of partners: accepted or refused, and concluded once."""
StatementMessage = (
    CaseStated | AssetDisposed | ObjectionDecided | HandedOver | FindingReviewed | CertificateRequested | AnswersRead
    | DraftsRequested | RegisterRequested | Entrusted | EntrustStepped | LeadJudged
)  # fmt: skip
"""What a court says or asks of the hub or another court."""
SharedMessage = LeadSubmitted | Objected
"""What courts and partners alike may send."""
PartnerMessage = Received | Replied | HitReported
"""What a partner says about a task."""
HubMessage = (
    TaskSent | Accepted | Refused | ResultPassed | SilenceRecorded | Concluded | NotedDown | CaseMoved | Nudged | Forwarded
    | Certified | DraftsGiven | LiftCertified | RegisterGiven | Rejected
)  # fmt: skip
AnyMessage = RequestMessage | StatementMessage | SharedMessage | PartnerMessage | HubMessage
Message = Annotated[AnyMessage, Field(discriminator="type")]

_ADAPTER: TypeAdapter[AnyMessage] = TypeAdapter(Message)


def parse(value: bytes) -> AnyMessage:
    """The message that these bytes are. Raises `pydantic.ValidationError`, which never prints its input.

    A JSON object that names a member twice is refused: readers differ in which of the two they believe. So is what holds more
    values than any message needs.
    """
    if is_crowded(value):
        raise fault("too_many_values", "The message holds too many values")
    try:
        message = _ADAPTER.validate_json(value)
    except ValidationError as error:
        raise without_input(error) from None
    json.loads(value, object_pairs_hook=_single)
    return message


def _single(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise fault("duplicate_member", "An object names a member twice")


def kind_of(message_type: str) -> requests.Kind:
    """The kind of request that a message of this type belongs to: `liandong.<kind>.<event>.v1`."""
    return requests.Kind(message_type.split(".", 2)[1])


def asset_of(message: RequestMessage) -> str | None:
    """`kind:register number` of the one asset that a request is about, or None if it names none."""
    if isinstance(message, ControlRequested):
        return message.data.asset.name
    if isinstance(message, LocateRequested) and message.data.vehicle is not None:
        return message.data.vehicle.name
    return None
