# language: zh-CN
功能: 终本案件查得财产,恢复执行 · A closed round finds an asset and is resumed

  终结本次执行后每六个月查询一次,五年共十次(终本规定第9条);查得财产即提示审查,恢复执行或说明理由。
  A closed round is asked about every six months for five years; what is found is reviewed, and the case resumed or not.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院已对被执行人限制消费
    # And the debtor's consumption is restricted
    而且 甲法院向各单位查询被执行人财产
    # And court A has asked every partner
    而且 各单位均反馈查无
    # And all have answered that they have no record
    而且 甲法院申请完备性证明
    # And court A has asked for the completeness certificate
    那么 甲法院收到完备性证明
    # Then it has it
    当 甲法院向第一银行发出终本定期查询,每6个月一次,共10次
    # When court A signs the standing inquiry to the first bank
    而且 甲法院告知案件终结本次执行
    # And states that this round is closed
    那么 中心登记
    # Then the hub notes it

  场景: 第一次查询即查得账户 · The first re-inquiry finds an account
    当 甲法院冻结第一银行账户50000元
    # When court A freezes an account while the round is closed
    那么 中心不予受理,理由是"案件已结束或中止"
    # Then the hub refuses
    当 时间到了2027年5月24日12时
    # When six months have passed
    那么 第1次定期查询已发往第一银行
    # Then the first re-inquiry went out in the night
    当 第一银行反馈查得账户一个
    # When the bank finds an account
    那么 甲法院收到提示"终本案件查得财产"
    # Then court A is told to review it
    当 甲法院审查第1次查得的财产,决定恢复执行
    # When court A reviews it and resumes the case
    而且 甲法院冻结第一银行账户50000元
    # And freezes the account
    那么 任务发往第一银行
    # Then the freeze goes to the bank

  场景: 十次均无所获,满五年结束 · Ten times nothing, and after five years it ends
    当 时间到了2031年12月31日12时
    # When more than five years have passed
    那么 甲法院收到提示"终本满五年"
    # Then court A is told that the re-inquiries have ended
