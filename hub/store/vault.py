"""Payloads encrypted with a key per case, so that a case can be erased by destroying one key.

AES-256-GCM. Case keys are random, and stored wrapped by a master key that never stands in the store.
"""

import os
from collections import OrderedDict

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, select

from hub.store.tables import case_keys

NO_CASE = "0" * 32
"""The token for what belongs to no case: dead letters, rejections."""
_CACHED = 4096


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
        """The payload again. Raises KeyError once the case has been erased."""
        return self._key(connection, case_token, make=False).decrypt(sealed[:12], sealed[12:], None)

    def forget(self) -> None:
        """Drop cached keys: after a rollback a key made in it does not exist."""
        self._keys.clear()

    def _key(self, connection: Connection, case_token: str, *, make: bool) -> AESGCM:
        key = self._keys.get(case_token)
        if key is None:
            wrapped = connection.scalar(select(case_keys.c.wrapped).where(case_keys.c.case_token == case_token))
            context = case_token.encode()
            if wrapped is not None:
                raw = self._master.decrypt(wrapped[:12], wrapped[12:], context)
            elif make:
                raw, nonce = os.urandom(32), os.urandom(12)
                row = {"case_token": case_token, "wrapped": nonce + self._master.encrypt(nonce, raw, context)}
                connection.execute(case_keys.insert(), row)
            else:
                raise KeyError(case_token)
            key = self._keys[case_token] = AESGCM(raw)
            if len(self._keys) > _CACHED:
                self._keys.popitem(last=False)
        return key
