# language: zh-CN
功能: 审批须本人密钥、针对本内容 · An approval is the approver's own, over this very content

  审批人以本人密钥对请求内容签名;他人密钥、他项内容、经办人自批,均不作数。
  The approver signs the request's content with the own key. Another's key, other content, or the maker's own approval
  count for nothing (V19).

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan

  场景: 用他人的密钥签名 · Signed with another's key
    当 甲法院冻结第一银行账户50000元,局长的批准用协办人的密钥签名
    # When the chief's approval is signed with the second officer's key
    那么 中心不予受理,理由是"审批签名无效"
    # Then the hub refuses it

  场景: 批准的是另一金额 · Approved for another amount
    当 甲法院冻结第一银行账户50000元,而局长批准的是5000元
    # When the chief approved 5,000 and the order says 50,000
    那么 中心不予受理,理由是"审批签名无效"
    # Then the hub refuses it

  场景: 经办人自批 · The maker approves its own
    当 甲法院冻结第一银行账户50000元,由承办人批准
    # When the maker approves it
    那么 中心不予受理,理由是"审批人不得为经办人"
    # Then the hub refuses it

  场景: 法官批准冻结,级别不足 · A judge's rank does not suffice
    当 甲法院冻结第一银行账户50000元,由协办人批准
    # When another judge approves it
    那么 中心不予受理,理由是"审批人级别不足"
    # Then the hub refuses it

  场景: 局长本人批准 · The chief's own approval
    当 甲法院冻结第一银行账户50000元,由局长批准
    # When the bureau chief approves it
    那么 中心受理
    # Then the hub accepts it
