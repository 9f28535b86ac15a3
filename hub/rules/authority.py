"""Authority: whether the officers who stand behind a request may, at the time it was signed.

法释〔2013〕20号 art. 2: officers are registered beforehand. V18: two of them with two permits each. V19: the approver is not the
maker, has the rank, and signed with the own key. 交叉执行 and AB岗: an order is judged by who held case and post then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.rules.cases import CaseState
from schemas.base import micros
from schemas.legal import Approval, LegalBasis, Rank
from schemas.messages import RequestMessage

_RANKS = list(Rank)


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

    def in_force(self, at: int) -> bool:
        """Whether the permits were in force at `at`: what was signed before a revocation stands."""
        return self.valid_from <= at < min(self.valid_until, self.revoked_at or self.valid_until)


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

    def covers(self, deputy: str, absent: str, at: int) -> bool:
        """Whether `deputy` held the post of `absent` at `at`."""
        return any(
            (each.absent, each.deputy) == (absent, deputy) and each.since <= at < each.until for each in self.delegations
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What approvals a request needs: a least rank (None: no approval), and how many approvers."""

    rank: Rank | None
    approvers: int = 1


def officers(legal: LegalBasis, register: Register, at: int) -> list[str]:
    """V18: two distinct officers, both registered with these very permits and in force at `at`; and so is the maker (V19)."""
    permits = {permit for officer in legal.officers for permit in (officer.work_permit, officer.enforcement_permit)}
    if len(legal.officers) < 2 or len(permits) != 2 * len(legal.officers):
        return ["officers-missing"]
    codes = signs(legal.maker, register, at)  # else a made-up maker would let the real one approve
    for officer in legal.officers:
        entry = register.officers.get(officer.work_permit)
        if entry is None or entry.enforcement_permit != officer.enforcement_permit:
            codes.append("officer-unregistered")
        elif not entry.in_force(at):
            codes.append("officer-not-in-force")
    return codes


def signs(permit: str, register: Register, at: int) -> list[str]:
    """Whether the officer with this permit was in the register and in force at `at` (µs); the code of why not."""
    entry = register.officers.get(permit)
    if entry is None:
        return ["officer-unregistered"]
    return [] if entry.in_force(at) else ["officer-not-in-force"]


def bureau_chief(register: Register, at: int) -> str | None:
    """The work permit of who heads the enforcement bureau (执行局长) at `at` (µs), if it is registered."""
    chiefs = (each for each in register.officers.values() if each.rank is Rank.BUREAU_CHIEF and each.in_force(at))
    return next((each.work_permit for each in chiefs), None)


def tenure(
    request: RequestMessage, case: CaseState, register: Register, *, entrusted: bool, arrived: int, in_flight: int
) -> list[str]:
    """Whether court, team and handler held the case when the request was signed; an entrusted court needs no post in it.

    The time of signing is the signer's own word. So an order from before a move counts only if the broker had it (`arrived`, µs) at
    most `in_flight` µs after that: who has lost a case cannot go on signing in its past.
    """
    if entrusted:
        return []
    at, legal = micros(request.time), request.data.legal
    held = case.holder_at(at)
    until = case.left_at(held)
    if held.court != request.source or (until is not None and arrived > until + in_flight):
        return ["holder-other"]
    if legal.handler != case.handler and not register.covers(legal.handler, case.handler, at) and held == case.holder:
        return ["handler-other"]
    handler = register.officers.get(legal.handler)
    return ["team-other"] if handler is not None and handler.team and handler.team != held.team else []


def approvals(
    request: RequestMessage, register: Register, need: Need, signed: Mapping[int, str | None]
) -> list[str]:
    """V19 for what `need` asks. `signed` gives for each approval the code of what is wrong with its signature, or None."""
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
            code = _post(approval, register, need.rank)
            if code is None:
                approvers.add(register.officers[approval.officer].work_permit)
            else:
                codes.append(code)
    if len(approvers) >= need.approvers:
        return []
    if approvers:
        return ["approval-second-needed"]
    return list(dict.fromkeys(codes or wrong or ["approval-unsigned"]))


def _post(approval: Approval, register: Register, least: Rank) -> str | None:
    """Whether the approver held a post of this rank: the own one, or one that was covered then."""
    at = micros(approval.at)
    if unfit := signs(approval.officer, register, at):
        return unfit[0]
    rank = register.officers[approval.officer].rank
    if approval.acting_for is not None:
        absent = register.officers.get(approval.acting_for)
        if absent is None or not register.covers(approval.officer, approval.acting_for, at):
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
