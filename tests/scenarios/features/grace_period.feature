# language: zh-CN
功能: 履行宽限期 · A period of grace: an order signed and held

  命令已签署、已受理而留存,到期才发出;宽限期内履行完毕,命令自动撤销。
  The order is signed and kept until its date; performance of the debt before it cancels the order.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan

  场景: 到期未履行,命令发出 · Not performed: the order goes out on its day
    当 甲法院查封房产,留存至2026年12月23日9时,命令60日内有效
    # When court A seals the real estate, to be held until 23 December, the order good for 60 days
    那么 中心受理
    # Then the hub accepts
    而且 没有任务发出
    # And sends nothing
    当 时间到了2026年12月23日8时59分59秒
    # When the period is nearly over
    那么 没有任务发出
    # Then nothing is sent yet
    当 时间到了2026年12月23日9时
    # When it is over
    那么 任务发往不动产登记中心
    # Then the order goes to the registry

  场景: 宽限期内履行,命令撤销 · Performed in time: the order is cancelled
    当 甲法院查封房产,留存至2026年12月23日9时,命令60日内有效
    # When court A seals the real estate, to be held until 23 December, the order good for 60 days
    那么 中心受理
    # Then the hub accepts
    而且 没有任务发出
    # And sends nothing
    当 时间到了2026年12月10日9时
    # When half of it has passed
    而且 甲法院告知债务已全部履行
    # And court A tells that the debt is performed
    那么 甲法院收到提示"债务已履行或案件已结束,留存命令撤销"
    # Then it is told that the order is cancelled
    当 时间到了2026年12月24日9时
    # When the day of the order has passed
    那么 没有任务发出
    # Then nothing was ever sent
    而且 房产上没有任何措施
    # And there is no measure on the real estate

  场景: 命令的有效期早于发出之日,不予受理 · An order that is no longer good on its day
    当 甲法院查封房产,留存至2026年12月23日9时,命令30日内有效
    # When court A seals the real estate, to be held for 30 days, the order good for as long
    那么 中心不予受理,理由是"消息已过有效期"
    # Then the hub refuses at once: it could never be sent
