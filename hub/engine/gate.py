"""Verifying one record, before anything of it is believed.

 1. it could be read; size  2. exactly one `jws` header
 3. the signature over the raw bytes, by a key of a known party
 4. JSON, a known type, its schema
 5. `source` is that party  6. `recipient` is us
 7. the key was valid at the claimed and at the broker's time, and is not compromised (V27)
 8. `time` is not in the future (V25), `expires` is not past (V26)
 9. this role may send this type here
10. whose keys signed the approvals of a request; what follows from that, the rules say (V19)

Pure but for the directory.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from hub.engine.records import Inbound, Record, Unfit, digest_of
from hub.trust.approvals import check_approvals
from hub.trust.errors import SignatureError
from hub.trust.jws import verify
from hub.trust.parties import Directory, Party
from schemas.base import micros
from schemas.envelope import VALUE_LIMIT
from schemas.messages import RequestMessage, parse

SKEW = 5 * 60 * 1_000_000
"""How far a sender's clock may be ahead of the broker's, in µs (V25)."""

Admits = Callable[[Party, Any, Record], bool]
"""Whether a party may send this message on the topic it stands in."""


class Gate:
    """Step 1 to 10 for one recipient."""

    def __init__(self, me: str, directory: Directory, admits: Admits, limit: int = VALUE_LIMIT) -> None:
        self._me = me
        self._directory = directory
        self._admits = admits
        self._limit = limit

    def check_all(self, records: Sequence[Record]) -> list[Inbound | Unfit]:
        """Each record's verdict, in order."""
        return [self.check(record) for record in records]

    def check(self, record: Record) -> Inbound | Unfit:
        """The verdict on one record. Never raises: what the checks themselves fail on is set aside like any bad record."""
        try:
            return self._check(record)
        except Exception as error:  # noqa: BLE001 - a record must not be able to stop its partition
            return Unfit(record, "internal-error", "gate", digest_of(record.value), error=type(error).__name__)

    def _check(self, record: Record) -> Inbound | Unfit:  # noqa: PLR0911 - one way out for each step that fails
        value = record.value
        digest = digest_of(value)
        if record.fault or len(value) > self._limit:
            return Unfit(record, record.fault or "oversize", "size", digest)
        signatures = [header for name, header in record.headers if name == "jws"]
        if len(signatures) != 1:
            return Unfit(record, "jws-duplicated" if signatures else "jws-missing", "signature", digest)
        try:
            jws = signatures[0].decode("ascii")
            kid = verify(jws, value, self._directory.public_key)
        except SignatureError as error:
            return Unfit(record, error.code, "signature", digest)
        except UnicodeDecodeError:
            return Unfit(record, "jws-malformed", "signature", digest)
        party, key = self._directory.owner(kid)
        try:
            message = parse(value)
        except ValidationError as error:
            return Unfit(record, _parse_code(error), "contract", digest, party)

        def unfit(code: str, stage: str) -> Unfit:
            return Unfit(record, code, stage, digest, party, message)

        claimed = micros(message.time)
        if message.source != party.id:
            return unfit("source-mismatch", "sender")
        if message.recipient != self._me:
            return unfit("recipient-wrong", "sender")
        if key.compromised_at is not None:
            return unfit("key-compromised", "key")
        if not key.valid_at(claimed, record.timestamp):
            return unfit("key-not-valid", "key")
        if claimed > record.timestamp + SKEW:
            return unfit("time-in-future", "time")
        if micros(message.expires) <= record.timestamp:
            return unfit("expired", "time")
        if not self._admits(party, message, record):
            return unfit("type-not-allowed", "role")
        approvals = check_approvals(message.data, party) if isinstance(message, RequestMessage) else ()
        return Inbound(record, message, digest, jws, party, approvals)


def _parse_code(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "not-json"
    # A tag that is unknown further in is a matter of shape; the message's own type stands at the root.
    return "type-unknown" if first["type"].startswith("union_tag_") and not first["loc"] else "shape-invalid"
