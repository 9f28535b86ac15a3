# language: zh-CN
功能: 闰日起算一年 · One year from 29 February

  月份计算遇月末不足之日,以该月最后一日为准:2028年2月29日起一年,至2029年2月28日。
  A term in months that ends on a day which its month lacks, ends on that month's last day (V15).

  场景: 2028年2月29日冻结一年 · Frozen on 29 February 2028 for a year
    假如 时间为2028年2月29日9时
    # Given it is 29 February 2028
    而且 甲法院的案件标的为100000元
    # And court A's case has a claim of 100,000 yuan
    当 甲法院冻结第一银行账户50000元,期限12个月
    # When court A freezes the account for twelve months
    而且 第一银行反馈已冻结50000元,自2028年2月29日起
    # And the bank freezes it from that day
    那么 甲法院对第一银行账户的措施为"生效",至2029年2月28日止
    # Then it is in effect until 28 February 2029
    当 时间到了2029年2月28日23时59分59秒
    # When the last second of that day has come
    那么 甲法院对第一银行账户的措施为"生效"
    # Then it is still in effect
    当 时间到了2029年3月1日0时
    # When March begins
    那么 甲法院收到提示"措施届满失效"
    # Then it has lapsed
