"""V30: a reply holds what was asked for, and absent means "not asked"."""

import pytest

from connectors import terms
from connectors.base import Job
from schemas.messages import RequestMessage, parse
from tests.factories import inquiry, message


def job(*fields: str) -> Job:
    request = parse(message("liandong.inquiry.request.v1", "court-9901", "hub", inquiry(fields=list(fields))))
    assert isinstance(request, RequestMessage)
    return Job("k", request, 1, court="x")


@pytest.mark.parametrize(
    ("fields", "field", "asked"),
    [
        ((), "bank.balance", True),
        (("bank.accounts",), "bank.balance", False),
        (("bank.accounts", "bank.balance"), "bank.balance", True),
        (("vehicle.measures",), "bank.balance", True),
    ],
)
def test_what_is_asked_for(fields: tuple[str, ...], field: str, asked: bool) -> None:
    assert terms.asked_for(job(*fields), field) is asked
