"""An operator's export from the hub's files, beside a running hub. It writes nothing, so the log does not show this read;
the manifest says so."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from hub.config import load_calendar
from hub.engine.clock import now_micros
from hub.engine.compose import Composer
from hub.evidence.errors import EvidenceError
from hub.evidence.export import export_bundle, find_request, requests_in_case
from hub.evidence.referral import build_referral
from hub.settings import Secrets, Settings
from hub.store.database import open_readonly
from hub.store.vault import Vault
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.parties import Directory
from schemas.base import from_micros
from schemas.identifiers import case_number


def export_offline(
    settings: Settings, request_id: str, *, court: str | None = None, data_dir: Path | None = None
) -> bytes:
    """The bundle of a court's request. Raises as `find_request`, `export_bundle` and `load_calendar` do."""
    folder = data_dir or settings.data_dir
    with open_readonly(settings.store_at(data_dir)) as connection:
        export = _exporter(settings, folder, connection, Signer(keys.load(settings.signing_key)), now_micros())
        return export(key=find_request(connection, request_id, court))


def export_referral(settings: Settings, case: str, *, data_dir: Path | None = None) -> bytes:
    """The referral of the case with this number: a bundle of every request in it, whichever court made it.

    Raises `EvidenceError`: case-number-wrong, case-unknown; and as `export_bundle` and `load_calendar` do.
    """
    try:
        number = case_number(case)
    except ValueError as error:
        raise EvidenceError("case-number-wrong", str(error)) from error
    folder, signer, now = data_dir or settings.data_dir, Signer(keys.load(settings.signing_key)), now_micros()
    token = Composer(settings.party, signer, Secrets.read(settings.secret_file).tokens).token("case", number)
    with open_readonly(settings.store_at(data_dir)) as connection:
        export = _exporter(settings, folder, connection, signer, now)
        bundles = [export(key=key) for key in requests_in_case(connection, token)]
    if not bundles:
        raise EvidenceError("case-unknown", "the store has no request in this case; check the number and the data folder")
    return build_referral(number, bundles, hub=settings.party, made_at=from_micros(now), signer=signer)


def _exporter(settings: Settings, folder: Path, connection: Connection, signer: Signer, now: int) -> Callable[..., bytes]:
    """`export_bundle` over the hub's files; what is left to say is the request's key."""
    return partial(
        export_bundle, connection, Vault(Secrets.read(settings.secret_file).master), Directory.load(settings.parties_dir),
        load_calendar(settings.config_dir), folder / "log", hub=settings.party, signer=signer, now=now, export="operator-offline",
    )  # fmt: skip
