"""`liandong court …`: a court submits drafts and reads results. Data go to stdout, progress to stderr.

Exit codes: 0 done · 1 it failed, and the message says why · 2 wrong usage, settings or draft · 3 the hub refused a request
or could not take it in (with --wait) · 4 a request is not concluded in time (with --wait) · 5 something read did not verify.
"""

import asyncio
import json
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.court.approvals import add_approval
from connectors.court.drafts import Draft, DraftError, read_drafts, reading_of, write_draft, write_private
from connectors.court.items import SentRequest
from connectors.court.sdk import CourtClient, CourtError
from connectors.court.show import drafted_in, json_of, line_of, outcome_of
from hub.settings import Settings, read_settings
from hub.telemetry import legible
from schemas.base import CHINA
from schemas.legal import Approval, Rank

app = typer.Typer(no_args_is_help=True, help="A court's requests and results / 法院端")

_EXIT_CODES = "退出码 exit codes: 0 ok · 1 failed · 2 usage, settings, draft · 3 refused · 4 not concluded in time · 5 not verified"
Config = Annotated[Path, typer.Option(help="The court's settings file: party, signing_key, secret_file, parties_dir, kafka.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines for programs.")]


@app.command(epilog=_EXIT_CODES)
def submit(
    file: Annotated[Path, typer.Argument(help="A JSON file with a draft, or a list of drafts.")],
    config: Config,
    as_json: AsJson = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the conclusion of each.")] = False,
    patience: Annotated[float, typer.Option(help="Longest wait for each, in seconds.")] = 120.0,
) -> None:
    """Sign and send requests, statements and decisions; all drafts are checked before the first is sent.

    Examples:

    liandong court submit config/samples/drafts/case-statement.json --config court.toml --wait

    liandong court submit config/samples/docket/drafts/inquiry.json --config court.toml --wait

    liandong court submit docket.json --config court.toml --json > sent.jsonl
    """
    try:
        drafts = read_drafts(file)
    except DraftError as error:
        typer.echo(f"liandong: {error}", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(asyncio.run(_submit(read_settings(config), drafts, as_json, patience if wait else None)))


async def _submit(settings: Settings, drafts: list[Draft], as_json: bool, patience: float | None) -> int:
    """Send all, then wait for all; the exit code is that of the worst."""
    worst = 0
    async with CourtClient(settings) as client:
        sent = []
        for draft in drafts:
            sent.append(await client.submit(draft))
            typer.echo(f"» 已送达 sent {draft.name}", err=True)
        for draft, request in zip(drafts, sent, strict=True):
            row = {"request_id": request.request_id, "number": draft.name, "sha256": request.digest}
            if patience is not None:
                row["outcome"], code = await _outcome(client, request, patience)
                worst = max(worst, code)
            typer.echo(json.dumps(row, ensure_ascii=False) if as_json else "  ".join(row.values()))
    return worst


async def _outcome(client: CourtClient, request: SentRequest, patience: float) -> tuple[str, int]:
    try:
        outcome = outcome_of(await client.wait(request, patience))
    except CourtError as error:
        return error.code, 4
    return outcome, 3 if outcome.startswith(("refused", "rejected")) else 0


@app.command(epilog=_EXIT_CODES)
def approve(
    file: Annotated[Path, typer.Argument(help="A JSON file with one draft of a request.")],
    officer: Annotated[str, typer.Option(help="The approver's work permit.")],
    name: Annotated[str, typer.Option(help="The approver's name.")],
    rank: Annotated[Rank, typer.Option(help="The rank of the approver's post.")],
    key: Annotated[Path, typer.Option(help="The approver's own key file.")],
    out: Annotated[Path, typer.Option(help="Where the approved draft is written.")],
    reason: Annotated[str | None, typer.Option(help="Why, where the law asks for it.")] = None,
    acting_for: Annotated[str | None, typer.Option(help="Whose post is covered (AB岗): that officer's work permit.")] = None,
) -> None:
    """An approver signs a draft with the own key; the signature fits this content and no other.

    Example: liandong court approve freeze.json --officer GZ-9901-003 --name 施局长 --rank bureau-chief --key GZ-9901-003.jwk
    --out freeze.approved.json
    """
    try:
        (draft,) = read_drafts(file)
        approval = Approval(officer=officer, name=name, rank=rank, at=datetime.now(CHINA), reason=reason, acting_for=acting_for)
        write_draft(add_approval(draft, approval, key), out)
    except (DraftError, ValueError) as error:
        typer.echo(f"liandong: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"» 已审批 approved, {out}", err=True)


@app.command(epilog=_EXIT_CODES)
def drafts(
    config: Config,
    out: Annotated[Path, typer.Option(help="The folder that the drafts are written to.")],
) -> None:
    """Fetch what the hub has drafted for signature: renewals, releases, withdrawals, and what findings let the court ask next.

    Follow-ups of a conclusion are asked for once; send drafts-request to have them drafted anew, by what is left of the claim then.
    A draft lacks its documents and approvals: add them, let `court approve` sign it, and send it with `court submit`.

    Example: liandong court drafts --config court.toml --out drafts
    """
    raise typer.Exit(asyncio.run(_drafts(read_settings(config), out)))


async def _drafts(settings: Settings, out: Path) -> int:
    async with CourtClient(settings) as client, aclosing(client.drafted()) as items:
        try:
            async for item in items:
                for name, drafted in drafted_in(item):
                    typer.echo(await asyncio.to_thread(write_private, out / f"{name}.json", drafted))
        except (CourtError, DraftError) as error:
            typer.echo(f"liandong: {error}", err=True)
            return 1
    return 0


@app.command(epilog=_EXIT_CODES)
def results(
    config: Config,
    request: Annotated[str | None, typer.Option(help="Only what is about the request of this id.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
    as_json: AsJson = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="With --json, --officer, --reason: names and numbers in clear.")] = False,
    officer: Annotated[str | None, typer.Option(help="With --reveal: the work permit of who reads.")] = None,
    reason: Annotated[str | None, typer.Option(help="With --reveal: why; the hub keeps a record of it (查阅留痕).")] = None,
) -> None:
    """Read what came of requests, from the beginning; every signature is verified, the partners' own among them.

    What is shown in clear is told to the hub first: who reads which answers, and why.

    Examples:

    liandong court results --config court.toml

    liandong court results --config court.toml --request 6f0c… --json --reveal --officer GZ-9901-001 --reason 制作裁定
    """
    if reveal and not as_json:
        raise typer.BadParameter("use it with --json: the lines for people hold no personal data", param_hint="--reveal")
    if reveal and not (officer and reason):
        raise typer.BadParameter("say who reads and why: --officer and --reason", param_hint="--reveal")
    reader = (officer, reason) if reveal and officer and reason else None
    raise typer.Exit(asyncio.run(_results(read_settings(config), request, follow, as_json, reader)))


async def _results(
    settings: Settings, request: str | None, follow: bool, as_json: bool, reader: tuple[str, str] | None
) -> int:
    sound, reveal = True, reader is not None
    async with CourtClient(settings) as client, aclosing(client.results(request, follow=follow)) as items:
        async for item in items:
            sound = sound and item.sound
            if reader is not None and item.enclosed is not None and item.message is not None:
                await client.submit(reading_of(item.message.id, *reader))
            shown = json.dumps(json_of(item, reveal=reveal), ensure_ascii=False) if as_json else line_of(item)
            typer.echo(legible(shown))
    return 0 if sound else 5
