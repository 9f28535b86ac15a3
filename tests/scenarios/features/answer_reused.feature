# language: zh-CN
功能: 近期答复可以沿用 · A recent answer is used again

  同一被执行人、同一用途,协议约定期限内的答复可以沿用,不再重复查询银行,并予留痕;法院可以要求重新查询。
  The same subject and purpose within the agreed window: the answer is passed on again and the bank is not asked; a
  court may insist on a fresh one.

  背景:
    假如 协议约定答复30日内可以沿用
    # Given the agreements let an answer be used again for thirty days
    而且 甲法院的案件标的为100000元
    # And court A's case has a claim of 100,000 yuan
    而且 乙法院的案件标的为100000元
    # And court B's as well
    而且 甲法院向第一银行查询被执行人财产
    # And court A has asked the first bank
    而且 第一银行反馈查无
    # And had its answer

  场景: 三十日内,乙法院沿用 · Within thirty days court B gets the same answer
    当 时间到了2026年12月20日9时
    # When four weeks have passed
    而且 乙法院向第一银行查询被执行人财产
    # And court B asks about the same debtor
    那么 没有任务发出
    # Then the bank is not asked again
    而且 乙法院收到沿用第一银行先前的答复
    # And court B gets the earlier answer, marked as such

  场景: 要求重新查询 · A fresh answer is asked for
    当 乙法院向第一银行查询被执行人财产,不得沿用旧答复
    # When court B insists on a fresh answer
    那么 任务发往第一银行
    # Then the bank is asked

  场景: 超过三十日 · After thirty days
    当 时间到了2026年12月24日9时
    # When the window is over
    而且 乙法院向第一银行查询被执行人财产
    # And court B asks about the same debtor
    那么 任务发往第一银行
    # Then the bank is asked
