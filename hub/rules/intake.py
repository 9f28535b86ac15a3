"""Intake (立案登记): may this request be carried out at all? The hub itself refuses what lacks a legal basis.

Civil Procedure Law (2023) art. 253 and 255; 法释〔2013〕20号 art. 2 to 4; validation rules V12, V14, V15, V17 to V22, V26, V28. Who
may stand behind a request is in `authority`, what a control may do to an asset in `control`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.rules import authority, control, documents, leads, ledger
from hub.rules.authority import Arrival, Need, Register
from hub.rules.cases import CaseState, is_open
from hub.rules.leads import LeadState
from hub.rules.measures import MeasureState
from hub.rules.plan import Linkage, choose_partners
from hub.rules.state import RequestState, RequestStatus
from schemas.base import micros
from schemas.identifiers import case_parts
from schemas.legal import NEEDED_DOCUMENTS, DocumentKind, LegalBasis, Purpose, Rank
from schemas.messages import ControlRequested, InquiryRequested, LocateRequested, NoticeRequested, RequestMessage
from schemas.requests import Kind, Standing

MEASURES = control.ACTIONS | {"watch", "road-control", "restrict"}
"""Actions that need a registered, open case. What ends a measure is allowed in a closed one too."""
ENDINGS = frozenset({"release", "withdraw", "lift"})
CITING = frozenset({"renew", "release", "deduct", "transfer", "withdraw", "lift"})
"""Actions that act on what an original request began."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the hub knows that bears on one request. `at` is the broker's time of it, `now` the hub's (µs).

    `designator` is the sending court's (法院代字), `original` the request that this one cites, `measure` what that began,
    `controlled` what the case's measures control in all, `flags` what is known to protect the asset, `contested` whether an
    objection is under review, `overruled` whether this case's court has found that the flags do not protect it, `entrusted` whether an entrustment covers it, `lead` the lead that it follows, `signed` what is wrong with each approval's
    signature; tokens stand for this request's asset and case.
    """

    linkage: Linkage
    designator: str
    register: Register
    now: int
    at: int
    case_token: str
    asset_token: str | None = None
    case: CaseState | None = None
    original: RequestState | None = None
    measure: MeasureState | None = None
    controlled: Decimal = Decimal(0)
    flags: frozenset[str] = frozenset()
    contested: bool = False
    overruled: bool = False
    entrusted: bool = False
    lead: LeadState | None = None
    signed: Mapping[int, str | None] = field(default_factory=dict)

    @property
    def arrival(self) -> Arrival:
        """When the broker had the request, for what its officers signed earlier."""
        return Arrival(self.at, self.linkage.terms.clocks["after_end"])


@dataclass(frozen=True, slots=True)
class Accept:
    """Ask these partners: now, when the original has settled, when the order's own time comes (µs), or in rounds (`standing`)."""

    partners: tuple[str, ...]
    waits: bool
    held_until: int | None = None
    standing: bool = False

    @property
    def status(self) -> RequestStatus:
        """Where the request begins its life."""
        if self.standing:
            return RequestStatus.STANDING
        if self.held_until is not None:
            return RequestStatus.HELD
        return RequestStatus.WAITING if self.waits else RequestStatus.OPEN


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refused, for all these coded reasons."""

    codes: tuple[str, ...]


def decide(request: RequestMessage, context: Context) -> Accept | Refuse:
    """Whether to accept `request`, and whom it asks."""
    linkage, data = context.linkage, request.data
    route = linkage.route(request)
    if route is None:
        return Refuse(("asset-mismatch",))
    codes = [*_time(request, context.now), *_purpose(request)]
    # A round that is taken over shows the ruling by which it was closed (民诉法解释 art. 517).
    ruling = {DocumentKind.ENFORCEMENT_RULING} if _imports(request) else set()
    codes += documents.check(data.legal.documents, NEEDED_DOCUMENTS[data.action] | ruling)
    codes += authority.officers(data.legal, context.register, micros(request.time), context.arrival)
    codes += authority.approvals(request, context.register, _need(request, context), context.signed,
                                 arrival=context.arrival, most=linkage.terms.clocks["approval"])  # fmt: skip
    codes += _court(data.legal, context)
    codes += _case(request, context)
    partners, forbidden = choose_partners(linkage, route, request, context.now)
    codes += forbidden
    codes += _members(request)
    standing = _standing(request)
    if standing is not None:
        until = min(micros(request.expires), micros(data.legal.valid_until))
        codes += [] if ledger.sufficient(standing, linkage.terms.ledger, context.now, until) else ["standing-short"]
        codes += ledger.may_import(standing, linkage.terms.ledger, context.now, known=context.case is not None)
    if isinstance(request, ControlRequested):
        codes += control.check(request, control.Subject(
            linkage.terms, context.case, context.measure, context.controlled, context.flags, contested=context.contested,
            overruled=context.overruled,
        ), max(context.at, micros(data.hold_until)) if data.hold_until is not None else context.at)  # fmt: skip
    waits = False
    courts = {request.source, *(tenure.court for tenure in context.case.tenures)} if context.case is not None else {request.source}
    codes += leads.cited(context.lead, courts) if data.lead is not None else []
    if data.action in CITING:
        # What was begun under an entrustment belongs to the case, as if its own court had begun it.
        entrusted = {context.original.court} if context.original is not None and context.original.entrusted else set()
        wrong = control.cites(request, context.original, context.asset_token, context.case_token, courts | entrusted)
        if not wrong and context.original is not None and route.kind is not Kind.NOTICE:
            wrong = _same_partner(partners, context.original)
        codes += wrong
        unsettled = (RequestStatus.OPEN, RequestStatus.WAITING, RequestStatus.HELD)
        waits = not wrong and context.original is not None and context.original.status in unsettled
    if codes:
        return Refuse(tuple(dict.fromkeys(codes)))
    hold = micros(data.hold_until) if data.hold_until is not None else None
    return Accept(partners, waits, hold if hold is not None and hold > context.now else None, standing is not None)


def may_still_go(action: str, case: CaseState) -> bool:
    """Whether an order that was accepted and kept may be sent as the case stands now (Rule 1)."""
    return is_open(case) or action not in MEASURES or action in ENDINGS


def _standing(request: RequestMessage) -> Standing | None:
    return request.data.standing if isinstance(request, InquiryRequested) else None


def _imports(request: RequestMessage) -> bool:
    """Whether it takes over a round that was closed before this hub kept the ledger."""
    standing = _standing(request)
    return standing is not None and standing.closed_on is not None


def _need(request: RequestMessage, context: Context) -> Need:
    """V19: the rank by action; one rank more for going beyond the claim or touching a protected account; the president's (院长批准)
    for taking over a closed round; two approvers for a sensitive subject (特殊主体)."""
    terms, data = context.linkage.terms, request.data
    ranks = [terms.ranks[data.action]] if data.action in terms.ranks else []
    if isinstance(request, ControlRequested):
        ranks += [terms.ranks["over_ceiling"]] if request.data.over_ceiling is not None else []
        ranks += [terms.ranks["exempt"]] if request.data.exempt_reason is not None else []
    ranks += [terms.ranks["import_round"]] if _imports(request) else []
    sensitive = context.case is not None and context.case.sensitive
    if not ranks:
        return Need(Rank.JUDGE if sensitive else None)
    return Need(max(ranks, key=list(Rank).index), 2 if sensitive else 1)


def _court(legal: LegalBasis, context: Context) -> list[str]:
    """V12: the case number's court designator is the sending court's, unless the case was given or entrusted to it."""
    if context.entrusted or case_parts(legal.case_number).court == context.designator:
        return []
    return [] if context.case is not None and len(context.case.tenures) > 1 else ["court-mismatch"]


def _case(request: RequestMessage, context: Context) -> list[str]:
    """Rule 1: a measure needs a registered and open case, of this court, team and handler when it was signed."""
    if request.data.entrusted is not None and not context.entrusted:
        return ["not-entrusted"]
    standing = _standing(request) is not None
    if context.case is None:  # a round is taken over before its case is stated, as one is closed
        unknown = request.data.action in MEASURES or (standing and not _imports(request))
        return ["case-unknown"] if unknown else []
    codes = [] if is_open(context.case) or request.data.action in ENDINGS else ["case-closed"]
    if standing and context.case.status == "round-closed":
        codes = []  # the standing inquiry is what a closed round goes on with
    return codes + authority.tenure(
        request, context.case, context.register, entrusted=context.entrusted, arrival=context.arrival,
        in_flight=context.linkage.terms.clocks["in_flight"],
    )  # fmt: skip


def _time(request: RequestMessage, now: int) -> list[str]:
    """V26: nothing is carried out after it has expired, however late it is read, or held."""
    hold = request.data.hold_until
    sent = max(now, micros(hold)) if hold is not None else now
    codes = ["expired"] if micros(request.expires) <= sent else []
    return codes + (["basis-expired"] if micros(request.data.legal.valid_until) <= sent else [])


def _purpose(request: RequestMessage) -> list[str]:
    """Assets (财产查控) or whereabouts (查人找物): no request may serve another purpose."""
    wanted = Purpose.LOCATE if isinstance(request, LocateRequested) else Purpose.ASSETS
    return [] if request.data.legal.purpose is wanted else ["purpose-mismatch"]


def _same_partner(partners: tuple[str, ...], original: RequestState) -> list[str]:
    """V22: what acts on a measure goes to who has it; another's word says nothing of it."""
    return [] if set(partners) <= {task.partner for task in original.tasks} else ["original-other"]


def _members(request: RequestMessage) -> list[str]:
    """What a locate request or a notice of its action must say besides."""
    if isinstance(request, LocateRequested):
        data = request.data
        codes = ["vehicle-needed"] if data.action == "road-control" and data.vehicle is None else []
        return codes + (["until-needed"] if data.action in ("watch", "road-control") and data.until is None else [])
    if isinstance(request, NoticeRequested | ControlRequested) and request.data.action in CITING:
        return ["original-needed"] if request.data.original is None else []
    return []
