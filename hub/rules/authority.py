"""Authority: whether the officers who stand behind a request may, at the time it was signed.

法释〔2013〕20号 art. 2: officers are registered beforehand. V18: two of them with two permits each. V19: the approver is not the
maker, has the rank, and signed with the own key. 交叉执行 and AB岗: an order is judged by who held case and post then.

When something was signed is the signer's own word. What was signed before an officer's end, a deputy's or a move of the case
stands, but only if the broker had it soon after: who has lost an office, or stolen its key, cannot go on signing in its past.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.rules.cases import CaseState
from schemas.base import micros
from schemas.legal import Approval, LegalBasis, Rank
from schemas.messages import RequestMessage

_RANKS = list(Rank)


@dataclass(frozen=True, slots=True)
class Arrival:
    """When the broker had what was signed (`at`, µs), and how long (µs) after an officer's or a deputy's end what was signed before
    may still arrive (`after_end`)."""

    at: int
    after_end: int

    def late(self, end: int) -> bool:
        """Whether it came so long after this end (µs) that its word of an earlier signing counts for nothing."""
        return self.at > end + self.after_end


@dataclass(frozen=True, slots=True)
class OfficerEntry:
    """One officer in a court's register. Times in UTC microseconds; `revoked_at` ends it early."""

    work_permit: str
    enforcement_permit: str
    rank: Rank
    team: str
    valid_from: int
    valid_until: int
    revoked_at: int | None = None

    @property
    def ends(self) -> int:
        """When the permits end or ended (µs)."""
        return min(self.valid_until, self.revoked_at or self.valid_until)

    def in_force(self, at: int) -> bool:
        """Whether the permits were in force at `at`."""
        return self.valid_from <= at < self.ends

    def fault(self, signed: int, arrival: Arrival) -> str | None:
        """The code of why this officer could not sign at `signed` (µs) what arrived so; None for one who could."""
        if not self.in_force(signed):
            return "officer-not-in-force"
        return "officer-ended" if arrival.late(self.ends) else None


