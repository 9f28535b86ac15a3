"""`liandong`: one command surface. Data go to stdout, progress to stderr; connectors add their commands by entry points.

Exit codes: 0 done · 1 it failed, and the message says why · 2 wrong usage or settings.
"""

import asyncio
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated

import typer

from hub.bus.topics import QUOTA

app = typer.Typer(no_args_is_help=True, help="Liandong Hub (联动): inter-agency asset inquiry / 执行联动查控中心",
                  pretty_exceptions_enable=False)  # fmt: skip
keys_app = typer.Typer(no_args_is_help=True, help="Keys of parties / 密钥")
hub_app = typer.Typer(no_args_is_help=True, help="The hub itself / 中心")
bus_app = typer.Typer(no_args_is_help=True, help="Kafka: topics, users, access lists / 消息总线")
config_app = typer.Typer(no_args_is_help=True, help="Settings / 配置")
_COMMANDS = "liandong.commands"
"""The entry points by which connectors add their groups of commands."""
_GROUPS = {"bulletin": "bulletins", "evidence": "evidence", "dead-letters": "letters", "store": "recovery"}
"""Further groups of the hub's own, by the folder that has them."""


@hub_app.command("run")
def run_hub(
    config: Annotated[Path, typer.Option(help="The hub's settings file.")] = Path("config/hub.toml"),
) -> None:
    """Run the hub until Ctrl-C.

    Example: liandong hub run --config config/hub.toml
    """
    from hub.bootstrap import build_hub
    from hub.settings import read_settings
    from hub.telemetry import configure_logs

    settings = read_settings(config)
    configure_logs(settings.log_level, settings.party)

    async def main() -> None:
        await build_hub(settings).run()

    asyncio.run(main())


@keys_app.command("generate")
def generate_keys(
    out: Annotated[Path, typer.Option(help="Folder for parties/, keys/ and jwks.json.")],
    profiles: Annotated[Path, typer.Option(help="Party profiles without keys.")] = Path("config/parties"),
) -> None:
    """Make a key pair and a secret for every party, and the directory of the public halves. Keys there are kept.

    Example: liandong keys generate --out .local/hub
    """
    from hub.trust.enrol import enrol

    enrol(profiles, out)
    typer.echo(f"密钥已生成 / keys are in {out / 'keys'}, the directory in {out / 'parties'}", err=True)


@config_app.command("check")
def check_config(
    config: Annotated[Path, typer.Option(help="The hub's settings file.")] = Path("config/hub.toml"),
    connector: Annotated[list[Path] | None, typer.Option(help="A connector's file, to be held against the agreement; may be repeated.")] = None,
) -> None:
    """Read settings, parties, plan and agreements, and say whether they hold together; and whether connectors' files agree with them.

    Example: liandong config check --connector bank.toml
    """
    from hub.agreed import differences
    from hub.config import load_linkage, years_without_data
    from hub.engine.clock import now_micros
    from hub.settings import read_settings
    from hub.trust.parties import Directory

    settings = read_settings(config)
    directory = Directory.load(settings.parties_dir)
    linkage = load_linkage(settings.config_dir, settings.agreements_dir, directory)
    typer.echo(f"{len(directory.parties)} parties, {len(linkage.routes)} routes, {len(linkage.agreements)} agreements, "
               f"plan {linkage.sha256[:12]}")  # fmt: skip
    if missing := ", ".join(map(str, years_without_data(linkage))):
        typer.echo(f"日历缺 {missing} 年节假日安排,届时仅按周末计算 / no notice of public holidays is entered for {missing}: weekends "
                   f"alone count there; enter it in {settings.config_dir / 'calendar'}", err=True)  # fmt: skip
    found = [line for file in connector or [] for line in differences(linkage, directory, file, now_micros())]
    for line in found:
        typer.echo(line, err=True)
    if found:
        raise typer.Exit(1)


