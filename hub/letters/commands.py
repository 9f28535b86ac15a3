"""`liandong dead-letters`: what could not be taken in or carried out; replay or discard it by a signed order to the running hub.

Exit codes: 0 done, or nothing was left to do · 1 refused or dead again, or the hub does not answer · 2 wrong usage or settings.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from hub.settings import Settings
from hub.store.letters import Letter

app = typer.Typer(no_args_is_help=True, help="Dead letters / 异常消息(死信)")

_EXIT_CODES = "退出码 exit codes: 0 done, or nothing left to do · 1 refused, dead again, no hub · 2 usage or settings"
Config = Annotated[Path, typer.Option(help="The hub's settings file.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines for programs.")]
Letters = Annotated[list[str] | None, typer.Argument(metavar="[LETTER]...", help="Letters, by the ids that `list --group` shows.")]
OneGroup = Annotated[str | None, typer.Option("--group", help="All dead letters of this group, oldest first.")]
Operator = Annotated[str, typer.Option(help="Your staff number (capitals, digits, hyphens), never a name.")]
Reason = Annotated[str, typer.Option(help="Why; the hub keeps it, encrypted, with the signed order.")]
Key = Annotated[Path | None, typer.Option("--key", envvar="LIANDONG_OPERATOR_KEY",
                help="Your own private key (JWK); needed once the party directory has operators.")]  # fmt: skip
DryRun = Annotated[bool, typer.Option("--dry-run", help="The hub tries it, undoes it, and says what would come of it.")]
PerSecond = Annotated[float, typer.Option(min=0.01, max=1000, help="Most letters a second.")]
_CONFIG = Path("config/hub.toml")
_PERMIT = re.compile(r"[A-Z0-9-]{4,32}")


@app.command("list", epilog=_EXIT_CODES)
def list_letters(
    config: Config = _CONFIG,
    group: Annotated[str | None, typer.Option(help="The letters of this group, one by one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are done or discarded, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Dead letters by what they have in common: class, stage, code, party, type; how many of each state, the first and the last.

    Works while the hub runs, or does not.

    Examples:

    liandong dead-letters list

    liandong dead-letters list --group 5f3a91c07e --json
    """
    from hub.letters import view
    from hub.rules.letters import OPEN, LetterState
    from hub.settings import read_settings
    from hub.store import letters

    states = tuple(LetterState) if everything else OPEN
    with _store(read_settings(config)) as connection:
        if group is None:
            lines = [view.group_json(each) if as_json else view.group_line(each) for each in letters.groups(connection, states)]
        else:
            found = view.find_group(connection, group, states)
            lines = [view.letter_json(each) if as_json else view.letter_line(each) for each in found]
    for line in lines:
        typer.echo(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False))
    if not lines and not as_json:
        typer.echo("没有待处理的异常消息 / no such dead letters", err=True)


@app.command(epilog=_EXIT_CODES)
def show(
    letter: Annotated[str, typer.Argument(help="A letter's id.")],
    config: Config = _CONFIG,
    reveal: Annotated[bool, typer.Option("--reveal", help="With --officer and --reason: its content in clear.")] = False,
    officer: Annotated[str | None, typer.Option(help="With --reveal: the work permit of who reads.")] = None,
    reason: Annotated[str | None, typer.Option(help="With --reveal: why; the hub keeps a record of it (查阅留痕).")] = None,
    key: Key = None,
) -> None:
    """One letter as JSON: its headers, what was ordered about it, and its content masked. In clear only after the running hub has
    put the read into the log.

    Examples:

    liandong dead-letters show 4711

    liandong dead-letters show 4711 --reveal --officer YW-0007 --reason 核查签名失败原因
    """
    from hub.letters import view
    from hub.settings import Secrets, read_settings
    from hub.store import letters
    from hub.store.vault import Vault

    settings = read_settings(config)
    with _store(settings) as connection:
        found = letters.find(connection, letter)
    if found is None:
        raise _failed(f"letter-unknown: 无此异常消息 / no letter {letter!r}; see `liandong dead-letters list`")
    if reveal:
        if not (officer and reason):
            raise typer.BadParameter("say who reads and why: --officer and --reason", param_hint="--reveal")
        if _order(settings, "reveal", [letter], officer, reason, key, per_second=1, dry_run=False, as_json=False, quiet=True):
            raise typer.Exit(1)
    with _store(settings) as connection:
        told = view.shown(connection, Vault(Secrets.read(settings.secret_file).master), letters.find(connection, letter) or found, reveal=reveal)
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))


