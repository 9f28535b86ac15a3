# language: zh-CN
功能: 续行迟到一秒 · A renewal one second late

  银行存款冻结不超过一年(民诉法解释第485条)。届满前可以续行;届满即失效,只能凭新裁定重新采取。
  A deposit is frozen for at most a year. It can be renewed before the end only; after it, only a new ruling helps (V16).

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户50000元,期限12个月
    # And court A has frozen the account at the first bank for twelve months
    而且 第一银行反馈已冻结50000元,自2026年11月23日起,至2027年11月22日止
    # And the bank has frozen 50,000 yuan from 23 November 2026 until 22 November 2027

  场景: 最后一秒签发的续行有效 · In the last second a renewal is in time
    当 时间到了2027年11月22日23时59分59秒
    # When it is the last second of the last day
    而且 甲法院续行对第一银行账户的措施,期限12个月
    # And court A renews the freeze for twelve months
    那么 中心受理
    # Then the hub accepts
    当 时间到了2027年11月23日0时0分5秒
    # When midnight passes while the bank works
    那么 甲法院没有收到提示
    # Then court A is told of no lapse
    当 第一银行反馈已续行,至2028年11月22日止
    # When the bank answers that it is renewed until 22 November 2028
    那么 甲法院对第一银行账户的措施为"生效",至2028年11月22日止
    # Then the freeze is in effect until then

  场景: 迟到一秒,措施已失效 · One second later the measure has lapsed
    当 时间到了2027年11月23日0时0分0秒
    # When the first second of the next day has come
    那么 甲法院收到提示"措施届满失效"
    # Then court A is told that the measure has lapsed
    当 甲法院续行对第一银行账户的措施,期限12个月
    # When court A renews it now
    那么 中心不予受理,理由是"措施已届满失效"
    # Then the hub refuses: it has lapsed
    而且 甲法院对第一银行账户的措施为"已失效"
    # And it stays lapsed
    而且 甲法院案件共已控制0元
    # And nothing is controlled any more
    当 甲法院冻结第一银行账户50000元
    # When court A freezes the account anew, by a new ruling
    那么 中心受理
    # Then the hub accepts

  场景: 届满前30、15、7日提醒,逾期未签则逐级上报 · Reminders 30, 15 and 7 days ahead, then up the ladder
    当 时间到了2027年10月23日12时
    # When thirty days are left
    那么 甲法院收到提示"措施即将届满",致承办人,附草稿
    # Then the handler is told, with the renewal drafted for signature
    当 时间到了2027年11月22日12时
    # When the last day has come and nobody has signed
    那么 甲法院先后收到提示11月7日"措施即将届满"、11月15日"措施即将届满"、11月15日"续行仍未签发"、11月19日"续行仍未签发"、11月21日"续行仍未签发"
    # Then it was told at 15 and 7 days, and the supervisor at 7, 3 and 1
