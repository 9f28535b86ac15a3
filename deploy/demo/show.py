"""What a person sees of a run: progress on stderr, the table of answers and the verdict on stdout."""

import math
import sys
import time
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from deploy.demo.harvest import Tally
from deploy.demo.year import Told

_WIDTH = 110
err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDTH)
_began = time.monotonic()

PARTNERS = {
    "real-estate": "不动产 real estate", "vehicle": "车辆 vehicles", "business-registry": "经营主体 business",
    "police": "公安 police", "bank": "银行 bank", "bank-two": "第二银行 bank two*",
}  # fmt: skip
ANSWERS = {
    "result": "有结果 found", "no-record": "查无 none", "partial": "部分 part", "not-controlled": "未控制 not held",
    "refused": "拒绝 refused", "returned": "退回 returned", "no-response": "逾期 silent",
}  # fmt: skip


YEAR = {
    "renewal-due": "续行提醒 renewals drafted", "measure-lapsed": "届满失效 lapsed", "watch-hit": "临控命中 watch hits",
    "recheck-found": "终本查得 found again", "matter-overdue": "委托逾期 entrusted, overdue", "supervised": "督办 supervised",
    "release-due": "应予解除 to be released",
}  # fmt: skip


def year_of(told: Told, bulletins: Path) -> str:
    """The replayed year in a few lines."""
    counts = " · ".join(f"{words} {told.events[event]}" for event, words in YEAR.items())
    return (f"虚拟时钟重放 replayed 2026-03 – 2027-03: 续行及时 renewed in time {told.renewed} · {counts}\n"
            f"日、周、月通报 daily, weekly, monthly bulletins: {bulletins}")  # fmt: skip


def step(words: str) -> None:
    """One line of progress."""
    err.print(f"[dim]{time.monotonic() - _began:5.1f} s[/] [cyan]»[/] {words}")


def table_of(tally: Tally) -> Table:
    """What each partner answered, and how long it took from the task at the broker to the reply at the broker."""
    table = Table(title="各单位答复 · What each partner answered", title_justify="left", box=box.SIMPLE_HEAD,
                  caption="* 无连接器,使用通用 Kafka 客户端 · without a connector, on a stock Kafka client",
                  caption_justify="left", padding=(0, 1))  # fmt: skip
    table.add_column("单位\npartner", no_wrap=True)
    for words in ANSWERS.values():
        table.add_column(words.replace(" ", "\n", 1), justify="right")
    table.add_column("中位耗时\nmedian", justify="right")
    table.add_column("最长\nlongest", justify="right")
    for partner, name in PARTNERS.items():
        answers = tally.answers.get(partner, [])
        counts = [sum(kind == wanted for kind, _ in answers) for wanted in ANSWERS]
        times = [seconds for _, seconds in answers if not math.isnan(seconds)]
        table.add_row(
            name, *(str(n) if n else "·" for n in counts),
            f"{median(times):.2f} s" if times else "·", f"{max(times):.2f} s" if times else "·",
        )  # fmt: skip
    return table
