# language: zh-CN
功能: 两个矛盾的答复 · Two answers that contradict each other

  同一任务先答"查无"、后答"已冻结"(或金额不同),以先到者为准,后者报警转人工,绝不悄悄改写。
  The first answer to a task stands; a second with other content is an alarm for a person, and changes nothing.

  场景: 先答查无,又答已冻结 · First no record, then frozen
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户50000元
    # And court A has sent a freeze
    当 第一银行反馈查无
    # When the bank answers that it has no such account
    那么 办结为"已完成"
    # Then the request is concluded
    当 第一银行对同一任务又反馈已冻结50000元
    # When the bank answers the same task again: frozen
    那么 中心不予接收并报警,理由是"同一任务已有不同答复"
    # Then the hub does not take it in, and raises an alarm
    而且 没有新的办结
    # And there is no second conclusion
    而且 甲法院对第一银行账户的措施为"未形成"
    # And the first answer stands

  场景: 迟到的答复也只算第一个 · Of late answers, too, the first one stands
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户50000元
    # And court A has sent a freeze
    当 又过了10秒
    # When the bank lets its time pass
    而且 第一银行反馈查无
    # And answers late that it has no such account
    那么 甲法院收到第一银行的答复,注明迟到并引用办结
    # Then that is passed on as late
    当 第一银行对同一任务又反馈已冻结50000元
    # When the bank answers once more: frozen
    那么 中心不予接收并报警,理由是"同一任务已有不同答复"
    # Then the hub does not take it in, and raises an alarm
