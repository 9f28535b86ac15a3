"""Payloads encrypted with a key per case, so that a case can be erased by destroying one key.

AES-256-GCM. Case keys are random, and stored wrapped by a master key that never stands in the store.
"""

import os
from collections import OrderedDict
from collections.abc import Collection

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, select

from hub.store.tables import case_keys

NO_CASE = "0" * 32
"""The token for what belongs to no case: dead letters, rejections."""
_CACHED = 4096
_KEYS = select(case_keys.c.case_token, case_keys.c.wrapped).where(case_keys.c.case_token.in_(bindparam("tokens", expanding=True)))


class Vault:
    """Seals and opens payloads. Not thread-safe: one per thread that uses the store."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(master_key)
        self._keys: OrderedDict[str, AESGCM] = OrderedDict()

    def seal(self, connection: Connection, case_token: str, plain: bytes) -> bytes:
        """Nonce and ciphertext of `plain` under the case's key, which is made at its first use."""
        nonce = os.urandom(12)
        return nonce + self._key(connection, case_token, make=True).encrypt(nonce, plain, None)

    def open(self, connection: Connection, case_token: str, sealed: bytes) -> bytes:
        """The payload again. Raises KeyError once the case has been erased, even if something new was sealed for it since."""
        key = self._key(connection, case_token, make=False)
        try:
            return key.decrypt(sealed[:12], sealed[12:], None)
        except InvalidTag:
            raise KeyError(case_token) from None

    def forget(self) -> None:
        """Drop cached keys: after a rollback a key made in it does not exist."""
        self._keys.clear()

    def prepare(self, connection: Connection, case_tokens: Collection[str]) -> None:
        """Have the keys of these cases at hand, in two statements: read those that exist, make the others."""
        missing = [token for token in case_tokens if token not in self._keys]
        if missing:
            self._read(connection, missing)
            self._make(connection, [token for token in missing if token not in self._keys])

    def _key(self, connection: Connection, case_token: str, *, make: bool) -> AESGCM:
        if case_token not in self._keys:
            self._read(connection, [case_token])
        if make and case_token not in self._keys:
            self._make(connection, [case_token])
        return self._keys[case_token]

    def _read(self, connection: Connection, case_tokens: Collection[str]) -> None:
        for token, wrapped in connection.execute(_KEYS, {"tokens": [*case_tokens]}):
            self._remember(token, self._master.decrypt(wrapped[:12], wrapped[12:], token.encode()))

    def _make(self, connection: Connection, case_tokens: Collection[str]) -> None:
        rows = []
        for token in case_tokens:
            raw, nonce = os.urandom(32), os.urandom(12)
            rows.append({"case_token": token, "wrapped": nonce + self._master.encrypt(nonce, raw, token.encode())})
            self._remember(token, raw)
        if rows:
            connection.execute(case_keys.insert(), rows)

    def _remember(self, case_token: str, raw: bytes) -> None:
        self._keys[case_token] = AESGCM(raw)
        if len(self._keys) > _CACHED:
            self._keys.popitem(last=False)
