# language: zh-CN
功能: 签发之后证件注销 · An officer revoked after signing

  命令以签发之时的身份为准:签发时证件有效、注销后一日内送达的,命令有效;注销之后再签的,或倒填日期迟来的,不予受理。
  An order is judged by who its officers were when it was signed: what was signed before a revocation stands, if it arrives
  within a day of it. When it was signed is the signer's own word, so what comes later counts for nothing, whatever its date.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan

  场景: 协办人昨日签发、今日注销,命令照办;再签的不受理 · Signed yesterday, revoked today
    当 甲法院签署查封房产的命令,尚未送达
    # When court A signs a seizure that has not been delivered yet
    而且 时间到了2026年11月24日9时
    # And the next day has come
    而且 甲法院协办人的证件于2026年11月24日0时注销
    # And the second officer's permit was revoked at midnight
    而且 甲法院先前签署的命令送达
    # And the order of yesterday is delivered
    那么 中心受理
    # Then the hub accepts it
    当 甲法院查封车辆80000元
    # When court A signs a new order with the same officers
    那么 中心不予受理,理由是"执行人员证件当时无效"
    # Then the hub refuses it

  场景: 局长证件注销后的批准无效 · An approval by a revoked chief
    当 甲法院局长的证件于2026年11月23日8时注销
    # When the bureau chief's permit is revoked
    而且 甲法院查封车辆80000元
    # And an order comes that the chief approved after that
    那么 中心不予受理,理由是"执行人员证件当时无效"
    # Then the hub refuses it

  场景: 局长昨日批准、今日注销,当日送达的照办 · The chief approved yesterday and is revoked today
    当 甲法院签署查封房产的命令,尚未送达
    # When court A signs a seizure, with the chief's approval of the same day
    而且 时间到了2026年11月24日9时
    # And the next day has come
    而且 甲法院局长的证件于2026年11月24日0时注销
    # And the chief's permit was revoked at midnight
    而且 甲法院先前签署的命令送达
    # And the order is delivered
    那么 中心受理
    # Then the hub accepts it

  场景: 注销两日后以原密钥倒填批准 · A revoked chief's key backdates an approval two days later
    当 甲法院局长的证件于2026年11月24日0时注销
    # When the chief's permit is revoked at midnight
    而且 时间到了2026年11月26日9时
    # And two days have passed
    而且 甲法院查封车辆80000元,局长的批准倒填为2026年11月23日17时
    # And an order comes with an approval by the chief's old key, dated to the last day in office
    那么 中心不予受理,理由是"执行人员证件已终止"
    # Then the hub refuses it

  场景: 批准逾三十日才送达 · An approval of more than thirty days ago
    当 时间到了2026年12月24日9时
    # When a month and a day have passed
    而且 甲法院查封车辆80000元,局长的批准倒填为2026年11月23日17时
    # And an order comes that the chief approved then
    那么 中心不予受理,理由是"审批距送达已超过期限"
    # Then the hub refuses it: the chief approves again
