# language: zh-CN
功能: 沉默不等于查无 · Silence is never "nothing found"

  协助单位不答复,是一项有日期、可核验的事实,不是"查无"。冻结之后的沉默,结果不明,仍计入已控制数额。
  That a partner does not answer is a dated fact. After a freeze it means that the outcome is unknown: all that was
  asked for counts as controlled.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan

  场景: 查询无人答复 · An inquiry that nobody answers
    当 甲法院向第一银行查询被执行人财产
    # When court A asks the first bank for the debtor's assets
    而且 第一银行签收
    # And the bank takes receipt
    而且 又过了20秒
    # And lets its time for the answer pass
    那么 甲法院收到第一银行未答复的事实
    # Then court A is told so, as a fact
    而且 办结为"未完成"
    # And the request is concluded as incomplete

  场景: 冻结之后的沉默 · Silence after a freeze
    当 甲法院冻结第一银行账户60000元
    # When court A freezes 60,000 yuan
    而且 又过了10秒
    # And the bank does not even take receipt
    那么 甲法院收到第一银行未答复的事实,结果不明
    # Then court A is told that the outcome is unknown
    而且 甲法院对第一银行账户的措施为"情况不明"
    # And so is the measure
    而且 甲法院案件共已控制60000元
    # And all 60,000 yuan count as controlled
    当 甲法院冻结第二银行账户50000元
    # When court A freezes 50,000 more at another bank
    那么 中心不予受理,理由是"超标的"
    # Then that would be over the claim
    当 第一银行反馈已冻结1000元
    # When the first bank answers at last: 1,000 yuan
    那么 甲法院收到第一银行的答复,注明迟到并引用办结
    # Then its answer is passed on as late, citing the conclusion
    而且 没有新的办结
    # And the conclusion stays as it is
    而且 甲法院案件共已控制1000元
    # And 1,000 yuan are controlled
