"""Every message by its type, and the one function that reads them: `parse(value)`."""

import json
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from schemas import hub, replies, requests
from schemas.base import without_input
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


class TaskSent(Envelope):
    """Hub → partner."""

    type: Literal["liandong.inquiry.task.v1", "liandong.control.task.v1", "liandong.locate.task.v1"]
    data: hub.Task


class Received(Envelope):
    """Partner → hub."""

    type: Literal["liandong.inquiry.receipt.v1", "liandong.control.receipt.v1", "liandong.locate.receipt.v1"]
    data: replies.Receipt


class Replied(Envelope):
    """Partner → hub."""

    type: Literal["liandong.inquiry.reply.v1", "liandong.control.reply.v1", "liandong.locate.reply.v1"]
    data: replies.Reply


class HitReported(Envelope):
    """Partner → hub."""

    type: Literal["liandong.locate.hit.v1"]
    data: replies.Hit


class Accepted(Envelope):
    """Hub → court."""

    type: Literal["liandong.inquiry.acceptance.v1", "liandong.control.acceptance.v1", "liandong.locate.acceptance.v1"]
    data: hub.Acceptance


class Refused(Envelope):
    """Hub → court."""

    type: Literal["liandong.inquiry.refusal.v1", "liandong.control.refusal.v1", "liandong.locate.refusal.v1"]
    data: hub.Refusal


class ResultPassed(Envelope):
    """Hub → court."""

    type: Literal["liandong.inquiry.result.v1", "liandong.control.result.v1", "liandong.locate.result.v1"]
    data: hub.Result


class SilenceRecorded(Envelope):
    """Hub → court."""

    type: Literal[
        "liandong.inquiry.non-response.v1", "liandong.control.non-response.v1", "liandong.locate.non-response.v1"
    ]
    data: hub.NonResponse


class Concluded(Envelope):
    """Hub → court."""

    type: Literal["liandong.inquiry.conclusion.v1", "liandong.control.conclusion.v1", "liandong.locate.conclusion.v1"]
    data: hub.Conclusion


class Rejected(Envelope):
    """Hub → whoever sent what could not be taken in."""

    type: Literal["liandong.party.rejection.v1"]
    data: hub.Rejection


RequestMessage = InquiryRequested | ControlRequested | LocateRequested
PartnerMessage = Received | Replied | HitReported
HubMessage = TaskSent | Accepted | Refused | ResultPassed | SilenceRecorded | Concluded | Rejected
Message = Annotated[RequestMessage | PartnerMessage | HubMessage, Field(discriminator="type")]

_ADAPTER: TypeAdapter[RequestMessage | PartnerMessage | HubMessage] = TypeAdapter(Message)


def parse(value: bytes) -> RequestMessage | PartnerMessage | HubMessage:
    """The message that these bytes are. Raises `pydantic.ValidationError`, which never prints its input.

    A JSON object that names a member twice is refused: readers differ in which of the two they believe.
    """
    try:
        message = _ADAPTER.validate_json(value)
    except ValidationError as error:
        raise without_input(error) from None
    json.loads(value, object_pairs_hook=_single)
    return message


def _single(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        fault = PydanticCustomError("duplicate_member", "An object names a member twice")
        raise ValidationError.from_exception_data("Message", [{"type": fault, "loc": (), "input": None}], hide_input=True)


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
