"""The pages' words in Chinese and English, by key. A key that is missing shows itself, and a test finds it."""

from hub.console.entry_words import ENTRIES, MESSAGES
from schemas.codes import CODES

LANGUAGES = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    # the frame
    "title": ("执行联动中心", "Enforcement Linkage Hub"),
    "skip": ("跳到正文", "Skip to content"),
    "nav": ("主导航", "Main"),
    "overview": ("总览", "Overview"),
    "requests": ("请求", "Requests"),
    "dead-letters": ("异常消息", "Dead letters"),
    "other-language": ("English", "中文"),
    "live": ("实时", "Live"),
    "live-lost": ("连接中断,正在重连", "Disconnected, reconnecting"),
    "as-of": ("截至", "As of"),
    "masked-note": ("个人信息已遮蔽;本页只读", "Personal data are masked; read-only"),
    "not-found": ("没有此页", "Not found"),
    "not-found-help": ("地址可能有误,或该请求不存在。", "The address may be wrong, or there is no such request."),
    "bad-request": ("地址中的参数有误", "A parameter in the address is wrong"),
    "bad-request-help": ("请回到列表重新筛选。", "Go back to the list and filter again."),
    "none": ("暂无", "None yet"),
    # the overview
    "flow": ("流向", "Flow"),
    "flow-help": ("法院的请求经中心分送各协作单位,答复经中心返回;数字为累计消息数",
                  "Requests of courts go through the hub to the partners, answers come back; figures are messages so far"),
    "flow-legend": ("虚线:有待答复;✕ 红框:有逾期未答", "Dashed: answers are awaited. ✕ and a red frame: silence on record."),
    "courts": ("法院", "Courts"),
    "results": ("结果", "Results"),
    "tasks": ("任务", "Tasks"),
    "replies": ("答复", "Replies"),
    "hub": ("联动中心", "Hub"),
    "partners": ("协作单位", "Partners"),
    "audit-log": ("审计日志", "Audit log"),
    "log-entries": ("条日志", "log entries"),
    "checkpoint": ("最近签署", "Last checkpoint"),
    "unsequenced": ("待编号", "To be sequenced"),
    "in": ("收", "In"),
    "out": ("发", "Out"),
    "partner-board": ("协作单位情况", "Partner board"),
    "partner": ("单位", "Partner"),
    "kind": ("种类", "Kind"),
    "asked": ("已发", "Asked"),
    "received": ("已签收", "Received"),
    "answered": ("已答复", "Answered"),
    "silent": ("逾期未答", "Silent"),
    "late-replies": ("逾期后答复", "Late"),
    "hits": ("命中", "Hits"),
    "awaited-now": ("待答复", "Awaited"),
    "next-deadline": ("最近期限", "Next deadline"),
    "mean-answer": ("平均用时", "Mean time"),
    "last-answer": ("最近用时", "Last time"),
    "maintenance-now": ("维护中", "under maintenance"),
    "maintenance-next": ("预定维护", "maintenance planned"),
    "last-seen": ("最近消息", "Last seen"),
    "topics": ("主题", "Topics"),
    "topic": ("主题", "Topic"),
    "direction": ("方向", "Direction"),
    "records": ("消息数", "Messages"),
    "pending": ("待发布", "Unpublished"),
    "last-message": ("最近消息", "Last message"),
    "by-kind": ("请求按种类与状态", "Requests by kind and status"),
    "total": ("合计", "Total"),
    # lists
    "filter": ("筛选", "Filter"),
    "all": ("全部", "All"),
    "status": ("状态", "Status"),
    "court": ("法院", "Court"),
    "request-id": ("请求编号", "Request id"),
    "id-begins": ("编号开头(至少 4 位)", "Id begins with (4 or more)"),
    "id-wrong": ("请输入编号开头的至少 4 位:数字、a 至 f 或连字符。",
                 "Enter at least 4 characters of the id's beginning: digits, a to f or hyphens."),
    "show": ("显示", "Show"),
    "received-at": ("收到时间", "Received"),
    "what": ("事项", "What"),
    "took": ("用时", "Took"),
    "older": ("更早的", "Older"),
    "newest": ("最新的", "Newest"),
    "searched-to": ("已查到", "Searched down to"),
    "search-on": ("继续往前查", "Search further back"),
    "no-match": ("没有符合条件的记录", "Nothing matches"),
    "by-code": ("按代码", "By code"),
    "code": ("代码", "Code"),
    "count": ("数量", "Count"),
    "last-at": ("最近一次", "Last"),
    "meaning": ("说明", "Meaning"),
    "time": ("时间", "Time"),
    "stage": ("环节", "Stage"),
    "class": ("类别", "Class"),
    "sender-unknown": ("未知(签名未通过)", "unknown (no valid signature)"),
    "digest": ("摘要", "Digest"),
    "no-content": ("只列出元数据,不显示内容;详情与处理用 liandong dead-letters show 编号。",
                   "Metadata only; contents are never shown. For more, and to act: liandong dead-letters show ID."),
    "letter-id": ("编号", "Id"),
    "replays": ("重放次数", "Replays"),
    "state-since": ("状态自", "Since"),
    "place-or-request": ("位置或请求", "Place or request"),
    "of-request": ("所属请求", "its request"),
    "from-or-partner": ("发送方或未答单位", "Sender or silent partner"),
    # one request
    "request": ("请求", "Request"),
    "subject-of": ("对象", "Subject"),
    "conclusion": ("结论", "Conclusion"),
    "conclusion-id": ("结论编号", "Conclusion id"),
    "no-conclusion": ("尚无结论", "No conclusion yet"),
    "outcome": ("结果", "Outcome"),
    "agreement": ("依据协议", "Agreement"),
    "follow-ups": ("可续提的请求", "What may be asked next"),
    "needs-approval": ("须审批", "needs approval"),
    "clocks": ("期限", "Clocks"),
    "awaited": ("等待", "Awaiting"),
    "started": ("起算", "From"),
    "due": ("期限", "Due"),
    "came": ("到达", "Came"),
    "slack": ("余量", "Slack"),
    "left": ("剩余 {}", "{} left"),
    "kept-by": ("提前 {}", "{} early"),
    "missed-by": ("逾期 {}", "missed by {}"),
    "maintenance-within": ("约定维护,不计时", "Agreed maintenance, not counted"),
    "outage-within": ("总线中断,不计时", "Bus outage, not counted"),
    "timeline": ("经过", "Timeline"),
    "timeline-help": ("每一步为一条审计记录,其下为该步收到和发出的消息。",
                      "Each step is one audit entry; below it, the messages that it took in and sent."),
    "message": ("消息", "Message"),
    "from-to": ("发送 → 接收", "From → to"),
    "signed": ("签署", "Signed"),
    "at-broker": ("到达总线", "At the broker"),
    "handled": ("处理", "Handled"),
    "published": ("发布", "Published"),
    "signature": ("签名", "Signature"),
    "valid": ("有效", "valid"),
    "invalid": ("无效", "invalid"),
    "carried": ("所附原件", "carried original"),
    "key": ("密钥", "key"),
    "entry": ("记录", "entry"),
    "log-index": ("日志序号", "log index"),
    "not-sequenced": ("待入日志", "not in the log yet"),
    "cut": ("记录很多,只显示最早的 200 条。", "There are many entries; only the first 200 are shown."),
    "expires": ("有效期至", "Expires"),
    "original": ("原请求", "Original request"),
    "config": ("配置摘要", "Configuration"),
    "case": ("案号", "Case"), "subject": ("类型", "Type"), "name": ("姓名/名称", "Name"), "number": ("号码", "Number"),
    "asset": ("财产", "Asset"), "asset-number": ("财产编号", "Asset number"), "term-months": ("期限(月)", "Term (months)"),
    "documents": ("法律文书", "Documents"), "officers": ("执行人员(人)", "Officers"), "approvals": ("审批", "Approved by"),
    "version": ("版本", "Version"), "asks": ("询问", "Asks"), "receipt-within": ("签收时限(秒)", "Receipt within (s)"),
    "reply-within": ("答复时限(秒)", "Reply within (s)"),
    "reply-working-days": ("答复时限(工作日)", "Reply within (working days)"), "priority": ("优先级", "Priority"),
    "handling": ("办理", "Handling"), "answer": ("答复", "Answer"),
    "findings": ("查得", "Findings"), "measure": ("措施", "Measure"), "reason": ("理由代码", "Reason code"),
    "reasons": ("原因", "Reasons"), "of": ("单位", "Of"), "note": ("注", "Note"), "waits-for": ("等待原请求", "Waits for"),
    "outcomes": ("各单位结果", "Outcomes"), "event": ("事项", "What happened"), "level": ("级别", "Level"), "ends": ("届满日", "Ends"),
    "to-court": ("接受方", "To"), "round": ("第几轮", "Round"), "span": ("统计期间", "Counted over"), "ground": ("异议理由", "Ground"), "flags": ("保护标记", "Protected as"),
    "letter": ("异常消息编号", "Letter"), "by": ("签发", "Ordered by"), "operator": ("操作人代号", "Operator's token"), "officer": ("查阅人代号", "Officer's token"),
}  # fmt: skip

