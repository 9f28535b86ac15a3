"""Every word of the bulletins in Chinese and English, by key; a test finds one that is missing."""

from schemas.codes import CODES

LANGUAGES = ("zh", "en")

TITLES = {
    "daily": ("执行联动日通报 · 进展", "Daily bulletin · progress"),
    "weekly": ("执行联动周通报 · 原因", "Weekly bulletin · causes"),
    "monthly": ("执行联动月通报 · 奖惩", "Monthly bulletin · praise and criticism"),
}
FRAME = {
    "period": ("时段", "Period"), "as-of": ("截至", "As of"), "log": ("依据日志", "From the log"),
    "entries": ("条记录", "entries"), "root": ("日志根", "Log root"), "none": ("本期无", "None in this period"),
    "to": ("至", "to"),
    "standing-note": ("标 * 的为期末存量,依据的记录可早于本期。", "* as it stands at the end; its entries may be older than the period."),
    "trace-note": ("每个数字后的方括号为其依据的日志记录序号;全部序号见同名 .trace.csv。",
                   "The brackets give the log indices that a figure was counted from; all of them stand in the .trace.csv of this name."),
    "delay-note": ("超期自中心确认逾期的记录起算,未办结的算至截止时间。",
                   "A delay runs from the entry that states it; one that still lasts runs to the time above."),
    "bars-note": ("及时率达 {}% 予以表扬,低于 {}% 予以批评。", "On-time rates from {}% are praised, below {}% criticised."),
    "no-personal-data": ("本通报不含个人信息和案号。", "This bulletin holds no personal data and no case numbers."),
}  # fmt: skip
SECTIONS = {
    "act-now": ("须立即处置", "Act now"), "courts-today": ("各法院进展", "Progress by court"),
    "partners-today": ("各协作单位进展", "Progress by partner"), "measures-today": ("控制措施变动", "Measures that changed"),
    "unanswered": ("未答复单位", "Who has not answered"),
    "replies-without-success": ("退回、拒绝与未能控制", "Returned, refused, not controlled"),
    "refusals": ("请求和报送被拒原因", "Why requests and statements were refused"), "rejected-messages": ("不能接收的消息", "Messages not taken in"),
    "returned-matters": ("委托事项退回原因", "Why entrusted matters came back"),
    "measures-not-taken": ("措施未成或结果不明", "Measures refused or of unknown outcome"),
    "objections": ("异议", "Objections"), "courts-overdue": ("法院逾期节点", "Overdue key nodes of courts"),
    "praise": ("✓ 表扬", "✓ Praise"), "criticism": ("✕ 批评", "✕ Criticism"), "courts": ("各法院", "By court"),
    "partners": ("各协作单位", "By partner"), "key-nodes": ("关键节点平均超期", "Mean overdue per key node"),
    "measures-in-force": ("在控措施", "Measures in force"), "watches": ("临控", "Watches"),
    "renewals": ("续行风险", "Renewals at risk"),
}  # fmt: skip
LABELS = {
    "court": ("法院", "Court"), "partner": ("协作单位", "Partner"), "party": ("单位", "Party"), "to": ("受托法院", "Entrusted court"),
    "code": ("原因", "Reason"), "reply": ("答复", "Reply"), "node": ("关键节点", "Key node"), "action": ("动作", "Action"),
    "asset": ("财产种类", "Asset"), "ground": ("事由", "Ground"),
}  # fmt: skip
FIGURES = {
    "open-hits": ("待处置命中", "Hits open"), "unattended": ("命中未处置", "Hits unattended"),
    "renewals-escalated": ("续行已督办", "Renewals escalated"), "objections-overdue": ("异议审查逾期", "Objections overdue"),
    "leads-overdue": ("线索核查逾期", "Leads overdue"), "outcome-unknown": ("措施结果不明", "Outcome unknown"),
    "lapsed": ("届满失效", "Lapsed"), "cases": ("案件登记", "Cases noted"), "accepted": ("受理", "Accepted"),
    "refused": ("被拒", "Refused"), "leads": ("线索", "Leads"), "objections": ("异议", "Objections"),
    "matters-sent": ("委托发出", "Matters sent"), "rechecks": ("终本复查", "Re-inquiries"), "found": ("复查查得", "Found"),
    "certificates": ("完整性证明", "Certificates"), "reused": ("复用答复", "Answers reused"), "complete": ("完整办结", "Complete"),
    "incomplete": ("不完整办结", "Incomplete"), "received": ("签收", "Received"), "answered": ("答复", "Answered"),
    "late": ("逾期答复", "Late"), "silent": ("逾期未答", "Fell silent"), "hits": ("命中", "Hits"),
    "awaited": ("待答复", "Awaited"), "reply-on-time": ("答复及时率", "Reply on-time rate"), "effective": ("生效", "Effective"),
    "queued": ("轮候", "Queued"), "renewed": ("续行", "Renewed"), "promoted": ("轮候转正", "Promoted"),
    "released": ("解除", "Released"), "void": ("轮候失效", "Void"), "disposed": ("处置", "Disposed"), "deducted": ("扣划", "Deducted"),
    "no-receipt": ("未签收", "No receipt"), "no-reply": ("未答复", "No reply"), "mean-overdue": ("平均超期", "Mean overdue"),
    "nudged": ("催办", "Nudged"), "supervised": ("督办", "Supervised"), "replies": ("答复数", "Replies"),
    "reasons": ("次数", "Times"), "messages": ("消息数", "Messages"), "matters": ("事项数", "Matters"),
    "unknown": ("结果不明", "Unknown"), "opened": ("提出", "Opened"), "upheld": ("成立", "Upheld"), "rejected": ("驳回", "Rejected"),
    "open": ("未办结", "Open"), "figure": ("数字", "Figure"), "refusal-rate": ("拒绝率", "Refusal rate"),
    "entrusted-on-time": ("受托期限内办结率", "Entrusted on-time rate"), "lead-conversion": ("线索转化率", "Lead conversion"),
    "returned": ("退回", "Returned"), "overdue": ("逾期节点", "Overdue"), "still-open": ("仍未办结", "Still open"),
    "in-force": ("在控", "In force"), "armed": ("布控中", "Armed"), "handed-over": ("移交", "Handed over"),
    "missed": ("未控制", "Missed"), "at-risk": ("待续行", "At risk"),
}  # fmt: skip
VALUES = {
    "all": ("合计", "Total"), "unknown": ("未载明", "not stated"),
    "returned": ("退回", "returned"), "refused": ("拒绝", "refused"), "not-controlled": ("未能控制", "not controlled"),
    "partial": ("部分", "partial"),
    "receipt": ("签收", "Receipt"), "reply": ("答复", "Reply"), "matter-start": ("委托事项启动", "Entrusted: start"),
    "matter-report": ("委托事项反馈", "Entrusted: report"), "objection-review": ("异议审查", "Objection review"),
    "lead-check": ("线索核查", "Lead verification"), "hit": ("命中处置", "Attending to a hit"),
    "freeze": ("冻结", "freeze"), "seal": ("查封", "seal"), "queue-seal": ("轮候查封", "queued seal"),
    "advance-seal": ("预查封", "advance seal"), "renew": ("续行", "renew"), "release": ("解除", "release"),
    "deduct": ("扣划", "deduct"), "transfer": ("过户", "transfer"),
    "account": ("存款", "deposit"), "vehicle": ("车辆", "vehicle"), "real-estate": ("不动产", "real estate"),
    "equity": ("股权", "equity"),
    "exempt": ("受保护财产", "exempt"), "wrong-person": ("认错人", "wrong person"), "ownership": ("权属", "ownership"),
    "over-seizure": ("超标的", "over-seizure"),
    "documents-missing": ("文书不全", "documents missing"), "address-unclear": ("地址不明", "address unclear"),
    "subject-unclear": ("对象不明", "subject unclear"), "not-competent": ("无管辖权", "not competent"), "other": ("其他", "other"),
}  # fmt: skip
"""What labels say; a party's name comes from the directory, and what nobody has words for is shown as it is."""
UNITS = {"count": ("", ""), "percent": ("%", "%"), "hours": ("小时", "h")}

Words = dict[str, tuple[str, str]]


def say(words: Words, key: str, language: str) -> str:
    """The words for `key`; the key itself where there are none."""
    return words[key][LANGUAGES.index(language)] if key in words else key


def label(kind: str, value: str, language: str, names: dict[str, tuple[str, str]]) -> str:
    """What one label says: a party's name, a code's words, a term of the field."""
    if not value:
        return ""
    if kind == "ground" and value in FIGURES:
        return say(FIGURES, value, language)
    if kind in ("court", "partner", "party", "to") and value in names:
        return names[value][LANGUAGES.index(language)]
    if kind == "code" and value in CODES and value not in VALUES:
        code = CODES[value]
        return (code.zh, code.en)[LANGUAGES.index(language)]
    return say(VALUES, value, language)
