"""Approvals that officers sign with keys of their own (V19): the check, and the signing."""

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
    signed = approval.model_copy(update={"jws": signer.sign(statement(approval, content_sha256(data)))})
    legal = data.legal.model_copy(update={"approvals": (*data.legal.approvals, signed)})
    return data.model_copy(update={"legal": legal})