@bus_app.command("provision")
def provision_bus(
    username: Annotated[str, typer.Option(help="An administrator of the cluster.")],
    password_file: Annotated[Path, typer.Option(help="File with that administrator's password.")],
    bootstrap_servers: Annotated[str, typer.Option(help="Where Kafka is.")] = "127.0.0.1:9092",
    parties: Annotated[Path, typer.Option(help="The party directory.")] = Path(".local/hub/parties"),
    passwords: Annotated[Path, typer.Option(help="Folder for <party>.password; those there are kept.")] = Path(".local/hub/keys"),
    prefix: Annotated[str, typer.Option(help="Stands before every topic's name.")] = "",
    replication_factor: Annotated[int, typer.Option(help="Copies of each topic; from 3 on, two must be in sync.")] = 1,
    ca_file: Annotated[Path | None, typer.Option(help="Kafka's certificate authority: connect with TLS.")] = None,
    allow_unencrypted: Annotated[bool, typer.Option(help="Reach another machine without TLS.")] = False,
    quota: Annotated[int, typer.Option(min=0, help="Bytes a second that each agency may write to each broker; 0: no limit.")] = QUOTA,
) -> None:
    """Make the topics, a SCRAM user for every party, their quotas, and the access lists. Doing it again changes nothing.

    Example: liandong bus provision --username admin --password-file admin.password --ca-file ca.pem --replication-factor 3
    """
    from hub.bus.admin import provision
    from hub.bus.connection import Connection
    from hub.bus.topics import Plan
    from hub.trust.enrol import password_for
    from hub.trust.parties import Directory, Role

    directory = Directory.load(parties)
    courts, partners = (tuple(party.id for party in directory.with_role(role)) for role in (Role.COURT, Role.PARTNER))
    (hub,) = (party.id for party in directory.with_role(Role.HUB))
    plan = Plan(courts, partners, prefix, replication_factor, hub, quota)
    password = password_file.read_text(encoding="utf-8").strip()
    admin = Connection(bootstrap_servers, username, password, "SASL_SSL" if ca_file else "SASL_PLAINTEXT", prefix, ca_file,
                       allow_unencrypted)  # fmt: skip
    provision(admin, plan, {party: password_for(passwords, party) for party in plan.parties})
    typer.echo(f"{len(plan.topics)} topics, {len(plan.parties)} users, {len(plan.access)} permissions", err=True)


app.add_typer(hub_app, name="hub")
app.add_typer(bus_app, name="bus")
app.add_typer(keys_app, name="keys")
app.add_typer(config_app, name="config")


def _add_commands(wanted: str | None) -> None:
    """The group that is `wanted`, unless it is there; all of them where it is none of ours. Each takes time to load."""
    if wanted in {group.name for group in app.registered_groups}:
        return
    ours = [EntryPoint(name, f"hub.{folder}.commands:app", _COMMANDS) for name, folder in _GROUPS.items()]
    others = sorted(entry_points(group=_COMMANDS), key=lambda entry: entry.name)
    groups = {entry.name: entry for entry in (*ours, *others)}
    for entry in [groups[wanted]] if wanted in groups else groups.values():
        app.add_typer(entry.load(), name=entry.name)


def main() -> None:
    """The console script: known errors become one line, never a traceback."""
    from hub.bus.connection import BusError
    from hub.settings import ConfigError
    from hub.store.errors import StoreError
    from hub.trust.errors import TrustError
    from hub.trust.parties import DirectoryError

    _add_commands(sys.argv[1] if len(sys.argv) > 1 else None)
    try:
        app()
    except* (BusError, ConfigError, StoreError, TrustError, DirectoryError, OSError) as group:
        errors: list[BaseException] = list(group.exceptions)
        while errors and isinstance(errors[0], BaseExceptionGroup):
            errors = list(errors[0].exceptions)
        typer.echo(f"liandong: {errors[0]}", err=True)
        sys.exit(2 if isinstance(errors[0], ConfigError | DirectoryError) else 1)
