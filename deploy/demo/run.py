"""One run: the linkage comes up, the docket goes through it, and what came of it is counted, written down and verified."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from deploy.demo import harvest
from deploy.demo.harvest import Tally
from deploy.demo.linkage import Running, linkage
from deploy.demo.processes import Child
from deploy.demo.show import err, out, step, table_of, year_of
from deploy.demo.world import COURTS, SUPERIOR, World
from deploy.demo.year import Told, Year
from hub.evidence.offline import export_offline
from hub.evidence.verify import verify_bundle
from hub.settings import read_settings
from hub.trust import keys
from hub.trust.errors import TrustError
from hub.trust.notes import NoteSigner, NoteVerifier

EXPECTED = {"renewal-due": 4, "measure-lapsed": 1, "watch-hit": 1, "recheck-found": 1, "matter-overdue": 1, "release-due": 1}
"""What the replayed year must bring up at least, by case event."""
PATIENCE = 90.0
"""Longest wait for the last conclusion, in seconds; the sample agreements' deadlines are well below."""


async def run(world: World, *, stay: bool) -> int:
    """0 if every request was concluded, everything came out as the docket expects, and log and evidence verify."""
    began = time.monotonic()
    world.prepare()
    async with linkage(world) as running:
        step(f"状态页 · status page: {running.console}")
        sent = await send_docket(running)
        tally = await settled(running, sent)
        step("导出主题、日志与证据,并独立验证 · writing topics, log and evidence, and verifying them")
        log_size, log_verifies = await copy_log(running)
        bundles = await asyncio.to_thread(_evidence, world, tally)
        await running.follower.caught_up()
        tally = harvest.count(running.follower.records, running.cluster.prefix)
        harvest.write_topics(running.follower.records, running.topics, running.cluster.prefix, world.folder / "topics")
        told, bulletins = await asyncio.to_thread(_year, world)
        wrong = unexpected(sent, tally)
        wrong += [f"{name}: {told.events[name]} in the year, expected at least {least}"
                  for name, least in EXPECTED.items() if told.events[name] < least]  # fmt: skip
        good = bool(not tally.waiting and log_verifies and bundles and all(bundles.values()) and not wrong)
        _write(world.folder, tally, log_size, time.monotonic() - began, verified=log_verifies and all(bundles.values()))
        _show(running, tally, log_size, bundles, wrong, good=good)
        out.print(year_of(told, bulletins))
        if stay:
            out.print("\n按 Ctrl-C 结束 · press Ctrl-C to end")
            await asyncio.Event().wait()
        step("停止 · stopping")
    return 0 if good else 1


async def send_docket(running: Running) -> list[dict[str, Any]]:
    """The courts' process; one line of progress for every ten steps."""
    settings = [str(running.world.court_settings(running.cluster, court)) for court in COURTS]
    running.world.court_settings(running.cluster, SUPERIOR)
    step("两个法院发出样例请求 · two courts send the sample docket")
    courts = await running.household.start("courts", "-m", "deploy.demo.court", str(running.world.officers), *settings)
    return [line async for line in _lines(courts)]


async def _lines(courts: Child) -> Any:
    if courts.process.stdout is None:
        raise AssertionError("stdout is a pipe")
    number = 0
    async for line in courts.process.stdout:
        number += 1
        if number % 10 == 0:
            step(f"已发 {number} 件 · {number} sent")
        yield json.loads(line)
    if await courts.process.wait() != 0:
        raise courts.failed("the courts' process failed")


async def settled(running: Running, sent: list[dict[str, Any]]) -> Tally:
    """Wait until everything sent is answered, every accepted request concluded, and what comes late has come."""
    end = time.monotonic() + PATIENCE
    late = sum(1 for line in sent if line["expect"] == "incomplete")
    shown = -1
    while True:
        tally = harvest.count(running.follower.records, running.cluster.prefix)
        if tally.concluded != shown:
            shown = tally.concluded
            step(f"已结 {shown},待结 {len(tally.waiting)} · {shown} concluded, {len(tally.waiting)} open")
        quiet = _answered(sent, tally) and not tally.waiting and tally.late >= min(late, 1) and tally.hits >= 1
        if quiet or time.monotonic() > end or running.household.ended():
            for child in running.household.ended():
                err.print(f"[red]{child.name}[/] ended by itself; see {child.log}")
            return tally
        await asyncio.sleep(0.3)


