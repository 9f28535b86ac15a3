"""Approvals that officers sign with keys of their own (V19): the check, and the signing.

An officer's key has no times of its own: when it may count, and for how long, the rules say by the officer's (`authority`).
"""

from collections.abc import Mapping
from datetime import datetime

from hub.trust.errors import TrustError
from hub.trust.jws import Signer, verify
from hub.trust.parties import Party
from schemas.approvals import content_sha256, statement
from schemas.legal import Approval
from schemas.requests import AnyRequest


def check_approvals(data: AnyRequest, court: Party) -> tuple[str | None, ...]:
    """For each approval of `data` the code of what is wrong with its signature, or None where it is the officer's own."""
    approvals = data.legal.approvals
    if not any(approval.jws for approval in approvals):
        return tuple("approval-unsigned" for _ in approvals)
    content = content_sha256(data)
    return tuple(_check(approval, content, court) for approval in approvals)


def _check(approval: Approval, content: str, court: Party) -> str | None:
    officer = next((each for each in court.officers if each.work_permit == approval.officer), None)
    if approval.jws is None or officer is None:
        return "approval-unsigned" if approval.jws is None else "officer-unregistered"
    keys = {officer.kid: officer.public} if officer.kid else {}
    try:
        verify(approval.jws, statement(approval, content), keys.__getitem__)
    except TrustError:
        return "approval-bad-signature"
    return None


def approve(data: AnyRequest, approval: Approval, signer: Signer) -> AnyRequest:
    """`data` with this approval added, signed with the approver's key."""
    legal = data.legal.model_copy(update={"approvals": (*data.legal.approvals, approval)})
    return _signed(data.model_copy(update={"legal": legal}), {approval.officer: signer})


def approve_again(data: AnyRequest, signers: Mapping[str, Signer], at: datetime) -> AnyRequest:
    """`data` with every approval of an officer in `signers` (by work permit) given anew by that officer at this time."""
    approvals = tuple(
        approval.model_copy(update={"at": at}) if approval.officer in signers else approval for approval in data.legal.approvals
    )
    return _signed(data.model_copy(update={"legal": data.legal.model_copy(update={"approvals": approvals})}), signers)


def _signed(data: AnyRequest, signers: Mapping[str, Signer]) -> AnyRequest:
    content = content_sha256(data)
    approvals = tuple(
        approval.model_copy(update={"jws": signers[approval.officer].sign(statement(approval, content))})
        if approval.officer in signers else approval
        for approval in data.legal.approvals
    )  # fmt: skip
    return data.model_copy(update={"legal": data.legal.model_copy(update={"approvals": approvals})})
