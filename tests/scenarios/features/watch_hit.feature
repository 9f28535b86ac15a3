# language: zh-CN
功能: 凌晨三点临控命中 · A watch hit at three in the morning

  命中即时通知值班人员;两小时无人处置,再次提醒;移交后了结。
  A hit reaches the duty officer at once; after two hours that nobody attends, it is said again; handed over, it is done.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院请公安机关临控被执行人
    # And court A asks the police to watch for the debtor
    而且 公安机关反馈已布控
    # And the watch is armed
    而且 时间到了2026年12月5日3时
    # And it is three in the morning
    当 公安机关报告命中
    # When the police report a hit
    那么 甲法院收到提示"临控命中",致协办人
    # Then the duty officer is told at once

  场景: 无人处置 · Nobody attends
    当 时间到了2026年12月5日5时
    # When two hours have passed
    那么 甲法院收到提示"命中后未处置"
    # Then court A is told that nobody has attended

  场景: 两小时内移交 · Handed over within two hours
    当 时间到了2026年12月5日4时
    # When an hour has passed
    而且 甲法院告知人已移交
    # And court A tells that the person was handed over
    那么 中心登记
    # Then the hub notes it
    当 时间到了2026年12月5日8时
    # When morning has come
    那么 甲法院没有收到提示
    # Then nothing more is said

  场景: 撤控之后命中 · A hit after the withdrawal
    当 甲法院告知人已移交
    # When court A tells that the person was handed over
    而且 甲法院撤销对被执行人的临控
    # And withdraws the watch
    而且 公安机关反馈已撤控
    # And the police have withdrawn it
    而且 公安机关就甲法院已撤销的临控又报告命中
    # And the police report a hit of the watch that was withdrawn
    那么 甲法院收到提示"临控结束后命中",致承办人
    # Then the judge is told that it came after the end
    当 时间到了2026年12月5日12时
    # When hours have passed
    那么 甲法院没有收到提示
    # Then nobody asks for a handover
