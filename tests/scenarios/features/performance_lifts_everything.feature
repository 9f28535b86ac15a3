# language: zh-CN
功能: 履行完毕,全部解除 · Performance lifts everything

  债务履行完毕,所有冻结、查封、临控均应解除或撤销,并以证明为据(信用修复)。
  Once the debt is performed every freeze, seizure and watch is lifted, with proof (credit repair).

  场景: 冻结一户、临控一人,履行后全部解除并出具证明 · One freeze and one watch, both lifted, and certified
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户50000元
    # And court A has frozen an account
    而且 第一银行反馈已冻结50000元
    # And it is in effect
    而且 甲法院请公安机关临控被执行人
    # And the police watch for the debtor
    而且 公安机关反馈已布控
    # And the watch is armed
    当 甲法院告知债务已全部履行
    # When court A tells that the debt is performed
    那么 甲法院收到2份应予解除的草稿
    # Then it gets a drafted release for each
    当 甲法院查封车辆80000元
    # When court A takes a new measure all the same
    那么 中心不予受理,理由包括"案件已结束或中止"
    # Then the hub refuses
    当 甲法院解除对第一银行账户的措施
    # When court A releases the freeze
    而且 第一银行反馈已解除
    # And the bank has done so
    而且 甲法院撤销对被执行人的临控
    # And court A withdraws the watch
    而且 公安机关反馈已撤控
    # And the police have done so
    那么 甲法院收到信用修复证明
    # Then court A gets the certificate that all is lifted
    而且 甲法院案件已无任何在控措施
    # And nothing is controlled any more

  场景: 应解除而无人签发,逐级提醒,直至解除 · Nobody signs the release: reminded, higher and higher, until it is done
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户50000元
    # And court A has frozen an account
    而且 第一银行反馈已冻结50000元
    # And it is in effect
    当 甲法院告知债务已全部履行
    # When court A tells that the debt is performed
    而且 时间到了2026年11月26日12时
    # And three days have passed
    那么 甲法院收到提示"应解除未解除",致局长
    # Then the supervisor is told
    而且 上级法院没有收到提示
    # And the superior court is not yet
    当 时间到了2026年12月4日12时
    # When five working days more have passed
    那么 上级法院收到提示"应解除未解除"
    # Then the superior court is told as well
    当 时间到了2026年12月11日12时
    # When another week has passed
    那么 甲法院收到提示"应解除未解除",致局长
    # Then both are told again
    而且 上级法院收到提示"应解除未解除"
    # And so on each week
    当 甲法院解除对第一银行账户的措施
    # When court A releases the freeze
    而且 第一银行反馈已解除
    # And the bank has done so
    而且 时间到了2027年3月1日12时
    # And months pass
    那么 甲法院没有收到提示
    # Then nobody is reminded any more
    而且 上级法院没有收到提示
    # Nor is the superior court
