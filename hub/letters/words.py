"""What came of an order about a dead letter, in Chinese and English, and whether it counts as done."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """Words for people. `fine`: nothing is left for the caller to do, whether this order did it or an earlier one."""

    zh: str
    en: str
    fine: bool


OUTCOMES: dict[str, Outcome] = {
    "letter-taken-in": Outcome("已重新读取并办理", "read again and taken in", True),
    "letter-sent-again": Outcome("已重发给该单位,待其答复", "sent to this partner again; its answer is awaited", True),
    "letter-discarded": Outcome("已作废,不可重放", "discarded for good; it cannot be replayed", True),
    "letter-revealed": Outcome("查看已留痕", "the read is on record", True),
    "letter-done": Outcome("早已办结,未做任何操作", "done already; nothing was done now", True),
    "letter-pending": Outcome("已重发,正在等待答复,未做任何操作", "replayed already, its answer is awaited; nothing was done now", True),
    "order-repeated": Outcome("此指令已执行过,未做任何操作", "this very order was carried out before; nothing was done now", True),
    "letter-died-again": Outcome("重新读取后仍不能接收", "read again, and still cannot be taken in", False),
    "letter-gone": Outcome("已作废,未做任何操作", "discarded before; nothing was done now", False),
    "letter-unknown": Outcome("无此异常消息", "no such letter", False),
    "letter-expired": Outcome("消息已过有效期,不得再执行;请发送方重新签发", "past its expiry, never carried out; the sender must sign a new one", False),
    "letter-erased": Outcome("内容已销毁", "its content has been erased", False),
    "letter-superseded": Outcome("后续命令已引用该请求,不得倒序重发", "a later order acts on this request; it must not be overtaken", False),
    "letter-moot": Outcome("所涉措施已终结或未形成", "the measure that it concerns has ended, or never came to be", False),
    "letter-case-closed": Outcome("案件已结束,只可发送解除类命令", "the case is closed: only what ends a measure may still go", False),
    "letter-unlawful": Outcome("现已不符合法律规定(超标的、豁免或异议审查中)",
                               "the law stands against it by now (ceiling, protected asset or open objection)", False),
    "order-unsigned": Outcome("指令签名无效(须为已登记的操作人),或时间相差超过 5 分钟",
                              "not signed by a registered operator, or over 5 minutes old", False),
    "order-other-operator": Outcome("工号与签名密钥不符", "the staff number is not that of the key that signed", False),
    "order-malformed": Outcome("指令格式不符合规范", "not an order as it must be", False),
    "store-busy": Outcome("存储暂不可用,请稍后重试", "the store cannot be written now; try again", False),
}  # fmt: skip


def words_for(code: str) -> str:
    """One line in both languages."""
    outcome = OUTCOMES[code]
    return f"{outcome.zh} / {outcome.en}"
