# language: zh-CN
功能: 催办与督办 · A partner is reminded, then supervised

  答复期限将尽,先行催办;逾期仍不答复,逐级督办至上级法院;一经答复,督办即止。
  Before the deadline the partner is reminded; after it the delay goes up, rung by rung, to the superior court; an answer
  ends it.

  背景:
    假如 协议约定1个工作日内答复
    # Given the agreements grant one working day for an answer
    而且 甲法院的案件标的为100000元
    # And court A's case has a claim of 100,000 yuan
    而且 甲法院向第一银行查询被执行人财产
    # And court A asks the first bank, on Monday, 23 November
    而且 第一银行签收
    # And the bank takes receipt
    当 时间到了2026年11月24日23时59分
    # When Tuesday is nearly over
    那么 第一银行收到催办
    # Then the bank was reminded
    当 时间到了2026年11月25日9时
    # When it is Wednesday
    那么 甲法院收到第一银行未答复的事实
    # Then its silence is a fact

  场景: 逾期逐级督办 · The delay goes up the ladder
    当 时间到了2026年11月26日9时
    # When one more working day has passed
    那么 甲法院收到提示"单位逾期未答复",致承办人
    # Then the handler is told
    而且 第一银行收到催办
    # And the bank is reminded again
    当 时间到了2026年11月28日9时
    # When three have passed
    那么 甲法院收到提示"单位逾期未答复",致局长
    # Then the supervisor is told
    当 时间到了2026年12月2日9时
    # When five have passed
    那么 上级法院收到提示"单位逾期未答复"
    # Then the superior court is told

  场景: 一经答复,督办即止 · An answer ends it
    当 第一银行反馈查无
    # When the bank answers late
    那么 甲法院收到第一银行的答复,注明迟到并引用办结
    # Then its answer is passed on as late
    当 时间到了2026年12月31日9时
    # When weeks have passed
    那么 甲法院没有收到提示
    # Then nobody is told of a delay
    而且 上级法院没有收到任何消息
    # And the superior court hears nothing
