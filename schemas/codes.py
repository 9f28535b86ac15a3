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
    "partner-needed": Code("控制须指明一个单位", "A control must go to exactly one partner."),
    "amount-needed": Code("冻结须写明金额", "A freeze must state its amount."),
    "term-missing": Code("须写明期限", "The measure must state its term."),
    "term-too-long": Code("期限超过法定上限", "The term is over the legal maximum."),
    "original-needed": Code("解除须引用原请求", "A release must cite its original request."),
    "original-unknown": Code("原请求不存在", "The original request is unknown."),
    "original-other": Code("原请求非本院、非同一案件或非同一财产",
                           "The original is of another court, case or asset."),
    "original-not-controlled": Code("原请求未形成控制措施", "The original led to no measure; there is nothing to release."),
    "asset-mismatch": Code("动作与财产种类不符", "The action does not fit this kind of asset."),
    "vehicle-needed": Code("路面控车须写明车辆", "Road control must name the vehicle."),
    "until-needed": Code("临控须写明截止时间", "A watch must state until when."),
}

CODES: dict[str, Code] = {**INTAKE, **REFUSAL}
