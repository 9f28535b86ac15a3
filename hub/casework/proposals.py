"""What the linkage lets a court ask next (1+3 联动), drafted when the court asks for it.

A conclusion names each follow-up with the reply that gives reason for it. Its draft is made here, of the answers as they are
kept: most are never asked for, and what is left of the claim is known best at the time when it is.
"""

from collections.abc import Iterator
from functools import cached_property

from hub.casework.answers import kept_answer
from hub.casework.conclude import follow_up
from hub.casework.desk import Desk, draft_mark
from hub.casework.drafts import Body, data_of, drafted, legal
from hub.casework.part import Part
from hub.engine.records import Inbound
from hub.rules import measures, proposals
from hub.rules.cases import CaseState
from hub.rules.measures import MeasureState
from hub.rules.plan import FollowUpRule
from hub.rules.state import RequestState, RequestStatus, TaskState
from hub.store.vault import NO_CASE
from schemas import hub as said
from schemas.findings import EquityFinding, Finding
from schemas.legal import Purpose
from schemas.messages import DraftsRequested


class Proposals(Part):
    """Drafts of follow-ups, for the court that is told what comes of a request."""

    handles = (DraftsRequested,)

    def take(self, item: Inbound) -> None:
        """The drafts, or why there are none to be had."""
        message, desk = item.message, self.desk
        if not isinstance(message, DraftsRequested):
            raise TypeError("a request for drafts is expected")
        request = desk.begun(message.source, message.data.request)
        codes = _hindrances(desk, request, message.source)
        if request is None or codes:
            desk.refuse(item, "case", codes, request.case_token if request is not None else NO_CASE)
            return
        try:
            drafts = tuple(_FollowUps(desk, request).all())
        except KeyError:  # the case has been erased, and with it what was answered
            desk.refuse(item, "case", ["reference-unknown"], request.case_token)
            return
        decision = desk.work.decide("drafts.given", request.key, item, {
            "request": request.request_id, "court": message.source, "count": len(drafts)})  # fmt: skip
        desk.work.keep(item, request.key, request.case_token, decision)
        desk.answer(decision, item, "case", "drafts", said.Drafts(request=request.request_id, follow_ups=drafts), request.case_token)


def _hindrances(desk: Desk, request: RequestState | None, court: str) -> list[str]:
    if request is None:
        return ["reference-unknown"]
    if desk.told(request) != court:
        return ["reference-other"]
    return [] if request.status is RequestStatus.CONCLUDED else ["state-other"]


class _FollowUps:
    """Drafts of what the answers to one request let its court ask next: about the same debtor, in the same case, by the same people."""

    def __init__(self, desk: Desk, request: RequestState) -> None:
        self._desk = desk
        self._request = request
        self._old = data_of(desk, request)

    def all(self) -> Iterator[said.FollowUp]:
        """A draft for each asset that was found, one rule of the plan after the other."""
        known = {rule: set[str]() for rule in self._desk.linkage.follow_ups}
        for rule, task in proposals.reasons(known, self._request):
            for finding in proposals.proposed(rule, self._findings(task), self._desk.linkage.terms.exempt_flags, known[rule]):
                yield follow_up(rule, task, self._draft(rule, task.partner, finding))

    def _findings(self, task: TaskState) -> tuple[Finding, ...]:
        kept = kept_answer(self._desk, task.partner, task.message_id) if task.message_id is not None else None
        return kept.message.data.findings if kept is not None else ()

    def _draft(self, rule: FollowUpRule, partner: str, finding: Finding) -> said.Drafted:
        """A draft of what `rule` lets the court ask about what `partner` found.

        A freeze states the legal maximum of its term and what of the claim no measure covers yet; the estimated value of
        what is sealed is the court's to state. An inquiry is about the company that the debtor has a share in.
        """
        kind, action = rule.action.split(".")
        desk, old, asset = self._desk, self._old, proposals.asset_of(finding)
        name = asset.name if asset is not None else finding.kind
        scope = {"partner_kinds": [rule.partner_kind], "actions": [rule.action]}
        basis = legal(old, scope) | ({"purpose": Purpose.LOCATE.value} if kind == "locate" else {})
        same = desk.linkage.partner_kinds.get(partner) == rule.partner_kind
        data: Body = {
            "number": f"F-{draft_mark(self._request)}-{desk.work.composer.token('asset', name)[:12].upper()}", "version": 1,
            "action": action, "legal": basis, "subject": old["subject"],
            "partners": [partner] if same else list(desk.linkage.of_kind((rule.partner_kind,))),
        }  # fmt: skip
        plain = asset.model_dump(mode="json", exclude_none=True) if asset is not None else None
        if kind == "control" and asset is not None:
            data |= {"asset": plain, "term_months": desk.linkage.terms.max_term_months[asset.kind]}
            amount = self._uncovered if action == "freeze" else None
            data |= {"amount": amount} if amount is not None else {}
        elif kind == "locate" and finding.kind == "vehicle":
            data |= {"vehicle": plain, "until": basis["valid_until"]}
        elif kind == "inquiry" and isinstance(finding, EquityFinding):
            data["subject"] = {"kind": "company", "name": finding.company_name, "uscc": finding.company}
        return drafted(kind, data)

    @cached_property
    def _uncovered(self) -> str | None:
        """How much of the claim no measure covers yet (V20), where the case is registered and something is left."""
        states, token = self._desk.states, self._request.case_token
        case = states.get(CaseState, token)
        if case is None:
            return None
        left = case.ceiling - measures.used(states.of_case(MeasureState, token))
        return f"{left:.2f}" if left > 0 else None
