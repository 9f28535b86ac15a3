"""Every error code of the contract, with what is wrong and what to do, in Chinese and English.

A code is stable; its words may change. Words never hold what was sent.
"""

from typing import NamedTuple


class Code(NamedTuple):
    """Words for people, and the class an operator sorts by."""

    zh: str
    en: str
    error_class: str = "permanent"


# What cannot be taken in at all: it becomes a dead letter.
INTAKE: dict[str, Code] = {
    "oversize": Code("消息超过大小上限;请减小附件后重发", "The message is over the size limit; send smaller documents."),
    "batch-unreadable": Code("整批记录无法解压:压缩方式不受支持,或解压后超过上限;请改用 gzip 或不压缩,分批发送",
                             "The batch cannot be decompressed here, or grows beyond the limit; send it plain or as gzip, in smaller batches."),
    "not-json": Code("消息不是 JSON;请按接口规范发送", "The value is not JSON; send what the contract describes.", "poison"),
    "type-unknown": Code("消息类型未知;请核对 type", "The message type is unknown; check `type`.", "poison"),
    "shape-invalid": Code("消息内容不符合规范;请按 JSON Schema 校验后重发",
                          "The message does not fit its schema; validate it against the published JSON Schema.", "poison"),
    "jws-missing": Code("缺少 jws 签名头;请签名后重发", "The `jws` header is missing; sign the value and send it again."),
    "jws-duplicated": Code("jws 签名头重复;只保留一个", "The `jws` header stands more than once; send exactly one."),
    "jws-malformed": Code("签名格式错误", "The signature is not a detached compact JWS."),
    "jws-attached": Code("签名不是分离式;请使用 detached JWS", "The JWS carries a payload; send it detached."),
    "jws-algorithm": Code("签名算法不是 Ed25519", "The signature algorithm is not Ed25519."),
    "jws-critical": Code("签名头 crit/b64 不符合规范", "The JWS must declare b64=false and list it in crit (RFC 7797)."),
    "jws-unknown-key": Code("签名密钥未登记;请联系中心登记", "The signing key is in no party's register; have it registered."),
    "jws-bad-signature": Code("签名验证失败;内容可能被改动或伪造", "The signature does not verify: altered or forged."),
    "key-not-valid": Code("签名密钥在该时间无效", "The signing key was not valid at that time."),
    "key-compromised": Code("签名密钥已报失密;立即停用", "The signing key is reported compromised; use another."),
    "source-mismatch": Code("发送方与签名密钥不符", "`source` is not the party whose key signed."),
    "recipient-wrong": Code("接收方不是本方", "`recipient` is somebody else."),
    "type-not-allowed": Code("该角色不得发送此类消息", "This party's role may not send this type here."),
    "expired": Code("消息已过有效期;请重新签发", "The message is past `expires`; sign a new one.", "expired"),
    "time-in-future": Code("时间超前超过 5 分钟;请校准时钟", "`time` is over 5 minutes ahead; set your clock."),
    "id-reused": Code("同一编号内容不同;已告警", "This id came before with other content; an alarm is raised."),
    "number-reused": Code("同一请求号、版本和动作内容不同;已告警",
                          "This request number, version and action came before with other content; an alarm is raised."),
    "task-unknown": Code("未找到对应任务", "No task of this id was sent to this party."),
    "reply-mismatch": Code("答复与请求的动作不符;请核对后重发", "The reply does not fit what was asked; correct it and send it again."),
    "reply-conflicting": Code("同一任务已有不同答复;已告警并转人工",
                              "This task has another answer already; an alarm is raised, a person must look."),
    "internal-error": Code("中心处理出错;已留存待人工处理", "The hub failed on this record; it is kept for a person.", "poison"),
}

