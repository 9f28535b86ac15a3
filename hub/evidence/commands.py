"""`liandong evidence`: export a request's bundle or a whole case for referral, and verify either.

Exit codes: 0 done, or verified · 1 not verified, or it cannot be made · 2 wrong usage, or the file or key is unreadable.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub.trust.notes import NoteVerifier

app = typer.Typer(no_args_is_help=True, help="Evidence bundles / 证据包")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The bundle, or a referral (ZIP).")],
    log_key: Annotated[str | None, typer.Option(help="The log's verifier key, or a file with it, from a source you trust.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Verify a bundle or a referral offline, from its bytes alone. Without --log-key only its inner consistency is proven.

    Example: liandong evidence verify bundle.zip --log-key log.vkey
    """
    from hub.evidence.archive import LARGEST
    from hub.evidence.referral import is_referral, verify_referral
    from hub.evidence.verify import verify_bundle

    log = None if log_key is None else _log_key(log_key)
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise _unusable(f"bundle-unreadable: {file} cannot be read: {error.strerror}") from error
    report = verify_referral(data, log) if is_referral(data) else verify_bundle(data, log)
    typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else "\n".join(report.lines()))
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def export(
    request_id: Annotated[str, typer.Argument(help="The court's request id.")],
    out: Annotated[Path, typer.Option(help="Where to write the bundle; an existing file is not overwritten.")],
    data_dir: Annotated[Path | None, typer.Option(help="The hub's data folder, if not that of the settings.")] = None,
    court: Annotated[str | None, typer.Option(help="The court, where two use the same id.")] = None,
    config: Annotated[Path, typer.Option(help="The hub's settings file.")] = Path("config/hub.toml"),
) -> None:
    """Export a request's bundle from the hub's files, beside a running hub. For operators: the log does not show this read.

    Example: liandong evidence export 0b1c… --out bundle.zip
    """
    from hub.evidence.offline import export_offline
    from hub.settings import read_settings

    _write(out, export_offline(read_settings(config), request_id, court=court, data_dir=data_dir))


@app.command()
def referral(
    case: Annotated[str, typer.Option(help="The case number.")],
    out: Annotated[Path, typer.Option(help="Where to write the referral; an existing file is not overwritten.")],
    data_dir: Annotated[Path | None, typer.Option(help="The hub's data folder, if not that of the settings.")] = None,
    config: Annotated[Path, typer.Option(help="The hub's settings file.")] = Path("config/hub.toml"),
) -> None:
    """Export all requests of a case in one signed archive, for the referral of refusal to enforce (拒执罪移送). For operators: the
    log does not show this read.

    Example: liandong evidence referral --case （2026）粤9901执123号 --out referral.zip
    """
    from hub.evidence.offline import export_referral
    from hub.settings import read_settings

    _write(out, export_referral(read_settings(config), case, data_dir=data_dir))


def _write(out: Path, data: bytes) -> None:
    try:
        with open(out, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:  # it holds personal data
            file.write(data)
    except OSError as error:
        raise _unusable(f"out-unwritable: {out} cannot be written: {error.strerror}") from error
    typer.echo(f"离线导出,此次读取未记入审计日志 / exported offline: the audit log does not show this read\n{out}", err=True)


def _log_key(given: str) -> "NoteVerifier":
    """The key that the caller trusts, or that stands in the file of this name."""
    from hub.trust.errors import NoteError
    from hub.trust.notes import NoteVerifier

    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else given
        return NoteVerifier.parse(text.strip())
    except (OSError, ValueError, NoteError) as error:
        raise _unusable(f"log-key-unusable: {given[:200]!r} is neither a verifier key nor a file with one") from error


def _unusable(message: str) -> typer.Exit:
    typer.echo(f"liandong: {message}", err=True)
    return typer.Exit(2)
