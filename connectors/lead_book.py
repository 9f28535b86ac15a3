"""The book of leads that a source has handed in: submitted once under the source's own number, and what the court made of it.

A lead's number, ids and codes stand in the table; what it says is in the sealed messages alone.
"""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import Column, Connection, Table, select, update

from connectors.base import LeadAnswer, LeadStanding, NumberReused
from connectors.jobs import metadata
from connectors.terms import KEEP
from hub.bus.topics import Topics
from hub.engine.copies import open_copy
from hub.engine.records import Inbound, Unfit
from hub.engine.work import Decision, Work
from hub.store.dialect import Integer, String
from hub.trust.errors import SignatureError
from hub.trust.parties import Directory, Role
from schemas.base import derive_id
from schemas.hub import CodedReason
from schemas.leads import LeadSubmission
from schemas.messages import Forwarded, LeadJudged, NotedDown, Refused, parse

ABOUT_LEADS = ("liandong.lead.noted.v1", "liandong.lead.refusal.v1", "liandong.lead.answer.v1")

leads = Table(
    "leads", metadata,
    Column("number", String, primary_key=True),
    Column("lead", String, nullable=False, unique=True),  # the id of its submission
    Column("content_token", String, nullable=False),  # a keyed hash: whether a second one says the same
    Column("court", String, nullable=False),
    Column("state", String, nullable=False),  # see `LeadStanding`
    Column("answer_pk", Integer),  # the refusal or the court's verdict, as it came
    sqlite_with_rowid=False,
)  # fmt: skip


class LeadBook:
    """Leads of one source, in its connector's store. Blocking; for the store's thread."""

    def __init__(self, directory: Directory, topics: Topics) -> None:
        self._directory = directory
        self._topics = topics

    def submit(self, work: Work, lead: LeadSubmission) -> LeadStanding:
        """Sign and enqueue a lead; one that came before under this number changes nothing.

        Raises `NumberReused` when that one said something else.
        """
        content = work.composer.token("lead", lead.model_dump_json(exclude_none=True))
        known = _find(work.connection, leads.c.number == lead.number)
        if known is not None:
            if known.content_token != content:
                raise NumberReused(lead.number)
            return self.standing(work, known)
        lead_id = derive_id(work.composer.party, "lead", lead.number)
        decision = work.decide("lead.submitted", lead_id, None, {"request": lead_id})
        (hub,) = self._directory.with_role(Role.HUB)
        work.send(
            decision, self._topics.replies, id=lead_id, type="liandong.lead.submission.v1", recipient=hub.id,
            case_token=work.composer.token("case", lead.court, lead.case_number or lead.number), correlation=lead_id,
            cause=None, expires=work.now + KEEP, data=lead, request_key=lead_id,
        )  # fmt: skip
        row = {"number": lead.number, "lead": lead_id, "content_token": content, "court": lead.court, "state": "sent"}
        work.add(leads, row)
        return LeadStanding(number=lead.number, lead=lead_id, state="sent")

    def take(self, work: Work, item: Inbound, message: NotedDown | Refused | Forwarded) -> Unfit | None:
        """What the hub says of a lead. Gives back what cannot be believed: an answer to nothing that was sent from here, or
        one that the lead's own court has not signed."""
        if isinstance(message, NotedDown):
            about = {message.data.about}
        elif isinstance(message, Refused):  # it names what it refuses in its envelope only
            about = {message.correlationid, message.causationid or ""}
        else:
            try:
                judged, court = open_copy(message.data.message, self._directory)
            except (SignatureError, ValidationError):
                return _unfit(item, "jws-bad-signature")
            if not isinstance(judged, LeadJudged):
                return _unfit(item, "reference-unknown")
            about = {judged.data.lead}
        row = _find(work.connection, leads.c.lead.in_(about))
        if row is None:
            return _unfit(item, "reference-unknown")
        if isinstance(message, Forwarded) and court.id != row.court:
            return _unfit(item, "reference-other")
        decision = work.decide(f"lead.{_STATES[message.type]}", row.lead, item, {"request": row.lead})
        self._note(work, row, item, message, decision)
        return None

    def _note(
        self, work: Work, row: Any, item: Inbound, message: NotedDown | Refused | Forwarded, decision: Decision
    ) -> None:
        pk = work.keep(item, row.lead, message.subject, decision)
        if isinstance(message, NotedDown):
            if row.state == "sent":  # whatever was said of it already says more
                _set(work.connection, row.number, state="noted")
        else:
            _set(work.connection, row.number, state=_STATES[message.type], answer_pk=pk)

    def find(self, work: Work, number: str) -> LeadStanding | None:
        """Where the lead of this number stands."""
        row = _find(work.connection, leads.c.number == number)
        return None if row is None else self.standing(work, row)

    def standing(self, work: Work, row: Any) -> LeadStanding:
        """What the source is told of a row."""
        told = parse(work.payload(row.answer_pk)) if row.answer_pk is not None else None
        reasons: tuple[CodedReason, ...] = ()
        verdict = None
        if isinstance(told, Refused):
            reasons = told.data.reasons
        elif isinstance(told, Forwarded):
            judged, _ = open_copy(told.data.message, self._directory)
            if not isinstance(judged, LeadJudged):
                raise TypeError("a lead's answer holds a verdict")
            verdict = LeadAnswer(outcome=judged.data.outcome, reason=judged.data.reason, at=judged.time)
        return LeadStanding(number=row.number, lead=row.lead, state=row.state, reasons=reasons, verdict=verdict)


_STATES = dict(zip(ABOUT_LEADS, ("noted", "refused", "answered"), strict=True))


def _find(connection: Connection, condition: Any) -> Any:
    return connection.execute(select(leads).where(condition)).first()


def _set(connection: Connection, number: str, **values: Any) -> None:
    connection.execute(update(leads).where(leads.c.number == number).values(**values))


def _unfit(item: Inbound, code: str) -> Unfit:
    return Unfit(item.record, code, "lead", item.digest, item.party, item.message)
