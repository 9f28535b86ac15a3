# language: zh-CN
功能: 委托事项逾期 · An entrusted matter goes overdue

  受托法院应在十五日内开始办理、三十日内回复(民诉法第240条);逾期逐级提示至共同上级法院。
  The entrusted court starts within 15 days and reports within 30; a delay goes up to the common superior.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan
    当 甲法院委托乙法院查封房产
    # When court A entrusts court B with sealing the real estate
    那么 乙法院收到委托事项
    # Then court B gets the matter

  场景: 十五日无人接办 · Nobody starts within fifteen days
    当 时间到了2026年12月9日12时
    # When more than fifteen days have passed
    那么 甲法院收到提示"委托事项逾期"
    # Then court A is told
    而且 上级法院收到提示"委托事项逾期"
    # And so is the superior that both share

  场景: 如期接受并办结 · Accepted and done in time
    当 乙法院签收该委托事项
    # When court B signs for it
    那么 中心登记
    # Then that is noted
    当 乙法院接受该委托事项
    # When court B accepts it
    那么 中心登记
    # Then that is noted
    当 乙法院办结该委托事项
    # When court B has done it
    那么 中心登记
    # Then that is noted
    当 时间到了2027年3月1日12时
    # When months have passed
    那么 甲法院没有收到提示
    # Then nothing is overdue

  场景: 办理中债务履行完毕,委托终止 · The debt is performed meanwhile
    当 乙法院签收该委托事项
    # When court B signs for it
    而且 乙法院接受该委托事项
    # And accepts it
    而且 甲法院告知债务已全部履行
    # And court A tells that the debt is performed
    那么 乙法院收到提示"债务已履行或案件已结束,委托事项终止",致局长
    # Then court B is told that nothing more is to be done
    而且 甲法院收到提示"债务已履行或案件已结束,委托事项终止"
    # And so is court A
    当 时间到了2027年3月1日12时
    # When months have passed
    那么 乙法院没有收到提示
    # Then nothing is overdue at court B
    而且 甲法院没有收到提示
    # Nor at court A
    当 乙法院办结该委托事项
    # When court B still says that it has done it
    那么 中心不予受理,理由是"当前状态不允许此操作"
    # Then that is refused: the matter has ended
