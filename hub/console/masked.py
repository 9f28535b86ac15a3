"""What may be shown of a message: kinds, codes, counts and dates, and of people, property and cases a masked form only.

个人信息保护法 art. 6: no more than the purpose needs. Free text, amounts, places, contacts and permits are left out.
"""

from collections import Counter

from hub.console.views import Fact, Proposal
from schemas.asset import Account, Asset, Equity, RealEstateUnit
from schemas.cases import Reading
from schemas.hub import (
    Acceptance,
    CaseEvent,
    Certificate,
    Conclusion,
    Drafts,
    Forwarded,
    LiftCertificate,
    NonResponse,
    Nudge,
    Refusal,
    Register,
    Rejection,
    Result,
    Task,
)
from schemas.identifiers import case_parts, mask
from schemas.messages import AnyMessage
from schemas.replies import Receipt, Reply
from schemas.requests import AnyRequest, ControlRequest, LocateRequest, Request
from schemas.subject import number_of


def subject_facts(data: AnyRequest) -> tuple[Fact, ...]:
    """Whom and what a request is about."""
    facts = [
        Fact("case", (mask_case(data.legal.case_number),)),
        Fact("subject", (data.subject.kind,), "term"),
        Fact("name", (mask(data.subject.name),)),
        Fact("number", (mask(number_of(data.subject)),)),
    ]
    asset = (
        data.asset if isinstance(data, ControlRequest) else data.vehicle if isinstance(data, LocateRequest) else None
    )
    if asset is not None:
        facts += [Fact("asset", (asset.kind,), "term"), Fact("asset-number", (mask(_asset_number(asset)),))]
    if isinstance(data, ControlRequest) and data.term_months is not None:
        facts.append(Fact("term-months", (str(data.term_months),)))
    facts.append(Fact("documents", tuple(document.kind for document in data.legal.documents), "term"))
    facts.append(Fact("officers", (str(len(data.legal.officers)),)))
    facts.append(Fact("approvals", tuple(approval.rank for approval in data.legal.approvals), "term"))
    return tuple(fact for fact in facts if fact.values)


def facts_of(message: AnyMessage) -> tuple[Fact, ...]:
    """What `message` says, in one line."""
    facts: tuple[Fact, ...] = ()
    match message.data:
        case Request() as data:
            facts = Fact("version", (str(data.version),)), Fact("asks", data.partners, "party")
        case Task(receipt_within=receipt, reply_within=reply, reply_working_days=days, priority=priority):
            by_days = Fact("reply-working-days", (str(days),))
            facts = (Fact("receipt-within", (str(receipt),)), by_days if days else Fact("reply-within", (str(reply),)),
                     Fact("priority", (priority,) if priority and priority != "ordinary" else (), "term"))  # fmt: skip
        case Receipt(handling=handling):
            facts = (Fact("handling", (handling,), "term"),)
        case Reply() as data:
            facts = _reply(data)
        case Acceptance(partners=partners, waits_for=original):
            facts = Fact("asks", partners, "party"), Fact("waits-for", (original,) if original else ())
        case Refusal(reasons=reasons):
            facts = (Fact("reasons", tuple(reason.code for reason in reasons), "code"),)
        case Result(partner=partner, late=late):
            facts = Fact("of", (partner,), "party"), Fact("note", ("late",) if late else (), "term")
        case NonResponse() as data:
            unknown = ("outcome-unknown",) if data.outcome_unknown else ()
            facts = (Fact("of", (data.partner,), "party"), Fact("awaited", (data.awaited,), "term"),
                     Fact("note", unknown, "term"))  # fmt: skip
        case Conclusion(outcome=outcome, partners=lines):
            counts = Counter(line.outcome.value for line in lines)
            facts = Fact("conclusion", (outcome,), "term"), _counted("outcomes", counts)
        case Rejection(code=code):
            facts = (Fact("reasons", (code,), "code"),)
        case CaseEvent() | Nudge() | Forwarded() | Certificate() | LiftCertificate() | Register() | Drafts() | Reading() as data:
            facts = _of_case(data)
        case _:
            pass  # that it was said, and when; of a hit not even where
    return tuple(fact for fact in facts if fact.values)


def _of_case(data: CaseEvent | Nudge | Forwarded | Certificate | LiftCertificate | Register | Drafts | Reading) -> tuple[Fact, ...]:
    """What happened, how high it has gone and until when; how much, and never whom or what."""
    match data:
        case CaseEvent():
            return (Fact("event", (data.event,), "code"), Fact("of", (data.partner,) if data.partner else (), "party"),
                    Fact("level", (str(data.level),) if data.level else ()), Fact("ends", (str(data.ends),) if data.ends else ()),
                    Fact("due", (f"{data.due:%Y-%m-%d %H:%M}",) if data.due else ()))  # fmt: skip
        case Nudge(level=level, deadline=deadline):
            return Fact("level", (str(level),)), Fact("due", (f"{deadline:%Y-%m-%d %H:%M}",))
        case Forwarded(of=of):
            return (Fact("of", (of,), "party"),)
        case Certificate(answers=answers) | LiftCertificate(lifted=answers) | Register(lines=answers) | Drafts(follow_ups=answers) | Reading(messages=answers):
            return (Fact("count", (str(len(answers)),)),)


def proposals(message: AnyMessage) -> tuple[Proposal, ...]:
    """What a conclusion lets the court ask next."""
    if not isinstance(message.data, Conclusion):
        return ()
    return tuple(
        Proposal(item.finding, item.action, item.partner_kind, item.needs_approval) for item in message.data.follow_ups
    )


def mask_case(number: str) -> str:
    """Year, court and type of a case number; published judgments would lead from the whole of it to a name."""
    parts = case_parts(number)
    return f"（{parts.year}）{parts.court}{parts.case_type}***号"


def _reply(data: Reply) -> tuple[Fact, ...]:
    facts = [Fact("answer", (data.kind,), "term")]
    if data.findings:
        facts.append(_counted("findings", Counter(finding.kind for finding in data.findings)))
    if data.measure is not None:
        facts.append(Fact("measure", (data.measure.state,), "term"))
    if data.reason is not None:
        facts.append(Fact("reason", (data.reason.code,)))
    return tuple(facts)


def _counted(label: str, counts: Counter[str]) -> Fact:
    return Fact(label, tuple(f"{term}*{count}" for term, count in sorted(counts.items())), "count")


def _asset_number(asset: Asset) -> str:
    match asset:
        case RealEstateUnit(unit_code=number) | Equity(company=number) | Account(number=number):
            return number
        case _:
            return asset.plate
