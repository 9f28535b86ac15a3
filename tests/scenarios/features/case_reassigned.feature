# language: zh-CN
功能: 交叉执行,案件移转 · A case is given to another court

  案件改由他院执行后:此前签署的命令有效;其后的答复送新的承办法院;原法院再签的不受理。
  After a case has moved: what was signed before stands; what is answered after goes to the new court; the old one may
  order nothing more.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan
    而且 甲法院冻结第一银行账户50000元
    # And court A has frozen an account, still unanswered
    而且 甲法院签署查封房产的命令,尚未送达
    # And signed a seizure that has not been delivered
    而且 时间到了2026年11月23日9时0分5秒
    # And a few seconds later
    当 甲法院的案件改由乙法院执行
    # When the superior court gives the case to court B

  场景: 在途的答复送新的承办法院 · An answer on its way goes to the new court
    当 第一银行反馈已冻结50000元
    # When the bank answers the freeze
    那么 乙法院收到第一银行的答复
    # Then court B gets the answer
    而且 甲法院没有收到任何消息
    # And court A hears nothing of it

  场景: 移转前签署的命令有效 · What was signed before the move stands
    当 甲法院先前签署的命令送达
    # When the order that court A signed before is delivered
    那么 任务发往不动产登记中心
    # Then it is carried out

  场景: 原法院移转后不得再下命令 · The old court may order nothing more
    当 甲法院查封车辆80000元
    # When court A signs a new order in the case
    那么 中心不予受理,理由是"案件当时不由本院承办"
    # Then the hub refuses

  场景: 新法院可以解除原法院的措施 · The new court may release what the old one froze
    当 第一银行反馈已冻结50000元
    # When the bank has frozen the account
    而且 乙法院在甲法院案件中解除对第一银行账户的措施
    # And court B releases it
    那么 任务发往第一银行
    # Then the release goes to the bank
    当 第一银行反馈已解除
    # When the bank has done so
    那么 甲法院对第一银行账户的措施为"已解除"
    # Then the measure that court A began is released
