"""Approvals that officers sign with keys of their own (V19): the check, and the signing."""

from collections.abc import Mapping

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
    return signed_again(data.model_copy(update={"legal": legal}), {approval.officer: signer})


def signed_again(data: AnyRequest, signers: Mapping[str, Signer]) -> AnyRequest:
    """`data` with every approval of an officer in `signers` (by work permit) signed by that officer."""
    content = content_sha256(data)
    approvals = tuple(
        approval.model_copy(update={"jws": signers[approval.officer].sign(statement(approval, content))})
        if approval.officer in signers else approval
        for approval in data.legal.approvals
    )  # fmt: skip
    return data.model_copy(update={"legal": data.legal.model_copy(update={"approvals": approvals})})
