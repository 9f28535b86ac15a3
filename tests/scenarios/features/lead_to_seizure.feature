# language: zh-CN
功能: 线索转为查封 · A lead becomes a seizure

  线索七日内核实,紧急的三日(法释〔2017〕8号第2条);查实即采取措施,并答复提供人。
  A lead is verified within seven days; one that proves true becomes a measure, and who gave it is told.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan
    而且 甲法院登记网格员提供的线索:被执行人的车辆停在某小区
    # And court A registers a grid assistant's lead: where the debtor's vehicle stands

  场景: 查实、查封、答复 · Confirmed, sealed, answered
    当 甲法院核实线索属实
    # When court A finds it true
    那么 甲法院收到线索答复
    # Then who gave it is told (here through court A itself)
    当 甲法院凭线索查封车辆80000元
    # When court A seals the vehicle on that lead
    而且 车辆管理所反馈已查封80000元
    # And the registry has done so
    那么 日志记明该线索转为措施
    # Then the log says that the lead became a measure
    当 时间到了2026年12月15日12时
    # When weeks have passed
    那么 甲法院没有收到提示
    # Then nothing is overdue

  场景: 七日未核实 · Not verified within seven days
    当 时间到了2026年12月1日12时
    # When more than seven days have passed
    那么 甲法院收到提示"线索核查逾期"
    # Then court A is told that it is overdue

  场景: 案件改由他院执行,线索随案移送 · The case moves, and the lead with it
    当 甲法院的案件改由乙法院执行
    # When the superior court gives the case to court B
    那么 乙法院收到线索
    # Then court B gets the lead as it was signed
    当 时间到了2026年12月1日12时
    # When seven days have passed since the lead came, wherever it was
    那么 乙法院收到提示"线索核查逾期",致局长
    # Then court B is told that it is overdue
    而且 甲法院没有收到提示
    # And court A is not
    当 乙法院核实线索属实
    # When court B finds it true
    那么 甲法院收到线索答复
    # Then who gave it is told (here through court A)
