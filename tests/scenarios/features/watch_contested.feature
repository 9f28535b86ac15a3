# language: zh-CN
功能: 对临控提出异议 · A watch is contested

  对临控、限制措施的异议与对查封冻结的异议一样审查:十五日内作出结论,成立即起草撤控,一步到位。
  An objection to a watch or a restriction is reviewed like one to a seizure: within fifteen days, and upheld it is ended in one step.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院请公安机关临控被执行人
    # And court A asks the police to watch for the debtor
    而且 公安机关反馈已布控
    # And the watch is armed
    当 甲法院登记对临控的异议
    # When court A records that the watch is contested
    那么 甲法院收到提示"收到异议",致承办人
    # Then its judge is told, and the review's clock runs

  场景: 异议成立,撤控 · Upheld, and withdrawn
    当 甲法院裁定异议成立
    # When court A upholds the objection
    那么 甲法院收到提示"异议成立",附草稿
    # Then the withdrawal is drafted for signature
    当 甲法院撤销对被执行人的临控
    # When court A signs and sends it
    而且 公安机关反馈已撤控
    # And the police have withdrawn the watch
    而且 时间到了2026年12月31日12时
    # And weeks pass
    那么 甲法院没有收到提示
    # Then nothing is overdue

  场景: 十五日内未作结论 · Not decided within fifteen days
    当 时间到了2026年12月9日12时
    # When more than fifteen days have passed
    那么 甲法院收到提示"异议审查逾期",致局长
    # Then its supervisor is told
