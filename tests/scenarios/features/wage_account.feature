# language: zh-CN
功能: 农民工工资专用账户 · A migrant-worker wage account

  工资专用账户不得因其他案件冻结、扣划(保障农民工工资支付条例第33条);追索该批工资本身的,须说明理由并经院长批准。
  A wage account is not frozen or deducted from for other claims; for those very wages it may be, with the president's
  approval (V21).

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan

  场景: 查得工资专用账户,随后的冻结不予受理 · Found by an inquiry, it cannot be frozen
    当 甲法院向第一银行查询被执行人财产
    # When court A asks the first bank
    而且 第一银行反馈查得工资专用账户一个
    # And the bank finds a wage account
    那么 甲法院收到提示"查得受保护账户"
    # Then court A is told that it is protected
    当 甲法院冻结第一银行账户50000元
    # When court A freezes it all the same
    那么 中心不予受理,理由是"受保护账户"
    # Then the hub refuses

  场景: 追索该批工资,经院长批准可以冻结 · For those very wages, with the president's approval
    假如 甲法院的案件是追索工资案件
    # Given court A's case is about those wages
    而且 甲法院向第一银行查询被执行人财产
    # And court A asks the first bank
    而且 第一银行反馈查得工资专用账户一个
    # And the bank finds a wage account
    当 甲法院因追索工资,经院长批准,冻结第一银行账户50000元
    # When court A freezes it with reason and approval
    那么 任务发往第一银行
    # Then the freeze goes to the bank

  场景: 已冻结的账户被提出异议,审查期间不得扣划,成立即解除 · Contested: nothing is deducted, and upheld it is released
    假如 甲法院冻结第一银行账户50000元
    # Given court A has frozen the account
    而且 第一银行反馈已冻结50000元
    # And it is in effect
    当 第一银行提出异议,第一银行账户为工资专用账户
    # When the bank objects that it is a wage account
    那么 甲法院收到提示"收到异议"
    # Then court A is told, and the review's clock runs
    当 甲法院从第一银行账户扣划50000元
    # When court A deducts from it
    那么 中心不予受理,理由是"异议审查期间不得处分"
    # Then the hub refuses
    当 甲法院裁定异议成立
    # When court A upholds the objection
    那么 甲法院收到提示"异议成立",附草稿
    # Then the release is drafted for signature
