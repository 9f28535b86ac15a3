"""Approvals on the court's side: an officer signs with the own key what the request says (V19), before the court's system
makes the message around it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from connectors.court.drafts import Draft, DraftError
from hub.trust import keys
from hub.trust.approvals import approve, approve_again
from hub.trust.jws import Signer
from schemas.legal import Approval


def add_approval(draft: Draft, approval: Approval, key: Path) -> Draft:
    """`draft` with `approval`, signed with the officer's key in `key`. Raises `DraftError` for what nobody approves."""
    request = draft.request
    if request is None:
        raise DraftError(f"{draft.type} is no request: only requests are approved")
    return replace(draft, data=approve(request, approval, Signer(keys.load(key))))


def sign_approvals(draft: Draft, folder: Path, at: datetime) -> Draft:
    """`draft` with each of its approvals given at this time and signed by the key `folder/<work permit>.jwk`, as far as it is there.

    For samples and demonstrations, where one process plays every officer.
    """
    request = draft.request
    if request is None:
        return draft
    files = {approval.officer: folder / f"{approval.officer}.jwk" for approval in request.legal.approvals}
    signers = {officer: Signer(keys.load(file)) for officer, file in files.items() if file.exists()}
    return replace(draft, data=approve_again(request, signers, at))
