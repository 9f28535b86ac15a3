"""An operator's export from the hub's files, beside a running hub. It writes nothing, so the log does not show this read;
the manifest says so."""

from pathlib import Path

from hub.config import load_calendar
from hub.engine.processor import now_micros
from hub.evidence.export import export_bundle, find_request
from hub.settings import Secrets, Settings
from hub.store.database import open_readonly
from hub.store.vault import Vault
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.parties import Directory


def export_offline(
    settings: Settings, request_id: str, *, court: str | None = None, data_dir: Path | None = None
) -> bytes:
    """The bundle of a court's request. Raises as `find_request`, `export_bundle` and `load_calendar` do."""
    folder = data_dir or settings.data_dir
    with open_readonly(folder / "hub.db") as connection:
        return export_bundle(
            connection, Vault(Secrets.read(settings.secret_file).master), Directory.load(settings.parties_dir),
            load_calendar(settings.config_dir), folder / "log", key=find_request(connection, request_id, court), hub=settings.party,
            signer=Signer(keys.load(settings.signing_key)), now=now_micros(), export="operator-offline",
        )  # fmt: skip
