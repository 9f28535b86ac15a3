"""What proves that a call to a connector's own door is its partner's: HMAC-SHA256 under a shared secret, with a time stamp."""

import hmac
import re
from pathlib import Path

from hub.settings import ConfigError

SHORTEST_SECRET = 16
"""In bytes. An empty file would let anybody sign."""
TOLERANCE_S = 300
"""Most seconds between a call's time stamp and our clock: an older one may be a replay of what was overheard."""
_HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def shared_secret(path: Path) -> bytes:
    """The secret shared with a partner. Raises `ConfigError` when the file cannot be read or holds less than can be guessed."""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(secret) < SHORTEST_SECRET:
        raise ConfigError(f"{path}: the secret has less than {SHORTEST_SECRET} bytes; agree on a longer one with the partner")
    return secret


def is_signed(secret: bytes, header: str, body: bytes, now: float) -> bool:
    """Whether `header` (`t=<unix seconds>,v1=<hex HMAC of "t.body">`) signs these exact bytes, at about `now`."""
    match = _HEADER.fullmatch(header)
    if match is None or abs(now - int(match[1])) > TOLERANCE_S:
        return False
    right = hmac.digest(secret, b"%b.%b" % (match[1].encode(), body), "sha256").hex()
    return hmac.compare_digest(right, match[2])
