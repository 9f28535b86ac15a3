"""`liandong store`: the hub's store, for whoever operates it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.settings import Settings, read_settings

app = typer.Typer(no_args_is_help=True, help="The hub's store / 存储:状态、升级、备份、恢复")
Config = Annotated[Path, typer.Option(help="The hub's settings file.")]
DEFAULT = Path("config/hub.toml")


@app.command("status")
def show_status(config: Config = DEFAULT, json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """What the store holds, and whether this program can work on it; safe while the hub runs.

    Example: liandong store status --config config/hub.toml
    """
    from hub.recovery.status import read

    status = read(read_settings(config).store_at())
    if json_:
        typer.echo(json.dumps(status))
        return
    for name, value in status.items():
        typer.echo(f"{name:<12} {value}")
    if status["schema"] != status["program"]:
        typer.echo("版本不同,启动时自动升级,或运行 liandong store migrate / another schema: it is brought forward at the next start, "
                   "or by `liandong store migrate`", err=True)  # fmt: skip


@app.command("migrate")
def migrate(config: Config = DEFAULT) -> None:
    """Bring the store forward to this program's schema, with its data; a SQLite file is copied beside itself first.

    The hub does the same when it starts. Example: liandong store migrate --config config/hub.toml
    """
    from hub.recovery.status import read
    from hub.store.database import Database

    settings = _with_logs(config)
    where = settings.store_at()
    before = read(where)["schema"]
    Database(where).close()
    typer.echo(f"存储版本 / schema: {before} → {read(where)['schema']}", err=True)


def _with_logs(config: Path) -> Settings:
    from hub.telemetry import configure_logs

    settings = read_settings(config)
    configure_logs(settings.log_level, settings.party)
    return settings