@app.command(epilog=_EXIT_CODES)
def replay(
    operator: Operator, reason: Reason,
    chosen: Letters = None, group: OneGroup = None,
    partner: Annotated[str | None, typer.Option(help="Only letters whose replay goes to this partner; `hub`: only those that the hub reads again.")] = None,
    key: Key = None, dry_run: DryRun = False, per_second: PerSecond = 5.0, as_json: AsJson = False, config: Config = _CONFIG,
) -> None:  # fmt: skip
    """Let the running hub read a record again as it came, or send a silent task to its partner, and to no other, again.

    Same id, same bytes. A letter replayed twice is done once; what is done, discarded or expired is left alone, with a word why.

    Examples:

    liandong dead-letters replay 4711 --operator YW-0007 --reason 密钥已登记 --dry-run

    liandong dead-letters replay --group 5f3a91c07e --partner bank --per-second 2 --operator YW-0007 --reason 银行系统已恢复
    """
    _carry_out("replay", chosen, group, partner, operator, reason, key, dry_run, per_second, as_json, config)


@app.command(epilog=_EXIT_CODES)
def discard(
    operator: Operator, reason: Reason,
    chosen: Letters = None, group: OneGroup = None, key: Key = None, dry_run: DryRun = False, per_second: PerSecond = 50.0,
    as_json: AsJson = False, config: Config = _CONFIG,
) -> None:  # fmt: skip
    """Give letters up for good. Their bytes and the reason are kept; they can never be replayed.

    Example: liandong dead-letters discard 4711 --operator YW-0007 --reason 发送方已另行重发
    """
    _carry_out("discard", chosen, group, None, operator, reason, key, dry_run, per_second, as_json, config)


def _carry_out(
    action: Literal["replay", "discard"], chosen: list[str] | None, group: str | None, partner: str | None, operator: str,
    reason: str, key: Path | None, dry_run: bool, per_second: float, as_json: bool, config: Path,
) -> None:  # fmt: skip
    from hub.letters import view
    from hub.rules.letters import LetterState
    from hub.settings import read_settings
    from hub.store import letters

    if bool(chosen) == bool(group):
        raise typer.BadParameter("name letters, or one --group")
    settings = read_settings(config)
    with _store(settings) as connection:
        if group:
            found: list[tuple[str, Letter | None]] = [(each.id, each) for each in view.find_group(connection, group, [LetterState.DEAD])]
        else:
            found = [(each, letters.find(connection, each)) for each in dict.fromkeys(chosen or ())]
    ids = [name for name, letter in found if partner is None or (letter is not None and (letter.partner or "hub") == partner)]
    if not ids:
        raise _failed("letter-unknown: 没有可处理的异常消息 / no such dead letters; see `liandong dead-letters list`")
    raise typer.Exit(_order(settings, action, ids, operator, reason, key, per_second=per_second, dry_run=dry_run, as_json=as_json))


def _order(
    settings: Settings, action: Literal["replay", "discard", "reveal"], ids: list[str], operator: str, reason: str, key: Path | None, *,
    per_second: float, dry_run: bool, as_json: bool, quiet: bool = False,
) -> int:  # fmt: skip
    """Send the orders and say what came of each; 1 if any was not well."""
    from pydantic import ValidationError

    from hub.letters.client import Client
    from hub.letters.words import OUTCOMES, words_for

    async def main() -> int:
        worst = 0
        async for told in client.send(action, ids, per_second=per_second, dry_run=dry_run):
            fine = OUTCOMES[told["code"]].fine
            worst = worst if fine else 1
            if quiet and fine:
                continue
            if as_json:
                typer.echo(json.dumps(told | {"dry_run": dry_run}, ensure_ascii=False))
            else:
                more = "".join(f" ({each})" for each in (told["partner"], told["died_of"]) if each)
                typer.echo(f"{'[dry-run] ' if dry_run else ''}{told['letter']}  {told['code']}{more}  {words_for(told['code'])}", err=quiet)
        return worst

    client = Client.of(settings, operator, reason, key)
    if not _PERMIT.fullmatch(operator):
        raise typer.BadParameter("a staff number has 4 to 32 capitals, digits and hyphens; a name does not belong here")
    try:
        return asyncio.run(main())
    except ValidationError as error:
        raise typer.BadParameter(f"{error.errors(include_url=False, include_input=False)[0]['loc'][0]} is not as it must be") from error


@contextmanager
def _store(settings: Settings) -> Iterator[Connection]:
    from hub.store.database import open_readonly

    with open_readonly(settings.store_at()) as connection:
        yield connection


def _failed(message: str) -> Any:
    typer.echo(f"liandong: {message}", err=True)
    return typer.Exit(1)
