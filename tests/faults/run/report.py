"""The report: a table, as JSON for programs and as Markdown for docs/reliability.md."""

import json
import os
import platform
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from statistics import median

from deploy.demo.world import ROOT
from schemas.base import CHINA
from tests.faults.run.campaign import Orders, Outcome, Row

DOCUMENT = ROOT / "docs" / "reliability.md"


def write(folder: Path, orders: Orders, outcome: Outcome, *, publish: bool) -> str:
    """latest.json and latest.md in `folder`, and the document if it is to be `publish`ed. Returns the Markdown."""
    at = datetime.now(CHINA)
    facts = {
        "at": at.isoformat(timespec="seconds"), "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "orders": asdict(orders), "outcome": asdict(outcome), "messages": outcome.messages,
    }  # fmt: skip
    (folder / "latest.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    text = markdown(orders, outcome, at)
    (folder / "latest.md").write_text(text, encoding="utf-8")
    if publish:
        _replace(f"report {orders.store}", text)
    return text


def write_controls(folder: Path, seed: int, found: dict[str, list[str]], *, publish: bool) -> None:
    """controls.json in `folder`, and the document if it is to be `publish`ed."""
    (folder / "controls.json").write_text(json.dumps({"seed": seed, "found": found}, indent=1, ensure_ascii=False), encoding="utf-8")
    rows = [f"| {name} | {f'found: {len(faults)} complaints' if faults else 'NOT FOUND'} |" for name, faults in found.items()]
    text = "\n".join([f"Seed {seed}, {datetime.now(CHINA):%Y-%m-%d}.", "", "| the hub without | the judge |", "|---|---|", *rows])
    if publish:
        _replace("controls", text)


def markdown(orders: Orders, outcome: Outcome, at: datetime) -> str:
    """The report for people."""
    repeat = f"python -m tests.faults.run --seed {orders.seed} --store {orders.store} --nodes {orders.nodes}"
    repeat += " --quick" if orders.only else f" --share {orders.share} --minutes {orders.minutes:g}"
    repeat += f" --messages {orders.messages}" if orders.messages else ""
    sent = ", ".join(f"{count:,} {kind}" for kind, count in sorted(outcome.kinds.items()))
    rows = [_row(name, outcome.rows[name]) for name in sorted(outcome.rows)]
    every = list(outcome.rows.values())
    total = Row(sum(row.runs for row in every), sum(row.requests for row in every), sum(row.lost for row in every),
                sum(row.doubled for row in every), [each for row in every for each in row.recoveries])  # fmt: skip
    verdict = "Nothing lost, nothing doubled, nothing wrong." if not outcome.faults else f"{len(outcome.faults)} complaints:"
    complaints = [f"- {fault}" for fault in outcome.faults[:20]]
    return "\n".join([
        f"{at:%Y-%m-%d %H:%M}, {orders.store}, {orders.nodes} node{'s' if orders.nodes > 1 else ''} of Kafka, {os.cpu_count()} cores. "
        f"Seed {orders.seed}: `{repeat}`",
        "",
        f"**{outcome.messages:,} messages** in {outcome.seconds / 60:,.1f} minutes ({outcome.messages / max(outcome.seconds, 1):,.0f} a second), "
        f"{outcome.rounds} rounds, {outcome.killed} kills of hub and connector; {outcome.ended_itself} times one of them ended by itself and was started "
        f"again. {outcome.entries:,} entries in the log; {outcome.repeated:,} raw repetitions, each with the bytes of the first; "
        f"{outcome.calls:,} calls of the partner behind the connector, {outcome.effects:,} effects, each once. Sent: {sent}.",
        "",
        f"**{verdict}**", *complaints,
        "",
        "| fault | runs | requests | lost | doubled | recovered: median | longest |", "|---|--:|--:|--:|--:|--:|--:|", *rows, _row("**all**", total),
    ])  # fmt: skip


def _row(name: str, row: Row) -> str:
    times = f"{median(row.recoveries):.1f} s | {max(row.recoveries):.1f} s" if row.recoveries else "– | –"
    return f"| {name} | {row.runs} | {row.requests:,} | {row.lost} | {row.doubled} | {times} |"


def _replace(name: str, text: str) -> None:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    document = DOCUMENT.read_text(encoding="utf-8")
    head, _, rest = document.partition(begin)
    _, _, tail = rest.partition(end)
    DOCUMENT.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")
