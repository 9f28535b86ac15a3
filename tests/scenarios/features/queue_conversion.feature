# language: zh-CN
功能: 轮候查封的转正 · What becomes of a queued seizure

  法发〔2004〕5号第20条:在先查封解除或失效,轮候在先者自动生效;部分处置,轮候效力及于余下部分;全部处置,轮候失效。
  轮候只有期限长短,没有届满日;转正之日起算(协议可另定)。
  When the first seizure is released or lapses, the first in line takes effect; after partial disposal it moves to the rest;
  after full disposal it is void. One that waits has a length and no end.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan
    而且 乙法院的案件标的为500000元
    # And so has court B's
    而且 甲法院查封房产300000元,期限12个月
    # And court A has sealed the real estate for twelve months
    而且 不动产登记中心反馈已查封300000元,自2026年11月23日起,至2027年11月22日止
    # And the registry put it into effect until 22 November 2027
    而且 乙法院轮候查封房产300000元,期限36个月
    # And court B has asked for a queued seizure for three years
    而且 不动产登记中心反馈轮候
    # And waits behind it
    那么 乙法院在房产上轮候第1位
    # Then court B is first in line

  场景: 在先查封解除 · The first seizure is released
    当 时间到了2027年3月1日10时
    # When it is March 2027
    而且 甲法院解除对房产的措施
    # And court A releases its seizure
    而且 不动产登记中心反馈已解除
    # And the registry has done so
    那么 乙法院收到提示"轮候转为正式查封"
    # Then court B is told that its own has taken effect
    而且 乙法院对房产的措施为"生效",自2027年3月1日起,至2030年3月1日止
    # And it runs for its own three years from that day

  场景: 在先查封届满 · The first seizure lapses
    当 时间到了2027年11月23日0时
    # When court A's seizure has come to its end without a renewal
    那么 甲法院收到提示"措施届满失效"
    # Then court A is told that it has lapsed
    而且 乙法院收到提示"轮候转为正式查封"
    # And court B that its own has taken effect
    而且 乙法院对房产的措施为"生效",自2027年11月23日起,至2030年11月23日止
    # And it runs for its own three years

  场景: 部分处置,轮候及于余下部分 · Partial disposal: the queue moves to the rest
    当 甲法院通知,房产已部分处置
    # When court A tells that a part of it has been sold
    那么 甲法院对房产的措施为"已处置"
    # Then its own seizure has ended
    而且 乙法院收到提示"轮候转为正式查封"
    # And court B is told that its own has taken effect
    而且 乙法院对房产的措施为"生效"
    # And so it is

  场景: 全部处置,轮候失效 · Full disposal: the queue is void
    当 甲法院通知,房产已全部处置
    # When court A tells that all of it has been sold
    那么 乙法院收到提示"财产已全部处置"
    # Then court B is told that there is nothing left
    而且 乙法院对房产的措施为"轮候失效"
    # And its queued seizure is void
    当 乙法院续行对房产的措施
    # When court B renews it
    那么 中心不予受理,理由是"无有效措施"
    # Then the hub refuses: no measure in force
