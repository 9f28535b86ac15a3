"""The last two checks: messages against their log entries, and messages against each other."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from hub.evidence.manifest import Entry, Manifest, RequestName, Step
from hub.evidence.report import Finding
from hub.trust.parties import Role
from schemas.hub import round_id
from schemas.messages import (
    AnswersRead,
    AnyMessage,
    CaseMoved,
    CaseStated,
    Concluded,
    DraftsGiven,
    InquiryRequested,
    NotedDown,
    Nudged,
    PartnerMessage,
    Rejected,
    Replied,
    RequestMessage,
    ResultPassed,
    SharedMessage,
    SilenceRecorded,
    StatementMessage,
    TaskSent,
    kind_of,
)


@dataclass(frozen=True, slots=True)
class Signed:
    """One message of a bundle, its signature verified; `role` is its signer's."""

    step: Step
    file: str
    value: bytes
    jws: str
    message: AnyMessage
    role: Role

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.value).hexdigest()


def entries(manifest: Manifest, read: Mapping[str, Entry], messages: Sequence[Signed]) -> Iterator[Finding]:
    """Every message stands in the entry of its number; every message that an entry names is here.

    The exception is what could not be taken in: the hub keeps that apart, for a person, and its entry alone is here.
    """
    for one in messages:
        if not _holds(read[one.step.number], one, manifest.hub):
            yield Finding(one.step.entry, "entry-other")
    here = {one.digest for one in messages}
    for step in manifest.steps:
        entry = read[step.number]
        named = {sent.sha256 for sent in entry.out}
        if entry.taken is not None and entry.kind != "message.rejected":
            named.add(entry.taken.sha256)
        if not named <= here:
            yield Finding(step.entry, "entry-open")


def _holds(entry: Entry, one: Signed, hub: str) -> bool:
    message = one.message
    if message.source == hub:
        wanted = (one.digest, message.id, message.recipient, message.type)
        return any((sent.sha256, sent.id, sent.recipient, sent.type) == wanted for sent in entry.out)
    taken = entry.taken
    return taken is not None and (
        (taken.sha256, taken.id, taken.source, taken.type) == (one.digest, message.id, message.source, message.type)
    )


def chain(manifest: Manifest, messages: Sequence[Signed], reused: Mapping[str, Replied]) -> Iterator[Finding]:
    """All of it is about one request, and no message speaks of another that is not here.

    A reused answer is here only inside the result that passes it on; `reused` has those whose signature holds, by its file.
    """
    request = messages[0]
    if not isinstance(request.message, RequestMessage) or not _is_named(request.message, manifest.request):
        yield Finding(request.file, "request-other")
        return
    yield from _repeated(manifest, messages)
    tasks = {one.message.id: one.message.recipient for one in messages if isinstance(one.message, TaskSent)}
    holders = {one.message.data.holder.court for one in messages if isinstance(one.message, CaseStated)}
    here = _Here(
        tasks, {one.message.id for one in messages} | {reply.id for reply in reused.values()},
        {manifest.request.id, request.message.id}, {manifest.request.court, *holders},
    )  # fmt: skip
    for one in messages:
        if isinstance(one.message, CaseStated):
            ours = one.message.recipient == manifest.hub and one.message.data.case_number == request.message.data.legal.case_number
        elif isinstance(one.message, TaskSent) and one.message.data.round is not None:
            ours = round_id(request.message.id, one.message.data.round) == manifest.request.id == one.message.correlationid
        else:
            ours = _belongs(one, manifest, here, first=one is request)
        if not ours:
            yield Finding(one.file, "request-other")
        if not _cited(one) <= here.ids | here.about:
            yield Finding(one.file, "cause-missing")
        yield from _enclosed(one, request, messages, reused.get(one.file))


def _is_named(request: RequestMessage, name: RequestName) -> bool:
    """Whether this is the request of that name, or the standing inquiry of which that is a round."""
    standing = request.data.standing if isinstance(request, InquiryRequested) else None
    rounds = () if standing is None else (round_id(request.id, number) for number in range(1, standing.times + 1))
    said = (request.source, kind_of(request.type), request.data.action)
    return said == (name.court, name.kind, name.action) and name.id in (request.id, *rounds)


