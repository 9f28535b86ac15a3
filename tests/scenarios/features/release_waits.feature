# language: zh-CN
功能: 解除不得抢在冻结之前 · A release never overtakes its freeze

  解除若先于冻结到达银行,冻结随后生效,当事人的账户就会一直被冻。解除须等原请求有了结果才发出。
  Were a release to reach the bank first, the freeze would come after it and stay. A release waits for its original.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户50000元
    # And court A has sent a freeze that the bank has not answered yet

  场景: 冻结有了结果,解除才发出 · It is sent once the freeze has settled
    当 甲法院解除对第一银行账户的措施
    # When court A releases it
    那么 中心受理
    # Then the hub accepts
    而且 没有任务发出
    # And sends nothing yet
    当 第一银行反馈已冻结50000元
    # When the bank answers that it is frozen
    那么 任务发往第一银行
    # Then the release goes to the bank
    当 第一银行反馈已解除
    # When the bank answers that it is released
    那么 甲法院对第一银行账户的措施为"已解除"
    # Then the measure is released

  场景: 冻结被退回,解除不再发出 · If the freeze came to nothing, the release is never sent
    当 甲法院解除对第一银行账户的措施
    # When court A releases it
    而且 第一银行以"文书不清"退回
    # And the bank returns the freeze as unclear
    那么 没有任务发出
    # Then no release is sent
    而且 甲法院对第一银行账户的措施为"未形成"
    # And there is no measure

  场景: 银行沉默,结果不明,解除照发 · After silence nobody knows: the release is sent
    当 甲法院解除对第一银行账户的措施
    # When court A releases it
    而且 又过了10秒
    # And the bank lets its time pass
    那么 任务发往第一银行
    # Then the release goes to the bank, for the freeze may stand
