"""The 1+3 linkage (1+3 府院协作) as data: whom a request asks, under which agreement, and what may follow.

One court with three registries at once (real estate, vehicle, business registry); police and banks each under an
instrument of their own. A partner of a new kind comes in by configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hub.rules.calendar import Calendar
from hub.rules.collect import Outages, together
from hub.rules.entrusted import MatterPlan
from hub.rules.overdue import Ladder
from hub.rules.terms import Terms
from schemas.messages import ControlRequested, RequestMessage
from schemas.requests import Kind


@dataclass(frozen=True, slots=True)
class Route:
    """Whom one kind of request may ask. `at_once` and `by_agreement` are kinds of partner: those the plan always asks,
    and those it asks as far as an agreement is in force. `one`: the request must name exactly one partner. Kinds that are
    `persons_only` know nothing of companies, so that nothing of theirs is missing where a company was inquired into."""

    kind: Kind
    action: str
    asset: str | None
    at_once: tuple[str, ...]
    by_agreement: tuple[str, ...]
    one: bool
    persons_only: tuple[str, ...] = ()

    def fits(self, request: RequestMessage) -> bool:
        """Whether this route is for a request of this kind, action and asset."""
        data = request.data
        if request.type.split(".")[1] != self.kind or data.action != self.action:
            return False
        return self.asset is None or (isinstance(request, ControlRequested) and request.data.asset.kind == self.asset)


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """What may be asked next when a finding of this kind has come."""

    finding: str
    action: str
    partner_kind: str
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one partner has agreed to answer: for which courts, which actions and fields, from when to when (V28).

    `receipt_within`, `reply_within` and `urgent_within` in seconds; times in UTC microseconds. Cite as `reference`. Where
    `reply_working_days` stands, it is the deadline, and `reply_within` the least that it comes to. `queue_start` says from when
    this registry counts the term of a queued seizure that has taken effect (they differ: from the conversion, or from the
    document's date). An answer younger than `fresh_for` seconds may be passed on in place of a new question. `daily_limit` is how
    many inquiries a day each court may put to it; None for as many as it likes. `maintenance` are dated times in which it is not
    called; in order, none overlaps another.
    """

    partner: str
    reference: str
    in_force_from: int
    in_force_until: int
    courts: frozenset[str]
    actions: frozenset[str]
    fields: frozenset[str]
    receipt_within: int
    reply_within: int
    queue_start: Literal["conversion", "document"] = "conversion"
    fresh_for: int = 0
    reply_working_days: int | None = None
    urgent_within: int | None = None
    daily_limit: int | None = None
    maintenance: tuple[tuple[int, int], ...] = ()

    def reply_terms(self, urgent: bool) -> tuple[int, int | None]:
        """Seconds and working days for the reply. The urgent lane, where the agreement has one, runs through the night."""
        if urgent and self.urgent_within is not None:
            return self.urgent_within, None
        return self.reply_within, self.reply_working_days

    def in_force(self, court: str, at: int) -> bool:
        return court in self.courts and self.in_force_from <= at < self.in_force_until


@dataclass(frozen=True, slots=True)
class Linkage:
    """The whole plan, and the partners that there are (id → kind)."""

    routes: tuple[Route, ...]
    follow_ups: tuple[FollowUpRule, ...]
    agreements: Mapping[str, Agreement]
    partner_kinds: Mapping[str, str]
    terms: Terms
    calendar: Calendar
    ladder: Ladder
    matters: MatterPlan
    sha256: str

    def route(self, request: RequestMessage) -> Route | None:
        """The route for this request, if the plan has one."""
        return next((route for route in self.routes if route.fits(request)), None)

    @property
    def maintenance(self) -> dict[str, Outages]:
        """Each partner's agreed times in which it is not called."""
        return {partner: agreement.maintenance for partner, agreement in self.agreements.items() if agreement.maintenance}

    def unheard(self, partner: str, outages: Outages) -> Outages:
        """When nothing could be heard of `partner`: `outages`, and the maintenance that its agreement grants it."""
        agreement = self.agreements.get(partner)
        return together(outages, agreement.maintenance) if agreement is not None and agreement.maintenance else outages

    def of_kind(self, kinds: tuple[str, ...]) -> tuple[str, ...]:
        """The partners of these kinds, in the plan's order."""
        return tuple(party for kind in kinds for party, its in self.partner_kinds.items() if its == kind)


def choose_partners(linkage: Linkage, route: Route, request: RequestMessage, at: int) -> tuple[tuple[str, ...], list[str]]:
    """The partners to ask, and the codes of whatever forbids it.

    Named partners are asked or the request is refused. Without names: those of the plan that the documents' scope
    covers; one that is asked only by agreement is left out where there is none.
    """
    legal, court = request.data.legal, request.source
    allowed = linkage.of_kind(route.at_once + route.by_agreement)
    scope = set(legal.scope.partner_kinds)
    codes: list[str] = []
    if f"{route.kind}.{route.action}" not in legal.scope.actions:
        codes.append("scope-exceeded")
    named = request.data.partners
    if named:
        if any(partner not in allowed for partner in named):
            return (), ["partner-unknown"]
        chosen = tuple(dict.fromkeys(named))
        if any(linkage.partner_kinds[partner] not in scope for partner in chosen):
            codes.append("scope-exceeded")
    else:
        chosen = tuple(
            partner for partner in allowed
            if linkage.partner_kinds[partner] in scope
            and (linkage.partner_kinds[partner] in route.at_once or _agreed(linkage, partner, court, at))
        )  # fmt: skip
        if not chosen:
            codes.append("scope-exceeded")
    if route.one and len(chosen) != 1:
        codes.append("partner-needed")
    for partner in chosen:
        codes += _against_agreement(linkage, partner, route, request, at)
    return chosen, list(dict.fromkeys(codes))


def still_bound(linkage: Linkage, request: RequestMessage, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom a standing inquiry asks at `at` (µs), months after it was accepted: those of the plan, or named, that an agreement
    in force then binds to answer it; and those that none binds any more."""
    route = linkage.route(request)
    if route is None:
        return (), ()
    chosen, _ = choose_partners(linkage, route, request, at)
    bound = tuple(partner for partner in chosen if not _against_agreement(linkage, partner, route, request, at))
    return bound, tuple(partner for partner in chosen if partner not in bound)


def _agreed(linkage: Linkage, partner: str, court: str, at: int) -> bool:
    agreement = linkage.agreements.get(partner)
    return agreement is not None and agreement.in_force(court, at)


def _against_agreement(linkage: Linkage, partner: str, route: Route, request: RequestMessage, at: int) -> list[str]:
    """V28: in force, covers the action, covers the fields asked of this kind of partner."""
    agreement = linkage.agreements.get(partner)
    if agreement is None or not agreement.in_force(request.source, at):
        return ["agreement-missing"]
    codes = []
    if f"{route.kind}.{route.action}" not in agreement.actions:
        codes.append("agreement-action")
    kind = linkage.partner_kinds[partner]
    if any(name.split(".")[0] == kind and name not in agreement.fields for name in request.data.fields):
        codes.append("agreement-field")
    return codes
