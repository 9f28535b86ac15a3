"""What proves that an event is the gateway's and about whom the court asked: a signature and a binding.

Both are HMAC-SHA256 under the secret shared with the gateway, each in a domain of its own.
"""

import hmac
import json
import re

TOLERANCE_S = 300
"""Most seconds between an event's time stamp and our clock: an older one may be a replay of what was overheard."""
_HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def is_signed(secret: bytes, header: str, body: bytes, now: float) -> bool:
    """Whether `header` (`t=<unix seconds>,v1=<hex HMAC of "t.body">`) signs these exact bytes, at about `now`."""
    match = _HEADER.fullmatch(header)
    if match is None or abs(now - int(match[1])) > TOLERANCE_S:
        return False
    right = hmac.digest(secret, b"%b.%b" % (match[1].encode(), body), "sha256").hex()
    return hmac.compare_digest(right, match[2])


def binding(secret: bytes, request_no: str, kind: str, name: str, number: str) -> str:
    """A token that stands for what was asked, in a request's callback address.

    An event comes to the address of its own request, so one about another person gives another token: that is seen
    without keeping anybody's name or number here between question and answer.
    """
    content = json.dumps([request_no, kind, name, number]).encode()
    return hmac.digest(hmac.digest(secret, b"callback binding", "sha256"), content, "sha256").hex()
