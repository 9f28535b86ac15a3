"""What proves about whom the court asked: HMAC-SHA256 under the secret shared with the gateway, in a domain of its own."""

import hmac
import json


def binding(secret: bytes, request_no: str, kind: str, name: str, number: str) -> str:
    """A token that stands for what was asked, in a request's callback address.

    An event comes to the address of its own request, so one about another person gives another token: that is seen
    without keeping anybody's name or number here between question and answer.
    """
    content = json.dumps([request_no, kind, name, number]).encode()
    return hmac.digest(hmac.digest(secret, b"callback binding", "sha256"), content, "sha256").hex()
