"""Intake (立案登记): may this request be carried out at all? The hub itself refuses what lacks a legal basis.

Civil Procedure Law (2023) art. 253 and 255; 法释〔2013〕20号 art. 2 to 4; validation rules V12, V14, V15, V17 to V19, V22, V26, V28.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from hub.rules.plan import Linkage, choose_partners
from hub.rules.state import RequestState, RequestStatus
from schemas.base import micros
from schemas.hub import TaskOutcome
from schemas.identifiers import case_parts
from schemas.legal import NEEDED_DOCUMENTS, LegalBasis, Purpose, Rank
from schemas.messages import ControlRequested, InquiryRequested, LocateRequested, RequestMessage

NEED_APPROVAL = frozenset({"freeze", "seal", "release", "info", "watch", "road-control"})
"""Actions that need an approver who is not the maker (V19)."""

LEAST_RANK = {"freeze": Rank.BUREAU_CHIEF, "seal": Rank.BUREAU_CHIEF, "release": Rank.BUREAU_CHIEF,
              "watch": Rank.BUREAU_CHIEF, "road-control": Rank.BUREAU_CHIEF}  # fmt: skip
"""Who must at least approve (V19): measures against assets and persons, the head of the enforcement bureau; the rest, a
judge. The law leaves the rank to each court's own rules (院局两级审批); this is the stricter common practice."""
_RANKS = list(Rank)

NO_CONTROL = frozenset({TaskOutcome.NOT_CONTROLLED, TaskOutcome.REFUSED, TaskOutcome.RETURNED, TaskOutcome.NO_RECORD,
                        TaskOutcome.NOT_SENT})  # fmt: skip
"""Outcomes that leave nothing to release. Silence is not among them: it means that the outcome is unknown."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Ask these partners, now or when the original has settled."""

    partners: tuple[str, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refused, for all these coded reasons."""

    codes: tuple[str, ...]


def decide(
    request: RequestMessage, *, designator: str, linkage: Linkage, original: RequestState | None, asset_token: str | None,
    case_token: str, now: int,
) -> Accept | Refuse:  # fmt: skip
    """Whether to accept `request` at `now` (µs), and whom it asks.

    `designator` is the sending court's (法院代字), `original` the request that a release cites, if the hub knows it;
    tokens stand for this request's asset and case.
    """
    route = linkage.route(request)
    if route is None:
        return Refuse(("asset-mismatch",))
    codes = [code for check in _CHECKS for code in check(request, now)]
    codes += _court(request.data.legal, designator)
    partners, forbidden = choose_partners(linkage, route, request, now)
    codes += forbidden
    codes += _measure(request, linkage)
    waits = False
    if isinstance(request, ControlRequested) and request.data.action == "release":
        wrong = _original(request, original, asset_token, case_token)
        codes += wrong
        waits = not wrong and original is not None and original.status in (RequestStatus.OPEN, RequestStatus.WAITING)
    return Refuse(tuple(dict.fromkeys(codes))) if codes else Accept(partners, waits)


def _court(legal: LegalBasis, designator: str) -> list[str]:
    """V12: the case number's court designator is the sending court's."""
    return [] if case_parts(legal.case_number).court == designator else ["court-mismatch"]


def _time(request: RequestMessage, now: int) -> list[str]:
    """V26: nothing is carried out after it has expired, however late it is read."""
    codes = ["expired"] if micros(request.expires) <= now else []
    return codes + (["basis-expired"] if micros(request.data.legal.valid_until) <= now else [])


def _purpose(request: RequestMessage, _now: int) -> list[str]:
    """Assets (财产查控) or whereabouts (查人找物): no request may serve another purpose."""
    wanted = Purpose.LOCATE if isinstance(request, LocateRequested) else Purpose.ASSETS
    return [] if request.data.legal.purpose is wanted else ["purpose-mismatch"]


def _documents(request: RequestMessage, _now: int) -> list[str]:
    """V17, and every document is what its digest says."""
    legal = request.data.legal
    needed = NEEDED_DOCUMENTS[request.data.action]
    codes = [] if needed <= {document.kind for document in legal.documents} else ["documents-missing"]
    for document in legal.documents:
        try:
            content = base64.b64decode(document.content, validate=True)
        except binascii.Error:
            content = b""
        if hashlib.sha256(content).hexdigest() != document.sha256:
            codes.append("document-digest-mismatch")
    return codes


def _officers(request: RequestMessage, _now: int) -> list[str]:
    """V18: two officers, four distinct permits (双人双证)."""
    officers = request.data.legal.officers
    permits = {permit for officer in officers for permit in (officer.work_permit, officer.enforcement_permit)}
    return [] if len(officers) >= 2 and len(permits) == 2 * len(officers) else ["officers-missing"]


def _approval(request: RequestMessage, _now: int) -> list[str]:
    """V19: the approver is not the maker, under whichever of his permits, and approved before the request was signed."""
    legal = request.data.legal
    makers = {legal.maker}.union(
        *({officer.work_permit, officer.enforcement_permit} for officer in legal.officers
          if legal.maker in (officer.work_permit, officer.enforcement_permit))
    )  # fmt: skip
    if any(approval.officer in makers for approval in legal.approvals):
        return ["approver-is-maker"]
    if any(approval.at > request.time for approval in legal.approvals):
        return ["approval-later"]
    least = _RANKS.index(LEAST_RANK.get(request.data.action, Rank.JUDGE))
    ranks = [_RANKS.index(approval.rank) for approval in legal.approvals]
    if request.data.action not in NEED_APPROVAL or any(rank >= least for rank in ranks):
        return []
    return ["approver-rank" if ranks else "approval-missing"]


_CHECKS: tuple[Callable[[RequestMessage, int], list[str]], ...] = (_time, _purpose, _documents, _officers, _approval)


def _measure(request: RequestMessage, linkage: Linkage) -> list[str]:
    """Amount (V14) and term (V15, 民诉法解释 art. 485: deposit 1 year, movables 2, immovables and other rights 3)."""
    if isinstance(request, LocateRequested):
        codes = ["vehicle-needed"] if request.data.action == "road-control" and request.data.vehicle is None else []
        return codes + (["until-needed"] if request.data.action != "info" and request.data.until is None else [])
    if isinstance(request, InquiryRequested) or request.data.action == "release":
        return []
    data = request.data
    codes = ["amount-needed"] if data.action == "freeze" and data.amount is None else []
    if data.term_months is None:
        return [*codes, "term-missing"]
    return codes + (["term-too-long"] if data.term_months > linkage.max_term_months[data.asset.kind] else [])


def _original(
    request: ControlRequested, original: RequestState | None, asset_token: str | None, case_token: str
) -> list[str]:
    """V22: a release cites an existing measure on the same asset, of the same court and case."""
    if request.data.original is None:
        return ["original-needed"]
    if original is None:
        return ["original-unknown"]
    same = (original.court, original.asset_token, original.case_token) == (request.source, asset_token, case_token)
    if not same or original.action not in ("freeze", "seal"):
        return ["original-other"]
    if original.status is RequestStatus.REFUSED or not may_release(original):
        return ["original-not-controlled"]
    return []


def may_release(original: RequestState) -> bool:
    """Whether a release can have something to act on: the original has not settled, took hold, or met silence."""
    return original.status is not RequestStatus.CONCLUDED or any(
        task.outcome not in NO_CONTROL for task in original.tasks
    )
