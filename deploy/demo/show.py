"""What a person sees of a run: progress on stderr, the table of answers and the verdict on stdout."""

import math
from statistics import median

from rich.console import Console
from rich.table import Table

from deploy.demo.harvest import Tally

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)

PARTNERS = {
    "real-estate": "不动产登记 real estate", "vehicle": "车辆登记 vehicles", "business-registry": "经营主体登记 business registry",
    "police": "公安 police", "bank": "银行 bank", "bank-two": "第二银行(无连接器) bank without a connector",
}  # fmt: skip
ANSWERS = {
    "result": "有结果 result", "no-record": "查无 no record", "partial": "部分 partial", "not-controlled": "未能控制 not controlled",
    "refused": "拒绝 refused", "returned": "退回 returned", "no-response": "未答复 silent",
}  # fmt: skip


def step(words: str) -> None:
    """One line of progress."""
    err.print(f"[cyan]»[/] {words}")


def table_of(tally: Tally) -> Table:
    """What each partner answered, and how long it took from the task at the broker to the reply at the broker."""
    table = Table(title="各单位答复 · What each partner answered", title_justify="left")
    table.add_column("单位 partner")
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
