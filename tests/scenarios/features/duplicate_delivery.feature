# language: zh-CN
功能: 重复送达只办一次 · Delivered twice, done once

  网络重发不得变成重复冻结;同一编号而内容不同,则是警报。
  What is sent again is not done again; the same number with other content is an alarm.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    当 甲法院冻结第一银行账户50000元
    # When court A freezes the account

  场景: 同一请求送达两次 · The same request twice
    当 同一请求再次送达
    # When the same request is delivered again
    那么 没有任务发出
    # Then no second task is sent
    而且 甲法院只再次收到原来的受理通知
    # And court A gets the very acceptance it got before

  场景: 同一答复送达两次 · The same answer twice
    当 第一银行反馈已冻结50000元
    # When the bank answers that it is frozen
    那么 办结为"已完成"
    # Then the request is concluded
    当 第一银行的同一答复再次送达
    # When the same answer is delivered again
    那么 中心没有再说什么
    # Then the hub says nothing more
    而且 甲法院案件共已控制50000元
    # And 50,000 yuan are controlled, not 100,000

  场景: 同一请求号,内容不同 · The same request number with other content
    当 甲法院以同一请求号另行冻结第一银行账户90000元
    # When court A sends another freeze under the same number
    那么 中心不予接收并报警,理由是"同一请求号"
    # Then the hub does not take it in, and raises an alarm
    而且 没有任务发出
    # And sends nothing
