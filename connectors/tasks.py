"""What a task says, and whether its request may be acted on. Pure."""

from schemas.base import micros
from schemas.hub import round_id
from schemas.legal import NEEDED_DOCUMENTS
from schemas.messages import InquiryRequested, RequestMessage, TaskSent, parse


def task_in(value: bytes) -> TaskSent:
    """The task in the kept bytes of a job."""
    message = parse(value)
    if not isinstance(message, TaskSent):
        raise TypeError("a job belongs to a task")
    return message


def objection(request: RequestMessage, task: TaskSent, at: int) -> str | None:
    """The code of why a court's request is not acted on: it is for another hub, out of force or without its documents.

    A round of a standing inquiry comes months after its request was sent, so it is the legal basis that bounds it and not
    the time by which the request had to be taken in.
    """
    legal = request.data.legal
    if request.recipient != task.source:
        return "recipient-wrong"
    if task.data.round is None and micros(request.expires) <= at:
        return "expired"
    if micros(legal.valid_until) <= at:
        return "basis-expired"
    if not NEEDED_DOCUMENTS[request.data.action] <= {document.kind for document in legal.documents}:
        return "documents-missing"
    return None


def is_asked(request: RequestMessage, task: TaskSent) -> bool:
    """Whether `task` is for this request, or for a round of it that the court's standing inquiry allows (终本定期查询)."""
    number = task.data.round
    if number is None:
        return task.correlationid == request.id
    standing = request.data.standing if isinstance(request, InquiryRequested) else None
    return standing is not None and number <= standing.times and task.correlationid == round_id(request.id, number)


def name_of(request: RequestMessage, task: TaskSent) -> str:
    """What may be filed once: the court's request, or one round of it."""
    name = f"{request.source}/{request.id}"
    return name if task.data.round is None else f"{name}/{task.data.round}"


def original_of(request: RequestMessage | None) -> str | None:
    """The request that this one cites: only one of the same court can be meant (V22)."""
    if request is None or isinstance(request, InquiryRequested) or request.data.original is None:
        return None
    return f"{request.source}/{request.data.original}"
