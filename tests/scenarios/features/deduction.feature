# language: zh-CN
功能: 扣划不得超过已冻结 · A deduction never takes more than is frozen

  在途的扣划也要计入:先后两笔合计不得超过已冻结数额;冻结届满即不得再扣划;已付的钱一律冲减债权。
  Deductions on their way count as well; after its end a freeze is not deducted from; what was paid is owed no longer.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院冻结第一银行账户60000元,期限12个月
    # And court A has frozen an account
    而且 第一银行反馈已冻结60000元,自2026年11月23日起,至2027年11月22日止
    # And the bank holds 60,000 yuan until 22 November 2027

  场景: 前一笔尚未答复,后一笔不得重复扣划 · A second deduction while the first is on its way
    当 甲法院从第一银行账户扣划60000元
    # When court A deducts all of it
    那么 任务发往第一银行
    # Then the order goes to the bank
    当 甲法院从第一银行账户扣划60000元
    # When court A deducts it once more before the bank has answered
    那么 中心不予受理,理由是"扣划金额超过已冻结金额"
    # Then the hub refuses
    当 第一银行以"账户信息不清"退回
    # When the bank returns the first as unclear
    而且 甲法院从第一银行账户扣划60000元
    # And court A deducts again
    那么 任务发往第一银行
    # Then the order goes to the bank

  场景: 扣划无人答复,结果不明,不得再扣 · After silence the money may have been paid
    当 甲法院从第一银行账户扣划60000元
    # When court A deducts all of it
    而且 又过了10秒
    # And the bank lets its time pass
    而且 甲法院从第一银行账户扣划60000元
    # And court A deducts it once more
    那么 中心不予受理,理由是"扣划金额超过已冻结金额"
    # Then the hub refuses

  场景: 届满之后不得扣划 · After its end a freeze is not deducted from
    当 时间到了2027年11月22日23时59分50秒
    # When the last seconds have come
    而且 甲法院从第一银行账户扣划10000元
    # And court A deducts 10,000 yuan
    那么 任务发往第一银行
    # Then the order goes to the bank
    当 时间到了2027年11月23日0时
    # When the freeze has ended
    而且 甲法院从第一银行账户扣划20000元
    # And court A deducts 20,000 more
    那么 中心不予受理,理由是"无有效措施"
    # Then the hub refuses
    当 甲法院冻结第二银行账户100000元
    # When court A freezes the whole claim at another bank
    而且 第二银行反馈已冻结100000元
    # And that is done
    而且 第一银行反馈已扣划10000元
    # And only now the first bank tells that it has paid
    那么 甲法院收到提示"合计控制数额已超过标的"
    # Then court A is told that more than what is still owed is controlled

  场景: 沉默之后答复查无,不再计入 · A no after silence counts as a no
    当 甲法院冻结第二银行账户40000元
    # When court A freezes 40,000 at the second bank
    而且 又过了10秒
    # And that bank lets its time pass
    那么 甲法院案件共已控制100000元
    # Then all of it counts, for nobody knows
    当 第二银行反馈查无
    # When it answers at last that it knows no such account
    那么 甲法院对第二银行账户的措施为"未形成"
    # Then there is no measure
    而且 甲法院案件共已控制60000元
    # And it counts no longer
