"""`liandong connector …`: run a partner's connector, and see its jobs."""

import asyncio
from pathlib import Path
from typing import Annotated

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


@app.command("jobs")
def show_jobs(config: Config) -> None:
    """How many jobs there are of each status, and the tasks that need a person. Works while the connector runs.

    Example: liandong connector jobs --config connector-bank.toml
    """
    from connectors import jobs
    from connectors.bootstrap import ConnectorSettings
    from hub.store.database import open_readonly

    settings = ConnectorSettings.read(config)
    with open_readonly(settings.data_dir / f"{settings.party}.db") as connection:
        for status, number in sorted(jobs.counts(connection).items()):
            typer.echo(f"{status}\t{number}")
        for task_id, fault in jobs.manual(connection):
            typer.echo(f"manual\t{task_id}\t{fault}")