def _answered(sent: list[dict[str, Any]], tally: Tally) -> bool:
    """Whether each step is accepted or refused, or set aside where that is to come of it."""
    unanswered = [line for line in sent if line["id"] not in tally.rows]
    return tally.dead_letters >= len(unanswered) and all(line["expect"] == "rejected" for line in unanswered)


async def copy_log(running: Running) -> tuple[int, bool]:
    """Wait for a checkpoint that covers everything, copy the log and verify the copy."""
    source, target = running.world.folder / "hub" / "log", running.world.folder / "log"
    before = b""
    while before != (now := (source / "checkpoint").read_bytes()):
        before = now
        await asyncio.sleep(1.5)
    await asyncio.to_thread(harvest.copy_log, source, target)
    try:
        return await asyncio.to_thread(harvest.verify_log, target), True
    except TrustError as error:
        err.print(f"[red]审计日志未通过验证 · the log does not verify:[/] {error}")
        return 0, False


def _evidence(world: World, tally: Tally) -> dict[str, bool]:
    """A bundle for one request of each kind and outcome, written, read again, and verified against the log's own key."""
    folder = world.folder / "evidence"
    folder.mkdir()
    chosen: dict[tuple[str, str], str] = {}
    for row in tally.rows.values():
        if row["outcome"] is not None:
            chosen.setdefault((row["kind"], row["outcome"]), row["id"])
    key = NoteVerifier.parse((world.folder / "log" / "log.vkey").read_text(encoding="utf-8").strip())
    verdicts = {}
    for (kind, outcome), request in sorted(chosen.items()):
        file = folder / f"{kind}-{outcome}.zip"
        file.write_bytes(export_offline(read_settings(world.settings("hub")), request))
        report = verify_bundle(file.read_bytes(), key)
        verdicts[file.name] = report.ok
        if not report.ok:
            err.print("\n".join(report.lines()), markup=False)
    return verdicts


def _year(world: World) -> tuple[Told, Path]:
    """Thirteen months of casework on a virtual clock, and the bulletins of them."""
    step("虚拟时钟重放一年 · a year of casework on a virtual clock")
    log, folder = NoteSigner.of(keys.generate("liandong.example/year")), world.folder / "bulletins"  # another log needs another key
    year = Year(world, world.folder / "year")
    told = year.run()
    year.publish(log, folder)
    return told, folder


def unexpected(sent: list[dict[str, Any]], tally: Tally) -> list[str]:
    """Steps of the docket whose outcome is another than the docket says."""
    wrong = []
    for line in sent:
        row = tally.rows.get(line["id"])
        found = row["outcome"] if row is not None else "rejected"
        if found != line["expect"]:
            wrong.append(f"{line['name']}: {found}, expected {line['expect']}")
    return wrong


def _write(folder: Path, tally: Tally, log_size: int, elapsed: float, *, verified: bool) -> None:
    summary = {
        "requests": dict(tally.requests), "tasks": tally.tasks, "replies": dict(tally.replies),
        "concluded": tally.concluded, "refused": tally.refused, "overdue": tally.overdue,
        "dead_letters": tally.dead_letters, "log_size": log_size, "elapsed_s": round(elapsed, 2),
        "evidence_verified": verified,
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in tally.rows.values())
    (folder / "requests.jsonl").write_text(rows, encoding="utf-8")


def _show(
    running: Running, tally: Tally, log_size: int, bundles: dict[str, bool], wrong: list[str], *, good: bool
) -> None:
    out.print()
    out.print(table_of(tally))
    total = sum(tally.requests.values())
    out.print(
        f"请求 requests {total} · 已结 concluded {tally.concluded} · 拒绝 refused {tally.refused} · "
        f"逾期 overdue {tally.overdue} · 迟到 late {tally.late} · 命中 hits {tally.hits} · 死信 dead letters {tally.dead_letters}"
    )
    passed = sum(bundles.values())
    out.print(f"审计日志 audit log: {log_size} 条 entries · 证据包 evidence bundles: {passed}/{len(bundles)} 通过 verified")
    for words in wrong:
        out.print(f"[red]![/] {words}")
    out.print(f"状态页 status page: {running.console}\n文件 files: {running.world.folder}")
    out.print("[green]✓ 全部办结并通过验证 · everything concluded and verified[/]" if good
              else "[red]✗ 未全部办结或未通过验证 · not everything concluded and verified[/]")  # fmt: skip
