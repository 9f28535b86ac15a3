"""`liandong connector …`: run a partner's connector, and see its jobs."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="Connectors of partners / 协同单位连接器")
Config = Annotated[Path, typer.Option(help="The connector's settings file.")]


@app.command("run")
def run(config: Config) -> None:
    """Run one partner's connector until Ctrl-C.

    Example: liandong connector run --config connector-bank.toml
    """
    from connectors.bootstrap import ConnectorSettings, run_connector
    from hub.telemetry import configure_logs

    settings = ConnectorSettings.read(config)
    configure_logs(settings.log_level, settings.party)
    asyncio.run(run_connector(settings))


@app.command("backup")
def make_backup(
    out: Annotated[Path, typer.Option(help="The backup's folder; it must not exist yet.")],
    config: Config,
) -> None:
    """Copy the connector's store as of one moment, while it runs. PostgreSQL is read by pg_dump, which must be installed. Keys and
    settings are not in it.

    Example: liandong connector backup --config connector-bank.toml --out /backup/bank-2026-11-28
    """
    from connectors.bootstrap import ConnectorSettings
    from connectors.restored import back_up

    back_up(ConnectorSettings.read(config).store_at(), out)
    typer.echo(f"备份完成 / {out} holds the store", err=True)


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Option("--from", help="A backup's folder.")],
    config: Config,
) -> None:
    """Put a backup back. The connector must not run; the present store is kept aside. Nothing is repeated at the partner: at its next
    start the connector finds out, as its protocol says, what became of all that was open then or came since, or leaves it to a person.

    A PostgreSQL store is put back before, into an empty schema: pg_restore --no-owner --dbname=… FOLDER/store.dump

    Example: liandong connector restore --config connector-bank.toml --from /backup/bank-2026-11-28
    """
    from connectors.bootstrap import ConnectorSettings
    from connectors.restored import put_back
    from hub.telemetry import configure_logs

    settings = ConnectorSettings.read(config)
    configure_logs(settings.log_level, settings.party)
    aside = put_back(settings.store_at(), source)
    if aside is not None:
        typer.echo(f"原存储留存于 / the store that was here is kept as {aside}", err=True)
    typer.echo("已恢复,下次启动时逐一核实 / restored; what became of everything is found out at the next start", err=True)


@app.command("jobs")
def show_jobs(config: Config) -> None:
    """How many jobs there are of each status, which tasks need a person, and which wait for another on the same asset.

    Works while the connector runs.

    Example: liandong connector jobs --config connector-bank.toml
    """
    from connectors import jobs
    from connectors.bootstrap import ConnectorSettings
    from hub.store.database import open_readonly

    settings = ConnectorSettings.read(config)
    with open_readonly(settings.store_at()) as connection:
        for status, number in sorted(jobs.counts(connection).items()):
            typer.echo(f"{status}\t{number}")
        for task_id, fault in jobs.manual(connection):
            typer.echo(f"manual\t{task_id}\t{fault}")
        for task_id, earlier, status in jobs.waiting(connection):
            typer.echo(f"waits\t{task_id}\t等待同一财产的先前任务 / waits for {earlier} on the same asset ({status})")


ManualTask = Annotated[str, typer.Argument(help="A task that `connector jobs` lists as manual.")]


@app.command("retry")
def retry(task_id: ManualTask, config: Config) -> None:
    """Give a job that waits for a person back to the connector. Stop the connector first.

    One that was called before is first recovered as its protocol says, so that nothing is carried out twice.

    Example: liandong connector retry 6f0c… --config connector-bank.toml
    """
    _by_hand(task_id, config, "job.retried")


@app.command("close")
def close(task_id: ManualTask, config: Config) -> None:
    """Close a job that a person has settled with the partner by hand. Stop the connector first.

    The connector calls and says nothing more of it, and later tasks on the same asset go on. Tell the court what became of it:
    it gets no reply, but the signed silence at the deadline.

    Example: liandong connector close 6f0c… --config connector-bank.toml
    """
    _by_hand(task_id, config, "job.closed")


def _by_hand(task_id: str, config: Path, decided: Literal["job.retried", "job.closed"]) -> None:
    from connectors.bootstrap import ConnectorSettings, settle_by_hand

    status = settle_by_hand(ConnectorSettings.read(config), task_id, decided)
    if status is None:
        typer.echo(f"job-not-manual: 没有待人工处理的任务 / no job waits for a person under {task_id}; "
                   "see `liandong connector jobs`", err=True)  # fmt: skip
        raise typer.Exit(1)
    typer.echo(f"{status}\t{task_id}")