TERMS: dict[str, tuple[str, str]] = {
    "livelihood": ("民生", "livelihood"), "urgent": ("紧急", "urgent"),
    # kinds and actions
    "inquiry": ("查询", "Inquiry"), "control": ("控制", "Control"), "locate": ("查人找物", "Locate"),
    "notice": ("限制措施", "Notice"), "case": ("案件", "Case"), "entrust": ("委托事项", "Entrusted matter"), "lead": ("线索", "Lead"),
    "inquire": ("财产", "assets"), "freeze": ("冻结", "freeze"), "seal": ("查封", "seal"), "queue-seal": ("轮候查封", "queued seal"),
    "advance-seal": ("预查封", "advance seal"), "renew": ("续行", "renew"), "release": ("解除", "release"),
    "deduct": ("扣划", "deduct"), "transfer": ("过户", "transfer"), "info": ("协查", "information"), "watch": ("临控", "watch"),
    "road-control": ("路面控车", "road control"), "withdraw": ("撤控", "withdraw"), "restrict": ("限制", "restrict"),
    "lift": ("解除限制", "lift"),
    "inquiry.inquire": ("查询财产", "asset inquiry"), "control.freeze": ("冻结", "freeze"), "control.seal": ("查封", "seal"),
    "control.queue-seal": ("轮候查封", "queued seal"), "control.advance-seal": ("预查封", "advance seal"),
    "control.renew": ("续行", "renew"), "control.release": ("解除", "release"), "control.deduct": ("扣划", "deduct"),
    "control.transfer": ("过户", "transfer"), "locate.info": ("协查", "information"), "locate.watch": ("临控", "watch"),
    "locate.road-control": ("路面控车", "road control"), "locate.withdraw": ("撤控", "withdraw"),
    "notice.restrict": ("限制", "restrict"), "notice.lift": ("解除限制", "lift"),
    # where things stand
    "held": ("留存待发", "Held until its date"), "standing": ("定期查询中", "Asked again in rounds"), "waiting": ("待原请求办结", "Waiting for its original"), "open": ("办理中", "Open"), "concluded": ("已办结", "Concluded"),
    "refused": ("不予受理", "Refused"), "complete": ("完整", "Complete"), "incomplete": ("不完整", "Incomplete"),
    "planned": ("待发送", "planned"), "sent": ("已发送", "sent"), "received": ("已签收", "received"),
    # outcomes of one partner's part
    "result": ("有结果", "result"), "no-record": ("查无", "no record"), "partial": ("部分结果", "partial"),
    "not-controlled": ("未能控制", "not controlled"), "outcome.refused": ("拒绝", "refused"),
    "returned": ("退回", "returned"), "no-response": ("逾期未答", "no response"), "not-sent": ("未发送", "not sent"),
    **MESSAGES, **ENTRIES,
    # what messages speak of
    "person": ("自然人", "person"), "company": ("法人或其他组织", "company"), "real-estate": ("不动产", "real estate"),
    "vehicle": ("车辆", "vehicle"), "equity": ("股权", "equity"), "account": ("账户", "account"), "bank": ("银行", "bank"),
    "police": ("公安", "police"), "business-registry": ("市场主体登记", "business registry"),
    "registration": ("登记信息", "registration"), "whereabouts": ("行踪", "whereabouts"),
    "inquiry-notice": ("协助查询通知书", "inquiry notice"), "enforcement-ruling": ("执行裁定书", "enforcement ruling"),
    "assistance-notice": ("协助执行通知书", "assistance notice"), "release-ruling": ("解除裁定书", "release ruling"),
    "judge": ("法官", "judge"), "bureau-chief": ("执行局长", "bureau chief"), "president": ("院长", "president"),
    "automatic": ("自动", "automatic"), "manual": ("人工", "manual"), "receipt": ("签收", "receipt"),
    "reply": ("答复", "reply"), "effective": ("已生效", "effective"), "queued": ("轮候", "queued"),
    "released": ("已解除", "released"), "armed": ("已布控", "armed"), "withdrawn": ("已撤控", "withdrawn"),
    "renewed": ("已续行", "renewed"), "deducted": ("已扣划", "deducted"), "transferred": ("已过户", "transferred"),
    "restricted": ("已限制", "restricted"), "lifted": ("已解除限制", "lifted"), "late": ("期限后到达", "after the deadline"), "outcome-unknown": ("是否已控制不明", "outcome unknown"),
    # dead letters
    "letter-state.dead": ("待处理", "dead"), "letter-state.pending": ("已重放,待答复", "replayed, answer awaited"),
    "letter-state.done": ("已处理", "done"), "letter-state.discarded": ("已作废", "discarded"),
    "stage.size": ("大小", "size"), "stage.signature": ("签名", "signature"), "stage.contract": ("内容规范", "contract"),
    "stage.sender": ("收发方", "sender"), "stage.key": ("密钥", "key"), "stage.time": ("时间", "time"),
    "stage.role": ("角色", "role"), "stage.inbox": ("去重", "inbox"), "stage.task": ("任务", "task"),
    "stage.decide": ("决定", "decision"), "class.expired": ("已过期", "expired"), "class.permanent": ("不可重试", "permanent"),
    "class.poison": ("无法解析", "poison"), "class.transient": ("可重试", "may be tried again"),
    # what entries speak of
    "alarm": ("报警", "alarm"), "month": ("一个月", "a month"), "total": ("累计", "in all"),
    "exempt": ("不得执行的财产", "exempt from enforcement"), "wrong-person": ("非被执行人", "not the debtor"),
    "ownership": ("案外人权属", "owned by another"), "over-seizure": ("超标的查封", "more seized than claimed"),
    # verdicts that are no codes of the contract
    "case-erased": ("案件内容已销毁", "the case has been erased"),
    "digest-mismatch": ("内容与摘要不符", "the content does not match its digest"),
}  # fmt: skip


def word(language: str, key: str) -> str:
    """The page's word for `key`."""
    return _pick(WORDS, language, key)


def term(language: str, key: str, group: str = "") -> str:
    """The word for a coded value; `group` (event, outcome, stage, class) tells apart those that share a code."""
    grouped = f"{group}.{key}"
    return _pick(TERMS, language, grouped if grouped in TERMS else key)


def code_words(language: str, code: str) -> str:
    """What an error code means and what to do."""
    known = CODES.get(code)
    if known is None:
        return term(language, code)
    return known.zh if language == "zh" else known.en


def _pick(table: dict[str, tuple[str, str]], language: str, key: str) -> str:
    pair = table.get(key)
    return key if pair is None else pair[LANGUAGES.index(language)]