@dataclass(frozen=True, slots=True)
class Delegation:
    """Cover of an absent officer's post by a deputy (AB岗), from when until when (µs)."""

    absent: str
    deputy: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Register:
    """The officers of one court by either permit, and who covers whom."""

    officers: Mapping[str, OfficerEntry]
    delegations: tuple[Delegation, ...] = ()

    def covers(self, deputy: str, absent: str, signed: int, arrival: Arrival) -> bool:
        """Whether `deputy` held the post of `absent` when this was signed (µs), and it arrived in time for that to count."""
        return any(
            (each.absent, each.deputy) == (absent, deputy) and each.since <= signed < each.until and not arrival.late(each.until)
            for each in self.delegations
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What approvals a request needs: a least rank (None: no approval), and how many approvers."""

    rank: Rank | None
    approvers: int = 1


def officers(legal: LegalBasis, register: Register, signed: int, arrival: Arrival) -> list[str]:
    """V18: two distinct officers, both registered with these very permits and in force at `signed`; and so is the maker (V19)."""
    permits = {permit for officer in legal.officers for permit in (officer.work_permit, officer.enforcement_permit)}
    if len(legal.officers) < 2 or len(permits) != 2 * len(legal.officers):
        return ["officers-missing"]
    codes = signs(legal.maker, register, signed, arrival)  # else a made-up maker would let the real one approve
    for officer in legal.officers:
        entry = register.officers.get(officer.work_permit)
        if entry is None or entry.enforcement_permit != officer.enforcement_permit:
            codes.append("officer-unregistered")
        elif (fault := entry.fault(signed, arrival)) is not None:
            codes.append(fault)
    return codes


def signs(permit: str, register: Register, signed: int, arrival: Arrival) -> list[str]:
    """Whether the officer with this permit was in the register and in force when this was signed (µs); the code of why not."""
    entry = register.officers.get(permit)
    fault = "officer-unregistered" if entry is None else entry.fault(signed, arrival)
    return [] if fault is None else [fault]


def bureau_chief(register: Register, at: int) -> str | None:
    """The work permit of who heads the enforcement bureau (执行局长) at `at` (µs), if it is registered."""
    chiefs = (each for each in register.officers.values() if each.rank is Rank.BUREAU_CHIEF and each.in_force(at))
    return next((each.work_permit for each in chiefs), None)


def tenure(
    request: RequestMessage, case: CaseState, register: Register, *, entrusted: bool, arrival: Arrival, in_flight: int
) -> list[str]:
    """Whether court, team and handler held the case when the request was signed; an entrusted court needs no post in it.

    An order from before a move counts only if the broker had it at most `in_flight` µs after that.
    """
    if entrusted:
        return []
    at, legal = micros(request.time), request.data.legal
    held = case.holder_at(at)
    until = case.left_at(held)
    if held.court != request.source or (until is not None and arrival.at > until + in_flight):
        return ["holder-other"]
    if legal.handler != case.handler and not register.covers(legal.handler, case.handler, at, arrival) and held == case.holder:
        return ["handler-other"]
    handler = register.officers.get(legal.handler)
    return ["team-other"] if handler is not None and handler.team and handler.team != held.team else []


def approvals(
    request: RequestMessage, register: Register, need: Need, signed: Mapping[int, str | None], *, arrival: Arrival, most: int
) -> list[str]:
    """V19 for what `need` asks. `signed` gives for each approval the code of what is wrong with its signature, or None; one given
    more than `most` µs before the request arrived counts for nothing, because what its officer saw may have changed.

    None is given later than the request is signed, whose time the gate has held against the broker's clock (V25).
    """
    legal = request.data.legal
    makers = _permits_of(legal.maker, legal, register)
    if any(makers & _permits_of(approval.officer, legal, register) for approval in legal.approvals):
        return ["approver-is-maker"]
    if any(approval.at > request.time for approval in legal.approvals):
        return ["approval-later"]
    if need.rank is None or not legal.approvals:
        return [] if need.rank is None else ["approval-missing"]
    wrong = [code for code in signed.values() if code is not None]
    codes, approvers = [], set()
    for index, approval in enumerate(legal.approvals):
        if signed.get(index, "approval-unsigned") is None:
            stale = micros(approval.at) < arrival.at - most
            code = "approval-stale" if stale else _post(approval, register, need.rank, arrival)
            if code is None:
                approvers.add(register.officers[approval.officer].work_permit)
            else:
                codes.append(code)
    if len(approvers) >= need.approvers:
        return []
    if approvers:
        return ["approval-second-needed"]
    return list(dict.fromkeys(codes or wrong or ["approval-unsigned"]))


def _post(approval: Approval, register: Register, least: Rank, arrival: Arrival) -> str | None:
    """Whether the approver held a post of this rank: the own one, or one that was covered then."""
    at = micros(approval.at)
    if unfit := signs(approval.officer, register, at, arrival):
        return unfit[0]
    rank = register.officers[approval.officer].rank
    if approval.acting_for is not None:
        absent = register.officers.get(approval.acting_for)
        if absent is None or not register.covers(approval.officer, approval.acting_for, at, arrival):
            return "deputy-not-in-force"
        rank = absent.rank
    if approval.rank is not rank or _RANKS.index(rank) < _RANKS.index(least):
        return "approver-rank"
    return None


def _permits_of(permit: str, legal: LegalBasis, register: Register) -> set[str]:
    """All permits of the officer with this one."""
    permits = {permit}
    for officer in legal.officers:
        if permit in (officer.work_permit, officer.enforcement_permit):
            permits |= {officer.work_permit, officer.enforcement_permit}
    entry = register.officers.get(permit)
    return permits | ({entry.work_permit, entry.enforcement_permit} if entry is not None else set())