@dataclass(frozen=True, slots=True)
class _Here:
    """What a bundle holds: tasks (id → partner), ids of its messages, the ids that it is `about` (the request, and the round of
    it that this is), and the courts that have had the case by its statements here: what comes of a request follows the case."""

    tasks: Mapping[str, str]
    ids: Set[str]
    about: Set[str]
    courts: Set[str]


_NAMES = ("original", "objection", "hit", "standing", "request")
"""Members by which a statement says what it is about."""


def _belongs(  # noqa: PLR0911 - one way for each kind of message
    one: Signed, manifest: Manifest, here: "_Here", *, first: bool
) -> bool:
    """Whether a message is part of this request: by its task, by what it is about, or by what it answers."""
    message = one.message
    if isinstance(message, RequestMessage):
        return first and message.recipient == manifest.hub
    if isinstance(message, PartnerMessage):
        # Who is connector for whom is the directory's to say; the hub checked it.
        partners = {here.tasks.get(message.data.task_id)} if one.role is Role.PARTNER else {message.source}
        return message.recipient == manifest.hub and message.data.task_id in here.tasks and message.source in partners
    if isinstance(message, AnswersRead):
        return message.recipient == manifest.hub and set(message.data.messages) <= here.ids
    if isinstance(message, StatementMessage | SharedMessage):
        return message.recipient == manifest.hub and any(getattr(message.data, name, None) in here.ids | here.about for name in _NAMES)
    if isinstance(message, NotedDown | CaseMoved):
        return message.data.about in here.ids  # to the court that has the case by then, or to the one above it
    if isinstance(message, DraftsGiven):
        return message.data.request in here.about and message.recipient in here.courts
    if isinstance(message, Nudged):
        return message.correlationid == manifest.request.id and here.tasks.get(message.data.task_id) == message.recipient
    if isinstance(message, Rejected):
        return True  # it answers what could not be taken in, which is not here
    reuses = isinstance(message, ResultPassed) and message.data.reused is not None
    if isinstance(message, ResultPassed | SilenceRecorded) and (message.data.task_id in here.tasks) is reuses:
        return False
    to_court = isinstance(message, TaskSent) or message.recipient in here.courts
    return to_court and message.correlationid in here.about


def _cited(one: Signed) -> set[str]:
    """Ids of the messages that the hub says led to this one. What others cite is their own business."""
    message = one.message
    if isinstance(message, RequestMessage | StatementMessage | SharedMessage | PartnerMessage | Rejected) or message.causationid is None:
        return set()
    lines = message.data.partners if isinstance(message, Concluded) else ()
    return {message.causationid, *(line.message for line in lines if line.message is not None)}


def _enclosed(one: Signed, request: Signed, messages: Sequence[Signed], reply: Replied | None) -> Iterator[Finding]:
    """A task carries the court's request, a result a partner's message, each byte for byte with its signature; or the `reply`
    to another request, which it names."""
    match one.message:
        case ResultPassed(data=data) if data.reused is not None:
            if reply is None or (reply.correlationid, reply.data.task_id) != (data.reused.request, data.reused.task_id):
                yield Finding(one.file, "copy-other")
            return
        case TaskSent(data=data):
            copy, originals = data.request, [request]
        case ResultPassed(data=data):
            copy = data.message
            originals = [
                other for other in messages
                if isinstance(other.message, PartnerMessage) and other.message.data.task_id == data.task_id
            ]  # fmt: skip
        case _:
            return
    value = base64.b64decode(copy.value)
    if not any(value == original.value and copy.jws == original.jws for original in originals):
        yield Finding(one.file, "copy-other")


def _repeated(manifest: Manifest, messages: Sequence[Signed]) -> Iterator[Finding]:
    """One id is one message of its sender; the hub never uses a nonce twice, and concludes once."""
    seen: set[tuple[str, str]] = set()
    for one in messages:
        message = one.message
        marks = {(message.source, message.id)}
        if message.source == manifest.hub:
            marks.add(("nonce", message.nonce))
        if isinstance(message, Concluded):
            marks.add(("conclusion", manifest.request.id))
        if marks & seen:
            yield Finding(one.file, "repeated")
        seen |= marks