# Why a well-formed, signed request is refused: the court gets a refusal.
REFUSAL: dict[str, Code] = {
    "court-mismatch": Code("案号的法院代字与发送法院不符", "The case number's court is not the sending court."),
    "purpose-mismatch": Code("用途与请求种类不符", "The purpose does not fit this kind of request."),
    "documents-missing": Code("缺少法律文书;请补齐后以新版本重发",
                              "Legal documents are missing; add them and send a new version."),
    "document-digest-mismatch": Code("文书与其 SHA-256 不符", "A document does not match its SHA-256."),
    "officers-missing": Code("须两名执行人员、双人双证", "Two distinct officers with two permits each are needed."),
    "approval-missing": Code("缺少审批", "An approval is missing."),
    "approver-is-maker": Code("审批人不得为经办人", "The approver must not be the maker."),
    "approver-rank": Code("审批人级别不足", "The approver's rank is below what this action needs."),
    "approval-later": Code("审批时间晚于签发时间", "The approval is dated after the request was signed."),
    "basis-expired": Code("法律依据已过期", "The legal basis is past its date."),
    "scope-exceeded": Code("超出文书载明的范围", "The request goes beyond the scope of its documents."),
    "agreement-missing": Code("与该单位无有效协议", "No agreement with this partner is in force."),
    "agreement-action": Code("协议不含该动作", "The agreement does not cover this action."),
    "agreement-field": Code("协议不含所查字段", "The agreement does not cover a field asked for."),
    "partner-unknown": Code("联动方案中无该单位", "The linkage plan does not allow this partner for this request."),
    "allowance-spent": Code("当日对该单位的查询次数已达协议上限;请次日再提或与该单位协商",
                            "The day's inquiries to a partner are used up; ask again tomorrow, or agree on more with it."),
    "partner-needed": Code("控制须指明一个单位", "A control must go to exactly one partner."),
    "amount-needed": Code("冻结须写明金额", "A freeze must state its amount."),
    "term-missing": Code("须写明期限", "The measure must state its term."),
    "term-too-long": Code("期限超过法定上限", "The term is over the legal maximum."),
    "original-needed": Code("须引用原请求", "This action must cite its original request."),
    "original-unknown": Code("原请求不存在", "The original request is unknown."),
    "original-other": Code("原请求非本院、非同一案件或非同一财产",
                           "The original is of another court, case or asset."),
    "original-not-controlled": Code("原请求未形成控制措施", "The original led to no measure; there is nothing to release."),
    "asset-mismatch": Code("动作与财产种类不符", "The action does not fit this kind of asset."),
    "vehicle-needed": Code("路面控车须写明车辆", "Road control must name the vehicle."),
    "until-needed": Code("临控须写明截止时间", "A watch must state until when."),
    # cases and authority
    "case-unknown": Code("案件未登记;请先发送案件情况", "The case is not registered; send its statement first."),
    "case-closed": Code("案件已结束或中止,不得采取新措施", "The case is not open: no new measure may be taken in it."),
    "case-version": Code("案件情况的版本不是最新", "A statement of this version or a later one is registered already."),
    "holder-other": Code("案件当时不由本院承办", "Another court had the case when this was signed."),
    "team-other": Code("案件当时不由该团队承办", "Another team had the case when this was signed."),
    "handler-other": Code("承办人非本案承办人,亦无AB岗代理", "The handler is not the case's, nor a deputy in force."),
    "officer-unregistered": Code("执行人员未备案", "An officer is not in the court's register."),
    "officer-not-in-force": Code("执行人员证件当时无效", "An officer's permit was not in force when this was signed."),
    "officer-ended": Code("执行人员证件已终止,此前签署的送达过迟;须由现职人员重新签署",
                          "An officer's permits have ended since, and what was signed before came too late; who is in office signs anew."),
    "approval-stale": Code("审批距送达已超过期限;须重新审批", "The approval is older than allowed when the request arrived; approve it again."),
    "approval-unsigned": Code("审批未签名;审批人须以本人密钥签名", "No approval is signed; the approver signs with the own key."),
    "approval-bad-signature": Code("审批签名无效或审批的不是本内容", "An approval's signature does not verify over this content."),
    "approval-second-needed": Code("特殊主体须再有一名审批人", "A sensitive subject needs a second approver."),
    "deputy-not-in-force": Code("AB岗代理当时无效,或终止后送达过迟",
                                "The deputy was not in force for that post when this was signed, or it came too late after the cover's end."),
    "not-entrusted": Code("无有效委托", "No entrustment that covers this is in force."),
    "field-needed": Code("缺少必填内容", "A member that this action needs is missing."),
    # control
    "over-seizure": Code("超标的:合计超过债权与费用;须说明理由并经审批",
                         "Over-seizure: with this the total is over claim and costs; give a reason and an approval."),
    "asset-exempt": Code("受保护账户或财产,不得冻结、扣划", "The account or asset is protected from this action."),
    "objection-open": Code("异议审查期间不得处分", "An objection is under review; nothing is taken meanwhile."),
    "measure-expired": Code("措施已届满失效;只能凭新裁定重新采取", "The measure has lapsed; only a new one, by a new ruling, can follow."),
    "measure-not-in-force": Code("无有效措施", "No measure in force that this could act on."),
    "amount-over-controlled": Code("扣划金额超过已冻结金额", "The deduction is over what is actually controlled."),
    "account-needed": Code("扣划须写明案款账户", "A deduction must name the court's account."),
    "transferee-needed": Code("过户须写明受让人", "A transfer must name the transferee."),
    # statements
    "reference-unknown": Code("所引用的请求、委托、线索或异议不存在", "What this refers to is unknown here."),
    "reference-other": Code("所引用的不属于本方", "What this refers to belongs to somebody else."),
    "state-other": Code("当前状态不允许此操作", "What this refers to is not in a state that allows it."),
    "reason-needed": Code("退回须注明理由代码", "A return must give its reason code."),
    "contact-needed": Code("须有联系人", "A contact is needed."),
    "court-unknown": Code("接收法院未接入", "The receiving court is not connected."),
    "certificate-missing-answers": Code("尚有单位未作明确答复,不能出具", "Not every required partner has answered explicitly yet."),
    "oversight-only": Code("仅上级法院可查阅", "Only the superior court may ask this."),
    "standing-needed": Code("终结本次执行须对每名被执行人附定期查询", "A closed round needs a standing inquiry about each debtor."),
    "standing-short": Code("定期查询须至少每六个月一次、满五年,且依据与有效期及于最后一次",
                           "A standing inquiry must be as often and as long as the law asks, and its basis and expiry must last "
                           "until its last round."),
    "import-known": Code("案件已登记,不得作为历史终本案件导入;须凭穷尽措施证明终结",
                         "The case is registered here: its round is not taken over, but closed with a completeness certificate."),
    "import-late": Code("终结日期不早于本中心启用台账之日;须凭穷尽措施证明终结",
                        "The round was closed when this hub kept the ledger already; it is closed with a completeness certificate."),
    "import-over": Code("自终结之日起已满五年,无可导入的查询", "Five years have passed since the closing; no round is left to take over."),
    "certificate-needed": Code("终结本次执行须先就每名被执行人出具穷尽措施证明、限制消费并自立案满三个月",
                               "A round is closed only with a completeness certificate about each debtor, a consumption restriction and "
                               "three months since filing."),
    "certificate-stale": Code("穷尽措施证明所依据的答复已逾期限;须重新查询并出具",
                              "A completeness certificate rests on answers that are too old; inquire again and ask for a new one."),
}

