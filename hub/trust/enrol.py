"""Enrolment: give every party of a directory a key pair, and write the directory that holds the public halves.

For demonstrations, tests and first set-ups. In earnest each party makes its own pair and sends in the public half; what
counts is the entry in the log, which `hub.bootstrap` writes for each key.
"""

import json
import secrets
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

from hub.trust import keys
from schemas.base import CHINA


def enrol(profiles: Path, out: Path, *, now: datetime | None = None, years: int = 2) -> None:
    """Read `profiles/*.toml` and write `out/parties/<id>.toml` with a new key each, `out/jwks.json`, and private files
    `out/keys/<id>.jwk`, `out/keys/log.jwk`, `out/keys/<id>.secret`, and for each officer `out/keys/officers/<permit>.jwk`
    (mode 0600). Keys there already are kept.

    A key is valid from a day before `now`, so that a sender's slow clock does no harm, for `years` years.
    """
    start = (now or datetime.now(CHINA)) - timedelta(days=1)
    end = start + timedelta(days=365 * years)
    for folder in ("parties", "keys", "keys/officers"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    (out / "keys").chmod(0o700)
    jwks = []
    for profile in sorted(profiles.glob("*.toml")):
        party = profile.stem
        private = out / "keys" / f"{party}.jwk"
        if not private.exists():
            keys.save(keys.generate(f"{party}.{start:%Y%m}"), private)
        pair = keys.load(private)
        jwk = pair.public_jwk()
        jwks.append(jwk)
        _secret(out / "keys" / f"{party}.secret")
        target = out / "parties" / profile.name
        if not target.exists():
            key = (
                f'\n[[keys]]\nkid = "{pair.kid}"\nx = "{jwk["x"]}"\n'
                f"valid_from = {start.isoformat(timespec='seconds')}\nvalid_until = {end.isoformat(timespec='seconds')}\n"
            )
            text = profile.read_text(encoding="utf-8")
            target.write_text(text + key + _officer_keys(text, out / "keys" / "officers", start), encoding="utf-8")
    log = out / "keys" / "log.jwk"
    if not log.exists():
        keys.save(keys.generate("liandong.example/log"), log)
    (out / "jwks.json").write_text(json.dumps({"keys": jwks}, indent=2) + "\n", encoding="utf-8")


def _officer_keys(profile: str, folder: Path, start: datetime) -> str:
    """The public halves of the officers in a court's profile; an officer's private half is the officer's alone."""
    lines = ""
    for officer in tomllib.loads(profile).get("officers", []):
        private = folder / f"{officer['work_permit']}.jwk"
        if not private.exists():
            keys.save(keys.generate(f"{officer['work_permit']}.{start:%Y%m}"), private)
        pair = keys.load(private)
        lines += f'\n[[officer_keys]]\npermit = "{officer["work_permit"]}"\nkid = "{pair.kid}"\nx = "{pair.public_jwk()["x"]}"\n'
    return lines


def password_for(folder: Path, party: str) -> str:
    """The Kafka password in `folder/<party>.password`, made there (mode 0600) if it is not."""
    path = folder / f"{party}.password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _secret(path: Path) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
