"""One batch's view of the cases: loaded once, changed in memory, saved once; and how the hub speaks of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hub.bus.topics import Topics
from hub.casework.rejections import has_topic, is_told
from hub.config import Rulebook
from hub.engine.copies import copied
from hub.engine.records import Inbound, Replay, Unfit
from hub.engine.work import Decision, Facts, Work
from hub.rules import collect
from hub.rules.cases import CaseState
from hub.rules.entrusted import MatterState
from hub.rules.measures import MeasureState
from hub.rules.state import RequestState, RequestStatus, TaskState
from hub.store import cases
from hub.store.aggregates import States
from hub.store.vault import NO_CASE
from hub.trust.parties import Role
from schemas import hub as said
from schemas.base import Model, derive_id, derive_near, from_micros
from schemas.codes import CODES
from schemas.messages import PartnerMessage, RequestMessage
from schemas.subject import Subject, number_of

SILENCE = "silence"
"""The timer of one task: its receipt, then its reply, is due."""
HOLD = "hold"
"""The timer of one request: the time of an order that was signed and held has come."""
KEEP = 180 * 24 * 3600 * 1_000_000
"""How long the hub's own messages stay valid, in µs: a court reads its results when it can."""
_ALARMING = frozenset({"id-reused", "number-reused", "reply-conflicting"})


def request_key(court: str, request_id: str) -> str:
    """The hub's own name for a court's request: near the court's own, so that what the store keeps of a request lies together."""
    return derive_near(request_id, "request", court)


def possible_keys(court: str, request_id: str) -> tuple[str, str]:
    """What the hub calls it: as above, or, if it was taken in before schema 5, a hash all through."""
    return request_key(court, request_id), derive_id("request", court, request_id)


def draft_mark(request: RequestState) -> str:
    """What tells the numbers of drafts about one request from those about another. They stay what they were for a request that was taken in
    before schema 5: the same draft, made before and after, is known as one by its number."""
    new = request.key == request_key(request.court, request.request_id)
    return (request.key[-12:] if new else request.request_id[:13]).upper()


def coded(code: str, about: tuple[str, ...] | None = None) -> said.CodedReason:
    """A code with its words, and the partners that it concerns."""
    return said.CodedReason(code=code, zh=CODES[code].zh, en=CODES[code].en, about=about)


def unfit(item: Inbound, code: str, stage: str) -> Unfit:
    """A message that verified and yet cannot be taken in."""
    return Unfit(item.record, code, stage, item.digest, item.party, item.message)