EVENTS: dict[str, Code] = {
    "renewal-due": Code("措施即将届满,续行草稿待签", "A measure ends soon; its renewal is drafted for signature."),
    "renewal-escalated": Code("续行仍未签发,已提请督办", "The renewal is still unsigned; its supervisor is told."),
    "measure-lapsed": Code("措施届满失效", "A measure has lapsed at its end."),
    "renewed-after-end": Code("措施已终止,单位却反馈已续行:不恢复效力,请即与单位核对",
                              "The partner says that it has renewed a measure that had ended: it stays ended; clear it up with the partner."),
    "measure-uncertain": Code("续行未获答复,届满后效力不明", "Its renewal met silence: whether a measure is in force past its end is unknown."),
    "measure-promoted": Code("轮候转为正式查封", "A queued measure has taken effect."),
    "measure-void": Code("财产已全部处置,轮候失效", "The asset is gone; a queued measure has no object any more."),
    "over-seizure-risk": Code("合计控制数额已超过标的", "What is controlled in all has come to be over what is still owed."),
    "term-beyond-law": Code("单位反馈的期限超过法定上限", "The partner states a term over the legal maximum."),
    "exempt-found": Code("查得受保护账户", "A protected account was found."),
    "objection-opened": Code("收到异议,审查期限开始", "An objection has come; the review's clock runs."),
    "objection-overdue": Code("异议审查逾期", "The review of an objection is overdue."),
    "release-drafted": Code("异议成立,解除草稿待签", "An objection is upheld; the release is drafted for signature."),
    "release-nothing-left": Code("异议成立,已无在控财产可解除;已扣划的依法返还",
                                 "An objection is upheld, and nothing is left under control; what was deducted is given back by law."),
    "release-due": Code("应予解除,草稿待签", "This must be released; the release is drafted for signature."),
    "release-overdue": Code("应解除未解除", "What must be released is still in force."),
    "watch-hit": Code("临控命中,请立即处置", "A watch has hit: act at once."),
    "watch-hit-after-end": Code("临控结束后命中,仅供核对,不得据此控制移交",
                                "A hit came after the watch had ended: look into it; it is no ground to hold or hand over."),
    "hit-unattended": Code("命中后未处置", "Nobody has attended to a hit."),
    "watch-expired": Code("临控届满", "A watch has ended."),
    "supervised": Code("单位逾期未答复,已督办", "A partner's answer is overdue; it is under supervision."),
    "order-held": Code("命令已留存,待期满发送", "The order is held until its date."),
    "order-cancelled": Code("债务已履行或案件已结束,留存命令撤销", "The debt is performed or the case closed; the held order is cancelled."),
    "recheck-found": Code("终本案件查得财产,请审查", "A closed round's re-inquiry has found something; review it."),
    "review-overdue": Code("终本案件发现财产未审查", "Nobody has reviewed what a re-inquiry found."),
    "ledger-closed": Code("终本满五年,定期查询结束", "Five years are over; the re-inquiries have ended."),
    "matter-overdue": Code("委托事项逾期", "An entrusted matter is overdue."),
    "matter-news": Code("委托事项进展", "News of an entrusted matter."),
    "matter-withdrawn": Code("债务已履行或案件已结束,委托事项终止,不再办理",
                             "The debt is performed or the case has ended: the entrusted matter ends with it, nothing more is to be done."),
    "lead-overdue": Code("线索核查逾期", "The verification of a lead is overdue."),
    "reads-many": Code("查阅数量达到警戒线", "An officer's reads have reached a threshold."),
}
"""What the hub tells a court of its own accord (`CaseEvent`)."""


CODES: dict[str, Code] = {**INTAKE, **REFUSAL, **EVENTS}
