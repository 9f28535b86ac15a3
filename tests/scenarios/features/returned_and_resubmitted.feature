# language: zh-CN
功能: 退回更正后重新排队 · Returned, corrected, resubmitted: a new place in the queue

  退回是业务答复,不是故障。更正后须以新版本重发,顺位按新的送达时间,不得沿用旧位。
  A return is an answer, not a fault. What is corrected goes out as a new version, and queues by its own time of service.

  背景:
    假如 甲法院的案件标的为500000元
    # Given court A's case has a claim of 500,000 yuan
    而且 乙法院的案件标的为500000元
    # And so has court B's

  场景: 甲先送而被退回,乙后送而先查封 · Court A came first and was returned; court B now stands before it
    当 甲法院查封房产300000元,期限36个月
    # When court A seals the real estate
    而且 不动产登记中心以"不动产单元号不清"退回
    # And the registry returns it as unclear
    那么 办结为"未完成"
    # Then the request is concluded as incomplete
    当 时间到了2026年11月24日9时
    # When the next day has come
    而且 乙法院查封房产300000元,期限36个月
    # And court B seals the same real estate
    而且 不动产登记中心反馈已查封300000元
    # And the registry puts that seizure into effect
    而且 时间到了2026年11月25日9时
    # And a day later
    而且 甲法院以同一请求号另行查封房产300000元
    # And court A sends its corrected order under the old number and version
    那么 中心不予接收并报警,理由是"同一请求号"
    # Then the hub does not take it in
    当 甲法院更正后以新版本重新查封房产300000元
    # When court A sends it as a new version
    而且 不动产登记中心反馈轮候
    # And the registry lets it wait
    那么 甲法院在房产上轮候第1位
    # Then court A waits, first in line
    而且 乙法院对房产的措施为"生效"
    # And court B's is the first seizure
