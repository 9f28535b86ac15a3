"""`liandong store`: the hub's store, for whoever operates it."""

import asyncio
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


@app.command("backup")
def make_backup(
    out: Annotated[Path, typer.Option(help="The backup's folder; it must not exist yet.")],
    config: Config = DEFAULT,
) -> None:
    """Copy the store and the audit log's directory as of one moment, while the hub runs. PostgreSQL is read by pg_dump, which must be
    installed. Keys and settings are not in it.

    Example: liandong store backup --config config/hub.toml --out /backup/hub-2026-11-28
    """
    from hub.recovery.backup import backup

    size = backup(read_settings(config), out)
    typer.echo(f"备份完成,日志 {size} 条 / {out} holds the store and a log of {size} entries", err=True)


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Option("--from", help="A backup's folder.")],
    config: Config = DEFAULT,
) -> None:
    """Put a backup back, and take over what the hub has said and signed since (see `adopt`). The hub must not run; the present store is
    kept aside, the log's directory is left as it is unless it is behind the backup's.

    A PostgreSQL store is put back before, into an empty schema, with every hub ended: pg_restore --no-owner --dbname=… FOLDER/store.dump

    Example: liandong store restore --config config/hub.toml --from /backup/hub-2026-11-28
    """
    from hub.recovery.backup import put_back

    settings = _with_logs(config)
    aside = put_back(settings, source)
    if aside is not None:
        typer.echo(f"原存储留存于 / the store that was here is kept as {aside}", err=True)
    _adopt(settings)


@app.command("adopt")
def adopt_what_stands(config: Config = DEFAULT) -> None:
    """Bring a store that was set back up to what the hub's topics, its checkpoints and its log's directory show: everything that a
    checkpoint covers is decided again as it was, and nothing is said twice in other words. The hub must not run. Doing it again
    changes nothing.

    Example: liandong store adopt --config config/hub.toml
    """
    _adopt(_with_logs(config))


@app.command("rebuild-log")
def rebuild_log(config: Config = DEFAULT) -> None:
    """Make the audit log's directory anew from the store, which holds every entry, when files of it are torn or lost. The old one is
    kept aside. The hub must not run.

    Example: liandong store rebuild-log --config config/hub.toml
    """
    from hub.recovery.rebuild import rebuild

    size, aside = rebuild(_with_logs(config))
    typer.echo(f"日志目录已重建,{size} 条 / the log's directory is made anew, {size} entries" + (f"; {aside}" if aside else ""), err=True)


def _adopt(settings: Settings) -> None:
    from hub.recovery.adopt import adopt

    done = asyncio.run(adopt(settings))
    typer.echo(f"日志 {done.before} → {done.size} 条,重新认定 {done.entries} 条 / the log went from {done.before} to {done.size} entries, "
               f"{done.entries} decided again as they were", err=True)  # fmt: skip
    if done.records:
        typer.echo(f"另有 {done.records} 条记录无日志可依,按主题中已发消息重新认定 / {done.records} records that no entry is left of were decided as "
                   "of when the topics show that they had been", err=True)  # fmt: skip
    if done.standing:
        typer.echo(f"另有 {done.standing} 条已发消息待运行后对应 / {done.standing} more messages stand in the topics; the hub takes them over "
                   "as it decides on their causes", err=True)  # fmt: skip
    if done.orders:
        places = ", ".join(map(str, done.orders))
        typer.echo(f"以下异常消息处理命令须重新下达(日志位置)/ these orders about dead letters must be given again (places in the log): "
                   f"{places}", err=True)  # fmt: skip


def _with_logs(config: Path) -> Settings:
    from hub.telemetry import configure_logs

    settings = read_settings(config)
    configure_logs(settings.log_level, settings.party)
    return settings
