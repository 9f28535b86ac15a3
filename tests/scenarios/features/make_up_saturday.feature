# language: zh-CN
功能: 调休的星期六是工作日 · A make-up Saturday is a working day

  期限按工作日计算的,以国务院放假安排为准:调休上班的星期六计入,放假的星期一不计。
  Where a deadline counts working days, the State Council's calendar decides: a make-up Saturday counts, a holiday
  Monday does not (V25).

  背景:
    假如 协议约定1个工作日内答复
    # Given the agreements grant one working day for an answer

  场景: 星期五签收,次日调休上班,期限至星期六 · Friday's receipt falls due on the make-up Saturday
    假如 时间为2026年10月9日15时
    # Given it is Friday afternoon, 9 October 2026
    而且 甲法院的案件标的为100000元
    # And court A's case has a claim of 100,000 yuan
    而且 甲法院向第一银行查询被执行人财产
    # And court A asks the first bank
    而且 第一银行签收
    # And the bank takes receipt
    当 时间到了2026年10月10日23时59分59秒
    # When the make-up Saturday is nearly over
    那么 没有新的办结
    # Then nobody is silent yet
    当 时间到了2026年10月11日0时
    # When it is over
    那么 甲法院收到第一银行未答复的事实
    # Then the bank's silence is a fact

  场景: 普通的周末不计 · An ordinary weekend does not count
    假如 时间为2026年11月27日15时
    # Given it is Friday afternoon, 27 November 2026
    而且 甲法院的案件标的为100000元
    # And court A's case has a claim of 100,000 yuan
    而且 甲法院向第一银行查询被执行人财产
    # And court A asks the first bank
    而且 第一银行签收
    # And the bank takes receipt
    当 时间到了2026年11月30日23时59分59秒
    # When Monday is nearly over
    那么 没有新的办结
    # Then nobody is silent yet
    当 时间到了2026年12月1日0时
    # When it is over
    那么 甲法院收到第一银行未答复的事实
    # Then the bank's silence is a fact
