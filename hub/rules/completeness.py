"""Completeness (穷尽措施): whether every partner that the plan requires has answered explicitly about one debtor in one case.

终本规定 (法〔2016〕373号) art. 1 and 3: a round may be closed only after the debtor's assets have been exhaustively inquired into, a
consumption restriction has been issued, and three months have passed since filing. Silence is never "nothing found"
(rule 6 of the model). Each debtor (被执行人) of the case is to be inquired into, and what was found long ago is not exhaustive now.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from hub.rules.aggregate import Aggregate
from hub.rules.plan import Linkage
from hub.rules.terms import Ledger
from schemas.base import add_months, day_of
from schemas.hub import TaskOutcome
from schemas.requests import Kind

EXPLICIT = frozenset({TaskOutcome.RESULT, TaskOutcome.NO_RECORD})
"""What answers an inquiry; partial, refused, returned and silence do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateState(Aggregate):
    """A certificate that was issued; `key` is made of court and id of the message that asked for it, `ref` the debtor's token;
    `status` issued, or spent once the case was resumed after its round had been closed. It is as old as the oldest answer
    that it rests on (`answered_at`, µs)."""

    KIND: ClassVar[str] = "certificate"

    answered_at: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One partner's answer to an inquiry of this case about the debtor, which settled its part of it `at` that time (µs)."""

    partner: str
    request_id: str
    message_id: str
    outcome: TaskOutcome
    at: int


def required(linkage: Linkage, court: str, *, person: bool, at: int) -> tuple[str, ...]:
    """Whom an inquiry about such a subject must have asked: those of the plan that are always asked, and those asked by
    agreement as far as one with this court is in force. Kinds that know persons only are not asked about a company."""
    routes = [route for route in linkage.routes if (route.kind, route.action) == (Kind.INQUIRY, "inquire")]
    found: dict[str, None] = {}
    for route in routes:
        skipped = () if person else route.persons_only
        found |= dict.fromkeys(linkage.of_kind(tuple(kind for kind in route.at_once if kind not in skipped)))
        for partner in linkage.of_kind(tuple(kind for kind in route.by_agreement if kind not in skipped)):
            agreement = linkage.agreements.get(partner)
            if agreement is not None and agreement.in_force(court, at):
                found[partner] = None
    return tuple(found)


def latest(answers: Iterable[Answer]) -> dict[str, Answer]:
    """Each partner's latest explicit answer."""
    found: dict[str, Answer] = {}
    for answer in sorted(answers, key=lambda each: (each.at, each.message_id)):
        if answer.outcome in EXPLICIT:
            found[answer.partner] = answer
    return found


def missing(partners: Iterable[str], answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Who has not answered explicitly. Nothing is certified unless this is empty."""
    return tuple(partner for partner in partners if partner not in answers)


def months_over(filed_on: date, at: int, terms: Ledger) -> bool:
    """Whether the months that must pass between filing and closing are over on the day of `at` (µs)."""
    return add_months(filed_on, terms.min_months_since_filing) <= day_of(at)


def may_close(filed_on: date, *, restricted: bool, at: int, terms: Ledger) -> bool:
    """Whether, with every answer in hand, the round may be closed (终本规定 art. 1)."""
    return restricted and months_over(filed_on, at, terms)


def good_until(answered_at: int, terms: Ledger) -> date:
    """The last day on which a round may be closed with a certificate whose oldest answer is of `answered_at` (µs)."""
    return add_months(day_of(answered_at), terms.certificate_months)


def certified(debtors: Iterable[str], certificates: Iterable[CertificateState], at: int, terms: Ledger) -> list[str]:
    """Whether on the day of `at` (µs) each of these debtors, and at least one, has a certificate (终本规定 art. 1(3) and 3); the
    codes of why not."""
    newest: dict[str, int] = {}
    for each in certificates:
        if each.status == "issued" and each.ref is not None:
            newest[each.ref] = max(each.answered_at, newest.get(each.ref, 0))
    wanted = set(debtors)
    if not wanted or wanted - newest.keys():
        return ["certificate-needed"]
    return ["certificate-stale"] if any(good_until(newest[each], terms) < day_of(at) for each in wanted) else []