class Desk:
    """Cases that a batch touches, by key; tasks by id; the inbox's digests of the batch's ids."""

    def __init__(self, work: Work, rulebook: Rulebook, topics: Topics) -> None:
        self.work = work
        self.rulebook = rulebook
        self.linkage = rulebook.linkage
        self.topics = topics
        self.states = States(work.connection)
        self.put_off: set[tuple[str, str]] = set()
        """Sender and id of what was put off in this batch: not decided on, it hides no other message with its id."""
        self.move_listeners: list[Callable[[str], None]] = []
        self.conclusion_listeners: list[Callable[[RequestState], None]] = []
        self.case_listeners: list[Callable[[CaseState | None, CaseState], None]] = []
        self.effect_listeners: list[Callable[[MeasureState], None]] = []
        """Told of each measure that takes effect: at once, or as its turn in the queue comes."""
        self.seen: dict[tuple[str, str], str] = {}
        self.cases: dict[str, RequestState] = {}
        self.key_of_task: dict[str, str] = {}
        self.replay: Replay | None = None
        """The dead letter that is read again, if that is what this batch is."""
        self.died_of: str | None = None
        """The code of why it could not be taken in this time either."""
        self._sent_at: dict[str, int] = {}
        self._changed: dict[str, RequestState] = {}
        self._changed_tasks: dict[str, tuple[str, TaskState]] = {}

    def moved(self, case_token: str) -> None:
        """Something that binds the debtor in this case has changed."""
        for listener in self.move_listeners:
            listener(case_token)

    def prepare(self, batch: Sequence[Inbound]) -> None:
        """Load everything that deciding on `batch` may need, in a few queries."""
        if not batch:
            return
        self.seen = self.work.seen(batch)
        self.load_tasks([item.message.data.task_id for item in batch if isinstance(item.message, PartnerMessage)])
        tokens = {self.case_token(item.message) for item in batch if isinstance(item.message, RequestMessage)}
        self.work.prepare_cases(tokens | {request.case_token for request in self.cases.values()})
        self.states.prepare(CaseState, tokens)

    def load_tasks(self, task_ids: Sequence[str]) -> None:
        """Load the cases that these tasks belong to."""
        if task_ids:
            self.key_of_task |= cases.keys_of_tasks(self.work.connection, task_ids)
            self._sent_at |= cases.sent_at(self.work.connection, task_ids)
            self.load(set(self.key_of_task.values()))

    def load(self, keys: Iterable[str]) -> None:
        """Load these cases, unless they are here."""
        loaded = cases.load(self.work.connection, [key for key in keys if key not in self.cases])
        self.states.prepare(CaseState, {request.case_token for request in loaded.values()})
        self.cases |= loaded

    def request_of(self, court: str, request_id: str, case: CaseState | None = None) -> RequestState | None:
        """The request that `court` calls `request_id`; in a known case, also one of the courts that had it or were entrusted in it."""
        found = self._request_of([court], request_id)
        if found is None and case is not None:
            found = self._request_of([tenure.court for tenure in case.tenures], request_id)
            if found is None:
                found = self._request_of([matter.to for matter in self.states.of_case(MatterState, case.key)], request_id)
        return found

    def _request_of(self, courts: Iterable[str], request_id: str) -> RequestState | None:
        return next(iter(self._called(courts, request_id)), None)

    def _called(self, courts: Iterable[str], request_id: str) -> list[RequestState]:
        """What these courts call `request_id`, in their order."""
        keys = [key for court in dict.fromkeys(courts) for key in possible_keys(court, request_id)]
        self.load(keys)
        return [self.cases[key] for key in keys if key in self.cases]

    def begun(self, speaker: str, request_id: str) -> RequestState | None:
        """The request with this id that concerns `speaker`: its own; else, of any court, one whose case `speaker` holds now or
        whose task it has. An id is unique to its sender only, so that another court's may be the same."""
        found = self._request_of([speaker], request_id)
        if found is not None:
            return found
        every = self._called(self.rulebook.registers, request_id)
        concerned = (each for each in every if speaker in (self.holder(each), *(task.partner for task in each.tasks)))
        return next(concerned, every[0] if every else None)

    def close(self) -> None:
        """Save, and let go of the parts: they and the desk know each other, and in a ring with it all that a batch has made
        would wait for the collector, which comes seldom (`hub.bootstrap`)."""
        self.save()
        for listeners in (self.move_listeners, self.conclusion_listeners, self.case_listeners, self.effect_listeners):
            listeners.clear()

    def save(self) -> None:
        """Write the changed states back. What was made in this batch is written whole, with its last state. May be called
        again in a batch, before a query over requests and their tasks."""
        # A row made in this batch may have changed since: insert first, then update.
        self.work.flush_rows()
        cases.save(self.work.connection, self._changed.values(), self._changed_tasks.values(), self.work.now)
        self._changed.clear()
        self._changed_tasks.clear()
        self.states.save()

    def case_token(self, request: RequestMessage) -> str:
        """What stands for the case that `request` is made in, outside of its payload."""
        return self.token_of_case(request.data.legal.case_number)

    def token_of_case(self, case_number: str) -> str:
        """What stands for a case; the same for every court, because a case may move to another."""
        return self.work.composer.token("case", case_number)

    def token_of_subject(self, subject: Subject) -> str:
        """What stands for a person or company, by kind and number."""
        return self.work.composer.token("subject", subject.kind, number_of(subject))

    def holder(self, request: RequestState) -> str:
        """The court that has the request's case now: what comes of the request goes there (交叉执行)."""
        case = self.states.get(CaseState, request.case_token)
        return case.holder.court if case is not None else request.court

    def told(self, request: RequestState) -> str:
        """The court that is told what comes of a request: the case's holder, but of what was refused, or made under an
        entrustment, the court that asked."""
        own = request.status is RequestStatus.REFUSED or request.entrusted is not None
        return request.court if own else self.holder(request)

    # -- what the hub says ---------------------------------------------------------------------------------------------

    def reject(self, item: Unfit, request_key: str | None = None) -> None:
        """A dead letter, an entry, and an answer to the sender where its signature makes it known and it does not answer itself."""
        facts: Facts = {"code": item.code, "stage": item.stage}
        if item.error:
            facts["error"] = item.error
        replay, party = self.replay, item.party
        if replay is None:
            told, last = is_told(self.work, self.states, party, item)
        else:  # an operator's order; told so before, if it died of the same
            told, last = has_topic(party) and replay.code != item.code, False
        if last or item.code in _ALARMING:
            facts["alarm"] = 1
        if replay is not None:
            facts |= {"letter": replay.letter, "replay": replay.order_id}
        decision = self.work.decide("message.rejected", request_key, item, facts)
        if replay is None:
            self.work.dead_letter(item, self.topics.dead_letters, decision)
        else:
            self.work.dead_again(item, self.topics.dead_letters, replay)
            self.died_of = item.code
        if party is None or not told:
            return
        record, words = item.record, CODES[item.code]
        topic = self.topics.results(party.id) if party.role is Role.COURT else self.topics.tasks(party.speaks_as)
        place = [record.topic, str(record.partition), str(record.offset), str(record.timestamp), item.digest]
        place += [replay.order_id] if replay is not None else []
        self.work.send(
            decision, topic, id=derive_id(self.work.composer.party, "rejection", *place),
            type=cases.REJECTION, recipient=party.id, case_token=NO_CASE, request_key=request_key,
            correlation=item.message.correlationid if item.message else derive_id("unread", item.digest),
            cause=item.message.id if item.message else None, expires=self.work.now + KEEP,
            data=said.Rejection(code=item.code, zh=words.zh, en=words.en, topic=record.topic,
                                partition=record.partition, offset=record.offset, sha256=item.digest),
        )  # fmt: skip

    def to_court(self, decision: Decision, request: RequestState, event: str, stage: str, data: Model, cause: str) -> str:
        """One message about `request` to the court concerned; `stage` makes its id, which is given back."""
        court = self.told(request)
        message_id = derive_near(request.key, self.work.composer.party, stage)
        self.work.send(
            decision, self.topics.results(court), id=message_id, type=f"liandong.{request.kind}.{event}.v1", recipient=court,
            case_token=request.case_token, correlation=request.request_id, cause=cause, expires=self.work.now + KEEP, data=data,
            request_key=request.key,
        )  # fmt: skip
        return message_id

    def answer(self, decision: Decision, item: Inbound, kind: str, event: str, data: Model, case_token: str) -> None:
        """One message back to whoever sent `item`: noted, refused, or what was asked for."""
        self.say(decision, item.party.speaks_as, f"liandong.{kind}.{event}.v1", f"{event}/{item.message.source}/{item.message.id}",
                 data, correlation=item.message.correlationid, case_token=case_token, cause=item.message.id,
                 request_key=decision.request_key)  # fmt: skip

    def refuse(self, item: Inbound, kind: str, codes: Sequence[str], case_token: str) -> None:
        """What `item` says is not taken up, for these coded reasons; nothing of it was done."""
        decision = self.work.decide(f"{kind}.refused", None, item, {"court": item.party.id, "codes": ",".join(codes)})
        self.work.keep(item, None, case_token, decision)
        self.answer(decision, item, kind, "refusal", said.Refusal(reasons=tuple(map(coded, codes))), case_token)

    def tell(
        self, decision: Decision, case: CaseState | None, court: str, event: str, *, about: str, case_token: str, stage: str = "",
        request_key: str | None = None, **members: Any,
    ) -> None:  # fmt: skip
        """A case event to the court that has the case; `stage` tells apart repeated events about one thing."""
        words = CODES[event]
        data = said.CaseEvent(event=event, zh=words.zh, en=words.en, about=about, **members)
        recipient = case.holder.court if case is not None else court
        self.say(decision, recipient, "liandong.case.event.v1", f"{event}/{about}/{stage}", data, correlation=about,
                 case_token=case_token, cause=members.get("cause"), request_key=request_key)  # fmt: skip

    def say(
        self, decision: Decision, party_id: str, type: str, stage: str, data: Model, *, correlation: str, case_token: str,  # noqa: A002 - CloudEvents' own attribute name
        cause: str | None = None, request_key: str | None = None,
    ) -> None:  # fmt: skip
        """One message of the hub to a court or a partner; `stage` makes its id. It belongs to what its decision is about, so that a
        bundle never holds an entry without the messages that the entry names."""
        court = party_id in self.rulebook.registers
        topic = self.topics.results(party_id) if court else self.topics.tasks(party_id)
        self.work.send(
            decision, topic, id=derive_near(correlation, self.work.composer.party, party_id, stage), type=type, recipient=party_id,
            case_token=case_token, correlation=correlation, cause=cause, expires=self.work.now + KEEP, data=data,
            request_key=request_key or decision.request_key,
        )  # fmt: skip

    def forward(
        self, decision: Decision, item: Inbound, to: str, type: str, *, correlation: str, case_token: str, due: int | None = None,  # noqa: A002 - CloudEvents' own attribute name
    ) -> None:  # fmt: skip
        """`item` passed on as it came, with its signature, to a court or a partner; `due` is when the next step is (µs)."""
        copy = copied(item.record.value, item.jws)
        body = said.Forwarded(of=item.party.speaks_as, message=copy, due=from_micros(due) if due is not None else None)
        self.say(decision, to, type, f"{type}/{item.message.source}/{item.message.id}", body, correlation=correlation,
                 case_token=case_token, cause=item.message.id)  # fmt: skip

    # -- changes -------------------------------------------------------------------------------------------------------

    def sent_at(self, task: TaskState) -> int | None:
        """When the broker had this task (µs), if it had it as the batch began. For tasks that `load_tasks` was asked for."""
        return self._sent_at.get(task.task_id)

    def put(self, request: RequestState, task: TaskState) -> RequestState:
        """`request` with this task as it is now, to be saved."""
        self._changed_tasks[task.task_id] = request.key, task
        updated = self.cases[request.key] = self._changed[request.key] = collect.with_task(request, task)
        return updated

    def put_request(self, request: RequestState) -> None:
        """This state of a request, its tasks being saved already or unchanged."""
        self.cases[request.key] = self._changed[request.key] = request

    def replace(self, request: RequestState) -> None:
        """This state of a request and of all its tasks, to be saved."""
        self.put_request(request)
        self._changed_tasks |= {task.task_id: (request.key, task) for task in request.tasks}
